"""Names of samples: `{dataset}.YYYY-MM-DD-SSSSS.nc`, with CESM's seconds of day.

Sorted names are sorted times, and what lies in a period is known without opening a file.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from stormtrace.errors import BadInput

_STAMP = re.compile(r"\.([0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9]{5})\.nc$")


def stamp(moment: str) -> str:
    """Return a date, or a date and a time, as the names of samples have it.

    >>> stamp("2001-01-02 12:00"), stamp("2001-01-02")
    ('2001-01-02-43200', '2001-01-02-00000')
    """
    hours, minutes, seconds = (int(moment[i : i + 2] or 0) for i in (11, 14, 17))
    return f"{moment[:10]}-{hours * 3600 + minutes * 60 + seconds:05d}"


def in_period(paths: Sequence[Path], period: Sequence[str]) -> list[Path]:
    """Return the samples whose times lie in [start, end).

    Raises:
        BadInput: a name has no time.

    """
    start, end = map(stamp, period)
    found = []
    for path in paths:
        match = _STAMP.search(path.name)
        if match is None:
            raise BadInput(
                f"{path}: expected a name with its time, {{dataset}}.YYYY-MM-DD-SSSSS.nc, to know "
                f"whether it lies in {period[0]} … {period[1]}: rename the sample, or leave "
                "--period out"
            )
        if start <= match[1] < end:
            found.append(path)
    return found
