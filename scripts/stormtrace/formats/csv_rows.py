"""Tables of a few rows as text (CSV): first their columns, then names and numbers."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from stormtrace.errors import BadInput
from stormtrace.files import writing


def write_csv(
    path: Path | str, columns: Sequence[str], rows: Iterable[Sequence[str | float | None]]
) -> None:
    """Write a table, whole or not at all; a number in six digits, None as nothing."""
    with writing(path) as partial, partial.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(columns)
        table.writerows(map(_text, row) for row in rows)


def read_csv(
    path: Path | str, columns: Sequence[str], what: str, script: str
) -> list[dict[str, str]]:
    """Return the rows of a table, column -> text.

    what: what the table is called, "table of …"; script: what makes it. Both are for the error.

    Raises:
        BadInput: it is no such table.

    """
    try:
        with Path(path).open(encoding="utf-8", newline="") as stream:
            read = csv.DictReader(stream)
            if tuple(read.fieldnames or ()) != tuple(columns):
                raise BadInput(f"{path} is no {what}: make it with {script}")
            return list(read)
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} cannot be read ({error}): make it with {script}") from error


def number(text: str) -> float | None:
    """Return the number that a cell holds, None of an empty one."""
    return float(text) if text else None


def _text(cell: str | float | None) -> str:
    if cell is None or isinstance(cell, str):
        return cell or ""
    return f"{round(cell, 9) + 0.0:.6g}"  # what rounding leaves of zero is zero
