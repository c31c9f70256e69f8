"""Years of samples: folders, or raw files that samples are made from as they are read."""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from stormtrace.commandline import from_json
from stormtrace.errors import BadInput
from stormtrace.formats.samples import SampleFolder, open_folder
from stormtrace.formats.units import is_same_unit
from stormtrace.grids import Grid

if TYPE_CHECKING:
    from stormtrace.prepare.unwritten_samples import RawYear, UnwrittenSamples

#: A year of samples: a folder of them, or what they are made from.
YearOfSamples: TypeAlias = "Path | RawYear"

#: The same, opened.
Samples: TypeAlias = "SampleFolder | UnwrittenSamples"


def open_year(
    year: YearOfSamples, fields: Sequence[str], period: Sequence[str] | None = None
) -> Samples:
    """Return the samples of a year in order of time; period: as `open_folder`.

    Raises:
        BadInput: as `open_folder`, or as `make_plans`.

    """
    if isinstance(year, Path):
        return open_folder(year, dict.fromkeys(fields), period)
    from stormtrace.prepare.unwritten_samples import UnwrittenSamples

    return UnwrittenSamples(year, fields, period)


class OpenedYears:
    """The samples of some years, each opened (`open_year`) when it is asked for.

    The last one stays open: the names of a year's samples alone are a megabyte or more.
    """

    def __init__(
        self,
        years: Sequence[YearOfSamples],
        fields: Sequence[str],
        periods: Sequence[Sequence[str]] = (),
    ) -> None:
        """Take years; periods: the stretch of each that counts, or none.

        Raises:
            BadInput: there is no year, or not a period for each.

        """
        if not years:
            raise BadInput("there are no samples: name folders of samples")
        if len(periods) not in (0, len(years)):
            raise BadInput(
                f"expected a period for each of the years of samples, or none; found {len(years)} "
                f"years and {len(periods)} periods"
            )
        self._years, self._fields = years, fields
        self._periods: Sequence[Sequence[str] | None] = periods or [None] * len(years)
        self._open: tuple[int, Samples] | None = None

    def __iter__(self) -> Iterator["Samples"]:
        return (self[number] for number in range(len(self._years)))

    def __getitem__(self, number: int) -> "Samples":
        if self._open is None or self._open[0] != number:
            self._open = None  # one year at a time
            year, period = self._years[number], self._periods[number]
            self._open = number, open_year(year, self._fields, period)
        return self._open[1]


def units_of(year: Samples, fields: Sequence[str]) -> dict[str, str]:
    """Return field -> its units in a year's first sample; empty where it does not say."""
    return {field: year.attributes(field).get("units", "") for field in fields}


def check_together(
    grid: Grid, units: Mapping[str, str], year: Samples, own: Mapping[str, str] | None = None
) -> None:
    """Check that a year's values can be taken together with those of the first one.

    grid, units: of the first year, `units_of`. own: units of the year, if its samples are converted
    as they are read.

    Raises:
        BadInput: the year is on another grid, or a field is in other units.

    """
    where = year.paths[0]
    if not grid.same_as(year.grid):
        raise BadInput(
            f"{where.parent} is on {_placed(year.grid)}, not on {_placed(grid)}, as the first year "
            "is: give samples on one grid"
        )
    for field, found in (own or units_of(year, list(units))).items():
        if not is_same_unit(units[field], found):
            raise BadInput(
                f"{where}: {field} is in {found!r}, but in {units[field]!r} in the first year, and "
                f"years are taken together: say `units: {units[field]}` of {field} in the `fields` "
                "of its dataset, which converts the raw files', and make the samples again"
            )


def _placed(grid: Grid) -> str:
    lat, lon = (axis.flat[0] for axis in (grid.lat, grid.lon))
    return f"{grid.describe()} from {lat:g}° N, {lon:g}° E"


def add_sample_flags(parser: argparse.ArgumentParser, many: bool = True) -> None:
    """Add the flags `--samples` and `--raw`, one of which is needed. many: folders, not one."""
    either = parser.add_mutually_exclusive_group(required=True)
    either.add_argument(
        "--samples",
        type=Path,
        nargs="+" if many else None,
        help="folders of samples, one a year" if many else "a folder of samples",
    )
    either.add_argument(
        "--raw",
        type=from_json,
        help="instead: make the samples from raw files as they are read, and write none; dataset, "
        "grid, matrix, climatology (those flags of make_samples.py) and years, JSON",
    )


def years_in(args: argparse.Namespace) -> list[YearOfSamples]:
    """Return the years that the flags of `add_sample_flags` name.

    Raises:
        BadInput: as `raw_years`.

    """
    if args.raw is not None:
        from stormtrace.prepare.unwritten_samples import raw_years

        return list(raw_years(args.raw))
    return list(args.samples) if isinstance(args.samples, list) else [args.samples]


def origin_of(args: argparse.Namespace) -> dict[str, Any]:
    """Return what the provenance of a result says of the samples that these flags name."""
    if args.raw is None:
        return {"samples": " ".join(str(year) for year in years_in(args))}
    said = ("matrix", "climatology", "years")
    return {
        "samples": "made from raw files as they were read: "
        + json.dumps({key: args.raw[key] for key in said}),
        "dataset_configuration": args.raw["dataset"],
    }
