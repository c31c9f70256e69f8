"""Probability of detection, false alarms, errors of position and leads, with intervals by storm.

Points of one storm, or of one event, are no independent trials: intervals (95 %) are of whole
storms drawn with replacement, and for false alarms of whole events.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.climate.significance import interval
from stormtrace.constants import KNOT
from stormtrace.grids.basins import TC_BASINS, tc_basin
from stormtrace.verification.judging import Judged, Steps
from stormtrace.verification.pairing import Points, match

#: With fewer storms (or events), drawing them again says nothing: no interval is given.
FEWEST_STORMS = 5

DRAWS = 1000

#: Of which so many are in memory: each weighs every storm or event of all years.
DRAWS_AT_ONCE = 4

SEASONS = ("DJF", "MAM", "JJA", "SON")

#: How groups of points are called; those by year are called after it.
LABELS = {"basin": dict(enumerate(TC_BASINS)), "season": dict(enumerate(SEASONS))}

#: Lower limits of the Saffir–Simpson categories, knots (1-minute mean wind).
CATEGORIES = {
    "tropical depression": 0.0,
    "tropical storm": 34.0,
    "category 1": 64.0,
    "category 2": 83.0,
    "category 3": 96.0,
    "category 4": 113.0,
    "category 5": 137.0,
}

Flags = NDArray[np.bool_]
Indices = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Detected:
    """Points of events of one class, sorted by step: `event` (n,) is the identifier of each."""

    points: Points
    event: Indices


@dataclass(frozen=True, eq=False)
class Tally:
    """What became of the detected points of each event in each group, sorted by group, then event.

    group, event (rows,). counts (rows, 3): points, those where nothing was observed, and those
    where only what does not count was. first_step (rows,): of the points.
    """

    group: NDArray[np.integer]
    event: NDArray[np.integer]
    counts: NDArray[np.integer]
    first_step: NDArray[np.integer]

    def of(self, group: int) -> NDArray[np.integer]:
        """Return the counts of the events of a group."""
        return self.counts[slice(*np.searchsorted(self.group, (group, group + 1)))]


@dataclass(frozen=True, eq=False)
class Verdicts:
    """What became of every observed point, and of all detected ones.

    judged: the observed points. hit (observed,): the point was detected; error its distance, km
    (NaN where it was not). event_of (observed,): the event it belongs to, or −1. tallies: of the
    detected points, by what they are grouped by; `all` has one group, 0. between: detected points
    at steps that the observations do not look at, of which nothing else is counted.
    """

    judged: Judged
    hit: Flags
    error: NDArray[np.float64]
    event_of: Indices
    tallies: Mapping[str, Tally]
    between: int


def verdicts(
    judged: Judged, detected: Iterable[Detected], steps: Steps, radius_km: float
) -> Verdicts:
    """Match what counts first, then what is left with the observed points that do not count.

    detected: all points of some steps at a time, in order.
    """
    storms = judged.storms
    hit = np.zeros(storms.time.size, bool)
    error = np.full(hit.size, np.nan)
    event_of = np.full(hit.size, -1)
    tallies: dict[str, list[Tally]] = {name: [] for name in ("all", *LABELS, "year")}
    between = 0

    def observed(rows: Indices) -> Points:
        return Points(judged.step[rows], storms.lat[rows], storms.lon[rows])

    for some in detected:
        points = some.points
        first, last = np.searchsorted(judged.step, (points.step[0], points.step[-1] + 1))
        counts = judged.counts[first:last]
        counting, others = (first + np.flatnonzero(of) for of in (counts, ~counts))
        pairs = match(observed(counting), points, radius_km)
        rows = counting[pairs.first]
        hit[rows], error[rows], event_of[rows] = True, pairs.distance, some.event[pairs.second]

        free = np.ones(some.event.size, bool)
        free[pairs.second] = False
        left = np.flatnonzero(free)
        rest = match(observed(others), points.where(left), radius_km)
        beside = np.zeros(free.size, bool)
        beside[left[rest.second]] = True
        seen = judged.looked[points.step]
        became = np.stack([seen, seen & free & ~beside, seen & beside], axis=1).view(np.int8)
        between += int((~seen).sum())
        event, step = some.event.astype(np.int32), points.step.astype(np.int32)
        one = Tally(np.zeros(free.size, np.int8), event, became, step)
        tallies["all"].append(_sums_of([one]))
        for name, group in _groups(points.lat, points.lon, steps.time[points.step]).items():
            tallies[name].append(_sums_of([replace(one, group=group)]))
    of_all = {name: _sums_of(tallies.pop(name)) for name in list(tallies)}
    return Verdicts(judged, hit, error, event_of, of_all, between)


def _sums_of(parts: Sequence[Tally]) -> Tally:
    """Return the counts of each event in each group together."""
    nothing = np.empty(0, np.int32)
    none = Tally(nothing, nothing, nothing.reshape(0, 3), nothing)  # without any detection
    group, event, counts, step = (
        np.concatenate([getattr(part, field.name) for part in parts or [none]])
        for field in fields(Tally)
    )
    order = np.lexsort([step, event, group])
    group, event = group[order], event[order]
    first = np.flatnonzero(np.diff(group, prepend=-1) | np.diff(event, prepend=-1))
    sums = np.add.reduceat(counts[order], first, dtype=np.int32) if first.size else counts
    return Tally(group[first], event[first], sums, step[order][first])


def skill(found: Verdicts, steps: Steps, seed: int = 0) -> dict[str, Any]:
    """Return the scores of all points, and by basin, season, year and observed intensity."""
    judged = found.judged
    storms = judged.storms
    rng = np.random.default_rng(seed)
    groups: dict[str, Any] = {}
    observed = _groups(storms.lat, storms.lon, steps.time[judged.step])
    for name, mine in observed.items():
        theirs = found.tallies[name]
        labels = LABELS.get(name) or {int(one): str(one) for one in np.union1d(mine, theirs.group)}
        groups[name] = {
            label: _scores(found, mine == one, theirs.of(one), rng) for one, label in labels.items()
        }
    category = _category(storms.wind)
    groups["intensity"] = {
        label: _scores(found, category == k, None, rng) for k, label in enumerate(CATEGORIES)
    }
    by = {
        name: {label: one for label, one in table.items() if one["points"] or one["detections"]}
        for name, table in groups.items()
    }
    whole = np.ones(found.hit.size, bool), found.tallies["all"].of(0)
    every = _scores(found, *whole, rng) | _leads(found, steps, rng) | {"between": found.between}
    return {"all": every, "by": by}


def _groups(
    lat: NDArray[np.float64], lon: NDArray[np.float64], time: NDArray[np.datetime64]
) -> Mapping[str, NDArray[np.integer]]:
    """Return by name what group each point belongs to: a key of `LABELS`, or the year itself."""
    month = time.astype("datetime64[M]").astype(np.int64) % 12
    year = time.astype("datetime64[Y]").astype(np.int64) + 1970
    return {
        "basin": tc_basin(lat, lon).astype(np.int8),
        "season": ((month + 1) // 3 % 4).astype(np.int8),
        "year": year.astype(np.int16),
    }


def _category(wind: NDArray[np.float64]) -> Indices:
    """Return the index of each wind (m/s) into `CATEGORIES`; −1 where it is unknown."""
    # Winds are reported in whole knots: round, lest 64 knots in m/s be 63.999.
    knots = np.rint(np.nan_to_num(wind, nan=-1.0) / KNOT)
    return np.searchsorted(list(CATEGORIES.values()), knots, "right") - 1


def _scores(
    found: Verdicts,
    observed: Flags,
    detected: NDArray[np.integer] | None,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Return the scores of some of the points.

    detected: of each event, as in `Tally`; None: false alarms belong to no group.
    """
    judged = found.judged
    rows = observed & judged.counts
    hits, error = found.hit[rows], found.error[rows]
    storm = judged.storms.storm[rows]
    by_storm = _sums(storm, np.ones(hits.size), hits, np.nan_to_num(error))
    drawn = _draws(by_storm, rng)
    scores: dict[str, Any] = {
        "points": int(rows.sum()),
        "hits": int(hits.sum()),
        "pod": _ratio(hits.sum(), hits.size),
        "pod_interval": _interval(by_storm, drawn, 1, 0, most=1.0),
        "storms": len(by_storm),
        "storms_found": int((by_storm[:, 1] > 0).sum()),
        "position_error_km": _ratio(np.nansum(error), hits.sum()),
        "position_error_median_km": float(np.nanmedian(error)) if hits.any() else None,
        "position_error_interval": _interval(by_storm, drawn, 2, 1),
    }
    if detected is None:
        return scores | {"detections": 0}
    points, false, beside = detected.T
    counted = points - beside
    events = np.stack([counted, false], axis=1)[counted > 0].astype(float)
    return scores | {
        "detections": int(points.sum()),
        "beside": int(beside.sum()),
        "false": int(false.sum()),
        "far": _ratio(false.sum(), counted.sum()),
        "far_interval": _interval(events, _draws(events, rng), 1, 0, most=1.0),
        "events": len(events),
        "events_false": int((events[:, 0] == events[:, 1]).sum()),
    }


def _leads(found: Verdicts, steps: Steps, rng: np.random.Generator) -> dict[str, Any]:
    """Return how many hours before its first observed point that counts a storm was detected.

    The event is the one its first hit belongs to, the lead from that event's first step: positive
    where detection is earlier. Storms that began before the experiment, and events that are there
    at its first step, are left out.
    """
    judged = found.judged
    every = found.tallies["all"]
    leads = []
    for storm in np.unique(judged.storms.storm[found.hit]):
        rows = np.flatnonzero((judged.storms.storm == storm) & judged.counts)
        begun = judged.step[rows[0]]
        event = found.event_of[rows[found.hit[rows]][0]]
        seen = every.first_step[np.searchsorted(every.event, event)]
        if int(storm) not in judged.begun_before and seen > 0:
            apart = steps.time[begun] - steps.time[seen]
            leads.append(float(apart.astype("timedelta64[s]").astype(np.int64) / 3600))
    values = np.array(leads)
    if values.size == 0:
        return {"leads": 0, "lead_median_h": None, "lead_interval": None}
    ends = None
    if values.size >= FEWEST_STORMS:
        drawn = [np.median(values[rng.integers(0, values.size, values.size)]) for _ in range(DRAWS)]
        ends = [float(q) for q in np.quantile(drawn, (0.025, 0.975))]
    return {
        "leads": values.size,
        "lead_median_h": float(np.median(values)),
        "lead_interval": ends,
    }


def _sums(group: Indices, *columns: NDArray[Any]) -> NDArray[np.float64]:
    """Return the sums of columns over the rows of each group, (groups, columns)."""
    _, of = np.unique(group, return_inverse=True)
    sums = [np.bincount(of, np.asarray(column, float)) for column in columns]
    return np.stack(sums, axis=1) if group.size else np.empty((0, len(columns)))


def _draws(sums: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64] | None:
    """Return the sums over groups drawn with replacement, (draws, columns), or None for too few."""
    count = len(sums)
    if count < FEWEST_STORMS:
        return None
    drawn = np.empty((DRAWS, sums.shape[1]))
    for few in np.split(drawn, DRAWS // DRAWS_AT_ONCE):
        picked = rng.integers(0, count, (DRAWS_AT_ONCE, count), np.int32)
        few[:] = np.stack([column[picked].sum(axis=1) for column in sums.T], axis=1)
    return drawn


def _interval(
    sums: NDArray[np.float64],
    drawn: NDArray[np.float64] | None,
    over: int,
    under: int,
    most: float = np.inf,
) -> list[float] | None:
    """Return the 95 % interval of the ratio of two columns, from 0 to `most`.

    sums: of each storm or event; drawn: of draws of them.
    """
    if drawn is None or not (drawn[:, under] > 0).any():
        return None
    some = drawn[drawn[:, under] > 0]
    ratio = sums[:, over].sum() / sums[:, under].sum()
    return list(interval(ratio, some[:, over] / some[:, under], [len(sums)], within=(0.0, most)))


def _ratio(part: Any, whole: Any) -> float | None:
    return float(part) / float(whole) if whole else None
