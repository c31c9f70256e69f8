r"""Score a model on held-out labels.

    python scripts/evaluate.py --model results/models/four-fields --samples climatenet/test \
        --output results/models/four-fields/scores.json

Confusion matrix, IoU, Dice, precision, recall and predicted/true area of each class, also weighted
by area, with intervals from resampled dates, and the agreement of experts on the same times.
Besides: found and false objects, reliability of the probabilities, and skill by season, basin and
the experts' confidence. With --tolerance-km 250 also scores of lines: what is found is right if the
truth is so near.
"""

from pathlib import Path

from stormtrace import commandline
from stormtrace.formats.json_files import write_json
from stormtrace.provenance import provenance


def main() -> None:
    """Parse the flags and evaluate."""
    parser = commandline.parser(__doc__)
    parser.add_argument("--model", type=Path, required=True, help="folder of the model")
    parser.add_argument("--samples", type=Path, required=True, help="folder of labelled samples")
    parser.add_argument("--output", type=Path, required=True, help="scores, JSON")
    parser.add_argument(
        "--exclude", type=commandline.from_json, default=[], help="file names to leave out, JSON"
    )
    parser.add_argument(
        "--tolerance-km",
        type=float,
        nargs="*",
        default=[],
        help="tolerances of further scores of every class, km",
    )
    parser.add_argument("--device", default="auto", help="auto, cuda, mps or cpu")
    parser.add_argument(
        "--threads", type=commandline.positive, help="CPU threads (default: torch's choice)"
    )
    commandline.add_classes(parser)
    args = parser.parse_args()
    if not all(km > 0 for km in args.tolerance_km):
        parser.error("--tolerance-km must be above 0")

    from stormtrace.formats.labelled import check_classes, list_labelled
    from stormtrace.labels.agreement import expert_agreement
    from stormtrace.learn.evaluation import evaluate
    from stormtrace.network.predictor import load_predictor

    files = list_labelled(args.samples, args.exclude)
    predictor = load_predictor(args.model, args.device, args.threads)
    check_classes(files, predictor.config.labels)
    name = predictor.config.content.get("name", args.model.name)
    result = evaluate(predictor, files, name, args.classes, args.tolerance_km)
    for doubt in result.get("doubts", ()):
        commandline.log.warning("%s", doubt)
    result["experts"] = expert_agreement(files, predictor.config.labels)
    inputs = [args.model / "config.json", args.model / "weights.pth"]
    result["provenance"] = provenance(inputs, samples=str(args.samples), excluded=args.exclude)
    write_json(args.output, result)


if __name__ == "__main__":
    commandline.run(main)
