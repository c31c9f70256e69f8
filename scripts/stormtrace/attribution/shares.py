"""Shares of a field, and of its extremes, that fall in or near a class: tables with intervals.

A share is 100 · Σ(field where the class is) / Σ(field), both weighted by area. There is none where
what goes either way nearly cancels, as transport to the north over both hemispheres (`cancels`).
Intervals hold 95 %, of whole years drawn with replacement, and are wider where these are few; with
fewer than `MINIMUM_YEARS` there is none.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.attribution.regional_sums import RegionalSums, Sums
from stormtrace.climate import significance
from stormtrace.climate.seasons import months_of
from stormtrace.climate.significance import MINIMUM_YEARS
from stormtrace.formats.comparison_maps import SEASONS
from stormtrace.formats.composite_sums import ALL

DRAWS = 1000


def shares(found: RegionalSums, seed: int = 0) -> dict[str, Any]:
    """Return the shares of one experiment and field as JSON.

    `regions`: place -> period -> part -> measure -> {share, interval}, of the amount; `steps` of a
    measure is the share of its occurrences, so that of `total` is how often the class is there.
    `cancels` says that there is no share because parts cancel.
    `latitude`: the same of bands, annual alone, with the mean of the field and the part's. `years`:
    everywhere, year by year.
    """
    rng = np.random.default_rng(seed)
    places = found.places
    count = len(found.regions)
    regions: dict[str, Any] = {place: {} for place in found.regions}
    latitude: dict[str, Any] = {}
    for period in SEASONS:
        years, sums, steps = found.by_year(period)
        if not years:
            continue
        weights, nothing = draws(len(years), found.record, rng), found.cancels(period)
        for place in range(count if period != "annual" else len(places)):
            told = _of_place(found, sums[..., place], steps[..., place], weights, nothing[:, place])
            if place < count:
                regions[places[place]][period] = told
            else:
                latitude[places[place]] = told
    years, sums, steps = found.by_year("annual")
    return {
        "units": found.units,
        "parts": list(found.parts),
        "measures": list(found.measures),
        "periods": [period for period in SEASONS if found.by_year(period)[0]],
        "steps_of_months": _months(found),
        "regions": regions,
        "bands": [list(one) for one in found.bands],
        "latitude": list(latitude.values()),
        "years": {
            "year": years,
            "share": _each_year(found, sums[..., 0]),
        },
    } | dict(found.about)


def draws(years: int, record: int, rng: np.random.Generator) -> NDArray[np.float64] | None:
    """Return how often each year is drawn, (draw, year); None for too few years.

    years: of the period; record: calendar years.
    """
    if min(years, record) < MINIMUM_YEARS:
        return None
    return rng.multinomial(years, np.full(years, 1 / years), DRAWS).astype(np.float64)


def interval(
    estimate: float | None, values: NDArray[np.floating], sizes: Sequence[int]
) -> list[float] | None:
    """Return the ends of an interval of what draws of years give (`significance.interval`).

    None where some draws give nothing. sizes: years of each side.
    """
    known = values[np.isfinite(values)]
    if estimate is None or known.size < 0.95 * values.size:
        return None
    return list(significance.interval(estimate, known, sizes))


def _of_place(
    found: RegionalSums,
    sums: Sums,
    steps: Sums,
    weights: NDArray[np.float64] | None,
    nothing: NDArray[np.bool_],
) -> dict[str, Any]:
    """Return the table of one place: sums, steps are (year, measure, part), nothing (measure,)."""
    total, count = sums.sum(axis=0), steps.sum(axis=0)
    drawn = None if weights is None else np.tensordot(weights, sums, 1)
    drawn_steps = None if weights is None else np.tensordot(weights, steps, 1)
    table: dict[str, Any] = {}
    for p, part in enumerate(found.parts):
        table[part] = {}
        for m, measure in enumerate(found.measures):
            one: dict[str, Any] = {
                "share": ratio(100 * total[m, p], total[m, 0]),
                "steps": ratio(100 * count[m, p], count[m, 0]),
                "mean": ratio(total[m, p], count[0, 0]),
            }
            if drawn is not None and drawn_steps is not None and part != ALL:
                for name, of in (("share", drawn), ("steps", drawn_steps)):
                    values = _divided(100 * of[:, m, p], of[:, m, 0])
                    ends = interval(one[name], values, [len(sums)])
                    one["interval" if name == "share" else "steps_interval"] = ends
            if nothing[m] and part != ALL:
                one |= {"share": None, "interval": None, "cancels": True}
            table[part][measure] = one
    return table


def _each_year(found: RegionalSums, sums: Sums) -> dict[str, Any]:
    nothing = found.cancels("annual")[:, 0]
    return {
        part: {
            measure: [None if nothing[m] else ratio(100 * row[m, p], row[m, 0]) for row in sums]
            for m, measure in enumerate(found.measures)
        }
        for p, part in enumerate(found.parts)
        if part != ALL
    }


def _months(found: RegionalSums) -> list[int]:
    """Return in how many years each month has steps."""
    return [int((found.steps[:, month - 1, 0, 0, 0] > 0).sum()) for month in months_of("annual")]


def ratio(part: Any, whole: Any) -> float | None:
    """Return a quotient, or None of nothing."""
    return float(part) / float(whole) if whole else None


def _divided(part: NDArray[np.floating], whole: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole != 0)
