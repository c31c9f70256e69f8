"""Coordinates of netCDF files with labels: latitudes, longitudes, names and times."""

from pathlib import Path
from typing import Any

import netCDF4
import numpy as np

from stormtrace.errors import BadInput
from stormtrace.labels.importers.annotation import Axes
from stormtrace.prepare.raw.calendar_time import calendar_of

#: What the dimensions are called.
TIME = ("time", "ts")
LAT, LON = ("latitude", "lat"), ("longitude", "lon")


def map_axes(nc: netCDF4.Dataset, path: Path) -> Axes:
    """Return the latitudes of rows and the longitudes of columns, in the file's order.

    Raises:
        BadInput: the file lacks one of them.

    """
    return Axes(_axis(nc, LAT, path), _axis(nc, LON, path))


def names_along(nc: netCDF4.Dataset, names: tuple[str, ...]) -> list[str]:
    """Return the values of a coordinate as texts, or nothing if there is none."""
    found = next((nc[name] for name in names if name in nc.variables), None)
    if found is None:
        return []
    values = found[:]
    if values.dtype.kind == "S" and values.ndim == 2:  # characters, one a cell
        values = netCDF4.chartostring(np.ma.filled(values, b""))
    return [str(one).strip("\0 ") for one in np.ravel(values)]


def label_times(nc: netCDF4.Dataset, path: Path) -> list[str]:
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


def _axis(nc: netCDF4.Dataset, names: tuple[str, ...], path: Path) -> Any:
    for name in names:
        if name in nc.variables and nc[name].ndim == 1:
            return np.asarray(nc[name][:], np.float64)
    raise BadInput(f"{path} has no {names[0]} of its rows and columns: it needs both axes")
