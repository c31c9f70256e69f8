r"""Draw how much a model relies on each of its fields, by what explain.py measured, PNG and PDF.

    python scripts/draw_importance.py --importance results/models/four-fields/importance.json \
        --output results/figures/models/four-fields-importance

Bars are the IoU lost when a field is shuffled among the test labels, with 95 % intervals.
"""

from pathlib import Path

from stormtrace import commandline
from stormtrace.figures import printing


def main() -> None:
    """Parse the flags and draw."""
    parser = commandline.parser(__doc__)
    parser.add_argument("--importance", type=Path, required=True, help="importance.json of a model")
    parser.add_argument("--output", type=Path, required=True, help="path without .png and .pdf")
    parser.add_argument("--title", default="", help="of the model; its name by default")
    printing.add_flags(parser)
    commandline.add_classes(parser)
    args = parser.parse_args()

    from stormtrace.figures.model_figures import draw_importance
    from stormtrace.formats.json_files import read_json

    printer = printing.printing(args)
    found = read_json(args.importance, "explain.py")
    title = args.title or found["model"]
    figure = draw_importance(found["importance"], found["labels"], title, args.classes)
    printer.save(figure, args.output)


if __name__ == "__main__":
    commandline.run(main)
