"""ClimateNetLarge's netCDF: `label` over latitude and longitude, of annotators, times and classes.

Dimensions may stand in any order and be absent: one time a file, as it is distributed, or some, as
its annotations were fetched. Latitude may descend.
"""

from functools import partial
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np

from stormtrace.errors import BadInput
from stormtrace.formats.netcdf import open_raw
from stormtrace.labels.annotation_blocks import AnnotationFiles
from stormtrace.labels.importers.annotation import (
    Annotation,
    Annotations,
    Axes,
    layer_shapes,
)
from stormtrace.prepare.raw.calendar_time import calendar_of

#: What the dimensions are called.
TIME, ANNOTATOR, CLASS = ("time", "ts"), ("annotator",), ("class",)
LAT, LON = ("latitude", "lat"), ("longitude", "lon")


def read_climatenetlarge(path: Path, block: AnnotationFiles) -> Annotations:
    """Yield an annotation for every time, annotator and class of a file, read one by one."""
    with open_raw(path) as nc:
        if "label" not in nc.variables:
            raise BadInput(f"{path} has no variable label; it has {', '.join(nc.variables)}")
        label = nc["label"]
        axes = Axes(_axis(nc, LAT, path), _axis(nc, LON, path))
        times, names, classes = _times(nc, path), _names(nc, ANNOTATOR), _names(nc, CLASS)
        size = (axes.lat.size, axes.lon.size)
        names_of = (TIME, ANNOTATOR, CLASS)
        for index in np.ndindex(*(_length(label, one) for one in names_of)):
            codes = _map(label, dict(zip(names_of, index, strict=True)), path)
            layer = classes[index[2]] if classes else path.parent.name
            when = times[index[0]] if times else None
            who = names[index[1]] if names else ""
            key = when or path.name
            shapes = layer_shapes(codes, partial(_words, layer))
            yield Annotation(f"{path} at {key}", key, who, size, shapes, (), when, axes, layer)


def _words(layer: str, code: int) -> tuple[str, ...]:
    return f"{layer}/{code}", layer, str(code)


def _map(label: netCDF4.Variable, index: dict[tuple[str, ...], int], path: Path) -> Any:
    place: list[Any] = []
    for name in label.dimensions:
        fixed = next((at for names, at in index.items() if name in names), None)
        if fixed is None and name not in (*LAT, *LON):
            raise BadInput(
                f"{path}: label has the dimension {name}; expected {'/'.join(TIME)}, annotator, "
                "class, latitude and longitude"
            )
        place.append(slice(None) if fixed is None else fixed)
    codes = np.asarray(label[tuple(place)])
    if codes.dtype.kind == "f":
        if not np.isin(codes, np.arange(256)).all():
            raise BadInput(f"{path}: label has values that are no codes, such as {codes.max():g}")
        codes = codes.astype(np.uint8)
    turned = next(name for name in label.dimensions if name in (*LAT, *LON)) in LON
    return codes.T if turned else codes


def _length(label: netCDF4.Variable, names: tuple[str, ...]) -> int:
    sizes = dict(zip(label.dimensions, label.shape, strict=True))
    return next((sizes[name] for name in names if name in sizes), 1)


def _axis(nc: netCDF4.Dataset, names: tuple[str, ...], path: Path) -> Any:
    for name in names:
        if name in nc.variables and nc[name].ndim == 1:
            return np.asarray(nc[name][:], np.float64)
    raise BadInput(f"{path} has no {names[0]} of its rows and columns: it needs both axes")


def _names(nc: netCDF4.Dataset, names: tuple[str, ...]) -> list[str]:
    """Return the values of a coordinate as texts, or nothing if there is none."""
    found = next((nc[name] for name in names if name in nc.variables), None)
    return [] if found is None else [str(one) for one in np.ravel(found[:])]


def _times(nc: netCDF4.Dataset, path: Path) -> list[str]:
    """Return the times in a file, `YYYY-MM-DD HH:MM`; none if it has no coordinate of them."""
    found = next((nc[name] for name in TIME if name in nc.variables), None)
    if found is None:
        return []
    units = getattr(found, "units", None)
    if units is None:
        raise BadInput(f"{path}: {found.name} has no units (hours since …)")
    values = np.ravel(np.asarray(found[:]))
    calendar = calendar_of(str(getattr(found, "calendar", "standard")), units, values)
    return [calendar.text(one) for one in calendar.from_cf(values, units)]
