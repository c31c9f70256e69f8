"""What was really there: masks of every step, and the events they belong to.

An event here is what a perfect tracker could know. Storms of a class that touch are one object; it
bears the name of the oldest of them; what parts from it has its own name again.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.classes import BACKGROUND
from stormtrace.constants import KNOT
from stormtrace.files import write_text
from stormtrace.formats.axes import map_attributes
from stormtrace.formats.mask_writing import mask_file
from stormtrace.grids import Grid, make_grid
from stormtrace.grids.specification import GridSpecification
from stormtrace.planet.feature_codes import CLASSES, CYCLONE
from stormtrace.planet.globe import Globe
from stormtrace.planet.smooth_fields import Floats, Points
from stormtrace.planet.storms import Storm, Vortex
from stormtrace.planet.times import Times
from stormtrace.provenance import provenance

Integers = NDArray[np.integer]

#: Degrees: an event reaching beyond is noted as `near_pole`.
POLAR = 75.0


#: Columns of IBTrACS' CSV that verification reads, and their units.
BEST_TRACK = (
    "SID,SEASON,NAME,ISO_TIME,NATURE,LAT,LON,TRACK_TYPE,USA_STATUS,USA_LAT,USA_LON,USA_WIND\n"
    " ,Year, , , ,degrees_north,degrees_east, , ,degrees_north,degrees_east,kts"
)


@dataclass
class Chronicle:
    """One event as it was seen, step by step."""

    code: int
    steps: list[int] = field(default_factory=list)
    track: list[tuple[float, float]] = field(default_factory=list)
    notes: set[str] = field(default_factory=set)


def write_truth(
    folder: Path,
    planet: Globe,
    times: Times,
    grid_spec: GridSpecification | Mapping[str, Any],
    dataset: str,
) -> None:
    """Write `masks.nc` and `events.json`: one mask a step, at the step's start.

    A sample is the mean of its interval, so its mask is what is there in the middle of it. The
    cyclones are also in `storms.csv`, as observers would have noted them down.
    """
    grid = make_grid(grid_spec)
    seen, chronicles = observe(planet, grid, times.starts + times.step_hours / 2)
    codes = np.zeros(len(planet.events) + 1, np.int8)
    codes[1:] = [storm.label for storm in planet.events]
    names = np.zeros(codes.size, np.int16)
    names[sorted(chronicles)] = np.arange(1, len(chronicles) + 1)

    folder.mkdir(parents=True)
    _write_masks(folder / "masks.nc", grid, times, dataset, codes[seen], names[seen])

    stamps = [f"{date:%Y-%m-%dT%H:%M:%S}" for date in times.dates(times.starts)]
    turn = int(times.new_year / times.step_hours)
    for chronicle in chronicles.values():
        if chronicle.steps[0] < turn <= chronicle.steps[-1]:
            chronicle.notes.add("crosses_new_year")
    events = [
        _describe(int(names[storm]), chronicles[storm], stamps) for storm in sorted(chronicles)
    ]
    write_text(folder / "events.json", json.dumps({"events": events}, indent=1))
    rows = [row for storm in sorted(chronicles) for row in _best_track(
        planet.events[storm - 1], chronicles[storm], times)]  # fmt: skip
    write_text(folder / "storms.csv", "\n".join([BEST_TRACK, *rows, ""]))


def observe(planet: Globe, grid: Grid, hours: Floats) -> tuple[Integers, dict[int, Chronicle]]:
    """Return who is seen where, int16 (time, lat, lon), and the chronicle of each event.

    Both count the planet's events from 1, oldest first; 0 is the background.
    """
    points = Points.of(grid)
    storms = planet.events
    codes = np.array([BACKGROUND] + [storm.label for storm in storms])
    order = sorted(
        range(len(storms)), key=lambda i: (codes[i + 1] == CYCLONE, -i)
    )  # the last one wins
    seen = np.zeros((hours.size, *grid.shape), np.int16)
    chronicles: dict[int, Chronicle] = {}
    before: dict[int, int] = {}
    for step, hour in enumerate(hours):
        claims = np.zeros(points.size, np.int16)
        for storm in order:
            claims[storms[storm].covers(points, hour)] = storm + 1
        seen[step], names = name_objects(claims.reshape(grid.shape), codes, grid.wraps)
        for name in np.unique(seen[step])[1:].tolist():
            chronicle = chronicles.setdefault(name, Chronicle(int(codes[name])))
            _note(chronicle, step, seen[step].ravel() == name, points)
        _note_meetings(chronicles, before, names)
        before = names
    return seen, chronicles


def name_objects(
    claims: Integers, codes: Integers, wraps: bool = True
) -> tuple[Integers, dict[int, int]]:
    """Name each connected object of a class after its oldest storm.

    claims: the storm at each cell, (lat, lon), 0 for none; codes: the class of each storm; wraps:
    whether the last column touches the first. Returns the names in place of the claims, and the
    name that each storm goes by.
    """
    named = np.zeros_like(claims)
    names: dict[int, int] = {}
    for code in CLASSES.codes:
        components, count = label_components(codes[claims] == code, wraps)
        for component in range(1, count + 1):
            inside = components == component
            members = np.unique(claims[inside]).tolist()
            named[inside] = members[0]
            for member in members:
                names[member] = min(members[0], names.get(member, members[0]))
    return named, names


def label_components(mask: NDArray[np.bool_], wraps: bool = True) -> tuple[Integers, int]:
    """Return 8-connected components, numbered from 1; if it wraps, across the last meridian."""
    from scipy import ndimage  # labelled samples have no such truth, and it starts slowly

    labels, count = ndimage.label(mask, np.ones((3, 3)))
    east = np.pad(labels[:, -1], 1)
    west = labels[:, 0]
    near = [np.stack([west, east[shift : shift + west.size]], axis=1) for shift in range(3)]
    seam = np.concatenate(near)
    seam = seam[seam.all(axis=1)]
    if not (wraps and seam.size):
        return labels, count
    from scipy import sparse

    links = sparse.coo_array((np.ones(len(seam)), seam.T), (count + 1, count + 1))
    joined, number = sparse.csgraph.connected_components(links, directed=False)
    return number[labels], joined - 1  # label 0 is alone, and first


def _note(chronicle: Chronicle, step: int, inside: NDArray[np.bool_], points: Points) -> None:
    """Write down where an event is at a step."""
    cells = np.flatnonzero(inside)
    lon, lat = points.lon[cells], points.lat[cells]
    if (np.abs(lat) > POLAR).any():
        chronicle.notes.add("near_pole")
    offset = lon % 360.0 - 180.0  # degrees east of the date line
    if (offset < 0).any() and (offset >= 0).any() and (np.abs(offset) < 10.0).any():
        chronicle.notes.add("crosses_dateline")
    x, y, z = (points.xyz[cells] * points.cos_lat[cells, None]).sum(0)
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
    names = {feature.code: feature.short for feature in CLASSES.features}
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


def _best_track(storm: Storm, chronicle: Chronicle, times: Times) -> Iterator[str]:
    """Yield the points of a cyclone as lines of `BEST_TRACK`: its eye, and its strongest wind.

    Like `masks.nc` they are stamped at the start of the step in whose middle they are.
    """
    if not isinstance(storm, Vortex):
        return
    name = ""
    for step in chronicle.steps:
        start = times.starts[step]
        (date,) = times.dates(start)
        middle = start + times.step_hours / 2
        lon, lat = storm.path.at(middle - storm.life.birth)
        place = f"{lat:.2f},{(lon + 180) % 360 - 180:.2f}"
        wind = round(storm.wind * storm.life.vigour(middle) / KNOT)
        name = name or f"{date:%Y%j}{'N' if lat > 0 else 'S'}{abs(lat):02.0f}{lon % 360:03.0f}"
        stage = "HU" if wind >= 64 else "TS" if wind >= 34 else "TD"
        known = f"{name},{date:%Y},UNNAMED,{date:%Y-%m-%d %H:%M:%S},TS,{place},main"
        yield f"{known},{stage},{place},{wind}"


def _write_masks(
    path: Path, grid: Grid, times: Times, dataset: str, masks: Integers, numbers: Integers
) -> None:
    """Write a mask file with a further variable `event`, the id of each cell's event."""
    axis = {"units": times.units("hours"), "calendar": times.origin.calendar}
    with mask_file(path, grid, CLASSES, axis, steps=len(masks)) as writer:
        event = writer.nc.createVariable(
            "event",
            "i2",
            ("time", *grid.dims),
            zlib=True,
            complevel=1,
            chunksizes=(1, *grid.shape),
            fill_value=False,
        )
        event.long_name = "id of the event in events.json, 0 for none"
        event.setncatts(map_attributes(grid))
        shape = f"{grid.shape[0]}x{grid.shape[1]}"
        writer.describe(experiment="truth", dataset=dataset, grid=shape, statistics="{}")
        writer.describe(year=times.origin.year - 1, step_hours=times.step_hours)
        writer.describe(model="the planet itself", model_checksum="")
        writer.describe(precision="exact", runtime="numpy", **provenance())
        hours = (times.starts - times.new_year).tolist()
        writer.write(hours, {"mask": masks, "event": numbers})
