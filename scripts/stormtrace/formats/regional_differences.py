"""Differences of two experiments in the mean of regions, as a table (CSV): `COLUMNS`."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from pathlib import Path

from stormtrace.errors import BadInput
from stormtrace.files import writing

#: The region that is all cells both grids cover.
EVERYWHERE = "all"

#: What is compared -> its units.
QUANTITIES = {"frequency": "% of time steps", "crossing rate": "crossings a week"}

#: class: short name. low, high: 95 % interval of the difference; empty with few years.
COLUMNS = ("class", "quantity", "period", "region", "first", "second", "difference", "low", "high")


@dataclass(frozen=True)
class RegionalDifference:
    """One row of the table, in the order of `COLUMNS`; None where there is nothing."""

    feature: str
    quantity: str
    period: str
    region: str
    first: float
    second: float
    difference: float
    low: float | None
    high: float | None


def write_regional(path: Path | str, rows: Iterable[RegionalDifference]) -> None:
    """Write the table, whole or not at all."""
    with writing(path) as partial, partial.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(COLUMNS)
        for row in rows:
            names, numbers = astuple(row)[:4], astuple(row)[4:]
            # What rounding leaves of zero is zero.
            table.writerow(
                [*names, *("" if one is None else f"{round(one, 9) + 0.0:.6g}" for one in numbers)]
            )


def read_regional(path: Path | str) -> list[RegionalDifference]:
    """Read the table.

    Raises:
        BadInput: it is none.

    """
    try:
        with Path(path).open(encoding="utf-8", newline="") as stream:
            read = csv.DictReader(stream)
            if tuple(read.fieldnames or ()) != COLUMNS:
                raise BadInput(
                    f"{path} is no table of regional differences: make it with compare.py"
                )
            return [_row(one) for one in read]
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} cannot be read ({error}): make it with compare.py") from error


def _row(one: Mapping[str, str]) -> RegionalDifference:
    first, second, difference = (float(one[key]) for key in COLUMNS[4:7])
    low, high = (float(one[key]) if one[key] else None for key in COLUMNS[7:])
    feature, quantity, period, region = (one[key] for key in COLUMNS[:4])
    return RegionalDifference(
        feature, quantity, period, region, first, second, difference, low, high
    )
