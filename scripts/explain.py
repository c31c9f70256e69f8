"""Measure what a model looks at: the IoU it loses when a field is shuffled among samples.

    python scripts/explain.py --model results/models/four-fields --samples climatenet/test \
--output results/models/four-fields/importance.json --repeats 5

Each field is shuffled --repeats times among the labelled times; JSON tells the mean loss by
class, and its 95 % interval when dates are drawn anew. With --figure STEM also a bar chart,
{STEM}.png and {STEM}.pdf.
"""

import json
from pathlib import Path

from stormtrace import commandline
from stormtrace.files import write_text
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
    parser.add_argument("--figure", type=Path, help="path of a bar chart without .png and .pdf")
    parser.add_argument("--device", default="auto", help="auto, cuda, mps or cpu")
    parser.add_argument(
        "--threads", type=commandline.positive, help="CPU threads (default: torch's choice)"
    )
    flags = parser.parse_args()

    from stormtrace.formats.labelled import list_labelled
    from stormtrace.learn.importance import permutation_importance
    from stormtrace.network.predictor import load_predictor

    files = list_labelled(flags.samples, flags.exclude)
    predictor = load_predictor(flags.model, flags.device, flags.threads)
    result = permutation_importance(predictor, files, flags.repeats, flags.seed)
    name = predictor.config.content.get("name", flags.model.name)
    inputs = [flags.model / "config.json", flags.model / "weights.pth"]
    result = {"model": name} | result
    result["provenance"] = provenance(inputs, samples=str(flags.samples), excluded=flags.exclude)
    write_text(flags.output, json.dumps(result, indent=2) + "\n")
    if flags.figure is not None:
        from stormtrace.figures.model_figures import draw_importance, save

        save(draw_importance(result["importance"], result["labels"]), flags.figure)


if __name__ == "__main__":
    commandline.run(main)
