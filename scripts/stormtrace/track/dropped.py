"""Filters of tracking that leave out nearly everything, which a user must be told."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from stormtrace.classes import Classes, FeatureClass
from stormtrace.grids import Grid
from stormtrace.track.record import Record
from stormtrace.track.rules import Assignment, large_enough
from stormtrace.track.tracking import Tracking

#: A filter that leaves out a larger share of the objects is told.
TOLD = 0.9

#: Of fewer objects no share is told, unless none is left.
FEWEST_OBJECTS = 10

#: Published thresholds in cells are meant for cells of this area at 28° latitude, km².
PUBLISHED_CELL_KM2 = 800.0


def dropped(record: Record, assignment: Assignment, tracking: Tracking) -> list[str]:
    """Return a sentence for each class of whose objects a filter leaves out more than `TOLD`."""
    counts = Dropped(record.grid, record.classes, tracking)
    counts.add(record, assignment)
    return counts.sentences()


class Dropped:
    """What the filters of tracking leave out, part by part of a record."""

    def __init__(self, grid: Grid, classes: Classes, tracking: Tracking) -> None:
        self._grid, self._classes, self._tracking = grid, classes, tracking
        #: (class, filter: size or duration) -> objects, those left out, and the area of both.
        self._sums = {
            (feature.code, by): np.zeros(4) for feature in classes.features for by in range(2)
        }

        #: class -> times of its objects that are large enough, of each part two at most.
        self._times = {feature.code: set[int]() for feature in classes.features}

    def add(self, record: Record, assignment: Assignment) -> None:
        """Count the objects of a part."""
        kept = large_enough(record, self._tracking)
        area = record.objects["area_km2"]
        for feature in self._classes.features:
            mine = record.objects["class"] == feature.code
            passes = (mine, mine & kept, mine & kept & (assignment.event > 0))
            times = self._times[feature.code]
            times.update(np.unique(record.seconds[record.step[passes[1]]])[:2].tolist())
            for by, (before, after) in enumerate(pairwise(passes)):
                gone = before & ~after
                sums = [before.sum(), gone.sum(), area[before].sum(), area[gone].sum()]
                self._sums[feature.code, by] += sums

    def sentences(self) -> list[str]:
        """Return what `dropped` does, of all parts."""
        found: list[str] = []
        for feature in self._classes.features:
            hours = f"minimum_hours: {self._tracking.minimum_hours[feature.code]:g}"
            if len(self._times[feature.code]) == 1:
                hours += ", but what was seen at one time lasts 0 hours; say minimum_hours: 0 there"
            filters = (_size_words(self._grid, feature, self._tracking), [hours])
            for by, words in enumerate(filters):
                found += _told(self._sums[feature.code, by], words, feature)
        return found


def _told(
    sums: NDArray[np.float64], filters: Sequence[str], feature: FeatureClass
) -> Iterator[str]:
    """Yield what `filters` leave out, if it is much."""
    count, gone, area, area_gone = sums
    few = count < FEWEST_OBJECTS and gone < count
    if few or gone <= TOLD * count:
        return
    yield (
        f"tracking leaves out {gone:,.0f} of {count:,.0f} objects of {feature.plural.lower()}"
        f" ({area_gone / area:.0%} of their area) by {' and '.join(filters)}"
    )


def _size_words(grid: Grid, feature: FeatureClass, tracking: Tracking) -> list[str]:
    """Return the thresholds of size that a class has, those in cells as areas of this grid."""
    km2, pixels = (
        float(threshold[feature.code])
        for threshold in (tracking.minimum_area_km2, tracking.minimum_pixels)
    )
    words = [f"minimum_area_km2: {km2:,.0f}"] if km2 > 0 else []
    if pixels > 1:
        cell = float(np.median(grid.area))
        words.append(
            f"minimum_pixels: {pixels:g}, which on this grid is about {pixels * cell:,.0f} km²"
            f" ({pixels * PUBLISHED_CELL_KM2:,.0f} on 0.23° × 0.31°): a threshold in cells is of"
            " one grid; say minimum_area_km2 instead"
        )
    return words or ["the rule's smallest size"]
