"""Results as xarray and pandas objects, in one line each, for notebooks.

import sys; sys.path.insert(0, "scripts")      # or: pip install -e .
from stormtrace import results

masks = results.open_masks("results/masks/control")            # all years, lazily
frequency = results.open_frequency("results/frequency/control/frequency.nc")
frequency.frequency.sel(period="DJF", feature="AR").plot()
events = results.open_events("results/events/control")          # a DataFrame
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.classes import Classes
from stormtrace.climate.frequency import Frequency
from stormtrace.climate.frequency import open_frequency as _open_frequency
from stormtrace.errors import BadInput
from stormtrace.formats.class_axis import SHORT_NAMES, named_as
from stormtrace.formats.comparison_maps import SEASONS, read_comparison
from stormtrace.formats.json_files import read_json
from stormtrace.formats.netcdf import opening
from stormtrace.formats.tables import read_classes, reading_parquet
from stormtrace.grids import Grid
from stormtrace.grids.boxes import box_cells

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


def open_masks(path: Path | str) -> "xr.Dataset":
    """Open one mask file, or all years in a folder joined along time, lazily if dask is there."""
    import xarray as xr

    path = Path(path)
    inside = sorted(path.glob("[!.]*.nc"))  # without a Mac's ._….nc
    files = inside if path.is_dir() else [path]
    if not files or not files[0].exists():
        raise BadInput(f"there are no masks at {path}: give a file of detect.py or their folder")
    decode = xr.coders.CFDatetimeCoder(use_cftime=True)
    for file in files:
        with opening(file):
            pass  # undamaged
    opened = [xr.open_dataset(file, decode_times=decode, chunks=_chunks()) for file in files]
    joined = xr.concat(opened, "time", data_vars="minimal", combine_attrs="drop_conflicts")
    return joined if len(opened) > 1 else opened[0]


def class_codes(masks: "xr.Dataset | xr.DataArray") -> dict[str, int]:
    """Return short name -> code of the classes of masks, the background left out.

    Raises:
        BadInput: the masks carry no flags.

    """
    flags = getattr(masks, "mask", masks).attrs
    if not {"flag_values", "flag_meanings"} <= flags.keys():
        raise BadInput("the masks have no flag_values and flag_meanings: give those of open_masks")
    classes = Classes.of_flags(np.atleast_1d(flags["flag_values"]), flags["flag_meanings"])
    named = named_as(classes, flags.get(SHORT_NAMES, ""), None)
    return {feature.short: feature.code for feature in named.features}


def in_box(maps: "xr.Dataset | xr.DataArray", box: Sequence[float]) -> "xr.DataArray":
    """Return which cells have their centre in ``[west, east, south, north]``, degrees.

    maps: with `lat` and `lon`, one- or two-dimensional; longitudes may start anywhere, and west may
        be greater than east across the date line.

    Raises:
        BadInput: south is not below north.

    """
    import xarray as xr

    cells = box_cells(Grid(maps.lat.values, maps.lon.values), box)
    dims = maps.lat.dims if maps.lat.ndim == 2 else (*maps.lat.dims, *maps.lon.dims)
    return xr.DataArray(cells, {"lat": maps.lat, "lon": maps.lon}, dims)


def open_frequency(path: Path | str) -> "xr.Dataset":
    """Return the frequency of each class, per cent of the steps that exist.

    `frequency`, of tracked events `event_frequency`, of an ensemble `agreement`, the share of its
    members that find its class, of fronts `crossing_rate` in crossings a week: (period, feature,
    lat, lon), with the `steps` of each period; NaN where a period has no steps. Events that begin
    and end per cell, summed over the record: `genesis`, `termination` (feature, lat, lon).
    Projected grids have y, x instead of lat, lon.
    """
    import xarray as xr

    with _open_frequency(path) as opened:
        flags, grid = opened.classes.flags, opened.grid
        variables: dict[str, Any] = {}
        each = ("period", "feature", *grid.dims)
        for variable, name in (("count", "frequency"), ("event_count", "event_frequency")):
            if opened.has(variable):
                maps = [[opened.per_cent(f, p, variable) for f in flags] for p in SEASONS]
                attributes = {"units": "%", "long_name": "share of time steps"}
                variables[name] = (each, np.array(maps), attributes)
        if opened.has("votes"):
            maps = [[opened.agreement(f, p) for f in flags] for p in SEASONS]
            attributes = {"units": "%", "long_name": "members that find the ensemble's class"}
            variables["agreement"] = (each, np.array(maps), attributes)
        if crossed := {feature.flag for feature in opened.crossed}:
            nothing = np.full(grid.shape, np.nan)
            maps = [
                [opened.crossing_rate(f, p) if f in crossed else nothing for f in flags]
                for p in SEASONS
            ]
            attributes = {"units": "week-1", "long_name": "entries of fronts into the cell"}
            variables["crossing_rate"] = (each, np.array(maps), attributes)
        for name in ("genesis", "termination"):
            if opened.has(name):
                totals = np.array([opened.total(name, flag) for flag in flags])
                attributes = {"units": "1", "long_name": f"events with their {name} in the cell"}
                variables[name] = (("feature", *grid.dims), totals, attributes)
        variables["steps"] = _steps(opened)
        return xr.Dataset(
            variables, _coordinates(grid, opened.classes), attrs=dict(opened.attributes)
        )


def _steps(frequency: Frequency) -> tuple[Any, ...]:
    steps = [frequency.period_steps(period) for period in SEASONS]
    return ("period",), steps, {"long_name": "time steps that exist"}


def open_comparison(path: Path | str) -> "xr.Dataset":
    """Return what compare.py wrote, with names of periods and short names of classes.

    `first`, `second`, `difference`, `p_value`, `significant` (period, feature, lat, lon); of fronts
    also `crossing_rate_first` … .
    """
    import xarray as xr

    opened = read_comparison(path)
    dims = ("period", "feature", *opened.grid.dims)
    variables = {name: (dims, values) for name, values in opened.fields.items()}
    coordinates = _coordinates(opened.grid, opened.classes)
    return xr.Dataset(variables, coordinates, attrs=dict(opened.attributes))


def _coordinates(grid: Grid, classes: Classes) -> dict[str, Any]:
    """Return the coordinates of maps by period and class, cell areas among them."""
    lat, lon = (grid.dims[:1], grid.dims[1:]) if grid.is_rectilinear else (grid.dims, grid.dims)
    area: NDArray[np.float64] = np.array(grid.area)
    return {
        "period": list(SEASONS),
        "feature": [feature.short for feature in classes.features],
        "lat": (lat, grid.lat, {"units": "degrees_north", "standard_name": "latitude"}),
        "lon": (lon, grid.lon, {"units": "degrees_east", "standard_name": "longitude"}),
        "cell_area": (grid.dims, area, {"units": "km2", "standard_name": "cell_area"}),
    }


def open_events(path: Path | str) -> "pd.DataFrame":
    """Return the table of events in a folder, one row an event; `feature` names the class."""
    return _open_table(Path(path) / "events.parquet")


def open_objects(path: Path | str) -> "pd.DataFrame":
    """Return the table of objects in a folder of events, one row an object and step."""
    return _open_table(Path(path) / "objects.parquet")


def open_scores(path: Path | str) -> "pd.DataFrame":
    """Return a model's scores, one row a class, one column a measure."""
    import pandas as pd

    scores = read_json(path, "evaluate.py")
    measures = {key: value for key, value in scores.items() if _is_by_label(value, scores["iou"])}
    return pd.DataFrame(measures)


def _open_table(path: Path) -> "pd.DataFrame":
    import pandas as pd

    with reading_parquet(path):
        table = pd.read_parquet(path)
    names = {feature.code: feature.short for feature in read_classes(path).features}
    table.insert(0, "feature", table["class"].map(names))
    return table


def _is_by_label(value: object, iou: Mapping[str, float]) -> bool:
    return isinstance(value, Mapping) and set(value) == set(iou)


def _chunks() -> dict[str, int] | None:
    """Return one chunk of steps a file block if dask is installed, else nothing (xarray's lazy)."""
    try:
        import dask  # noqa: F401
    except ImportError:
        return None
    return {"time": 64}
