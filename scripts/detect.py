r"""Run a trained model on one year of samples.

    python scripts/detect.py --model results/models/four-fields \
        --samples results/samples/cesm-historical/fv0.23x0.31/2000 \
        --output results/masks/control/2000.nc --experiment control \
        --dataset cesm-historical --grid fv0.23x0.31 --year 2000

Without --statistics the fields are normalized as in the model's config.json. Several folders after
--model are an ensemble. float32 masks are the same on every device and runtime; a reduced
--precision is compared with float32 on three steps, and the result written into the file. If it is
stopped or killed and started again, it continues from what it kept in --checkpoints.
"""

import argparse
import math
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from stormtrace import commandline
from stormtrace.detect.shared_process import Asked, Client, Work, share
from stormtrace.provenance import provenance

if TYPE_CHECKING:
    import torch

    from stormtrace.detect.common_reading import Detecting
    from stormtrace.detect.network_run import Load


def main() -> None:
    """Parse the flags and detect, maybe for other processes, too."""
    flags = sys.argv[1:]
    args = parse(flags)
    asked = Asked(
        flags=flags,
        reads=str(args.samples),
        alike=[str(Path.cwd()), sys.executable, args.device, str(args.threads)],
        deadline=time.monotonic() + args.time_budget,
    )
    share(asked, partial(prepare, args))


def parse(flags: Sequence[str]) -> argparse.Namespace:
    """Parse flags."""
    parser = commandline.parser(__doc__)
    parser.add_argument("--model", type=Path, nargs="+", required=True, help="folder(s)")
    parser.add_argument("--samples", type=Path, required=True, help="folder of one year's samples")
    commandline.add_mask_flags(parser)
    commandline.add_adjust_flag(parser)
    parser.add_argument("--statistics", type=Path, help="normalize with these instead, JSON")
    parser.add_argument(
        "--weighting",
        default="none",
        choices=("none", "area", "mean"),
        help="which of --statistics: unweighted, weighted by cos(lat), or the mean alone weighted",
    )
    parser.add_argument(
        "--neutral",
        action="append",
        default=[],
        help="a field the samples lack: its mean everywhere (repeatable)",
    )
    parser.add_argument("--device", default="auto", help="auto, cuda, mps or cpu")
    parser.add_argument(
        "--runtime",
        default="auto",
        choices=("auto", "torch", "openvino"),
        help="what runs the network; auto: the fastest that gives the same float32 masks",
    )
    parser.add_argument("--precision", default="float32", help="float32, bfloat16 or float16")
    parser.add_argument(
        "--batch", type=commandline.positive, help="samples at once on a GPU (default: 16)"
    )
    parser.add_argument(
        "--threads", type=commandline.positive, help="CPU threads (default: torch's choice)"
    )
    parser.add_argument("--probabilities", action="store_true", help="store them too, in 1/250")
    parser.add_argument(
        "--blank",
        default="refuse",
        choices=("refuse", "allow"),
        help="whether every mask may be blank",
    )
    parser.add_argument(
        "--regrid-to-learned",
        action="store_true",
        help="run on the spacing the model learned on; masks are on the samples' grid",
    )
    parser.add_argument("--checkpoints", type=Path, help="folder to resume from")
    parser.add_argument("--time-budget", type=float, default=math.inf, help="seconds")
    return parser.parse_args(flags)


def prepare(args: argparse.Namespace) -> Work:
    """Return what detects for those that ask for the device of `args`."""
    from stormtrace.detect.common_reading import detect_together
    from stormtrace.detect.network_run import copies_of_models
    from stormtrace.network.devices import choose_device, prepare_device

    device, load = choose_device(args.device), copies_of_models()
    prepare_device(device, args.threads)

    def work(tasks: Sequence[tuple[Client, Asked, commandline.Note]]) -> None:
        detect_together(
            [(client, detecting(asked, device, load, note)) for client, asked, note in tasks]
        )

    return work


def detecting(
    asked: Asked, device: "torch.device", load: "Load", note: commandline.Note
) -> "Detecting":
    """Detect what is asked for with flags."""
    import torch

    from stormtrace.detect.detection import Request
    from stormtrace.detect.detection import detecting as detecting_request
    from stormtrace.detect.network_run import Choice
    from stormtrace.detect.plausibility import other_statistics
    from stormtrace.network.model_files import read_config
    from stormtrace.network.normalization import read_statistics

    args = parse(asked.flags)
    normalization, doubts = None, list[str]()
    if args.statistics is not None:
        model = read_config(args.model[0])
        normalization = read_statistics(args.statistics, model.fields, args.weighting)
        doubts = other_statistics(args.statistics, args.dataset, args.grid, model.content)
    source = "model" if args.statistics is None else f"{args.statistics} ({args.weighting})"
    inputs = [folder / name for folder in args.model for name in ("config.json", "weights.pth")]
    adjust = [(field, Path(own), Path(to)) for field, own, to in args.adjust]
    inputs += [path for _, *files in adjust for path in files]
    request = Request(
        models=args.model,
        samples=args.samples,
        output=args.output,
        year=args.year,
        periods=args.period,
        missing_steps=args.missing_steps,
        normalization=normalization,
        neutral=args.neutral,
        adjust=adjust,
        choice=Choice(
            device=device,
            runtime=args.runtime,
            precision=args.precision,
            batch=args.batch,
            threads=args.threads or torch.get_num_threads(),
            probabilities=args.probabilities,
            blank=args.blank,
            regrid_to_learned=args.regrid_to_learned,
            kept=args.model[0] / "compiled",
        ),
        attributes=provenance(
            [*inputs, *([args.statistics] if args.statistics else [])],
            asked.flags,
            experiment=args.experiment,
            dataset=args.dataset,
            grid=args.grid,
            model=" ".join(folder.name for folder in args.model),
            statistics_source=source,
            neutral_fields=" ".join(args.neutral),
        ),
        table=args.classes,
        doubts=doubts,
        checkpoints=args.checkpoints,
        deadline=asked.deadline,
    )
    yield from detecting_request(request, load, note)


if __name__ == "__main__":
    commandline.run(main)
