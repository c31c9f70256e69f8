"""Why what a class brings differs between two experiments: second minus first, split.

With presence f (how often the class is there) and intensity I (what falls while it is),
Δ(f·I) = Δf·I₁ + f₁·ΔI + Δf·ΔI: frequency, intensity, and what is of both. Regions are split after
averaging over them, maps cell by cell. Of extremes, I is what falls above the percentile in a step
with the class, so that it holds how often and how far the percentile is exceeded.
"""

import operator
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.attribution.regional_sums import RegionalSums, Sums
from stormtrace.attribution.shares import draws, interval
from stormtrace.climate.composites import Composite, split_product
from stormtrace.errors import BadInput
from stormtrace.formats.comparison_maps import SEASONS
from stormtrace.formats.composite_sums import ALL
from stormtrace.formats.units import is_same_unit


def changes(first: RegionalSums, second: RegionalSums, seed: int = 0) -> dict[str, Any]:
    """Return the change of what each shared class brings, second minus first, as JSON.

    `regions`: place -> period -> part -> measure -> first, second, change, frequency, intensity,
    both (units of the field, means over all steps), and their intervals: of years drawn with
    replacement on each side by itself.

    Raises:
        BadInput: the sides differ in units or measures, or share no class.

    """
    for what, is_alike in (("units", is_same_unit), ("measures", operator.eq)):
        one, two = getattr(first, what), getattr(second, what)
        if not is_alike(one, two):
            raise BadInput(f"the two experiments differ in {what}: {one} and {two}")
    parts = [part for part in first.parts if part in second.parts and part != ALL]
    if len(parts) < 2:  # all have NONE
        raise BadInput(f"no class is shared: {first.classes.flags} and {second.classes.flags}")
    rng = np.random.default_rng(seed)
    places = [name for name in first.regions if name in second.regions]
    regions: dict[str, Any] = {place: {} for place in places}
    for period in SEASONS:
        sides = [(side, *side.by_year(period)) for side in (first, second)]
        if any(not years for _, years, _, _ in sides):
            continue
        weights = [draws(len(years), side.record, rng) for side, years, _, _ in sides]
        for place in places:
            regions[place][period] = {
                part: {
                    measure: _split_of(sides, place, part, m, weights)
                    for m, measure in enumerate(first.measures)
                }
                for part in [ALL, *parts]
            }
    return {
        "units": first.units,
        "parts": parts,
        "measures": list(first.measures),
        "periods": [period for period in SEASONS if regions[places[0]].get(period)],
        "regions": regions,
    }


def _split_of(
    sides: list[tuple[RegionalSums, list[int], Sums, Sums]],
    place: str,
    part: str,
    measure: int,
    weights: list[NDArray[np.float64] | None],
) -> dict[str, Any]:
    """Return the split of one place, part and measure."""
    taken, drawn = [], []
    for (side, years, sums, steps), drawn_years in zip(sides, weights, strict=True):
        r, p = side.places.index(place), list(side.parts).index(part)
        columns = np.stack([sums[:, measure, p, r], steps[:, 0, p, r], steps[:, 0, 0, r]], axis=1)
        taken.append(_presence_and_mean(columns.sum(axis=0, keepdims=True)))
        drawn.append(None if drawn_years is None else _presence_and_mean(drawn_years @ columns))
        del years
    told = {name: float(value[0]) for name, value in _parts(taken).items()}
    if drawn[0] is None or drawn[1] is None:
        return told
    n = [len(years) for _, years, _, _ in sides]
    alone = {"first": n[:1], "second": n[1:]}
    ends = {
        name: interval(told[name], value, alone.get(name, n))
        for name, value in _parts(drawn).items()
    }
    return told | {"intervals": ends}


Product = tuple[NDArray[np.float64], NDArray[np.float64]]


def _presence_and_mean(columns: Sums) -> Product:
    """Return f and I of rows (amount of the class, its steps, all steps)."""
    amount, steps, every = columns.T
    with np.errstate(invalid="ignore", divide="ignore"):
        return steps / every, amount / steps


def _parts(sides: list[Any]) -> Mapping[str, NDArray[np.float64]]:
    (f1, i1), (f2, i2) = sides
    split = split_product(f1, f2, i1, i2)
    brought = {"first": f1 * np.nan_to_num(i1), "second": f2 * np.nan_to_num(i2)}
    return brought | {"change": split.pop("total")} | split


def composite_of_extremes(total: Composite, extremes: Composite) -> Composite:
    """Return sums of extremes over all steps of a class, not the extreme ones alone."""
    return Composite(total.grid, total.classes, total.units, extremes.sums, total.steps)
