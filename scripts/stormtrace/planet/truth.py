"""What was really there: masks of every step, and the events they belong to.

An event here is what a perfect tracker could know. Storms of a class that touch are one object; it
bears the name of the oldest of them; what parts from it has its own name again.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cftime
import netCDF4
import numpy as np
from scipy import ndimage

from stormtrace.classes import BACKGROUND, FEATURES, TC
from stormtrace.files import write_text
from stormtrace.grids import Grid, make_grid
from stormtrace.planet.planet import Planet
from stormtrace.planet.sphere import Floats, Points
from stormtrace.provenance import provenance

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
    grid_spec: Mapping[str, Any],
    starts: Floats,
    step_hours: int,
    dataset: str,
    origin: cftime.datetime,
    new_year: float,
) -> None:
    """Write `masks.nc` and `events.json`.

    starts: hours of the samples' (canonical) times since the part began; a sample shows the
    middle of its interval. origin: the date of New Year, `new_year` hours after the part began.
    """
    grid = make_grid(grid_spec)
    objects, chronicles = observe(planet, grid, starts + step_hours / 2)
    numbers = {storm: number for number, storm in enumerate(sorted(chronicles), start=1)}
    codes = np.zeros(len(planet.events) + 1, np.int8)
    codes[1:] = [storm.label for storm in planet.events]
    names = np.zeros(len(planet.events) + 1, np.int16)
    for storm, number in numbers.items():
        names[storm] = number

    folder.mkdir(parents=True)
    hours = starts - new_year
    units = f"hours since {origin:%Y-%m-%d %H:%M:%S}"
    with netCDF4.Dataset(folder / "masks.nc", "w") as file:
        year = origin.year - 1
        file.setncatts(provenance(experiment="truth", dataset=dataset, year=str(year)))
        file.setncatts({"grid": f"{grid.shape[0]}x{grid.shape[1]}", "step_hours": step_hours})
        file.setncatts({"model": "the planet itself", "model_checksum": "", "statistics": "{}"})
        file.setncatts({"precision": "exact", "runtime": "numpy"})
        _write_axes(file, grid, hours, units, origin.calendar)
        _write_masks(file, codes[objects], names[objects])

    times = cftime.num2date(hours, units, origin.calendar)
    stamps = [f"{time:%Y-%m-%dT%H:%M:%S}" for time in times]
    for chronicle in chronicles.values():
        if hours[chronicle.steps[0]] < 0 <= hours[chronicle.steps[-1]]:
            chronicle.notes.add("crosses_new_year")
    events = [_describe(numbers[storm], chronicles[storm], stamps) for storm in sorted(chronicles)]
    write_text(folder / "events.json", json.dumps({"events": events}, indent=1))


def observe(planet: Planet, grid: Grid, hours: Floats) -> tuple[np.ndarray, dict[int, Chronicle]]:
    """Return who is seen where, int16 (time, lat, lon), and the chronicle of each event.

    Both count the planet's events from 1, oldest first; 0 is the background.
    """
    lon, lat = np.meshgrid(grid.lon, grid.lat)
    points = Points(lon.ravel(), lat.ravel())
    storms = planet.events
    codes = np.array([BACKGROUND] + [storm.label for storm in storms])
    seen = np.zeros((hours.size, *grid.shape), np.int16)
    chronicles: dict[int, Chronicle] = {}
    before: dict[int, int] = {}
    for step, hour in enumerate(hours):
        claims = np.zeros(points.size, np.int16)
        for last_first in sorted(range(len(storms)), key=lambda i: (codes[i + 1] == TC, -i)):
            claims[storms[last_first].covers(points, hour)] = last_first + 1
        claims = claims.reshape(grid.shape)
        together: dict[int, int] = {}
        for code in FEATURES.values():
            components, count = label_periodic(codes[claims] == code)
            for component in range(1, count + 1):
                inside = components == component
                members = np.unique(claims[inside])
                oldest = int(members[0])
                seen[step][inside] = oldest
                together |= {int(member): oldest for member in members}
                chronicle = chronicles.setdefault(oldest, Chronicle(code))
                _note(chronicle, step, inside.ravel(), points)
        _note_meetings(chronicles, before, together)
        before = together
    return seen, chronicles


def label_periodic(mask: np.ndarray) -> tuple[np.ndarray, int]:
    """Return 8-connected components, numbered from 1, joined across the last meridian."""
    labels, count = ndimage.label(mask, np.ones((3, 3)))
    west = np.pad(labels[:, 0], 1)
    for shift in (0, 1, 2):
        for one, other in zip(west[shift : shift + len(mask)], labels[:, -1].copy(), strict=True):
            if one and other:
                low, high = sorted((labels[labels == one][0], other))
                labels[labels == high] = low
                west[west == high] = low
    numbers = np.unique(labels[labels > 0])
    renumber = np.zeros(count + 1, labels.dtype)
    renumber[numbers] = np.arange(1, numbers.size + 1)
    return renumber[labels], numbers.size


def _note(chronicle: Chronicle, step: int, inside: np.ndarray, points: Points) -> None:
    """Write down where an event's object is at a step (twice at one step: it has two pieces)."""
    lon, lat = points.lon[inside], points.lat[inside]
    if (np.abs(lat) > POLAR).any():
        chronicle.notes.add("near_pole")
    offset = (lon - 180.0 + 180.0) % 360.0 - 180.0  # degrees east of the date line
    if (offset < 0).any() and (offset >= 0).any() and (np.abs(offset) < 10.0).any():
        chronicle.notes.add("crosses_dateline")
    x, y, z = (points.xyz[inside] * points.cos_lat[inside, None]).sum(0)
    centroid = (
        float(np.degrees(np.arctan2(y, x)) % 360.0),
        float(np.degrees(np.arctan2(z, np.hypot(x, y)))),
    )
    if chronicle.steps and chronicle.steps[-1] == step:
        return
    chronicle.steps.append(step)
    chronicle.track.append(centroid)


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


def _write_axes(
    file: netCDF4.Dataset, grid: Grid, hours: Floats, units: str, calendar: str
) -> None:
    for name, values, attributes in (
        ("time", hours, {"units": units, "calendar": calendar}),
        ("lat", grid.lat, {"units": "degrees_north"}),
        ("lon", grid.lon, {"units": "degrees_east"}),
    ):
        file.createDimension(name, values.size)
        axis = file.createVariable(name, "f8", (name,))
        axis.setncatts({"standard_name": name} | attributes)
        axis[:] = values


def _write_masks(file: netCDF4.Dataset, masks: np.ndarray, numbers: np.ndarray) -> None:
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
