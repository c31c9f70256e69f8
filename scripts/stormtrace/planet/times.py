"""The times of a part: whole days round a New Year."""

from dataclasses import dataclass

import cftime
import numpy as np

from stormtrace.planet.smooth_fields import Floats


@dataclass(frozen=True)
class Times:
    """A part's `days` days, half of them before the New Year `origin`.

    The planet counts hours from the part's first moment, files from `origin`, in its calendar.
    """

    origin: cftime.datetime
    days: int
    step_hours: int = 3

    @classmethod
    def around(cls, year: int, calendar: str, days: int) -> "Times":
        """Return the times round the end of `year`."""
        return cls(cftime.datetime(year + 1, 1, 1, calendar=calendar), days)

    @property
    def new_year(self) -> float:
        """Hours from the first moment to New Year."""
        return 12.0 * self.days

    @property
    def hours(self) -> float:
        """How many hours there are."""
        return 24.0 * self.days

    @property
    def first_day(self) -> float:
        """The day of the year at the first moment, 0 … 365."""
        return 365.0 - self.days / 2

    @property
    def starts(self) -> Floats:
        """When each step begins: hours from the first moment."""
        return np.arange(0.0, self.hours, self.step_hours)

    def units(self, unit: str) -> str:
        """Return CF units that count from New Year."""
        return f"{unit} since {self.origin:%Y-%m-%d %H:%M:%S}"

    def dates(self, hours: Floats | float) -> list[cftime.datetime]:
        """Return the dates of hours since the first moment."""
        since = np.atleast_1d(hours) - self.new_year
        return list(cftime.num2date(since, self.units("hours"), self.origin.calendar))
