"""Identifiers of events that do not change when years are added."""

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.track.record import Indices, Record

#: IDs of one day.
PER_DAY = 1000


def identifiers(record: Record, kept: NDArray[np.bool_], head: Indices) -> Indices:
    """Return the ID of each object's event, 0 where `head`, the event's first object, is −1.

    ``YYYYDDDNNN``: event 2005365012 begins on day 365 of 2005 with the twelfth object of that day
    that is large enough. An ID therefore depends on the masks of one day alone, and fits 32 bits
    until the year 2147.

    Raises:
        BadInput: an event begins with an object whose number has more than three digits.

    """
    chosen = np.flatnonzero(kept)
    dates = np.array([date.year * 1000 + date.dayofyr for date in record.dates], np.int64)
    day = dates[record.step[chosen]]
    number = np.zeros(record.count, np.int64)
    within = np.arange(chosen.size) - np.searchsorted(day, day) + 1
    heads = np.unique(head[head >= 0])
    number[chosen] = within
    if heads.size and number[heads].max() >= PER_DAY:
        busiest = heads[np.argmax(number[heads])]
        raise BadInput(
            f"{number[busiest]} objects of {record.times[record.step[busiest]][:10]} are large "
            f"enough, and an event begins with one beyond number {PER_DAY - 1}: too many to be "
            "numbered; raise minimum_area_km2 or minimum_pixels"
        )
    number[chosen] += day * PER_DAY
    return np.where(head >= 0, number[head], 0)
