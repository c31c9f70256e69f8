"""Maps as xarray datasets, with names of periods and short names of classes."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.classes import Classes
from stormtrace.climate.composites import read_composites
from stormtrace.climate.frequency import Frequency
from stormtrace.climate.frequency import open_frequency as _open_frequency
from stormtrace.errors import BadInput
from stormtrace.formats.agreement_maps import read_agreement_maps
from stormtrace.formats.class_axis import SHORT_NAMES, named_as
from stormtrace.formats.comparison_maps import SEASONS, read_comparison
from stormtrace.formats.composite_sums import ALL
from stormtrace.formats.decomposition_maps import OF_FIELD, WHOLE, read_decomposition
from stormtrace.formats.netcdf import opening
from stormtrace.grids import Grid
from stormtrace.grids.boxes import box_cells

if TYPE_CHECKING:
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


def open_decomposition(path: Path | str) -> "xr.Dataset":
    """Return the maps that decompose.py wrote, percentage points.

    `first`, `second`, `difference`, `remainder` (period, feature, lat, lon); of each input field
    `one_at_a_time`, `last_one_out` and their `mean` (field, period, feature, lat, lon).
    """
    import xarray as xr

    made = read_decomposition(path)
    dims = ("period", "feature", *made.grid.dims)
    variables: dict[str, Any] = {name: (dims, made.maps[name]) for name in WHOLE}
    for kind in OF_FIELD:
        maps = [made.maps[f"{field}_{kind}"] for field in made.fields]
        variables[kind] = (("field", *dims), np.stack(maps))
    coordinates = {"field": list(made.fields)} | _coordinates(made.grid, made.classes)
    return xr.Dataset(variables, coordinates, attrs=dict(made.attributes))


def open_agreement(path: Path | str) -> "xr.Dataset":
    """Return the maps that agree.py wrote, per cent of the steps of each season.

    `frequency` (season, member, lat, lon); `both` (season, first, second, lat, lon), at which two
    members mark the cell, `at_least` (season, number, lat, lon), at which so many do; `steps`. NaN
    in seasons without steps. Members are called AR@control.
    """
    import xarray as xr

    made = read_agreement_maps(path)
    steps = np.where(made.steps > 0, made.steps, np.nan)[:, None, None, None]
    frequency, pairs, at_least = (
        100.0 * counts / steps for counts in (made.count, made.both, made.at_least)
    )
    both = np.full((len(made.steps), *[len(made.members)] * 2, *made.grid.shape), np.nan)
    for number, (one, other) in enumerate(made.pairs):
        both[:, one, other] = both[:, other, one] = pairs[:, number]
    for number in range(len(made.members)):
        both[:, number, number] = frequency[:, number]
    variables = {
        "frequency": (("season", "member", *made.grid.dims), frequency),
        "both": (("season", "first", "second", *made.grid.dims), both),
        "at_least": (("season", "number", *made.grid.dims), at_least),
        "steps": (("season",), made.steps),
    }
    coordinates = {
        "season": list(SEASONS[1:]),
        **dict.fromkeys(("member", "first", "second"), made.members),
        "number": np.arange(1, 1 + at_least.shape[1]),
    }
    return xr.Dataset(variables, coordinates | _of_grid(made.grid))


def open_composites(path: Path | str, field: str) -> "xr.Dataset":
    """Return composites of a field, or what classes bring of it: all years in a folder.

    path: the folder of compose_fields.py (results/composites/control) or of attribute_field.py
        (results/attribution/control/PRECT), or one year's file in it. field: also what is above a
        percentile, PRECT_p99.

    `mean` of the field while the class is there, `share` of its total (per cent), `presence` (per
    cent of steps), (period, feature, lat, lon). Of attribution, `feature` ends with "none".
    """
    import xarray as xr

    path = Path(path)
    years = sorted(path.glob("[0-9]*.nc")) if path.is_dir() else [path]
    if not years:
        raise BadInput(
            f"there are no years at {path}: give the folder of 2000.nc and so on"
        )
    periods = [read_composites(years, field, period) for period in SEASONS]
    one = periods[0]
    parts = [part for part in one.sums if part != ALL]
    short = {feature.flag: feature.short for feature in one.classes.features}
    dims = ("period", "feature", *one.grid.dims)
    maps = {
        "mean": [[each.mean(part) for part in parts] for each in periods],
        "share": [[each.share(part) for part in parts] for each in periods],
        "presence": [[100 * each.presence(part) for part in parts] for each in periods],
    }
    units = {"mean": one.units, "share": "%", "presence": "%"}
    variables = {name: (dims, np.array(maps[name]), {"units": units[name]}) for name in maps}
    coordinates = {"period": list(SEASONS), "feature": [short.get(part, part) for part in parts]}
    return xr.Dataset(variables, coordinates | _of_grid(one.grid), attrs={"field": field})


def _coordinates(grid: Grid, classes: Classes) -> dict[str, Any]:
    """Return the coordinates of maps by period and class, cell areas among them."""
    return {
        "period": list(SEASONS),
        "feature": [feature.short for feature in classes.features],
    } | _of_grid(grid)


def _of_grid(grid: Grid) -> dict[str, Any]:
    lat, lon = (grid.dims[:1], grid.dims[1:]) if grid.is_rectilinear else (grid.dims, grid.dims)
    area: NDArray[np.float64] = np.array(grid.area)
    return {
        "lat": (lat, grid.lat, {"units": "degrees_north", "standard_name": "latitude"}),
        "lon": (lon, grid.lon, {"units": "degrees_east", "standard_name": "longitude"}),
        "cell_area": (grid.dims, area, {"units": "km2", "standard_name": "cell_area"}),
    }


def _chunks() -> dict[str, int] | None:
    """Return one chunk of steps a file block if dask is installed, else nothing (xarray's lazy)."""
    try:
        import dask  # noqa: F401
    except ImportError:
        return None
    return {"time": 64}
