"""Filters of tracking that leave out nearly everything, which a user must be told."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from stormtrace.classes import FeatureClass
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
    found: list[str] = []
    kept = large_enough(record, tracking)
    for feature in record.classes.features:
        mine = record.objects["class"] == feature.code
        found += _told(record, mine, mine & kept, _size_words(record, feature, tracking), feature)
        hours = f"minimum_hours: {tracking.minimum_hours[feature.code]:g}"
        if np.unique(record.step[mine & kept]).size == 1:
            hours += ", but what was seen at one time lasts 0 hours; say minimum_hours: 0 there"
        found += _told(record, mine & kept, mine & kept & (assignment.event > 0), [hours], feature)
    return found


def _told(
    record: Record,
    before: NDArray[np.bool_],
    after: NDArray[np.bool_],
    filters: Sequence[str],
    feature: FeatureClass,
) -> Iterator[str]:
    """Yield what `filters` leave out, if it is much: objects (objects,) `before`, not `after`."""
    count, gone = int(before.sum()), int((before & ~after).sum())
    few = count < FEWEST_OBJECTS and gone < count
    if few or gone <= TOLD * count:
        return
    area = record.objects["area_km2"]
    share = float(area[before & ~after].sum() / area[before].sum())
    yield (
        f"tracking leaves out {gone:,} of {count:,} objects of {feature.plural.lower()}"
        f" ({share:.0%} of their area) by {' and '.join(filters)}"
    )


def _size_words(record: Record, feature: FeatureClass, tracking: Tracking) -> list[str]:
    """Return the thresholds of size that a class has, those in cells as areas of this grid."""
    km2, pixels = (
        float(threshold[feature.code])
        for threshold in (tracking.minimum_area_km2, tracking.minimum_pixels)
    )
    words = [f"minimum_area_km2: {km2:,.0f}"] if km2 > 0 else []
    if pixels > 1:
        cell = float(np.median(record.grid.area))
        words.append(
            f"minimum_pixels: {pixels:g}, which on this grid is about {pixels * cell:,.0f} km²"
            f" ({pixels * PUBLISHED_CELL_KM2:,.0f} on 0.23° × 0.31°): a threshold in cells is of"
            " one grid; say minimum_area_km2 instead"
        )
    return words or ["the rule's smallest size"]
