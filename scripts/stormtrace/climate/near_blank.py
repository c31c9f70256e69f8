"""Masks that hold nothing, or next to nothing: what the whole record is doubted for."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

from stormtrace.formats.counts import Counts, monthly_counts

#: More blank masks than this share of all are told.
BLANK_SHARE = 0.5

#: The least share of the globe, per cent, that a class covers on average where a network works.
#: Rivers: 8 % by ClimateNet's labels, and 3 % in the strictest of ARTMIP's catalogues.
LEAST_COVER = {"atmospheric_river": 1.0}

ADVICE = "check the grid the model was trained on, its statistics and its fields"


def doubts_of_years(counts: Iterable[Counts]) -> list[str]:
    """Return what the jobs of single years have doubted, each once."""
    lines = (line for one in counts for line in str(one.attributes.get("doubts", "")).split("\n"))
    return list(dict.fromkeys(filter(None, lines)))


def doubts_of_record(years: Mapping[int, tuple[Path, Counts]]) -> list[str]:
    """Return what the masks of all years together are doubted for.

    years: year -> file and what describes its counts from masks.
    """
    return [*_blank([counted for _, counted in years.values()]), *_sparse(years)]


def blank_steps(counts: Iterable[Counts]) -> int:
    """Return how many masks hold no feature."""
    return sum(int(one.attributes.get("blank_steps", 0)) for one in counts)


def _blank(counts: list[Counts]) -> Iterator[str]:
    blank, steps = blank_steps(counts), int(sum(one.steps.sum() for one in counts))
    if steps and blank > BLANK_SHARE * steps:
        yield (
            f"{'all' if blank == steps else blank} of {steps} masks are blank: right where there"
            f" is no feature, else {ADVICE}"
        )


def _sparse(years: Mapping[int, tuple[Path, Counts]]) -> Iterator[str]:
    first = next(iter(years.values()))[1]
    if not first.grid.is_global:
        return
    for feature in first.classes.features:
        least = LEAST_COVER.get(feature.flag)
        cover = _cover(years, feature.flag, least) if least else 0.0
        if least and 0 < cover < least:
            yield (
                f"the masks are nearly blank: {feature.plural.lower()} cover {cover:.2g} % of the"
                f" globe at a time, where several per cent are usual: {ADVICE}"
            )


def _cover(years: Mapping[int, tuple[Path, Counts]], flag: str, enough: float) -> float:
    """Return the mean share of the area that a class covers, per cent, over all steps.

    Reading ends where the mean cannot be below `enough` any more, usually after a few months.
    """
    steps = sum(int(counted.steps.sum()) for _, counted in years.values())
    total = 0.0
    for one in _covered_steps(years, flag):
        total += one
        if 100 * total >= enough * steps:
            break
    return 100 * total / steps if steps else 0.0


def _covered_steps(years: Mapping[int, tuple[Path, Counts]], flag: str) -> Iterator[float]:
    """Yield the steps of each month, times the share of the area that a class covers in them."""
    for path, counted in years.values():
        position = counted.classes.flags.index(flag)
        weights = counted.grid.area / counted.grid.area.sum()
        for _, _, values in monthly_counts(path, ["count"]):
            yield float((values[position] * weights).sum(dtype=np.float64))
