"""Agreement and co-occurrence in numbers: what pairs of members share, with intervals by year.

Of areas A and B, summed over steps: IoU = |A ∩ B| / |A ∪ B|; the share of one inside the other,
|A ∩ B| / |A|, which by chance would be Σ area · n_A n_B / N over Σ area · n_A (n steps of a cell in
that season, N all steps). With the first member as the reference, the probability of detection is
the share of the first inside the second, and the false-alarm ratio one minus the share of the
second inside the first. Intervals (95 %) are of years drawn with replacement
(`climate.significance`), and there is none with fewer than five.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.climate.event_tables import read_beginnings
from stormtrace.climate.seasons import months_of, season_year
from stormtrace.climate.significance import MINIMUM_YEARS, interval, year_weights
from stormtrace.grids import Grid
from stormtrace.verification.members import Member
from stormtrace.verification.together import SEASONS, Together, pairs_of

DRAWS = 1000

#: Periods of scores and maps.
PERIODS = ("annual", *SEASONS)

Floats = NDArray[np.float64]


def scores(
    found: Together, grid: Grid, regions: Mapping[str, NDArray[np.bool_]], members: int
) -> dict[str, Any]:
    """Return region -> period -> scores of every pair and lag, and how many members agree."""
    table: dict[str, Any] = {}
    for number, (name, cells) in enumerate(regions.items()):
        table[name] = {
            period: {
                "pairs": list(_pairs(found, grid, number, cells, period, members)),
                "consensus": _consensus(found, number, period),
            }
            for period in PERIODS
        }
    return table


def _by_year(values: NDArray[Any], years: Sequence[int], period: str) -> Floats:
    """Return sums over the months of a period, (years of the period, …); December opens its DJF."""
    chosen = months_of(period)
    named = {season_year(year, month, period) for year in years for month in chosen}
    order = sorted(named)
    sums = np.zeros((len(order), *values.shape[2:]))
    for k, year in enumerate(years):
        for month in chosen:
            sums[order.index(season_year(year, month, period))] += values[k, month - 1]
    return sums


def _pairs(
    found: Together,
    grid: Grid,
    region: int,
    cells: NDArray[np.bool_],
    period: str,
    members: int,
) -> Iterator[dict[str, Any]]:
    total = float(grid.area[cells].sum())
    for lag, seconds in enumerate(found.lags):
        steps = _by_year(found.steps[:, :, lag, None], found.years, period)[:, 0]
        used = steps > 0
        record = int(found.steps[:, :, lag].any(axis=1).sum())
        both, first, second = (
            _by_year(values[:, :, lag, region], found.years, period)[used]
            for values in (found.both, found.first, found.second)
        )
        for i, j in pairs_of(members):
            sums = np.stack([both[:, i, j], first[:, i], second[:, j], steps[used] * total], axis=1)
            yield {
                "first": i,
                "second": j,
                "lag_h": seconds / 3600,
                "steps": int(steps.sum()),
                **_of_sums(sums, record),
                "by_chance": _by_chance(found, grid, cells, period, i, j),
            }


#: Name of a score -> its value of sums (…, 4): both, first, second, all area.
_SCORES = {
    "iou": lambda s: s[..., 0] / (s[..., 1] + s[..., 2] - s[..., 0]),
    "first_in_second": lambda s: s[..., 0] / s[..., 1],
    "second_in_first": lambda s: s[..., 0] / s[..., 2],
    "frequency_first": lambda s: 100 * s[..., 1] / s[..., 3],
    "frequency_second": lambda s: 100 * s[..., 2] / s[..., 3],
    "difference": lambda s: 100 * (s[..., 2] - s[..., 1]) / s[..., 3],
}


#: What a score can be; shares otherwise.
_WITHIN = dict.fromkeys(_SCORES, (0.0, 1.0)) | {
    "frequency_first": (0.0, 100.0),
    "frequency_second": (0.0, 100.0),
    "difference": (-100.0, 100.0),
}


def _of_sums(sums: Floats, record: int) -> dict[str, Any]:
    """Return the scores of sums by year of the period (years, 4), with intervals.

    record: calendar years; of four the winters are five, of which two are parts.
    """
    drawn = None
    if min(len(sums), record) >= MINIMUM_YEARS:
        drawn = year_weights(len(sums), DRAWS) @ sums
    made: dict[str, Any] = {}
    for name, score in _SCORES.items():
        with np.errstate(divide="ignore", invalid="ignore"):
            value = float(score(sums.sum(axis=0)))
            values = None if drawn is None else score(drawn)
        made[name] = value if np.isfinite(value) else None
        made[f"{name}_interval"] = _interval(value, values, len(sums), *_WITHIN[name])
    return made


def _interval(
    value: float, values: Floats | None, years: int, least: float, most: float
) -> list[float] | None:
    known = np.empty(0) if values is None else values[np.isfinite(values)]
    return list(interval(value, known, [years], within=(least, most))) if known.size else None


def _by_chance(
    found: Together, grid: Grid, cells: NDArray[np.bool_], period: str, i: int, j: int
) -> dict[str, float | None]:
    """Return the shares inside each other that members of these climatologies have by chance.

    Season by season and cell by cell: neither a place nor a season that both like counts as more
    than chance.
    """
    shared, areas = 0.0, np.zeros(2)
    for season, name in enumerate(SEASONS):
        steps = found.map_steps[season]
        if (period in ("annual", name)) and steps:
            counts = [found.cells[season, k][cells].astype(float) for k in (i, j)]
            area = grid.area[cells]
            shared += float((area * counts[0] * counts[1]).sum() / steps)
            areas += [float((area * one).sum()) for one in counts]
    first, second = (shared / one if one else None for one in areas)
    return {"first_in_second": first, "second_in_first": second}


def _consensus(found: Together, region: int, period: str) -> list[float | None]:
    """Return which share of the area that any member marks is marked by 1, 2, … members."""
    marked = _by_year(found.marked[:, :, region], found.years, period).sum(axis=0)[1:]
    total = marked.sum()
    return [float(one / total) if total else None for one in marked]


def event_scores(
    found: Together, members: Sequence[Member], least: float, seed: int = 0
) -> list[dict[str, Any]]:
    """Return for every ordered pair how many events of one are found by the other.

    An event is found if at least the share `least` of its area, summed over its steps, is marked by
    the other. Intervals are of whole events drawn with replacement.
    """
    rng = np.random.default_rng(seed)
    sizes = [member.event.size for member in members]
    offset = np.concatenate([[0], np.cumsum(sizes)])
    made = []
    for i, member in enumerate(members):
        own = found.inside[offset[i] : offset[i + 1]]
        seen = own[:, i] > 0
        _, month = read_beginnings(member.events, member.feature.code)
        season = month % 12 // 3
        for j in range(len(members)):
            if i != j:
                hit = own[:, j] >= least * own[:, i]
                every = _found(hit[seen], rng)
                groups = {
                    name: _found(hit[seen & (season == k)], rng) for k, name in enumerate(SEASONS)
                }
                made.append({"of": i, "by": j, **every, "seasons": groups})
    return made


def _found(hit: NDArray[np.bool_], rng: np.random.Generator) -> dict[str, Any]:
    share = float(hit.mean()) if hit.size else None
    ends = None
    if share is not None and hit.size >= MINIMUM_YEARS:
        shares = rng.binomial(hit.size, share, DRAWS) / hit.size
        ends = _interval(share, shares, hit.size, 0.0, 1.0)
    return {"events": int(hit.size), "found": int(hit.sum()), "share": share, "interval": ends}
