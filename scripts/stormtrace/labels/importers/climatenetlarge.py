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
    layer_shapes,
)
from stormtrace.labels.importers.netcdf_axes import (
    LAT,
    LON,
    TIME,
    label_times,
    map_axes,
    names_along,
)

#: What the other dimensions are called.
ANNOTATOR, CLASS = ("annotator",), ("class",)


def read_climatenetlarge(path: Path, block: AnnotationFiles) -> Annotations:
    """Yield an annotation for every time, annotator and class of a file, read one by one."""
    with open_raw(path) as nc:
        if "label" not in nc.variables:
            raise BadInput(f"{path} has no variable label; it has {', '.join(nc.variables)}")
        label = nc["label"]
        axes, times = map_axes(nc, path), label_times(nc, path)
        names, classes = names_along(nc, ANNOTATOR), names_along(nc, CLASS)
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
