"""What an experiment found of one class, and how it is held against observed storms."""

import functools
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace import commandline
from stormtrace.class_table import ClassTable
from stormtrace.classes import FeatureClass
from stormtrace.climate.event_tables import read_beginnings, read_events_of
from stormtrace.climate.seasons import expected_steps
from stormtrace.errors import BadInput
from stormtrace.formats.comparison_maps import Comparison
from stormtrace.formats.netcdf import opening
from stormtrace.formats.objects import YearObjects, read_objects
from stormtrace.grids import Grid
from stormtrace.grids.basins import tc_basin
from stormtrace.verification.climatology import beginnings, climatology, first_points, yearly
from stormtrace.verification.judging import (
    Steps,
    is_strong,
    judge,
    real_times,
    years_and_months,
)
from stormtrace.verification.observed import Storms
from stormtrace.verification.pairing import Points
from stormtrace.verification.skill import Detected, skill, verdicts
from stormtrace.verification.track_density import (
    POINTS_AT_ONCE,
    Presence,
    Tracks,
    compare_tracks,
)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rules:
    """How storms are held against each other: km, m/s, and years of the observations.

    observed_years: of the climatology; None: those of the file or, where days are compared, the
    steps of the experiment.
    """

    radius_km: float = 300.0
    minimum_wind: float = 17.5
    observed_years: tuple[int, int] | None = None


@dataclass(frozen=True, eq=False)
class Tracked:
    """The years of an experiment, and the folder of the events of one class.

    first: what the objects file of one year says; others: the files of the other years, opened one
    after the other when they are needed.
    """

    first: YearObjects
    others: Sequence[Path | str]
    events: Path
    feature: FeatureClass

    @property
    def grid(self) -> Grid:
        """The grid of its masks."""
        return self.first.grid

    def years(self) -> Iterator[YearObjects]:
        """Yield what the objects file of each year says."""
        yield self.first
        for path in self.others:
            yield read_objects(path, header=True)

    @functools.cached_property
    def steps(self) -> Steps:
        """All steps, as dates of the Gregorian calendar."""
        times = [real_times(year.time, year.time_units, year.calendar) for year in self.years()]
        return Steps(np.unique(np.concatenate(times)), self.first.step_hours)

    @functools.cached_property
    def presence(self) -> Presence:
        """How many steps each month has, and should have."""
        there: dict[int, Floats] = {}
        whole: dict[int, Floats] = {}
        for one in self.years():
            number = int(one.attributes["year"])
            _, months = years_and_months(one.time, one.time_units, one.calendar)
            there[number] = np.bincount(months - 1, minlength=12).astype(float)
            whole[number] = expected_steps(number, one.calendar, one.step_hours).astype(float)
        years = sorted(there)
        return Presence(
            years, np.stack([there[one] for one in years]), np.stack([whole[one] for one in years])
        )


def read_tracked(
    objects: Sequence[Path | str], events: Path | str, table: ClassTable | None = None
) -> Tracked:
    """Read what an experiment found.

    objects: objects files, one a year, which know the steps that were looked at. events: the folder
    of linked events. The class is the one whose `basins` are those of tropical cyclones.

    Raises:
        BadInput: there is no year, or not one such class.

    """
    if not objects:
        raise BadInput("verification needs the objects of at least one year")
    first = read_objects(objects[0], table, header=True)
    features = first.classes.features
    cyclones = [one for one in features if one.basins == "tropical cyclones"]
    if len(cyclones) != 1:
        raise BadInput(
            f"{first.path} has {len(cyclones)} classes with `basins: tropical cyclones` among "
            f"{', '.join(one.short for one in features)}: say it of one of them in `classes`"
        )
    return Tracked(first, objects[1:], Path(events), cyclones[0])


def in_time(tracked: Tracked, storms: Storms, rules: Rules) -> dict[str, Any]:
    """Return the skill of an experiment whose days have the weather of those days.

    Raises:
        BadInput: its dates are none of the Gregorian calendar, or no storm lies in its time.

    """
    judged = judge(storms, tracked.steps, tracked.grid, rules.minimum_wind)
    if not judged.looked.all():
        commandline.log.info(
            "the observations look at %d of the %d steps, every %g h: detections at the others are"
            " neither found nor false",
            judged.looked.sum(), judged.looked.size, judged.every_h,
        )  # fmt: skip
    found = verdicts(judged, _detected(tracked), tracked.steps, rules.radius_km)
    return skill(found, tracked.steps)


def _detected(tracked: Tracked) -> Iterator[Detected]:
    """Yield the points of the class in the order of their steps: all of some steps at a time.

    Events lie in the order they begin in, or nearly: a step is whole before the first of all that
    are still to come.
    """
    begins = [hours.min(initial=np.inf) for _, hours, *_ in _trajectories(tracked)]
    ahead = np.minimum.accumulate([*begins, np.inf][::-1])[::-1][1:]
    kept: list[NDArray[Any]] = [np.empty(0, np.int64), *np.empty((3, 0))]
    for (*some, about), until in zip(_trajectories(tracked), ahead, strict=True):
        kept = [np.append(*both) for both in zip(kept, some, strict=True)]
        is_whole = kept[1] < until
        if is_whole.any():
            order = np.flatnonzero(is_whole)[np.argsort(kept[1][is_whole], kind="stable")]
            event, hours, lat, lon = (of[order] for of in kept)
            step = np.searchsorted(tracked.steps.time, real_times(hours, *about))
            yield Detected(Points(step, lat, lon), event)
            kept = [of[~is_whole] for of in kept]


def _trajectories(
    tracked: Tracked,
) -> Iterator[tuple[NDArray[np.int64], Floats, Floats, Floats, tuple[str, str]]]:
    """Yield event, time, latitude, longitude of the class, by event; units and calendar of times.

    Of some whole events at a time.
    """
    with opening(tracked.events / "trajectories.nc") as nc:
        for name in ("time", "lat", "lon"):
            nc[name].set_var_chunk_cache(size=2**21)  # a chunk, and no 16 MB
        rows = np.asarray(nc["row_size"][:], np.int64)
        event, is_mine = nc["event"][:], nc["class"][:] == tracked.feature.code
        about = nc["time"].units, nc["time"].calendar
        ends = np.cumsum(rows)
        cuts = np.flatnonzero(np.diff(ends // POINTS_AT_ONCE, append=-1)) + 1
        for first, last in itertools.pairwise([0, *cuts]):
            some = slice(first, last)
            points = slice(ends[first] - rows[first], ends[last - 1])
            mine = np.repeat(is_mine[some], rows[some])
            hours, lat, lon = (
                np.asarray(nc[name][points], float)[mine] for name in ("time", "lat", "lon")
            )
            yield np.repeat(event[some], rows[some])[mine], hours, lat, lon, about


def in_climate(
    tracked: Tracked, storms: Storms, rules: Rules, has_same_days: bool = False
) -> dict[str, Any]:
    """Return storms a year by basin and month, detected and observed.

    A storm is where and when it begins: an event at its first step, an observed storm at its first
    point that counts (`Rules.minimum_wind`). has_same_days: the experiment has the weather of its
    days, so that observed storms count within its steps, unless other years are asked for.

    Raises:
        BadInput: no observed storm counts in the years that are asked for.

    """
    columns = ["genesis_lat", "genesis_lon"]
    lat, lon = read_events_of(tracked.events, tracked.feature.code, columns).values()
    year, month = read_beginnings(tracked.events, tracked.feature.code)
    basin = tc_basin(lat, lon)
    presence = tracked.presence
    counts = yearly(basin, year, month, presence.years)
    storms, seen = _seen(tracked, storms, rules, has_same_days)
    return {
        "detected": climatology(counts, presence.month_shares),
        "observed": _observed(storms, rules, seen),
    }


def in_density(
    tracked: Tracked, storms: Storms, rules: Rules, has_same_days: bool = False
) -> Comparison:
    """Return how many storms a year pass each place: detected, observed, and their difference.

    Observed storms are the ways between their points that count (`Rules.minimum_wind`); of which
    years, as `in_climate` has it.
    """
    storms, seen = _seen(tracked, storms, rules, has_same_days)
    storms = storms.where(np.flatnonzero(is_strong(storms, rules.minimum_wind)))
    detected = (
        Tracks(event, hours, *years_and_months(hours, *about), lat, lon)
        for event, hours, lat, lon, about in _trajectories(tracked)
    )
    return compare_tracks(
        (map(_tracks_of, _some_storms(storms)), seen),
        (detected, tracked.presence),
        tracked.grid,
        tracked.feature,
    )


def _some_storms(storms: Storms) -> Iterator[Storms]:
    """Yield some whole storms at a time."""
    begins = np.flatnonzero(np.diff(storms.storm, prepend=-1))
    cuts = begins[np.searchsorted(begins, np.arange(0, storms.storm.size, POINTS_AT_ONCE))[1:] - 1]
    edges = np.unique([0, *cuts, storms.storm.size])
    for first, last in itertools.pairwise(edges):
        yield storms.where(np.arange(first, last))


def _tracks_of(storms: Storms) -> Tracks:
    months = storms.time.astype("datetime64[M]").astype(np.int64)
    return Tracks(
        storms.storm,
        storms.time.astype(np.int64) / 3600,
        1970 + months // 12,
        months % 12 + 1,
        storms.lat,
        storms.lon,
    )


def _seen(
    tracked: Tracked, storms: Storms, rules: Rules, has_same_days: bool
) -> tuple[Storms, Presence]:
    """Return the observed points of climatologies, on the experiment's grid, and their years.

    Where days are compared and no years are asked for, those within its own steps.
    """
    storms = storms.where(tracked.grid.cells(storms.lat, storms.lon)[0] >= 0)
    if has_same_days and rules.observed_years is None:
        return storms.where(_within(storms.time, tracked.steps)), tracked.presence
    years = _years_of(storms)
    first, last = rules.observed_years or years
    if not years[0] <= first <= last <= years[1]:
        raise BadInput(
            f"the climatology is to be of {first}–{last}, but the observations on the grid of the "
            f"experiment are of {years[0]}–{years[1]}: correct observed_years"
        )
    # Of months that the experiment has not, nothing is compared.
    whole = np.ones((last - first + 1, 12)) * tracked.presence.months
    there = whole.copy()
    both = (storms.lat > 0).any() and (storms.lat < 0).any()
    if rules.observed_years is None and both:  # storms in all months: the last year is under way
        there[-1, storms.time.max().astype("datetime64[M]").astype(np.int64) % 12 + 1 :] = 0.0
    return storms, Presence(list(range(first, last + 1)), there, whole)


def _within(time: NDArray[np.datetime64], steps: Steps) -> NDArray[np.bool_]:
    """Return which times lie at most half a step from one of the steps."""
    half = np.timedelta64(round(1800 * steps.hours), "s")
    after = np.clip(np.searchsorted(steps.time, time), 1, steps.time.size - 1)
    near = np.minimum(abs(time - steps.time[after - 1]), abs(time - steps.time[after]))
    return near <= half


def _observed(storms: Storms, rules: Rules, seen: Presence) -> dict[str, Any]:
    strong = first_points(storms, is_strong(storms, rules.minimum_wind))
    basin, year, month = beginnings(strong.lat, strong.lon, strong.time)
    years = seen.years
    counts = yearly(basin, year, month, years)
    if not counts.sum():
        raise BadInput(
            f"no observed storm of at least {rules.minimum_wind:g} m/s begins in"
            f" {years[0]}–{years[-1]}"
            + (f"; those that count begin in {year.min()}–{year.max()}" if year.size else "")
        )
    about = {"first_year": years[0], "last_year": years[-1]}
    return climatology(counts, seen.month_shares) | about


def _years_of(storms: Storms) -> tuple[int, int]:
    """Return first and last calendar year of the observations."""
    if not storms.time.size:
        raise BadInput("no observed storm lies on the grid of the experiment")
    years = storms.time.astype("datetime64[Y]").astype(np.int64) + 1970
    return int(years.min()), int(years.max())
