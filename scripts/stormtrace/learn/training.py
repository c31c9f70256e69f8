"""Training: one visible loop over epochs, resumed from the last one that was completed."""

import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from stormtrace.blocks import dump
from stormtrace.checkpoints import Checkpoint, file_identity
from stormtrace.commandline import Progress
from stormtrace.formats.labelled import LabelledFile
from stormtrace.learn.history import Row, describe, score_columns
from stormtrace.learn.processes import Processes
from stormtrace.learn.recipe import Recipe
from stormtrace.learn.training_checkpoints import read_state, write_state
from stormtrace.learn.training_run import TrainingRun
from stormtrace.network.devices import peak_memory
from stormtrace.network.normalization import Normalization
from stormtrace.network.scores import number

log = logging.getLogger("stormtrace")

#: Keys of a recipe that its weights do not depend on.
WORDS = ("like", "title", "description", "seeds", "tolerance_km")


@dataclass(frozen=True)
class Trained:
    """What a training leaves: the best weights and how they came about.

    stopped: why it ended: `all epochs`, `early stopping` or `time budget`.
    """

    state: dict[str, Tensor]
    history: list[Row]
    best_epoch: int
    stopped: str


def train(
    recipe: Recipe,
    files: Sequence[LabelledFile],
    normalization: Normalization,
    *,
    device: torch.device,
    processes: Processes,
    checkpoints: Path,
    time_budget: float = math.inf,
) -> Trained:
    """Train a network, continuing from the last checkpoint if there is one.

    The same recipe, files and seed give the same weights on a CPU, bit by bit, however often the
    training was stopped. `time_budget` (seconds, of this call) ends it after the last epoch that
    fits.

    Raises:
        BadInput: samples or a recipe that cannot be used, or a loss that is not finite.

    """
    start = time.monotonic()
    run = TrainingRun(recipe, files, normalization, device, processes)
    determinants = {
        "recipe": {key: value for key, value in dump(recipe).items() if key not in WORDS},
        "normalization": normalization.as_json(),
        "files": [file_identity(file.path) for file in files],
        "device": device.type,
    }
    checkpoint = Checkpoint(checkpoints, recipe.name, determinants, ".pt")
    run.restore(read_state(checkpoint))
    if processes.is_first:
        log.info(run.describe())

    progress = Progress("epochs", recipe.epochs, run.standing.epoch)
    stopped = run.standing.reason_to_stop()
    while stopped is None:
        epoch_start = time.monotonic()
        run.standing.epoch += 1
        training_loss, training_confusion = run.learn()
        validation_loss, validation_confusion = run.validate()
        now = time.monotonic()
        row: Row = {
            "epoch": run.standing.epoch,
            "lr": run.lr(),
            "train_loss": number(training_loss),
            "validation_loss": number(validation_loss),
            **score_columns("train", training_confusion, recipe.labels),
            **score_columns("validation", validation_confusion, recipe.labels),
            "seconds": round(now - epoch_start, 3),
            "memory_gb": round(peak_memory(device) / 1e9, 3),
        }
        run.standing.record(row, run.weights())
        progress.advance()
        if processes.is_first:
            log.info(describe(row, recipe.labels, recipe.epochs))
            write_state(checkpoint, run.as_checkpoint())
        out_of_time = processes.any(now - start + (now - epoch_start) > time_budget)
        stopped = run.standing.reason_to_stop() or ("time budget" if out_of_time else None)
    standing = run.standing
    return Trained(standing.best_weights, standing.history, standing.best_epoch, stopped)
