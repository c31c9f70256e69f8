r"""Draw the maps of one comparison, PNG and PDF, into a folder.

python scripts/draw_comparison.py --comparison results/comparisons/warming.nc \
    --title "Warming" --titles '{"first": "Control", "second": "Warmer climate"}' \
    --output results/figures/warming
"""

from stormtrace import commandline
from stormtrace.figures import printing
from stormtrace.figures.comparison_figures import draw_comparison_figures
from stormtrace.formats.comparison_maps import read_comparison


def main() -> None:
    """Parse flags, draw, save."""
    parser = commandline.parser(__doc__)
    parser.add_argument("--comparison", required=True, help="what compare.py wrote")
    parser.add_argument("--title", required=True, help="title of the comparison")
    parser.add_argument(
        "--titles",
        type=commandline.from_json,
        default={},
        help="what the two experiments are called, if not by their names; JSON: first, second",
    )
    parser.add_argument("--output", required=True, help="folder, replaced if it exists")
    printing.add_flags(parser)
    commandline.add_classes(parser)
    args = parser.parse_args()
    printer = printing.printing(args)
    comparison = read_comparison(args.comparison, args.classes)
    printer.save_all(draw_comparison_figures(comparison, args.title, args.titles), args.output)


if __name__ == "__main__":
    commandline.run(main)
