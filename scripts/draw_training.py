r"""Draw how a training went: loss, IoU of each class and learning rate, by epoch.

    python scripts/draw_training.py --history results/models/four-fields/history.csv \
        --output results/figures/models/four-fields

Writes {output}.png and {output}.pdf.
"""

from pathlib import Path

from stormtrace import commandline
from stormtrace.figures import printing


def main() -> None:
    """Parse the flags and draw."""
    parser = commandline.parser(__doc__)
    parser.add_argument("--history", type=Path, required=True, help="history.csv of a model")
    parser.add_argument("--output", type=Path, required=True, help="path without .png and .pdf")
    parser.add_argument("--title", default="", help="title of the model; its folder's name without")
    printing.add_flags(parser)
    commandline.add_classes(parser)
    args = parser.parse_args()

    from stormtrace.figures.model_figures import draw_history
    from stormtrace.learn.history import read_history

    printer = printing.printing(args)
    title = args.title or args.history.resolve().parent.name
    printer.save(draw_history(read_history(args.history), title, args.classes), args.output)


if __name__ == "__main__":
    commandline.run(main)
