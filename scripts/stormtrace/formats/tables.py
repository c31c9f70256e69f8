"""Events as files: Parquet, CSV, GeoJSON, CF trajectories; each whole or not there."""

import json
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pyarrow
import pyarrow.csv
import pyarrow.parquet

from stormtrace.classes import FEATURES, LABELS
from stormtrace.files import write_text, writing
from stormtrace.sphere import Floats
from stormtrace.track.events import Columns

NAMES = {code: name for name, code in FEATURES.items()}

UNITS = {"lat": "degrees_north", "lon": "degrees_east"}


def write_tables(folder: Path, name: str, table: Columns, attributes: Mapping[str, str]) -> None:
    """Write ``{name}.parquet`` and ``{name}.csv``.

    Lists (parents, children) are lists in Parquet and joined by spaces in CSV. Parquet has one
    row group a year where the table has a `year`, so that one year can be read alone; its schema's
    metadata hold `attributes`.
    """
    columns = pyarrow.table({key: _column(values) for key, values in table.items()})
    columns = columns.replace_schema_metadata(dict(attributes))
    with (
        writing(folder / f"{name}.parquet") as partial,
        pyarrow.parquet.ParquetWriter(partial, columns.schema) as writer,
    ):
        for rows in _row_groups(table):
            writer.write_table(columns.slice(rows.start, rows.stop - rows.start))
    for k, values in enumerate(table.values()):
        if isinstance(values, list):
            joined = [" ".join(map(str, items)) for items in values]
            columns = columns.set_column(
                k, columns.field(k).name, pyarrow.array(joined, pyarrow.string())
            )
    with writing(folder / f"{name}.csv") as partial:
        pyarrow.csv.write_csv(columns, partial)


def _column(values: Any) -> pyarrow.Array:
    if isinstance(values, list):
        return pyarrow.array(values, pyarrow.list_(pyarrow.int64()))
    if values.dtype == object:
        return pyarrow.array(values, pyarrow.string())
    return pyarrow.array(values)


def _row_groups(table: Columns) -> Iterator[slice]:
    size = len(next(iter(table.values())))
    if "year" not in table or not size:
        yield slice(0, size)
        return
    bounds = np.flatnonzero(np.diff(table["year"])) + 1
    for first, last in zip([0, *bounds], [*bounds, size], strict=True):
        yield slice(int(first), int(last))


def write_geojson(path: Path, events: Columns, seen: Columns) -> None:
    """Write the events' tracks as GeoJSON (RFC 7946), cut where they cross the date line."""
    bounds = [*np.searchsorted(seen["event"], np.asarray(events["event"])), seen["event"].size]
    scalars = [name for name, values in events.items() if name not in ("parents", "children")]
    features = []
    for k, (first, last) in enumerate(pairwise(bounds)):
        properties = {name: _plain(events[name][k]) for name in scalars}
        properties["feature"] = NAMES[int(events["class"][k])]
        properties |= {"parents": events["parents"][k], "children": events["children"][k]}
        properties["times"] = seen["time"][first:last].tolist()
        geometry = track_geometry(seen["lon"][first:last], seen["lat"][first:last])
        features.append({"type": "Feature", "geometry": geometry, "properties": properties})
    write_text(path, json.dumps({"type": "FeatureCollection", "features": features}))


def _plain(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float):
        return None if value != value else round(value, 4)
    return value


def track_geometry(lon: Floats, lat: Floats) -> dict[str, Any]:
    """Return a track as GeoJSON: longitudes −180 … 180, a new line wherever it crosses ±180.

    Where it crosses, both lines get the point on the meridian, interpolated linearly.
    """
    lon = (lon + 180.0) % 360.0 - 180.0
    if lon.size == 1:
        return {"type": "Point", "coordinates": [round(float(lon[0]), 4), round(float(lat[0]), 4)]}
    lines: list[list[list[float]]] = [[]]
    for k in range(lon.size):
        here = [round(float(lon[k]), 4), round(float(lat[k]), 4)]
        if k and abs(lon[k] - lon[k - 1]) > 180.0:
            side = 180.0 if lon[k - 1] > 0 else -180.0
            unwrapped = lon[k] + 2 * side
            part = (side - lon[k - 1]) / (unwrapped - lon[k - 1])
            crossing = round(float(lat[k - 1] + part * (lat[k] - lat[k - 1])), 4)
            lines[-1].append([side, crossing])
            lines.append([[-side, crossing]])
        lines[-1].append(here)
    return {"type": "MultiLineString", "coordinates": lines}


def write_trajectories(
    path: Path,
    events: Columns,
    seen: Columns,
    time: Mapping[str, str],
    attributes: Mapping[str, str],
) -> None:
    """Write tracks as CF trajectories: a contiguous ragged array (CF 1.11, section H.4.3).

    `time` holds units and calendar of ``time_h``.
    """
    with writing(path) as partial, netCDF4.Dataset(partial, "w") as file:
        file.setncatts({"Conventions": "CF-1.11", "featureType": "trajectory", **attributes})
        file.createDimension("trajectory", events["event"].size)
        file.createDimension("obs", seen["event"].size)
        _variable(file, "event", events["event"], "trajectory", cf_role="trajectory_id")
        flags = {
            "flag_values": np.array(list(FEATURES.values()), np.int8),
            "flag_meanings": " ".join(
                LABELS[code].lower().replace(" ", "_") for code in FEATURES.values()
            ),
        }
        _variable(file, "class", events["class"], "trajectory", **flags)
        rows = {"long_name": "number of sightings", "sample_dimension": "obs"}
        _variable(file, "row_size", events["steps"], "trajectory", **rows)
        _variable(file, "time", seen["time_h"], "obs", standard_name="time", **time)
        for name, standard in (("lat", "latitude"), ("lon", "longitude")):
            _variable(file, name, seen[name], "obs", standard_name=standard, units=UNITS[name])
        where = {"coordinates": "time lat lon", "units": "km2", "long_name": "area of the event"}
        _variable(file, "area", seen["area_km2"], "obs", **where)


def _variable(
    file: netCDF4.Dataset, name: str, values: Any, dimension: str, **attributes: Any
) -> None:
    variable = file.createVariable(
        name, values.dtype, (dimension,), compression="zlib", complevel=1
    )
    variable.setncatts(attributes)
    variable[:] = values
