"""The tables of all years in one record of objects, steps and links.

Objects are numbered through the whole record in order of time, and so are steps. A step is a
time that has a mask; a missing one has no number: its neighbours are just farther apart.
"""

from collections import ChainMap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import cftime
import numpy as np
from numpy.typing import NDArray

from stormtrace.classes import Classes
from stormtrace.formats.objects import Columns, YearObjects
from stormtrace.grids import Grid

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Links:
    """Pairs of objects of one class that share cells, ``earlier < later``.

    pixels, area: of the shared cells. first_cell: the lowest row · nlon + column among them.
    """

    earlier: Indices
    later: Indices
    pixels: Indices
    area: NDArray[np.float64]
    first_cell: Indices

    def where(self, chosen: NDArray[np.bool_]) -> "Links":
        """Return the links for which `chosen` is true."""
        return Links(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))

    def concat(self, *others: "Links") -> "Links":
        """Return these links and `others` in one table."""
        columns = zip(*((vars(links).values()) for links in (self, *others)), strict=True)
        return Links(*(np.concatenate(column) for column in columns))


@dataclass(frozen=True, eq=False)
class Record:
    """Objects of an experiment, all or some, and the links between consecutive steps.

    years: the files, in order of time. first_step (years + 1): where each begins. seconds (steps,):
    since 1 January of the year `since`. step (objects,): the step of each. year, number (objects,):
    its file and its number there. objects: their columns, as in the files.
    """

    years: Sequence[YearObjects]
    since: int
    first_step: Indices
    seconds: Indices
    step: Indices
    year: Indices
    number: Indices
    objects: Columns
    links: Links

    @property
    def count(self) -> int:
        """Number of objects."""
        return self.step.size

    @property
    def first_object(self) -> Indices:
        """(years + 1): where the objects of each file begin."""
        return np.searchsorted(self.year, np.arange(len(self.years) + 1))

    @property
    def grid(self) -> Grid:
        """The grid of all masks."""
        return self.years[0].grid

    @property
    def classes(self) -> Classes:
        """The classes of all masks."""
        return self.years[0].classes

    @property
    def field_units(self) -> Mapping[str, str]:
        """Column of measured fields -> its units, of the first file that states them."""
        return dict(ChainMap(*(dict(year.field_units) for year in self.years)))

    @property
    def calendar(self) -> str:
        """The calendar of all years."""
        return self.years[0].calendar

    @property
    def step_hours(self) -> float:
        """Hours from one step to the next where none is missing."""
        return self.years[0].step_hours

    @cached_property
    def time_units(self) -> str:
        """CF units of `hours`."""
        return f"hours since {self.since:04d}-01-01 00:00:00"

    @cached_property
    def dates(self) -> NDArray[np.object_]:
        """(steps,) cftime dates."""
        units = self.time_units.replace("hours", "seconds")
        return np.asarray(cftime.num2date(self.seconds, units, self.calendar))

    @cached_property
    def times(self) -> NDArray[np.object_]:
        """(steps,) ISO strings in the record's calendar."""
        return np.array([date.strftime("%Y-%m-%dT%H:%M:%S") for date in self.dates], object)

    @cached_property
    def hours(self) -> NDArray[np.float64]:
        """(objects,) hours since the first year's start."""
        return self.seconds[self.step] / 3600.0

    def only(self, chosen: NDArray[np.bool_]) -> "Record":
        """Return the record of the chosen objects (objects,), with the links among them."""
        place = np.cumsum(chosen) - 1
        links = self.links.where(chosen[self.links.earlier] & chosen[self.links.later])
        links = replace(links, earlier=place[links.earlier], later=place[links.later])
        return replace(
            self,
            step=self.step[chosen],
            year=self.year[chosen],
            number=self.number[chosen],
            objects={name: column[chosen] for name, column in self.objects.items()},
            links=links,
        )

    def from_year(self, k: int) -> "Record":
        """Return the record without its first `k` files, none of whose objects are in it."""
        step = self.first_step[k]
        return replace(
            self,
            years=self.years[k:],
            first_step=self.first_step[k:] - step,
            seconds=self.seconds[step:],
            step=self.step - step,
            year=self.year - k,
        )


def first_year(year: YearObjects) -> int:
    """Return the calendar year of a file's first step."""
    if not year.time.size:
        return int(year.attributes.get("year", 1))
    return int(cftime.num2date(year.time[0], year.time_units, year.calendar).year)
