"""Masks of fronts as DL-FRONT learned from: `fronts(time, front, lat, lon)`, a year a file.

A layer a kind of front, named by `front_type`: 1 on a front, 0 off it, 2 where forecasters do not
look (Biard & Kunkel 2019, doi 10.5194/ascmo-5-147-2019; `codsus_masked_merra2-1deg_3wide_2003.nc`).
Times without a bulletin are not in the file.
"""

from functools import partial
from pathlib import Path

import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.formats.netcdf import open_raw
from stormtrace.labels.annotation_blocks import AnnotationFiles
from stormtrace.labels.importers.annotation import Annotation, Annotations, Mask, Shape
from stormtrace.labels.importers.netcdf_axes import (
    LAT,
    LON,
    TIME,
    label_times,
    map_axes,
    names_along,
)

#: Values of a cell of a layer.
OFF, ON, OUTSIDE = range(3)

#: Names of a layer that is 1 where no other is.
NOTHING = ("none", "no_front", "background")


def read_front_masks(path: Path, block: AnnotationFiles) -> Annotations:
    """Yield an annotation for every time of a file: a shape a kind of front, and where it looks.

    Raises:
        BadInput: the file is of another layout; or a cell is neither 0, 1 nor 2, outside in some
            layers alone, on a front and of none, or of neither.

    """
    with open_raw(path) as nc:
        source, layers = _layers(nc, path)
        axes, times = map_axes(nc, path), label_times(nc, path)
        if len(times) != source.shape[0]:
            raise BadInput(
                f"{path}: fronts has {source.shape[0]} times, but the coordinate time {len(times)}"
            )
        size = (axes.lat.size, axes.lon.size)
        for step, time in enumerate(times):
            where = f"{path} at {time}"
            if block.year is not None and not time.startswith(f"{block.year:04d}-"):
                raise BadInput(f"{where}: but the year {block.year} is given: correct `year`")
            cells = np.asarray(source[step])
            seen = _seen(cells, where)
            _check_nothing(cells, layers, seen, where)
            shapes = [
                Shape((name, name.lower()), partial(np.equal, layer, ON))
                for name, layer in zip(layers, cells, strict=True)
                if name.lower() not in NOTHING and (layer == ON).any()
            ]
            yield Annotation(where, time, "", size, shapes, time=time, axes=axes, seen=seen)


def _layers(nc: netCDF4.Dataset, path: Path) -> tuple[netCDF4.Variable, list[str]]:
    """Return the variable of masks, and the name of each of its layers."""
    if "fronts" not in nc.variables:
        raise BadInput(f"{path} has no variable fronts; it has {', '.join(nc.variables)}")
    source = nc["fronts"]
    source.set_auto_maskandscale(False)
    dims = source.dimensions
    expected = (TIME, ("front",), LAT, LON)
    if len(dims) != 4 or any(one not in names for one, names in zip(dims, expected, strict=True)):
        raise BadInput(
            f"{path}: fronts has the dimensions {', '.join(dims)}; expected time, front, lat, lon"
        )
    layers = names_along(nc, ("front_type", "front"))
    if len(set(layers)) != source.shape[1]:
        raise BadInput(
            f"{path}: fronts has {source.shape[1]} layers, named by front_type "
            f"{', '.join(layers) or '(which is not there)'}: each needs a name of its own"
        )
    return source, layers


def _seen(cells: NDArray[np.generic], where: str) -> Mask:
    """Return the cells of layers (front, lat, lon) that lie where forecasters look, (lat, lon)."""
    if (strange := ~np.isin(cells, (OFF, ON, OUTSIDE))).any():
        raise BadInput(
            f"{where}: {strange.sum()} cells of fronts are no 0, 1 or 2 (outside), such as "
            f"{cells[strange][0]}: is the file complete?"
        )
    outside = cells == OUTSIDE
    _refuse(outside.any(axis=0) & ~outside.all(axis=0), where, "2 (outside) in some layers alone")
    return ~outside[0]


def _check_nothing(cells: NDArray[np.generic], layers: list[str], seen: Mask, where: str) -> None:
    """Check that a layer of no front, if there is one, is 1 where no other is."""
    nothing = [name.lower() in NOTHING for name in layers]
    if not any(nothing):
        return
    of_none, drawn = (cells[np.array(one)] == ON for one in (nothing, np.logical_not(nothing)))
    _refuse(seen & of_none[0] & drawn.any(axis=0), where, "on a front and on none: two ones")
    _refuse(seen & ~of_none[0] & ~drawn.any(axis=0), where, "on no layer, `none` included: no one")


def _refuse(wrong: Mask, where: str, said: str) -> None:
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise BadInput(
            f"{where}: {wrong.sum()} cells of fronts are {said}; the first in row {row}, column "
            f"{column}: mend the file, or leave it out of `files`"
        )
