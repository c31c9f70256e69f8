"""Differences of two experiments in the mean of regions, as a table (CSV): `COLUMNS`."""

from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from pathlib import Path

from stormtrace.errors import BadInput
from stormtrace.formats.csv_rows import number, read_csv, write_csv

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
    write_csv(path, COLUMNS, map(astuple, rows))


def read_regional(path: Path | str) -> list[RegionalDifference]:
    """Read the table.

    Raises:
        BadInput: it is none, or holds no number where one belongs.

    """
    rows = read_csv(path, COLUMNS, "table of regional differences", "compare.py")
    try:
        return [_row(one) for one in rows]
    except ValueError as error:
        raise BadInput(f"{path} cannot be read ({error}): make it with compare.py") from error


def _row(one: Mapping[str, str]) -> RegionalDifference:
    feature, quantity, period, region = (one[key] for key in COLUMNS[:4])
    first, second, difference = (float(one[key]) for key in COLUMNS[4:7])
    low, high = (number(one[key]) for key in COLUMNS[7:])
    return RegionalDifference(
        feature, quantity, period, region, first, second, difference, low, high
    )
