r"""Train a model from labelled samples.

    python scripts/train.py --samples climatenet/train \
        --statistics results/statistics/climatenet/fv0.23x0.31.json \
        --model '{"name": "four-fields", "fields": ["TMQ", "U850", "V850", "PSL"],
                  "dataset": "climatenet", "grid": "fv0.23x0.31"}' \
        --output results/models/four-fields --checkpoints results/checkpoints

Writes config.json, weights.pth (the best by validation) and history.csv into --output. If it is
killed and started again, it continues from the last epoch. --processes N shares
each batch among N processes, one a GPU (as does torchrun, on several machines).
"""

import logging
import math
import sys
from pathlib import Path

from stormtrace import commandline
from stormtrace.errors import OutOfTime
from stormtrace.provenance import provenance

log = logging.getLogger("stormtrace")


def main() -> None:
    """Parse the flags and train."""
    parser = commandline.parser(__doc__)
    parser.add_argument("--samples", type=Path, required=True, help="folder of labelled samples")
    parser.add_argument("--statistics", type=Path, required=True, help="of those samples, JSON")
    parser.add_argument("--model", type=commandline.from_json, required=True, help="recipe, JSON")
    parser.add_argument("--output", type=Path, required=True, help="the model's folder")
    parser.add_argument("--checkpoints", type=Path, required=True, help="folder to resume from")
    parser.add_argument(
        "--exclude", type=commandline.from_json, default=[], help="file names to leave out, JSON"
    )
    parser.add_argument("--time-budget", type=float, default=math.inf, help="seconds")
    parser.add_argument("--device", default="auto", help="auto, cuda, mps or cpu")
    parser.add_argument(
        "--threads", type=commandline.positive, help="CPU threads (default: torch's choice)"
    )
    parser.add_argument(
        "--processes", type=commandline.positive, default=1, help="that share each batch"
    )
    commandline.add_classes(parser)
    args = parser.parse_args()

    from stormtrace.learn.launching import is_launched, launch

    if args.processes > 1 and not is_launched():
        launch(args.processes, [sys.executable, *sys.argv])
        return

    from stormtrace.blocks import dump
    from stormtrace.classes import Classes
    from stormtrace.formats.labelled import attributes_of, check_classes, grid_of, list_labelled
    from stormtrace.grids.spacing import spacing_of
    from stormtrace.learn.augment import odd_fields
    from stormtrace.learn.history import to_csv
    from stormtrace.learn.model_config import make_config
    from stormtrace.learn.processes import join_processes, leave_processes
    from stormtrace.learn.recipe import read_recipe
    from stormtrace.learn.statistics_check import check_statistics
    from stormtrace.learn.training import train
    from stormtrace.network.devices import choose_device, prepare_device
    from stormtrace.network.model_files import parse_config, write_model
    from stormtrace.network.normalization import read_statistics

    recipe = read_recipe(args.model)
    files = list_labelled(args.samples, args.exclude)
    check_classes(files, recipe.labels)
    check_statistics(args.statistics, recipe, files, args.exclude)
    normalization = read_statistics(args.statistics, recipe.fields, recipe.weighting)
    parse_config(make_config(recipe, normalization, {}), f"model {recipe.name}")  # before the work
    Classes.of_labels(recipe.labels, args.classes)
    device = choose_device(args.device)
    prepare_device(device, args.threads)
    processes = join_processes(device)
    trained = train(
        recipe,
        files,
        normalization,
        device=device,
        processes=processes,
        checkpoints=args.checkpoints,
        time_budget=args.time_budget,
    )
    if trained.stopped == "time budget":
        raise OutOfTime(f"{len(trained.history)} of {recipe.epochs} epochs are done")
    if processes.is_first:
        facts = provenance(
            [args.statistics],
            recipe=dump(recipe),
            samples=str(args.samples),
            files=len(files),
            excluded=sorted(args.exclude),
            best_epoch=trained.best_epoch,
            stopped=trained.stopped,
            device=str(device),
            processes=processes.count,
        )
        grid, about = grid_of(files), attributes_of(files[0].path, recipe.fields)
        odd = None
        if recipe.mirror_average:
            odd = odd_fields(recipe.augment, recipe.fields, grid, about)
        config = make_config(recipe, normalization, facts, spacing_of(grid), odd)
        write_model(args.output, config, trained.state, to_csv(trained.history))
        log.info("%s: best after epoch %d (%s)", recipe.name, trained.best_epoch, trained.stopped)
    leave_processes()


if __name__ == "__main__":
    commandline.run(main)
