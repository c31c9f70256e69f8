"""Draw what a model finds against what each expert labelled, PNG and PDF.

python scripts/draw_labels.py --model results/models/four-fields --samples climatenet/test \
    --output results/figures/models/four-fields-labels --number 4

The times with the most labellings are drawn. Prediction filled, labels outlined, one colour an
expert, over the first of the model's fields.
"""

from pathlib import Path

from stormtrace.commandline import from_json, parser, positive, run
from stormtrace.files import writing


def main() -> None:
    """Parse flags, predict, draw, save."""
    arguments = parser(__doc__)
    arguments.add_argument("--model", type=Path, required=True, help="folder of the model")
    arguments.add_argument("--samples", type=Path, required=True, help="folder of labelled samples")
    arguments.add_argument("--output", type=Path, required=True, help="path without .png and .pdf")
    arguments.add_argument("--number", type=positive, default=4, help="how many times to draw")
    arguments.add_argument("--exclude", type=from_json, default=[], help="files to leave out, JSON")
    arguments.add_argument("--title", default="", help="of the figure; the model's name by default")
    arguments.add_argument("--device", default="auto", help="auto, cuda, mps or cpu")
    flags = arguments.parse_args()

    from stormtrace.figures.label_figures import draw_labels
    from stormtrace.figures.maps import use_style
    from stormtrace.figures.panels import DOTS_PER_INCH
    from stormtrace.formats.labelled import by_time, list_labelled
    from stormtrace.learn.labellings import feature_codes, predict_times
    from stormtrace.network.predictor import load_predictor

    use_style()
    predictor = load_predictor(flags.model, flags.device)
    times = by_time(list_labelled(flags.samples, flags.exclude))
    labellings = predict_times(predictor, times, flags.number)
    fields = list(predictor.config.fields)
    codes = feature_codes(predictor.config.labels)
    title = flags.title or predictor.config.content.get("name", flags.model.name)
    note = f"{title} · over {fields[0]}"
    figure = draw_labels(labellings, fields[0], codes, "Labels and prediction", note)
    for suffix, scale in ((".png", 1), (".pdf", 2)):
        with writing(flags.output.with_name(flags.output.name + suffix)) as partial:
            figure.savefig(partial, dpi=scale * DOTS_PER_INCH, format=suffix[1:])


if __name__ == "__main__":
    run(main)
