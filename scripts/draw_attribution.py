r"""Draw what features bring of a field: shares of its total and of its extremes, PNG and PDF.

    python scripts/draw_attribution.py --sums results/attribution/control/PRECT/2*.nc \
        --extremes results/attribution/control/PRECT/extremes.nc --field PRECT --percentiles 99 \
        --title "Control" --output results/figures/attribution/control.PRECT

Annual and by season; --extremes also draws the percentiles. --second takes the sums of another
experiment: the change of what each class brings is split into a part from frequency, one from
intensity, and one from both.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from matplotlib.figure import Figure

from stormtrace import commandline
from stormtrace.attribution.changes import composite_of_extremes
from stormtrace.attribution.extremes import above
from stormtrace.climate.composites import Composite, read_composites
from stormtrace.figures import printing
from stormtrace.figures.composite_figures import draw_shares, draw_split, steps_in_words
from stormtrace.figures.threshold_figures import draw_thresholds
from stormtrace.formats.comparison_maps import SEASONS
from stormtrace.formats.extreme_thresholds import read_thresholds
from stormtrace.formats.netcdf import opening
from stormtrace.numerals import ordinal


def main() -> None:
    """Parse flags, draw, save."""
    parser = commandline.parser(__doc__)
    parser.add_argument("--sums", nargs="+", required=True, help="one file a year")
    parser.add_argument("--second", nargs="+", default=[], help="those of another experiment")
    parser.add_argument("--field", required=True, help="the field that was attributed")
    parser.add_argument("--percentiles", type=float, nargs="*", default=[], help="per cent")
    parser.add_argument("--extremes", type=Path, help="what compute_extremes.py wrote")
    parser.add_argument(
        "--extremes-of", default="", help="title of the other experiment whose percentiles they are"
    )
    parser.add_argument("--title", required=True, help="title of the experiment or of the change")
    parser.add_argument("--output", required=True, help="folder, replaced if it exists")
    printing.add_flags(parser)
    commandline.add_classes(parser)
    args = parser.parse_args()
    printer = printing.printing(args)
    printer.save_all(drawn(args), args.output)


def drawn(args: argparse.Namespace) -> Iterator[tuple[str, Figure]]:
    """Yield the figures of one experiment, or of the change up to the second."""
    its, of = ("the", f" of {args.extremes_of}") if args.extremes_of else ("its", "")
    fields = {args.field: args.field} | {
        above(args.field, one): f"{args.field} above {its} {ordinal(one)} percentile{of}"
        for one in args.percentiles
    }

    def read(paths: list[str], field: str, period: str = "annual") -> Composite:
        return read_composites(paths, field, period, args.classes)

    if args.second:
        totals = [read(paths, args.field) for paths in (args.sums, args.second)]
        for field, what in fields.items():
            sides = [read(paths, field) for paths in (args.sums, args.second)]
            first, second = (
                composite_of_extremes(total, side)
                for total, side in zip(totals, sides, strict=True)
            )
            yield from draw_split(first, second, field, args.title, what)
        return
    with opening(args.sums[0]) as nc:
        within = str(getattr(nc, "within", ""))
    near = dict(one.split(": ", 1) for one in within.split("; ") if one)
    title = f"{args.title} · {steps_in_words(read(args.sums, args.field))}"
    for field, what in fields.items():
        seasons = {period: read(args.sums, field, period) for period in SEASONS}
        seasons = {period: one for period, one in seasons.items() if one.steps["all"].any()}
        if seasons:
            yield from draw_shares(seasons, field, what, title, near)
    if args.extremes:
        grid = read(args.sums, args.field).grid
        yield from draw_thresholds(read_thresholds(args.extremes, grid), grid, args.title)


if __name__ == "__main__":
    commandline.run(main)
