r"""Draw the maps of one decomposition, PNG and PDF, into a folder.

python scripts/draw_decomposition.py --decomposition results/decompositions/warming.nc \
    --title "Warmer climate minus control" --output results/figures/decompositions/warming
"""

from stormtrace import commandline
from stormtrace.figures import printing
from stormtrace.figures.decomposition_figures import draw_decomposition_figures
from stormtrace.formats.decomposition_maps import read_decomposition


def main() -> None:
    """Parse flags, draw, save."""
    parser = commandline.parser(__doc__)
    parser.add_argument("--decomposition", required=True, help="what decompose.py wrote")
    parser.add_argument("--title", required=True, help="title of the comparison")
    parser.add_argument("--output", required=True, help="folder, replaced if it exists")
    printing.add_flags(parser)
    commandline.add_classes(parser)
    args = parser.parse_args()
    printer = printing.printing(args)
    made = read_decomposition(args.decomposition, args.classes)
    printer.save_all(draw_decomposition_figures(made, args.title), args.output)


if __name__ == "__main__":
    commandline.run(main)
