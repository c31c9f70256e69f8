r"""Measure which fields a model relies on: the IoU it loses when one is shuffled among samples.

    python scripts/explain.py --model results/models/four-fields --samples climatenet/test \
        --output results/models/four-fields/importance.json --repeats 5

Each field is shuffled --repeats times among the labelled times; the JSON has the mean loss by
class, and its 95 % interval when dates are resampled. draw_importance.py draws them.
"""

from pathlib import Path

from stormtrace import commandline
from stormtrace.formats.json_files import write_json
from stormtrace.provenance import provenance


def main() -> None:
    """Parse the flags and explain."""
    parser = commandline.parser(__doc__)
    parser.add_argument("--model", type=Path, required=True, help="folder of the model")
    parser.add_argument("--samples", type=Path, required=True, help="folder of labelled samples")
    parser.add_argument("--output", type=Path, required=True, help="importance, JSON")
    parser.add_argument(
        "--repeats", type=commandline.positive, default=5, help="shuffles of each field"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the shuffles")
    parser.add_argument(
        "--exclude", type=commandline.from_json, default=[], help="file names to leave out, JSON"
    )
    parser.add_argument("--device", default="auto", help="auto, cuda, mps or cpu")
    parser.add_argument(
        "--threads", type=commandline.positive, help="CPU threads (default: torch's choice)"
    )
    args = parser.parse_args()

    from stormtrace.formats.labelled import check_classes, list_labelled
    from stormtrace.learn.importance import permutation_importance
    from stormtrace.network.predictor import load_predictor

    files = list_labelled(args.samples, args.exclude)
    predictor = load_predictor(args.model, args.device, args.threads)
    check_classes(files, predictor.config.labels)
    result = permutation_importance(predictor, files, args.repeats, args.seed)
    name = predictor.config.content.get("name", args.model.name)
    inputs = [args.model / "config.json", args.model / "weights.pth"]
    result = {"model": name} | result
    result["provenance"] = provenance(inputs, samples=str(args.samples), excluded=args.exclude)
    write_json(args.output, result)


if __name__ == "__main__":
    commandline.run(main)
