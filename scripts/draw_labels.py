r"""Draw what a model finds against what each expert labelled, PNG and PDF.

    python scripts/draw_labels.py --model results/models/four-fields --samples climatenet/test \
        --output results/figures/models/four-fields-labels --number 4

The times with the most labellings are drawn. Prediction filled, labels outlined, one colour an
expert, over the first of the model's fields.
"""

from pathlib import Path

from stormtrace import commandline
from stormtrace.classes import Classes
from stormtrace.commandline import from_json, positive
from stormtrace.figures import printing


def main() -> None:
    """Parse flags, predict, draw, save."""
    parser = commandline.parser(__doc__)
    parser.add_argument("--model", type=Path, required=True, help="folder of the model")
    parser.add_argument("--samples", type=Path, required=True, help="folder of labelled samples")
    parser.add_argument("--output", type=Path, required=True, help="path without .png and .pdf")
    parser.add_argument("--number", type=positive, default=4, help="how many times to draw")
    parser.add_argument("--exclude", type=from_json, default=[], help="files to leave out, JSON")
    parser.add_argument("--title", default="", help="of the figure; the model's name by default")
    parser.add_argument("--device", default="auto", help="auto, cuda, mps or cpu")
    printing.add_flags(parser)
    commandline.add_classes(parser)
    args = parser.parse_args()

    from stormtrace.figures.label_figures import draw_labels
    from stormtrace.formats.labelled import by_time, list_labelled
    from stormtrace.learn.labellings import predict_times
    from stormtrace.network.predictor import load_predictor

    printer = printing.printing(args)
    predictor = load_predictor(args.model, args.device)
    times = by_time(list_labelled(args.samples, args.exclude))
    labellings = predict_times(predictor, times, args.number)
    fields = list(predictor.config.fields)
    classes = Classes.of_labels(predictor.config.labels, args.classes)
    title = args.title or predictor.config.content.get("name", args.model.name)
    note = f"{title} · over {fields[0]}"
    figure = draw_labels(labellings, fields[0], classes, "Labels and prediction", note)
    printer.save(figure, args.output)


if __name__ == "__main__":
    commandline.run(main)
