"""Training: one visible loop over epochs, and what it needs around it."""

import logging
import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from stormtrace.detect.devices import peak_memory
from stormtrace.detect.normalization import Normalization
from stormtrace.errors import BadInput
from stormtrace.learn import scores
from stormtrace.learn.architectures import make_network
from stormtrace.learn.augment import make_augmentation
from stormtrace.learn.batches import (
    Batch,
    batches,
    count_votes,
    epoch_order,
    make_training_set,
)
from stormtrace.learn.checkpoints import checkpoint_path, read_checkpoint, write_checkpoint
from stormtrace.learn.history import Row, describe, score_columns
from stormtrace.learn.labelled import LabelledFile, read_grid, split_by_time
from stormtrace.learn.losses import LOSSES, Loss
from stormtrace.learn.optimization import make_optimizer, schedule_factor
from stormtrace.learn.processes import Processes, share_batch_norm
from stormtrace.learn.recipe import Recipe

log = logging.getLogger("stormtrace")

PLATEAU_PATIENCE, PLATEAU_FACTOR = 3, 0.3
"""`schedule: plateau`: after so many epochs without a better score, lr falls by this factor."""


@dataclass(frozen=True)
class Trained:
    """What a training leaves: the best weights and how they came about."""

    state: dict[str, Tensor]
    history: list[Row]
    best_epoch: int
    stopped: str
    """Why it ended: `all epochs`, `early stopping` or `time budget`."""


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
    """Train a network, going on from the last checkpoint if there is one.

    The same recipe, files and seed give the same weights on a CPU, bit by bit, however often the
    training was stopped. `time_budget` (seconds, of this call) ends it after the last epoch that
    fits.
    """
    start = time.monotonic()
    run = _Run(recipe, files, normalization, device, processes)
    path = checkpoint_path(checkpoints, run.determinants)
    run.restore(read_checkpoint(path))
    stopped = run.reason_to_stop()
    while stopped is None:
        epoch_start = time.monotonic()
        run.epoch += 1
        training_loss, training_confusion = run.learn()
        validation_loss, validation_confusion = run.validate()
        now = time.monotonic()
        run.record(
            {
                "epoch": run.epoch,
                "lr": run.lr(),
                "train_loss": scores.number(training_loss),
                "validation_loss": scores.number(validation_loss),
                **score_columns("train", training_confusion, recipe.labels),
                **score_columns("validation", validation_confusion, recipe.labels),
                "seconds": round(now - epoch_start, 3),
                "memory_gb": round(peak_memory(device) / 1e9, 3),
            }
        )
        if processes.is_first:
            write_checkpoint(path, run.state())
        out_of_time = processes.any(now - start + (now - epoch_start) > time_budget)
        stopped = run.reason_to_stop() or ("time budget" if out_of_time else None)
    return Trained(run.best_state, run.history, run.best_epoch, stopped)


class _Run:
    """The state of a training between epochs, and what one epoch does to it."""

    def __init__(
        self,
        recipe: Recipe,
        files: Sequence[LabelledFile],
        normalization: Normalization,
        device: torch.device,
        processes: Processes,
    ) -> None:
        if recipe.batch_size < processes.count:
            raise BadInput(
                f"batch_size {recipe.batch_size} cannot be shared by {processes.count} processes"
            )
        self.recipe, self.device, self.processes = recipe, device, processes
        training, validation = split_by_time(files, recipe.validation)
        self.determinants = {
            "recipe": asdict(recipe),
            "normalization": normalization.as_json(),
            "files": [file.path.name for file in files],
            "device": device.type,
        }
        classes = len(recipe.labels)
        self.training = make_training_set(training, normalization, classes, recipe.labellings)
        self.validation = make_training_set(validation, normalization, classes, recipe.labellings)
        self.augmentation = make_augmentation(
            recipe.augment, recipe.fields, read_grid(files[0].path).lat
        )
        self.network = self._make_network()
        self.predict: Callable[[Tensor], Tensor] = (
            torch.compile(self.network) if recipe.compile else self.network
        )
        self.optimizer = make_optimizer(recipe, self.network)
        self.loss: Loss = LOSSES[recipe.loss]
        self.epoch = 0
        self.history: list[Row] = []
        self.best_epoch, self.best_score, self.best_state = 0, -math.inf, self._weights()
        self.plateau_factor = 1.0

    def _make_network(self) -> nn.Module:
        recipe = self.recipe
        torch.manual_seed(recipe.seed)
        if self.device.type == "cpu":
            torch.use_deterministic_algorithms(True)
        network = make_network(
            recipe.architecture, len(recipe.fields), len(recipe.labels), recipe.padding
        ).to(self.device)
        if self.device.type == "cuda":
            network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return share_batch_norm(network, self.processes, self.device)

    def learn(self) -> tuple[float, NDArray[np.int64]]:
        """One pass over the training samples; return its mean loss and confusion matrix."""
        recipe, samples = self.recipe, self.training
        self.network.train()
        order = epoch_order(len(samples), recipe.seed, self.epoch)
        # The last batch is filled from the start of the order: every step sees batch_size samples.
        order = np.resize(order, self.steps_per_epoch * recipe.batch_size)
        feed = batches(
            samples,
            order,
            recipe.batch_size,
            augmentation=self.augmentation,
            seed=(recipe.seed, self.epoch),
            part=(self.processes.rank, self.processes.count),
            pin=self.device.type == "cuda",
        )
        losses, confusions = [], []
        for step, batch in enumerate(self._watched(feed)):
            for group in self.optimizer.param_groups:
                group["lr"] = self.lr(step)
            batch = self._on_device(batch)
            logits = self._logits(batch.values)
            loss = self.loss(logits, batch.target(), self.processes.total)
            loss.backward()
            self.processes.average_gradients(self.network)
            self.optimizer.step()
            self.optimizer.zero_grad()
            losses.append(loss.detach())
            confusions.append(count_votes(logits.detach(), batch.votes))
        return self._summary(losses, confusions)

    @torch.no_grad()
    def validate(self) -> tuple[float, NDArray[np.int64]]:
        """Return the mean loss and the confusion matrix of the validation samples."""
        self.network.eval()
        order = np.arange(len(self.validation))[self.processes.rank :: self.processes.count]
        losses, confusions = [], []
        for batch in batches(self.validation, order, self.recipe.batch_size):
            batch = self._on_device(batch)
            logits = self._logits(batch.values)
            losses.append(self.loss(logits, batch.target(), lambda x: x))
            confusions.append(count_votes(logits, batch.votes))
        return self._summary(losses, confusions)

    def _summary(
        self, losses: list[Tensor], confusions: list[Tensor]
    ) -> tuple[float, NDArray[np.int64]]:
        classes = len(self.recipe.labels)
        sums = torch.zeros(2, dtype=torch.float64)
        counts = torch.zeros((classes, classes), dtype=torch.int64, device=self.device)
        if losses:
            sums = torch.tensor([torch.stack(losses).double().sum().item(), len(losses)])
            counts = torch.stack(confusions).sum(dim=0)
        sums, counts = self.processes.total(sums.to(self.device)), self.processes.total(counts)
        mean = float(sums[0] / sums[1]) if sums[1] else math.nan
        return mean, counts.cpu().numpy()

    def _on_device(self, batch: Batch) -> Batch:
        batch = batch.to(self.device)
        if self.device.type != "cuda":
            return batch
        return Batch(batch.values.contiguous(memory_format=torch.channels_last), batch.votes)

    def _logits(self, values: Tensor) -> Tensor:
        reduced = self.recipe.precision == "bfloat16"
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=reduced):
            return self.predict(values)

    def _watched(self, feed: Any) -> Any:
        """Show a bar to a person; a log gets one line an epoch from `record`."""
        return tqdm(
            feed,
            desc=f"epoch {self.epoch} of {self.recipe.epochs}",
            total=self.steps_per_epoch,
            disable=not (self.processes.is_first and sys.stderr.isatty()),
            leave=False,
        )

    @property
    def steps_per_epoch(self) -> int:
        """Batches an epoch."""
        return math.ceil(len(self.training) / self.recipe.batch_size)

    def lr(self, step: int | None = None) -> float:
        """Learning rate at a step of this epoch (by default at its last)."""
        step = self.steps_per_epoch - 1 if step is None else step
        done = ((self.epoch - 1) * self.steps_per_epoch + step + 1) / (
            self.recipe.epochs * self.steps_per_epoch
        )
        return self.recipe.lr * self.plateau_factor * schedule_factor(self.recipe, done)

    def record(self, row: Row) -> None:
        """Keep an epoch's row, and its weights if they are the best so far."""
        self.history.append(row)
        score = row["validation_mean_iou"]
        if score is None:  # no validation samples: the last weights count as best
            score = float(self.epoch)
        if score > self.best_score:
            self.best_epoch, self.best_score, self.best_state = self.epoch, score, self._weights()
        elif self.recipe.schedule == "plateau" and self._waited() % PLATEAU_PATIENCE == 0:
            self.plateau_factor *= PLATEAU_FACTOR
        if self.processes.is_first:
            log.info(describe(row, self.recipe.labels, self.recipe.epochs))

    def reason_to_stop(self) -> str | None:
        """`all epochs`, `early stopping`, or None while there is something to do."""
        patience = self.recipe.early_stopping
        if self.epoch >= self.recipe.epochs:
            return "all epochs"
        if patience and self._waited() >= patience:
            return "early stopping"
        return None

    def _waited(self) -> int:
        return self.epoch - self.best_epoch

    def _weights(self) -> dict[str, Tensor]:
        return {name: one.detach().cpu().clone() for name, one in self.network.state_dict().items()}

    def state(self) -> dict[str, Any]:
        """Everything a later process needs to go on exactly here."""
        return {
            "network": self._weights(),
            "optimizer": self.optimizer.state_dict(),
            "epoch": self.epoch,
            "history": self.history,
            "best": (self.best_epoch, self.best_score, self.best_state),
            "plateau_factor": self.plateau_factor,
        }

    def restore(self, state: dict[str, Any] | None) -> None:
        """Go back to where a checkpoint was written."""
        if state is None:
            return
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.epoch, self.history = state["epoch"], state["history"]
        self.best_epoch, self.best_score, self.best_state = state["best"]
        self.plateau_factor = state["plateau_factor"]
        if self.processes.is_first:
            log.info("training goes on after epoch %d of %d", self.epoch, self.recipe.epochs)
