r"""Draw composites of a field, PNG and PDF; with --second why they differ, and nothing else.

    python scripts/draw_composite.py --composites results/composites/control/*.nc --field PRECT \
        --title "Control" --output results/figures/composites/control

Means while each class is present and shares of the total, annual and by season. --second takes the
composites of another experiment: its change against the first is split into a part from frequency,
one from intensity, and one from both.
"""

import argparse
from collections.abc import Iterator

from matplotlib.figure import Figure

from stormtrace import commandline
from stormtrace.climate.composites import read_composites
from stormtrace.figures import printing
from stormtrace.figures.composite_figures import draw_composites, draw_split
from stormtrace.formats.comparison_maps import SEASONS


def main() -> None:
    """Parse flags, draw, save."""
    parser = commandline.parser(__doc__)
    parser.add_argument("--composites", nargs="+", required=True, help="one file a year")
    parser.add_argument("--second", nargs="+", default=[], help="those of another experiment")
    parser.add_argument("--field", required=True, help="field of the composites to draw")
    parser.add_argument("--title", required=True, help="title of the experiment or of the change")
    parser.add_argument("--output", required=True, help="folder, replaced if it exists")
    printing.add_flags(parser)
    commandline.add_classes(parser)
    args = parser.parse_args()
    printer = printing.printing(args)
    printer.save_all(drawn(args), args.output)


def drawn(args: argparse.Namespace) -> Iterator[tuple[str, Figure]]:
    """Yield the figures of one experiment's composites, or of the change up to the second's."""
    read = {p: read_composites(args.composites, args.field, p, args.classes) for p in SEASONS}
    if args.second:
        second = read_composites(args.second, args.field, table=args.classes)
        yield from draw_split(read["annual"], second, args.field, args.title)
    else:
        seasons = {p: one for p, one in read.items() if one.steps["all"].any()}
        yield from draw_composites(seasons, args.field, args.title)


if __name__ == "__main__":
    commandline.run(main)
