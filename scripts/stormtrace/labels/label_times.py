"""Times of pictures: from a table or a pattern that the study gives, never guessed."""

import csv
import re
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path, PurePosixPath

from stormtrace.errors import BadInput
from stormtrace.labels.annotation_blocks import LabelTimes
from stormtrace.prepare.raw.calendar_time import HOUR, Calendar

#: Parts of a pattern, as regular expressions.
PARTS = {
    "year": r"\d{4}", "month": r"\d{1,2}", "day": r"\d{1,2}", "hour": r"\d{1,2}",
    "minute": r"\d{1,2}", "seconds": r"\d{1,5}", "step": r"\d{1,2}", "annotator": r"[^/]+?",
}  # fmt: skip


class Timer:
    """Looks up the time of a picture by its name, or by its number.

    Raises:
        BadInput: the table is not there or no table, or the pattern tells no time.

    """

    def __init__(self, block: LabelTimes) -> None:
        self.block = block
        self.table = None if block.table is None else _read_table(Path(block.table))
        self.regex = None if block.pattern is None else _regex(block)

    def find(self, key: str, where: str) -> tuple[str, str]:
        """Return the time (YYYY-MM-DD HH:MM) and, where the name has one, the annotator.

        Raises:
            BadInput: the table has no such picture, or its name does not fit the pattern.

        """
        if self.table is not None:
            names = (key, PurePosixPath(key).name, _stem(key))
            found = next((self.table[name] for name in names if name in self.table), None)
            if found is None:
                raise BadInput(
                    f"{where}: {self.block.table} has no picture {names[1]!r}; it has "
                    f"{', '.join(list(self.table)[:3])} …"
                )
            return found, ""
        assert self.regex is not None
        whole = "/" in (self.block.pattern or "")
        name = key.rpartition(".")[0] or key if whole else _stem(key)
        match = self.regex.fullmatch(name)
        if match is None:
            raise BadInput(
                f"{where}: the picture is called {name!r}, which does not fit the pattern "
                f"{self.block.pattern!r}: correct `times`, or leave the file out of `files`"
            )
        return self._time(match.groupdict(), name, where), match.groupdict().get("annotator") or ""

    @cached_property
    def count(self) -> int:
        """How many times the table has."""
        return len(self.table or ())

    def _time(self, parts: Mapping[str, str], name: str, where: str) -> str:
        of_day = 3600 * int(parts.get("hour") or 0) + 60 * int(parts.get("minute") or 0)
        of_day += int(parts.get("seconds") or 0)
        if (step := parts.get("step")) is not None:
            of_day += round((int(step) - 1) * (self.block.step_hours or 0) * HOUR)
        if not 0 <= of_day < 24 * HOUR:
            raise BadInput(
                f"{where}: {name!r} is {of_day / HOUR:g} hours into its day by the pattern "
                f"{self.block.pattern!r}: correct it or step_hours"
            )
        text = f"{int(parts['year']):04d}-{int(parts['month']):02d}-{int(parts['day']):02d}"
        return f"{text} {of_day // 3600:02d}:{of_day // 60 % 60:02d}:{of_day % 60:02d}"


def _regex(block: LabelTimes) -> re.Pattern[str]:
    pattern, pieces, seen = block.pattern or "", [], set()
    for text, name, width, star in re.findall(r"([^{}*]+)|\{(\w+)(?::(\d+))?\}|(\*)", pattern):
        if text or star:
            pieces.append(re.escape(text) if text else ".*")
        elif name not in PARTS or name in seen:
            raise BadInput(
                f"times: {pattern!r} has {{{name}}}{' twice' if name in seen else ''}; known are "
                + ", ".join(f"{{{one}}}" for one in PARTS)
            )
        else:
            seen.add(name)
            digits = r"\d{" + width + "}" if width else PARTS[name]
            pieces.append(f"(?P<{name}>{digits})")
    daily = block.step_hours == 24
    if not {"year", "month", "day"} <= seen or not (daily or seen & {"hour", "seconds", "step"}):
        raise BadInput(
            f"times: {pattern!r} tells no time: {{year}}, {{month}}, {{day}} and one of {{hour}}, "
            "{seconds} and {step} are needed (or step_hours: 24, for one a day at 00:00)"
        )
    anywhere = "(?:.*/)?" if "/" in pattern else ""
    return re.compile(anywhere + "".join(pieces))


def _read_table(path: Path) -> dict[str, str]:
    """Return picture -> time, `YYYY-MM-DD HH:MM`, of a CSV file or of one time a line."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"times: the table {path} cannot be read ({error})") from error
    if lines and "," in lines[0]:
        rows = list(csv.DictReader(lines))
        if not rows or not {"name", "time"} <= set(rows[0]):
            raise BadInput(f"times: {path} must have the columns name and time; has {lines[0]!r}")
        pairs = [(str(row["name"]), str(row["time"])) for row in rows]
    else:
        pairs = [(str(number), line) for number, line in enumerate(lines) if line.strip()]
    table: dict[str, str] = {}
    for name, time in pairs:
        if name in table:
            raise BadInput(f"times: {path} has {name!r} twice")
        table[name] = time.strip()
    return table


def _stem(key: str) -> str:
    name = PurePosixPath(key.partition("?")[0]).name
    return name.rpartition(".")[0] or name


def plain_time(time: str, where: str) -> str:
    """Return a time as `YYYY-MM-DD HH:MM:SS`, so that equal times are equal texts.

    Fractions of a second, as numpy prints them, are dropped.

    Raises:
        BadInput: no calendar has it.

    >>> plain_time("1990-10-01T02:00:00.000000000", "dates.txt")
    '1990-10-01 02:00:00'

    """
    for calendar in map(Calendar, ("all_leap", "360_day")):
        with suppress(BadInput):
            text = calendar.text(calendar.seconds(time))
            return text if len(text) > len("YYYY-MM-DD HH:MM") else f"{text}:00"
    raise BadInput(
        f"{where}: its time is {time!r}, expected YYYY-MM-DD HH:MM: correct the table of times"
    )
