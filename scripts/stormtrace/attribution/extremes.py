"""What is extreme: per cent, of what values, and how many are enough. Nothing here opens a file."""

from dataclasses import dataclass

import numpy as np

from stormtrace.errors import BadInput
from stormtrace.numerals import ordinal

SEASONS = ("DJF", "MAM", "JJA", "SON")

#: Fewer values above a percentile say little of it: so many are asked for of all steps or days.
LEAST_ABOVE = 5


@dataclass(frozen=True)
class Extremes:
    """What is extreme: per cent, of what values, by what part of the year."""

    percentiles: tuple[float, ...]
    over: str = "wet steps"
    wet_mm_day: float = 1.0
    by: str = "annual"

    @property
    def periods(self) -> tuple[str, ...]:
        """The parts of the year that have thresholds of their own."""
        return SEASONS if self.by == "season" else ("annual",)


def above(field: str, percentile: float) -> str:
    """Return the name of what is above a percentile of a field: ``PRECT_p99``, ``PRECT_p99_9``."""
    return f"{field}_p{percentile:g}".replace(".", "_")


def steps_a_day(step_hours: float) -> int:
    """Return how many steps a day has.

    Raises:
        BadInput: they do not fill it.

    """
    steps = round(24.0 / step_hours)
    if steps < 1 or abs(steps * step_hours - 24.0) > 1e-6:
        raise BadInput(
            f"steps of {step_hours:g} h do not fill days: say over: steps, or over: wet steps"
        )
    return steps


def check_enough(values: int, extremes: Extremes, period: str) -> None:
    """Refuse (BadInput) percentiles that few steps or days lie above."""
    what = "days" if extremes.over.endswith("days") else "steps"
    for percentile in extremes.percentiles:
        above = values * (1.0 - percentile / 100.0)
        if above < LEAST_ABOVE - 1e-9:
            needed = int(np.ceil(LEAST_ABOVE / (1.0 - percentile / 100.0) - 1e-9))
            raise BadInput(
                f"the {ordinal(percentile)} percentile of {values:,} {what} ({period}) would have "
                f"{above:.3g} above it, and at least {LEAST_ABOVE} are needed: {needed:,} {what}; "
                "ask for a lower percentile, or more years"
                + (", or by: annual" if extremes.by != "annual" else "")
            )
