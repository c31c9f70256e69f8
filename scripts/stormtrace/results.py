"""Results as xarray and pandas objects, in one line each, for notebooks.

import sys; sys.path.insert(0, "scripts")      # or: pip install -e .
from stormtrace import results

masks = results.open_masks("results/masks/control")            # all years, lazily
frequency = results.open_frequency("results/frequency/control/frequency.nc")
frequency.frequency.sel(period="DJF", feature="AR").plot()
events = results.open_events("results/events/control")          # a DataFrame
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stormtrace.classes import FEATURES
from stormtrace.climate.comparison import SEASONS
from stormtrace.climate.frequency import open_frequency as _open_frequency
from stormtrace.errors import BadInput
from stormtrace.figures.names import short

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


def open_masks(path: Path | str) -> xr.Dataset:
    """Open one mask file, or all years in a folder joined along time, lazily if dask is there."""
    import xarray as xr

    path = Path(path)
    files = sorted(path.glob("*.nc")) if path.is_dir() else [path]
    if not files or not files[0].exists():
        raise BadInput(f"there are no masks at {path}: give a file of detect.py or their folder")
    decode = xr.coders.CFDatetimeCoder(use_cftime=True)
    opened = [xr.open_dataset(file, decode_times=decode, chunks=_chunks()) for file in files]
    joined = xr.concat(opened, "time", data_vars="minimal", combine_attrs="drop_conflicts")
    return joined if len(opened) > 1 else opened[0]


def open_frequency(path: Path | str) -> xr.Dataset:
    """Return the frequency of each class, per cent of the steps that exist.

    `frequency`, of tracked events `event_frequency`, of an ensemble `agreement`, the share of its
    members that see what it finds: (period, feature, lat, lon), with the `steps` of each period;
    NaN where a period has no steps. Events that begin and end per cell, summed over the record:
    `genesis`, `termination` (feature, lat, lon).
    """
    import xarray as xr

    with _open_frequency(path) as opened:
        names = opened.features.names
        variables: dict[str, Any] = {}
        each = ("period", "feature", "lat", "lon")
        for variable, name in (("count", "frequency"), ("event_count", "event_frequency")):
            if opened.has(variable):
                maps = [[opened.per_cent(f, p, variable) for f in names] for p in SEASONS]
                attributes = {"units": "%", "long_name": "share of time steps"}
                variables[name] = (each, np.array(maps), attributes)
        if opened.has("votes"):
            maps = [[opened.agreement(f, p) for f in names] for p in SEASONS]
            attributes = {"units": "%", "long_name": "members that see what the ensemble finds"}
            variables["agreement"] = (each, np.array(maps), attributes)
        for name in ("genesis", "termination"):
            if opened.has(name):
                totals = np.array([opened.total(name, feature) for feature in names])
                attributes = {"units": "1", "long_name": f"events with their {name} in the cell"}
                variables[name] = (("feature", "lat", "lon"), totals, attributes)
        steps = [opened.period_steps(period) for period in SEASONS]
        variables["steps"] = (("period",), steps, {"long_name": "time steps that exist"})
        coordinates = {
            "period": list(SEASONS),
            "feature": [short(name) for name in names],
            "lat": ("lat", opened.grid.lat, {"units": "degrees_north"}),
            "lon": ("lon", opened.grid.lon, {"units": "degrees_east"}),
        }
        return xr.Dataset(variables, coordinates, attrs=dict(opened.attributes))


def open_comparison(path: Path | str) -> xr.Dataset:
    """Open what compare.py wrote; the classes become a coordinate of short names."""
    import xarray as xr

    opened = xr.open_dataset(path)
    names = str(opened["class"].attrs["flag_meanings"]).split()
    opened = opened.assign_coords(feature=("class", [short(name) for name in names]))
    return opened.swap_dims({"class": "feature"})


def open_events(path: Path | str) -> pd.DataFrame:
    """Return the table of events in a folder, one row an event; `feature` names the class."""
    return _open_table(Path(path) / "events.parquet")


def open_objects(path: Path | str) -> pd.DataFrame:
    """Return the table of objects in a folder of events, one row an object and step."""
    return _open_table(Path(path) / "objects.parquet")


def open_scores(path: Path | str) -> pd.DataFrame:
    """Return a model's scores, one row a class, one column a measure."""
    import pandas as pd

    scores = json.loads(Path(path).read_text(encoding="utf-8"))
    measures = {key: value for key, value in scores.items() if _is_by_label(value, scores["iou"])}
    return pd.DataFrame(measures)


def _open_table(path: Path) -> pd.DataFrame:
    import pandas as pd

    if not path.is_file():
        raise BadInput(f"there is no {path}: give the folder that link_events.py wrote")
    table = pd.read_parquet(path)
    names = {code: name for name, code in FEATURES.items()}
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
