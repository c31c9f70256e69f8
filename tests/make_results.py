"""A factory of small result files (masks, counts, events), written by the formats themselves."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import cftime
import netCDF4
import numpy as np
import pyarrow
import pyarrow.parquet
from numpy.typing import NDArray

from stormtrace.classes import CLIMATENET_LABELS, Classes
from stormtrace.climate.all_years import write_years
from stormtrace.formats.axes import map_attributes, write_grid
from stormtrace.formats.counts import Counts
from stormtrace.formats.masks import mask_file
from stormtrace.formats.tables import class_metadata
from stormtrace.grids import Grid, make_grid

MINI = make_grid({"nlat": 19, "nlon": 36})
CLASSES = Classes.of_labels(CLIMATENET_LABELS)


def hours_of(dates: Sequence[cftime.datetime], calendar: str) -> NDArray[np.float64]:
    return np.array([cftime.date2num(date, "hours since 2000-01-01", calendar) for date in dates])


def dates_between(
    start: tuple[int, int, int], end: tuple[int, int, int], calendar: str, step_hours: float = 3
) -> list[cftime.datetime]:
    """Every step from `start` to `end`, the end not included."""
    first = cftime.datetime(*start, calendar=calendar)
    last = cftime.datetime(*end, calendar=calendar)
    hours = (last - first).total_seconds() / 3600
    numbers = np.arange(0, hours, step_hours)
    return list(cftime.num2date(numbers, f"hours since {first.isoformat()}", calendar))


def write_masks(
    path: Path,
    year: int,
    dates: Sequence[cftime.datetime],
    mask_of: Callable[[int, cftime.datetime], NDArray[np.int8]],
    grid: Grid = MINI,
    calendar: str = "noleap",
    step_hours: float = 3,
    experiment: str = "made",
    classes: Sequence[str] = CLASSES.flags,
) -> Path:
    """Write masks of one year; `mask_of(step, date)` gives each map."""
    time = {"units": "hours since 2000-01-01", "calendar": calendar}
    made_of = Classes.of_labels(["Background", *classes])
    with mask_file(path, grid, made_of, time, steps=len(dates)) as writer:
        writer.describe(experiment=experiment, dataset="made", grid="mini", year=np.int32(year))
        writer.describe(step_hours=float(step_hours))
        for step, date in enumerate(dates):
            writer.write(hours_of([date], calendar).tolist(), {"mask": mask_of(step, date)[None]})
    return path


def write_frequency(
    path: Path,
    counts: Mapping[int, NDArray[np.integer]],
    steps: int | Sequence[int] | Mapping[int, Sequence[int]] = 100,
    grid: Grid = MINI,
    experiment: str = "made",
    events: float = 0,
    classes: Sequence[str] = CLASSES.flags,
    step_hours: float = 3,
    coverage: tuple[str, str] | None = None,
    entries: float = 0,
) -> Path:
    """Write a frequency file from (month, class, nlat, nlon) counts of each year.

    Every month has `steps` steps (or the one of the twelve, or of the year's); `events` is the share of the counts
    that is of tracked events (0: nothing was tracked), and genesis is a tenth of all counts.
    coverage: first and last time. entries: the share of the counts at which a class enters the cell.
    """
    made_of = Classes.of_labels(["Background", *classes])
    attributes = {"experiment": experiment, "calendar": "noleap", "step_hours": float(step_hours)}
    for end, moment in zip(("start", "end"), coverage or (), strict=False):
        attributes[f"time_coverage_{end}"] = moment

    def counted(year: int) -> Counts:
        of_year = steps[year] if isinstance(steps, Mapping) else steps
        present = np.broadcast_to(of_year, 12).astype(np.int64)
        fields = {"count": counts[year].astype(np.int16)}
        if entries:
            fields["entries"] = (counts[year] * entries).astype(np.int16)
        known = present if entries else None
        return Counts(year, grid, made_of, present, present, fields, attributes, known)

    tracked = MadeEvents(counts, events, entries, experiment) if events else None
    years = {year: partial(counted, year) for year in counts}
    write_years(years, tracked, path, {"history": "made", "inputs": "{}"})
    return path


class MadeEvents:
    """Tracked events that cover a share of the counts of masks, instead of `TrackedEvents`."""

    def __init__(
        self,
        counts: Mapping[int, NDArray[np.integer]],
        share: float,
        entries: float,
        experiment: str,
    ) -> None:
        self.counts, self.share, self.entries = counts, share, entries
        self.years, self.attributes = sorted(counts), {"experiment": experiment}

    def months(self, counted: Counts) -> Iterator[tuple[int, str, NDArray[np.int16]]]:
        for month, values in enumerate(self.counts[counted.year]):
            covered = (values * self.share).astype(np.int16)
            yield month, "count", covered
            for name in ENDS:
                yield month, name, (values // 10).astype(np.int16)
            if self.entries:
                yield month, "entries", (covered * self.entries).astype(np.int16)


def write_events(folder: Path, seed: int = 0, number: int = 40) -> Path:
    """Write events.parquet and objects.parquet: `number` events of each class on a stroll."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    events, objects = [], []
    for event in range(2 * number):
        code, lat = 1 + event % 2, float(rng.uniform(10, 40) * rng.choice([-1, 1]))
        lon, steps = float(rng.uniform(0, 360)), int(rng.integers(5, 40))
        places = [(lat + 0.3 * s * np.sign(lat), (lon + 0.8 * s) % 360) for s in range(steps)]
        start = float(rng.uniform(0, 8000))
        for step, place in enumerate(places):
            ends = step == 0, step == steps - 1
            hours = start + 3 * step
            time = cftime.num2date(hours, "hours since 2000-01-01", "noleap").isoformat()
            objects.append((event, code, 2000, step, time, *place, hours, 1e6, 30, *ends, True))
        km = 95.0 * steps
        dates = "2000-01-01T00:00:00", "2000-01-02T00:00:00"
        ends = *places[0], *places[-1]
        measures = km, km / (3 * steps), 1e6, start, start + 3.0 * steps
        events.append((event, code, *dates, 3.0 * (steps - 1), *ends, *measures))
    _write_table(folder / "events.parquet", EVENT_COLUMNS, events)
    _write_table(folder / "objects.parquet", OBJECT_COLUMNS, objects)
    return folder


ENDS = ("genesis", "termination")
EVENT_COLUMNS = [
    "event",
    "class",
    "start",
    "end",
    "lifetime_h",
    "genesis_lat",
    "genesis_lon",
    "termination_lat",
    "termination_lon",
    "track_km",
    "speed_km_h",
    "max_area_km2",
    "start_h",
    "end_h",
]
OBJECT_COLUMNS = [
    "event",
    "class",
    "year",
    "step",
    "time",
    "lat",
    "lon",
    "time_h",
    "area_km2",
    "pixels",
    "genesis",
    "termination",
    "main",
]


def _write_table(path: Path, columns: list[str], rows: list[tuple]) -> None:
    table = pyarrow.table(dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True)))
    table = table.replace_schema_metadata({"classes": class_metadata(CLASSES)})
    pyarrow.parquet.write_table(table, path)


def write_samples(
    folder: Path,
    dates: Sequence[cftime.datetime],
    fields_of: Callable[[int, cftime.datetime], dict[str, NDArray[np.float32]]],
    grid: Grid = MINI,
    units: str = "kg m-2",
    step_hours: float = 3,
    **attributes: str,
) -> Path:
    """Write samples, one file a time; `fields_of(step, date)` gives each map.

    attributes: of the fields, besides their units.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for step, date in enumerate(dates):
        seconds = date.hour * 3600
        name = f"made.{date.year:04d}-{date.month:02d}-{date.day:02d}-{seconds:05d}.nc"
        with netCDF4.Dataset(folder / name, "w") as nc:
            write_grid(nc, grid)
            nc.step_hours = float(step_hours)
            nc.createDimension("time", 1)
            time = nc.createVariable("time", "f8", ("time",))
            time.units, time.calendar = "hours since 2000-01-01", date.calendar
            time[:] = hours_of([date], date.calendar)
            for field, values in fields_of(step, date).items():
                variable = nc.createVariable(field, "f4", ("time", *grid.dims))
                variable.setncatts({"units": units, **attributes} | map_attributes(grid))
                variable[0] = values
    return folder
