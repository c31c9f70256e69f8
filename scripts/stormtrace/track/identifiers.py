"""Identifiers of events that do not change when years are added."""

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.track.record import Indices, Links, Record

#: IDs of one day.
PER_DAY = 1000

#: First ID of the published tracker.
FIRST_PUBLISHED_ID = 1000


class Numbering:
    """The IDs of events by the objects they begin with, given in order of time, year after year.

    ``YYYYDDDNNN``: event 2005365012 begins on day 365 of 2005 with the twelfth object of that day
    that is large enough. An ID therefore depends on the masks of one day alone, and fits 32 bits
    until the year 2147. published: IDs count up from 1000 instead, an event's first objects alone,
    in order of time and raster, all classes together.
    """

    def __init__(self, published: bool) -> None:
        self.published = published
        self._next = FIRST_PUBLISHED_ID
        self._day, self._of_day = -1, 0

    def of(self, record: Record, kept: NDArray[np.bool_], links: Links, known: int = 0) -> Indices:
        """Return the numbers of the objects from `known` on; those before have theirs already.

        0: no event begins with it. links: those that count.
        """
        number = np.zeros(record.count, np.int64)
        if self.published:
            begins = kept.copy()
            begins[links.later] = False
            chosen = known + np.flatnonzero(begins[known:])
            number[chosen] = self._next + np.arange(chosen.size)
            self._next += chosen.size
            return number[known:]
        chosen = known + np.flatnonzero(kept[known:])
        if chosen.size:
            day = days(record)[record.step[chosen]]
            within = np.arange(chosen.size) - np.searchsorted(day, day) + 1
            within[day == self._day] += self._of_day  # files that share a day
            number[chosen] = day * PER_DAY + within
            self._day, self._of_day = int(day[-1]), int(within[-1])
        return number[known:]


def days(record: Record) -> Indices:
    """Return the day of each step, as ``YYYYDDD``."""
    return np.array([date.year * 1000 + date.dayofyr for date in record.dates], np.int64)


def identifiers(record: Record, numbers: Indices, head: Indices) -> Indices:
    """Return the ID of each object's event, 0 where `head`, the event's first object, is −1.

    numbers: of all objects, from `Numbering`.

    Raises:
        BadInput: an event begins with an object whose number has more than three digits.

    """
    heads = np.unique(head[head >= 0])
    if heads.size:
        within = numbers[heads] - days(record)[record.step[heads]] * PER_DAY
        if within.max() >= PER_DAY:
            busiest = heads[np.argmax(within)]
            raise BadInput(
                f"{within.max()} objects of {record.times[record.step[busiest]][:10]} are large "
                f"enough, and an event begins with one beyond number {PER_DAY - 1}: too many to be "
                "numbered; raise minimum_area_km2 or minimum_pixels"
            )
    return np.where(head >= 0, numbers[head], 0)
