r"""Take a published model into the study, after checking that it is one.

    python scripts/adopt_model.py --weights path/to/trained_cgnet.040523 \
        --output results/models/dagon-2023

The folder has ClimateNet's config.json and weights.pth. Weights are read as data only: a file that
would run code is refused. The copy is rebuilt from what was checked, never from the bytes. Labels
are matched with the study's classes whatever their case, spaces and underscores. A mean that is
impossible for its field's name is warned of, and the model is obeyed.
"""

from pathlib import Path

from stormtrace import commandline
from stormtrace.provenance import provenance


def main() -> None:
    """Parse the flags and adopt."""
    parser = commandline.parser(__doc__)
    parser.add_argument("--weights", type=Path, required=True, help="the published folder")
    parser.add_argument("--output", type=Path, required=True, help="the model's folder")
    parser.add_argument(
        "--trained-on",
        type=commandline.from_json,
        help="degrees between rows and columns of the grid it was trained on: JSON, lat and lon",
    )
    commandline.add_classes(parser)
    args = parser.parse_args()

    from stormtrace.classes import Classes
    from stormtrace.detect.plausibility import impossible_means
    from stormtrace.network.model_files import load_model, write_model
    from stormtrace.network.trained_grid import TRAINED_ON

    config, network = load_model(args.weights)
    for doubt in impossible_means(config.normalization, str(args.weights / "config.json")):
        commandline.log.warning("%s", doubt)
    inputs = [args.weights / "config.json", args.weights / "weights.pth"]
    content = dict(config.content) | {
        "architecture": config.architecture,
        "padding": config.padding,
        "labels": list(Classes.of_labels(config.labels, args.classes).labels),
        "name": args.output.name,
        **({TRAINED_ON: args.trained_on} if args.trained_on else {}),
        "provenance": provenance(inputs, adopted=str(args.weights)),
    }
    write_model(args.output, content, network.state_dict())


if __name__ == "__main__":
    commandline.run(main)
