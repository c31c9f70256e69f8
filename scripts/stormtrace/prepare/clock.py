"""Moments of the calendars of raw files, as the study's YAML has them."""

import contextlib
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from stormtrace.blocks import Block
from stormtrace.errors import BadInput
from stormtrace.prepare.raw.calendar_time import HOUR, Calendar


def real_moment(moment: str) -> str:
    """Return a moment in the one way of writing that sorts as text, without midnight.

    Raises:
        ValueError: no calendar has it (30 February is one of 360_day).

    """
    for calendar in map(Calendar, ("all_leap", "360_day")):
        with contextlib.suppress(BadInput):
            return calendar.text(calendar.seconds(moment)).removesuffix(" 00:00")
    raise ValueError("no calendar has this moment")


#: A date, or a date and a time, in the raw files' own calendar.
Moment = Annotated[
    str,
    Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2})?)?$"),
    AfterValidator(real_moment),
]


class Clock(Block):
    """When files without a time coordinate start, and how they go on."""

    start: str = Field(
        description="First moment of the first file, the others continuing in order of name; or "
        'with {year} of each file, e.g. "{year}-01-01".'
    )
    step_hours: float = Field(gt=0, description="Hours from record to record.")
    calendar: str = Field("standard", description="CF calendar, e.g. noleap.")
    dimension: str | None = Field(
        None, description="The dimension that counts the records, where its name is not of a time."
    )

    @model_validator(mode="after")
    def _is_a_date(self) -> "Clock":
        try:
            Calendar(self.calendar).seconds(self.start.replace("{year}", "2000"))
        except BadInput as error:
            raise ValueError(f"{error}") from error
        return self

    @property
    def step(self) -> int:
        """Seconds from record to record."""
        return round(self.step_hours * HOUR)
