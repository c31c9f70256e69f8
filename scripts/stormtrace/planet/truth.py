"""What was really there: masks of every step, and the events they belong to.

An event here is what a perfect tracker could know. Storms of a class that touch are one object; it
bears the name of the oldest of them; what parts from it has its own name again.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse

from stormtrace.classes import BACKGROUND, FEATURES, TC
from stormtrace.files import write_text
from stormtrace.grids import Grid, GridSpecification, make_grid
from stormtrace.planet.globe import Planet
from stormtrace.planet.smooth_fields import Floats, Points
from stormtrace.planet.times import Times
from stormtrace.provenance import provenance

Integers = NDArray[np.integer]

POLAR = 75.0
"""Degrees: an event reaching beyond is noted as `near_pole`."""


@dataclass
class Chronicle:
    """One event as it was seen, step by step."""

    code: int
    steps: list[int] = field(default_factory=list)
    track: list[tuple[float, float]] = field(default_factory=list)
    notes: set[str] = field(default_factory=set)


def write_truth(
    folder: Path,
    planet: Planet,
    times: Times,
    grid_spec: GridSpecification | Mapping[str, Any],
    dataset: str,
) -> None:
    """Write `masks.nc` and `events.json`: one mask a step, at the step's start.

    A sample is the mean of its interval, so its mask is what is there in the middle of it.
    """
    grid = make_grid(grid_spec)
    seen, chronicles = observe(planet, grid, times.starts + times.step_hours / 2)
    codes = np.zeros(len(planet.events) + 1, np.int8)
    codes[1:] = [storm.label for storm in planet.events]
    names = np.zeros(codes.size, np.int16)
    names[sorted(chronicles)] = np.arange(1, len(chronicles) + 1)

    folder.mkdir(parents=True)
    with netCDF4.Dataset(folder / "masks.nc", "w") as file:
        file.setncatts(provenance(experiment="truth", dataset=dataset))
        file.setncatts({"year": times.origin.year - 1, "step_hours": times.step_hours})
        file.setncatts({"grid": f"{grid.shape[0]}x{grid.shape[1]}", "statistics": "{}"})
        file.setncatts({"model": "the planet itself", "model_checksum": ""})
        file.setncatts({"precision": "exact", "runtime": "numpy"})
        _write_axes(file, grid, times)
        _write_masks(file, codes[seen], names[seen])

    stamps = [f"{date:%Y-%m-%dT%H:%M:%S}" for date in times.dates(times.starts)]
    turn = int(times.new_year / times.step_hours)
    for chronicle in chronicles.values():
        if chronicle.steps[0] < turn <= chronicle.steps[-1]:
            chronicle.notes.add("crosses_new_year")
    events = [
        _describe(int(names[storm]), chronicles[storm], stamps) for storm in sorted(chronicles)
    ]
    write_text(folder / "events.json", json.dumps({"events": events}, indent=1))


def observe(planet: Planet, grid: Grid, hours: Floats) -> tuple[Integers, dict[int, Chronicle]]:
    """Return who is seen where, int16 (time, lat, lon), and the chronicle of each event.

    Both count the planet's events from 1, oldest first; 0 is the background.
    """
    lon, lat = np.meshgrid(grid.lon, grid.lat)
    points = Points(lon.ravel(), lat.ravel())
    storms = planet.events
    codes = np.array([BACKGROUND] + [storm.label for storm in storms])
    order = sorted(range(len(storms)), key=lambda i: (codes[i + 1] == TC, -i))  # the last one wins
    seen = np.zeros((hours.size, *grid.shape), np.int16)
    chronicles: dict[int, Chronicle] = {}
    before: dict[int, int] = {}
    for step, hour in enumerate(hours):
        claims = np.zeros(points.size, np.int16)
        for storm in order:
            claims[storms[storm].covers(points, hour)] = storm + 1
        seen[step], names = name_objects(claims.reshape(grid.shape), codes)
        for name in np.unique(seen[step])[1:].tolist():
            chronicle = chronicles.setdefault(name, Chronicle(int(codes[name])))
            _note(chronicle, step, seen[step].ravel() == name, points)
        _note_meetings(chronicles, before, names)
        before = names
    return seen, chronicles


def name_objects(claims: Integers, codes: Integers) -> tuple[Integers, dict[int, int]]:
    """Name each connected object of a class after its oldest storm.

    claims: the storm at each cell, (lat, lon), 0 for none; codes: the class of each storm. Returns
    the names in place of the claims, and the name that each storm goes by.
    """
    named = np.zeros_like(claims)
    names: dict[int, int] = {}
    for code in FEATURES.values():
        components, count = label_periodic(codes[claims] == code)
        for component in range(1, count + 1):
            inside = components == component
            members = np.unique(claims[inside]).tolist()
            named[inside] = members[0]
            for member in members:
                names[member] = min(members[0], names.get(member, members[0]))
    return named, names


def label_periodic(mask: NDArray[np.bool_]) -> tuple[Integers, int]:
    """Return 8-connected components, numbered from 1, joined across the last meridian."""
    labels, count = ndimage.label(mask, np.ones((3, 3)))
    east = np.pad(labels[:, -1], 1)
    near = [
        (one, two)
        for shift in range(3)
        for one, two in zip(labels[:, 0], east[shift:], strict=False)
    ]
    seam = np.array([pair for pair in near if all(pair)]).reshape(-1, 2)
    links = sparse.coo_array((np.ones(len(seam)), seam.T), (count + 1, count + 1))
    joined, number = sparse.csgraph.connected_components(links, directed=False)
    return number[labels], joined - 1  # label 0 is alone, and first


def _note(chronicle: Chronicle, step: int, inside: NDArray[np.bool_], points: Points) -> None:
    """Write down where an event is at a step."""
    lon, lat = points.lon[inside], points.lat[inside]
    if (np.abs(lat) > POLAR).any():
        chronicle.notes.add("near_pole")
    offset = lon % 360.0 - 180.0  # degrees east of the date line
    if (offset < 0).any() and (offset >= 0).any() and (np.abs(offset) < 10.0).any():
        chronicle.notes.add("crosses_dateline")
    x, y, z = (points.xyz[inside] * points.cos_lat[inside, None]).sum(0)
    centre_lon, centre_lat = np.degrees(
        [np.arctan2(y, x) % (2 * np.pi), np.arctan2(z, np.hypot(x, y))]
    )
    chronicle.steps.append(step)
    chronicle.track.append((float(centre_lon), float(centre_lat)))


def _note_meetings(
    chronicles: dict[int, Chronicle], before: dict[int, int], now: dict[int, int]
) -> None:
    """Compare who shares an object with whom, now and a step before."""
    for one in now:
        for other in now:
            if one < other and one in before and other in before:
                were, are = before[one] == before[other], now[one] == now[other]
                if were != are:
                    for storm in (one, other):
                        if storm in chronicles:
                            chronicles[storm].notes.add("merges" if are else "splits")


def _describe(number: int, chronicle: Chronicle, stamps: list[str]) -> dict[str, Any]:
    names = {code: name for name, code in FEATURES.items()}
    points = [
        {"time": stamps[step], "lat": round(lat, 3), "lon": round(lon, 3)}
        for step, (lon, lat) in zip(chronicle.steps, chronicle.track, strict=True)
    ]
    first, last = points[0], points[-1]
    return {
        "id": number,
        "class": names[chronicle.code],
        "start": first["time"],
        "end": last["time"],
        "steps": len(points),
        "genesis_lat": first["lat"],
        "genesis_lon": first["lon"],
        "termination_lat": last["lat"],
        "termination_lon": last["lon"],
        "notes": sorted(chronicle.notes),
        "track": points,
    }


def _write_axes(file: netCDF4.Dataset, grid: Grid, times: Times) -> None:
    calendar = times.origin.calendar
    for name, values, attributes in (
        (
            "time",
            times.starts - times.new_year,
            {"units": times.units("hours"), "calendar": calendar},
        ),
        ("lat", grid.lat, {"units": "degrees_north"}),
        ("lon", grid.lon, {"units": "degrees_east"}),
    ):
        file.createDimension(name, values.size)
        axis = file.createVariable(name, "f8", (name,))
        axis.setncatts(attributes)
        axis[:] = values


def _write_masks(file: netCDF4.Dataset, masks: Integers, numbers: Integers) -> None:
    def create(name: str, values: np.ndarray) -> netCDF4.Variable:
        variable = file.createVariable(
            name,
            values.dtype,
            ("time", "lat", "lon"),
            zlib=True,
            complevel=1,
            chunksizes=(1, *values.shape[1:]),
        )
        variable[:] = values
        return variable

    mask = create("mask", masks)
    mask.flag_values = np.array([0, 1, 2], np.int8)
    mask.flag_meanings = "background tropical_cyclone atmospheric_river"
    create("event", numbers).long_name = "id of the event in events.json, 0 for none"
