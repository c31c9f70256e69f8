"""Tracks of events for maps and other programs: GeoJSON and CF trajectories (text: track_texts)."""

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from itertools import chain, pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.classes import Classes
from stormtrace.files import writing
from stormtrace.formats.netcdf import creating
from stormtrace.formats.objects import STATISTICS
from stormtrace.formats.pieces import Pieces, in_pieces
from stormtrace.formats.tables import Table, features
from stormtrace.sphere import Floats

#: Most values of a variable that are one chunk.
CHUNK = 2**17


def write_geojson(path: Path, events: Table, seen: Table, classes: Classes) -> None:
    """Write the events' tracks as GeoJSON (RFC 7946), cut where they cross the date line.

    events: one row per event; seen: one row per event and step, sorted by event and time.
    """
    with geojson_file(path, classes) as add:
        add(events, seen)


@contextlib.contextmanager
def geojson_file(path: Path, classes: Classes) -> Iterator[Callable[[Table, Table], None]]:
    """Yield a function that adds events and their sightings to a file as `write_geojson` does."""
    with writing(path) as partial, partial.open("w", encoding="utf-8") as stream:
        separator = ""

        def add(events: Table, seen: Table) -> None:
            nonlocal separator
            for track in _tracks(events, seen, classes):
                stream.write(separator + json.dumps(track))
                separator = ", "

        stream.write('{"type": "FeatureCollection", "features": [')
        yield add
        stream.write("]}")


def _tracks(events: Table, seen: Table, classes: Classes) -> Iterator[dict[str, Any]]:
    bounds = [*np.searchsorted(seen["event"], np.asarray(events["event"])), seen["event"].size]
    scalars = [name for name, values in events.items() if name not in ("parents", "children")]
    names = features(events, classes)
    for k, (first, last) in enumerate(pairwise(bounds)):
        properties = {name: _plain(events[name][k]) for name in scalars}
        properties["feature"] = names[k]
        properties |= {"parents": events["parents"][k], "children": events["children"][k]}
        properties["times"] = seen["time"][first:last].tolist()
        geometry = track_geometry(seen["lon"][first:last], seen["lat"][first:last])
        yield {"type": "Feature", "geometry": geometry, "properties": properties}


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
    events: Table,
    seen: Table | Pieces,
    classes: Classes,
    time: Mapping[str, str],
    attributes: Mapping[str, str],
    measured: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Write tracks as CF trajectories: a contiguous ragged array (CF 1.11, section H.4.3).

    seen: one row per event and step, sorted by event and time; `track_points` adds columns to it;
    in one table or in pieces.
    time: units and calendar of ``time_h``; measured: units of the columns of measured fields.
    """
    about = {"Conventions": "CF-1.11", "featureType": "trajectory", "title": "Tracks of events"}
    seen = in_pieces(seen)
    with writing(path) as partial, creating(partial) as nc:
        nc.setncatts(about | dict(attributes))
        nc.createDimension("trajectory", events["event"].size)
        nc.createDimension("obs", seen.rows)
        _write_events(nc, events, classes)
        _write_sightings(nc, seen, time)
        _write_more(nc, seen, measured)


def _write_events(nc: netCDF4.Dataset, events: Table, classes: Classes) -> None:
    numbers = {"long_name": "identifier of the event", "cf_role": "trajectory_id"}
    _write(nc, "event", iter([events["event"]]), "trajectory", numbers)
    flags = {"long_name": "class of the event"} | classes.flag_attributes()
    _write(nc, "class", iter([events["class"]]), "trajectory", flags)
    rows = {"long_name": "number of sightings", "sample_dimension": "obs"}
    _write(nc, "row_size", iter([events["steps"]]), "trajectory", rows)


def _write_sightings(nc: netCDF4.Dataset, seen: Pieces, time: Mapping[str, str]) -> None:
    _write(
        nc,
        "time",
        seen.column("time_h"),
        "obs",
        {"standard_name": "time", "axis": "T"} | dict(time),
    )
    for name, standard, units in (
        ("lat", "latitude", "degrees_north"),
        ("lon", "longitude", "degrees_east"),
    ):
        _write(nc, name, seen.column(name), "obs", {"standard_name": standard, "units": units})
    area = {"long_name": "area of the event", "units": "km2", "coordinates": "time lat lon"}
    _write(nc, "area", seen.column("area_km2"), "obs", area)


#: Column of `track_points` -> what it is, and how its unit is written.
_MORE = {
    "i": ("column of the cell that holds the point, from 0", "1"),
    "j": ("row of the cell that holds the point, from 0", "1"),
    "length_km": ("major axis of the ellipse with the same second moments", "km"),
    "width_km": ("minor axis of the ellipse with the same second moments", "km"),
    "orientation": ("angle of the major axis, counterclockwise from east", "degrees"),
}


def _write_more(nc: netCDF4.Dataset, seen: Pieces, measured: Mapping[str, str]) -> None:
    """Write basin, shape and measured fields, as far as they are there."""
    where = {"coordinates": "time lat lon"}
    for name, (meaning, units) in _MORE.items():
        if name in seen.names:
            about = {"long_name": meaning, "units": units}
            _write(nc, name.removesuffix("_km"), seen.column(name), "obs", about | where)
    if "basin" in seen.names:
        known = set[str]().union(*(basin.tolist() for basin in seen.column("basin")))
        names = np.array(sorted(known), str)
        meanings = [name.replace(" ", "_") or "none" for name in names]
        flags: dict[str, Any] = {"long_name": "basin that the point lies in"}
        if names.size:
            values = np.arange(names.size, dtype=np.int8)
            flags |= {"flag_values": values, "flag_meanings": " ".join(meanings)}
        codes = (
            np.searchsorted(names, basin.astype(str)).astype(np.int8)
            for basin in seen.column("basin")
        )
        _write(nc, "basin", codes, "obs", flags | where)
    for name in (one for one in seen.names if one.rpartition("_")[2] in STATISTICS):
        field, _, statistic = name.rpartition("_")
        meaning = f"{STATISTICS[statistic]} of {field} inside the event"
        stated = {"units": measured[name]} if measured.get(name) else {}
        _write(nc, name, seen.column(name), "obs", {"long_name": meaning} | stated | where)


def _write(
    nc: netCDF4.Dataset,
    name: str,
    pieces: Iterator[NDArray[Any]],
    dimension: str,
    attributes: Mapping[str, Any],
) -> None:
    """Write a variable; pieces: its values, one after the other, at least one."""
    values, row = next(pieces), 0
    variable = nc.createVariable(
        name,
        values.dtype,
        (dimension,),
        compression="zlib",
        complevel=1,
        chunksizes=(max(1, min(nc.dimensions[dimension].size, CHUNK)),),
        fill_value=False,
    )
    variable.set_var_chunk_cache(size=2 * CHUNK * values.dtype.itemsize)  # else 16 MB of each
    variable.setncatts(dict(attributes))
    for piece in chain([values], pieces):
        variable[row : row + piece.size] = piece
        row += piece.size
