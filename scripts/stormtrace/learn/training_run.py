"""One training at work: network, optimizer and samples, and a pass over them."""

import logging
import math
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from stormtrace.errors import BadInput
from stormtrace.formats.labelled import (
    LabelledFile,
    attributes_of,
    grid_of,
    split_by_time,
)
from stormtrace.learn.augment import make_augmentation
from stormtrace.learn.bar import bar
from stormtrace.learn.batches import Batch, batches, count_votes, epoch_order, make_training_set
from stormtrace.learn.losses import LOSSES
from stormtrace.learn.optimization import make_optimizer, schedule_factor
from stormtrace.learn.processes import Processes, share_batch_norm, share_gradients
from stormtrace.learn.recipe import Recipe
from stormtrace.learn.standing import Standing
from stormtrace.learn.training_checks import check_batch_size, compiled, weighs_confidence
from stormtrace.learn.weight_average import WeightAverage
from stormtrace.network.architectures import make_network
from stormtrace.network.devices import memory_format
from stormtrace.network.normalization import Normalization
from stormtrace.network.padding import check_padding, false_neighbours, suit_grid

log = logging.getLogger("stormtrace")

#: Memory for samples, GB: all of ClimateNet's where a GPU waits for them.
CACHE_GB = {"cpu": 2, "mps": 4, "cuda": 16}


class TrainingRun:
    """Network, optimizer and samples of one training, and a pass over them."""

    def __init__(
        self,
        recipe: Recipe,
        files: Sequence[LabelledFile],
        normalization: Normalization,
        device: torch.device,
        processes: Processes,
    ) -> None:
        check_batch_size(recipe, recipe.batch_size, processes)
        grid = grid_of(files)
        check_padding(recipe.padding, grid)
        if edges := false_neighbours(recipe.padding, grid):
            log.warning("%s: use padding: replicate", edges)
        self.recipe, self.device, self.processes = recipe, device, processes
        self.standing = Standing(recipe)
        make_set = partial(
            make_training_set,
            normalization=normalization,
            classes=len(recipe.labels),
            grid=grid,
            labellings=recipe.labellings,
            cache_bytes=CACHE_GB[device.type] * 2**30,
            weigh_confidence=weighs_confidence(recipe, files),
            count_votes=bool(recipe.count_votes),
        )
        self.training, self.validation = map(make_set, split_by_time(files, recipe.validation))
        # No sample is seen twice in a step: a set smaller than a batch is the batch.
        self.batch_size = min(recipe.batch_size, len(self.training))
        check_batch_size(recipe, self.batch_size, processes)
        attributes = attributes_of(files[0].path, recipe.fields)
        self.augmentation = make_augmentation(recipe.augment, recipe.fields, grid, attributes)
        self.network = _make_network(recipe, device, processes)
        suit_grid(self.network, grid)
        shared = share_gradients(self.network, processes, device)
        self.predict: Callable[[Tensor], Tensor] = compiled(shared) if recipe.compile else shared
        self.average = (
            WeightAverage(self.network, recipe.weight_average) if recipe.weight_average else None
        )
        self.optimizer = make_optimizer(recipe, self.network)
        self.loss = LOSSES[recipe.loss]
        self.steps = math.ceil(len(self.training) / self.batch_size)

    def describe(self) -> str:
        """Return one line for the log: what is trained, where, and on how many samples."""
        recipe, epoch = self.recipe, self.standing.epoch
        return (
            f"{recipe.name}: {recipe.architecture} on {self.device}, {self.processes.count} "
            f"process(es), {len(self.training)} training samples, {len(self.validation)} to "
            f"choose the best epoch"
            + (", all in one step" if self.batch_size < recipe.batch_size else "")
            + (f"; continuing after epoch {epoch}" if epoch else "")
        )

    def as_checkpoint(self) -> dict[str, Any]:
        """Return everything that the next epoch depends on, in types a checkpoint may hold."""
        return {
            "network": _copied(self.network),
            **({"average": self.average.as_checkpoint()} if self.average else {}),
            "optimizer": self.optimizer.state_dict(),
            "standing": self.standing.as_checkpoint(),
        }

    def restore(self, checkpoint: dict[str, Any] | None) -> None:
        """Return to the state that `as_checkpoint` has kept, if there is one."""
        if checkpoint is not None:
            self.network.load_state_dict(checkpoint["network"])
            self.optimizer.load_state_dict(checkpoint["optimizer"])
            self.standing.restore(checkpoint["standing"])
            if self.average:
                self.average.restore(checkpoint["average"])

    def learn(self) -> tuple[float, NDArray[np.int64]]:
        """Take a pass over the training samples; return its mean loss and confusion matrix.

        Raises:
            BadInput: nobody looked at any cell of them.

        """
        self.network.train()
        self._seed_dropout()
        losses, confusions = [], []
        with closing(self._training_batches()) as feed:
            for step, batch in enumerate(feed):
                loss, confusion = self.step(batch, self.lr(step))
                if any(batch.seen):
                    losses.append(loss)
                confusions.append(confusion)
        loss_and_confusion = self._sum_up(losses, confusions)
        if not loss_and_confusion[1].any():
            raise BadInput(
                f"model {self.recipe.name}: LABELS is missing in every cell of the "
                f"{len(self.training)} training samples, so there is nothing to learn: check the "
                "labels' region and mask, or the code that LABELS declares as _FillValue"
            )
        return loss_and_confusion

    def step(self, batch: Batch, lr: float) -> tuple[Tensor, Tensor]:
        """Learn from one batch on the device; return its loss and confusion matrix, there too."""
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        logits = self._logits(batch)
        loss = self.loss(logits, batch.target(), self.processes.total, batch.weight())
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
        if self.average:
            self.average.update(self.network)
        return loss.detach(), count_votes(logits.detach(), batch.votes)

    @torch.no_grad()
    def validate(self) -> tuple[float, NDArray[np.int64]]:
        """Return the mean loss of a validation sample, and the confusion matrix of all."""
        self.network.eval()
        mine = np.arange(len(self.validation))[self.processes.rank :: self.processes.count]
        losses, confusions = [], []
        with closing(batches(self.validation, mine, self.recipe.batch_size)) as feed:
            for batch in feed:
                batch = batch.to(self.device)
                logits, target = self._logits(batch, self.average), batch.target()
                weight = batch.weight()
                weights = [None] * len(logits) if weight is None else weight.split(1)
                each = zip(logits.split(1), target.split(1), weights, batch.seen, strict=True)
                losses += [
                    self.loss(one, truth, lambda x: x, counts)
                    for one, truth, counts, seen in each
                    if seen
                ]
                confusions.append(count_votes(logits, batch.votes))
        return self._sum_up(losses, confusions)

    def lr(self, step: int | None = None) -> float:
        """Return the learning rate at a step of this epoch (by default at its last)."""
        step = self.steps - 1 if step is None else step
        taken = (self.standing.epoch - 1) * self.steps + step + 1
        done = taken / (self.recipe.epochs * self.steps)
        return self.recipe.lr * self.standing.plateau_factor * schedule_factor(self.recipe, done)

    def weights(self) -> dict[str, Tensor]:
        """Return a copy, on the CPU, of the state that is validated: the network's or the mean."""
        return _copied(self.average.network if self.average else self.network)

    def _training_batches(self) -> Generator[Batch]:
        """Yield this epoch's batches on the device, reporting progress."""
        recipe, epoch = self.recipe, self.standing.epoch
        order = epoch_order(len(self.training), recipe.seed, epoch)
        # The last batch is filled from the start of the order: every step sees as many samples.
        order = np.resize(order, self.steps * self.batch_size)
        feed = batches(
            self.training,
            order,
            self.batch_size,
            augmentation=self.augmentation,
            seed=(recipe.seed, epoch),
            part=(self.processes.rank, self.processes.count),
            pin=self.device.type == "cuda",
        )
        title = f"epoch {epoch} of {recipe.epochs}"
        with closing(feed):
            for batch in bar(feed, title, self.steps) if self.processes.is_first else feed:
                yield batch.to(self.device)

    def _seed_dropout(self) -> None:
        """Seed the network's own random numbers, so that a resumed epoch repeats a whole run's.

        Each process draws its own, the only thing that depends on their number (CGNet draws none).
        """
        origin = (self.recipe.seed, self.standing.epoch, self.processes.rank)
        torch.manual_seed(int(np.random.SeedSequence(origin).generate_state(1)[0]))

    def _logits(self, batch: Batch, average: WeightAverage | None = None) -> Tensor:
        reduced = self.recipe.precision == "bfloat16"
        predict = average.network if average else self.predict
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=reduced):
            return predict(batch.values)

    def _sum_up(
        self, losses: Sequence[Tensor], confusions: Sequence[Tensor]
    ) -> tuple[float, NDArray[np.int64]]:
        """Return the mean of the losses and the sum of the matrices, over all processes."""
        classes = len(self.recipe.labels)
        loss = torch.zeros(2, dtype=torch.float64)  # on the CPU: Apple's GPUs have no float64
        counts = torch.zeros((classes, classes), dtype=torch.int64)
        if losses:
            loss[0], loss[1] = torch.stack(list(losses)).cpu().double().sum(), len(losses)
        if confusions:
            counts = torch.stack(list(confusions)).sum(dim=0).cpu()
        loss, counts = self.processes.total(loss), self.processes.total(counts)
        return float(loss[0] / loss[1]), counts.numpy()


def _copied(network: nn.Module) -> dict[str, Tensor]:
    return {
        name: one.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, one in network.state_dict().items()
    }


def _make_network(recipe: Recipe, device: torch.device, processes: Processes) -> nn.Module:
    torch.manual_seed(recipe.seed)
    # That is `use_deterministic_algorithms`, which loads torch's compiler: a second.
    torch.set_deterministic_debug_mode("error" if device.type == "cpu" else "default")
    # 5 % of a step; nothing reads it.
    setattr(torch.utils.deterministic, "fill_uninitialized_memory", False)  # noqa: B010 - for mypy
    network = make_network(
        recipe.architecture, len(recipe.fields), len(recipe.labels), recipe.padding
    ).to(device)
    network = network.to(memory_format=memory_format(device))  # type: ignore[call-overload]
    return share_batch_norm(network, processes, device)
