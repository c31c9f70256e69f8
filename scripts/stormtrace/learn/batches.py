"""Labelled samples as batches for training: read ahead, augmented, normalized, reproducible.

Everything random is drawn from (seed, epoch, position), never from a state that a restart would
lose: so a resumed training sees the same batches as one that was never stopped.
"""

from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stormtrace.formats.labelled import LabelledFile, by_time, read_labelled
from stormtrace.formats.netcdf import NETCDF, reading_threads
from stormtrace.grids import Grid
from stormtrace.learn.augment import Augmentation
from stormtrace.network.devices import memory_format
from stormtrace.network.normalization import Normalization
from stormtrace.network.plausible_input import PlausibleInput
from stormtrace.network.predictor import classes_of

#: Threads that make batches, and number of batches made ahead.
READERS = 4

#: Keeps a share of no votes at all (all of no confidence) from being no number.
TINY = 1e-12


@dataclass(frozen=True)
class TrainingSample:
    """What the network learns from: raw fields, and how many experts voted for each class.

    values: (fields, ny, nx); votes: (classes, ny, nx), whose sum over classes is the number of
    labellings that looked at a cell; confident: the same, each vote counting as much as its
    expert was sure of it, or None if all count the same; seen: share of the cells that anybody
    looked at.
    """

    values: NDArray[np.float32]
    votes: NDArray[np.uint8]
    confident: NDArray[np.float32] | None = None
    seen: float = 1.0

    @property
    def nbytes(self) -> int:
        """Bytes of memory it takes."""
        arrays = (self.values, self.votes, self.confident)
        return sum(one.nbytes for one in arrays if one is not None)


@dataclass
class TrainingSet:
    """Groups of files on one grid, each one training sample (several labellings: soft labels).

    Samples stay in memory up to `cache_bytes`; beyond that they are read again every epoch.
    weigh_confidence: whether a vote counts as much as its annotator was sure of it.
    count_votes: whether a time counts as often as experts labelled it.
    """

    groups: list[list[Path]]
    normalization: Normalization
    classes: int
    grid: Grid
    cache_bytes: int
    weigh_confidence: bool = False
    count_votes: bool = False
    cache: dict[int, TrainingSample] = field(default_factory=dict)
    _cached_bytes: int = 0

    def __len__(self) -> int:
        return len(self.groups)

    def read(self, index: int) -> TrainingSample:
        """Return one sample, from memory if it was read before and there was room."""
        with NETCDF:
            if index in self.cache:
                return self.cache[index]
            sample = self._read_group(self.groups[index])
            if self._cached_bytes + sample.nbytes <= self.cache_bytes:
                self.cache[index] = sample
                self._cached_bytes += sample.nbytes
        return sample

    def _read_group(self, paths: Sequence[Path]) -> TrainingSample:
        fields = self.normalization.fields
        samples = [read_labelled(path, fields, self.classes, self.grid) for path in paths]
        PlausibleInput(self.normalization).check(samples[0].values, paths[0])
        codes = np.arange(self.classes, dtype=np.uint8)[:, None, None]
        voted = [(one.labels == codes).astype(np.uint8) for one in samples]
        votes = np.asarray(sum(voted), np.uint8)
        seen = float(votes.any(axis=0).mean())
        if not self.weigh_confidence:
            return TrainingSample(samples[0].values, votes, seen=seen)
        sure = [np.float32(1) if one.confidence is None else one.confidence for one in samples]
        confident = np.sum([vote * one for vote, one in zip(voted, sure, strict=True)], axis=0)
        return TrainingSample(samples[0].values, votes, confident.astype(np.float32), seen)


def make_training_set(
    files: Sequence[LabelledFile],
    normalization: Normalization,
    classes: int,
    grid: Grid,
    labellings: str,
    cache_bytes: int = 2 * 2**30,
    weigh_confidence: bool = False,
    count_votes: bool = False,
) -> TrainingSet:
    """Group files: each by itself (`separate`), or all labellings of a time together (`soft`)."""
    if labellings == "separate":
        groups = [[file.path] for file in files]
    else:
        groups = [[file.path for file in group] for group in by_time(files).values()]
    return TrainingSet(
        groups, normalization, classes, grid, cache_bytes, weigh_confidence, count_votes
    )


@dataclass(frozen=True)
class Batch:
    """A batch on its way to the device.

    values: (b, fields, ny, nx) float32, normalized; votes: (b, classes, ny, nx) uint8; confident:
    see `TrainingSample`; count_votes: see `TrainingSet`; seen: (b,) shares of the cells that
    anybody looked at: others have no votes, and do not count.
    """

    values: Tensor
    votes: Tensor
    confident: Tensor | None = None
    count_votes: bool = False
    seen: tuple[float, ...] = ()

    def target(self) -> Tensor:
        """Share of the votes, float32 (b, classes, lat, lon)."""
        votes = self.votes.float() if self.confident is None else self.confident
        return votes / votes.sum(dim=1, keepdim=True).clamp(min=TINY)

    def weight(self) -> Tensor | None:
        """What each cell counts in the loss, (b, 1, lat, lon); None: all count the same."""
        all_seen = all(share == 1 for share in self.seen)
        if self.confident is None and not self.count_votes and all_seen:
            return None
        votes = self.votes.sum(dim=1, keepdim=True, dtype=torch.float32)
        weight = votes if self.confident is None else self.confident.sum(dim=1, keepdim=True)
        return weight if self.count_votes else weight / votes.clamp(min=1)

    def to(self, device: torch.device) -> "Batch":
        """Copy to the device, while it still works on the batch before."""
        values, votes, confident = (
            None if one is None else one.to(device, non_blocking=True)
            for one in (self.values, self.votes, self.confident)
        )
        assert values is not None and votes is not None
        values = values.contiguous(memory_format=memory_format(device))
        return replace(self, values=values, votes=votes, confident=confident)

    def pinned(self) -> "Batch":
        """Return itself in memory from which a GPU copies in the background."""
        confident = None if self.confident is None else self.confident.pin_memory()
        values, votes = self.values.pin_memory(), self.votes.pin_memory()
        return replace(self, values=values, votes=votes, confident=confident)


def epoch_order(count: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Return the order of samples in an epoch: a permutation drawn from (seed, epoch)."""
    return np.random.default_rng((seed, epoch)).permutation(count)


def batches(
    samples: TrainingSet,
    order: Sequence[int] | NDArray[np.int64],
    batch_size: int,
    *,
    augmentation: Augmentation | None = None,
    seed: tuple[int, ...] = (),
    part: tuple[int, int] = (0, 1),
    pin: bool = False,
) -> Generator[Batch]:
    """Yield batches of the samples in `order`; the next ones are made while one is in use.

    part: (rank, processes): of every batch this process gets its slice, and `batch_size` is that
    of all processes together.
    """
    rank, processes = part

    def make(start: int) -> Batch:
        chosen = list(enumerate(order[start : start + batch_size], start))
        return _make_batch(samples, chosen[rank::processes], augmentation, seed, pin)

    starts = iter(range(0, len(order), batch_size))
    with reading_threads(READERS) as readers:
        ahead = deque(readers.submit(make, start) for start in islice(starts, READERS))
        while ahead:
            batch = ahead.popleft().result()
            ahead.extend(readers.submit(make, start) for start in islice(starts, 1))
            yield batch


def _make_batch(
    samples: TrainingSet,
    chosen: Sequence[tuple[int, int]],
    augmentation: Augmentation | None,
    seed: tuple[int, ...],
    pin: bool,
) -> Batch:
    made = []
    for position, index in chosen:
        sample = samples.read(int(index))
        if augmentation is not None:
            sample = _augmented(sample, augmentation, np.random.default_rng((*seed, position)))
        made.append(sample)
    confident = [one.confident for one in made if one.confident is not None]
    batch = Batch(
        torch.from_numpy(np.stack([samples.normalization.apply(one.values) for one in made])),
        torch.from_numpy(np.stack([one.votes for one in made])),
        torch.from_numpy(np.stack(confident)) if confident else None,
        samples.count_votes,
        tuple(one.seen for one in made),
    )
    return batch.pinned() if pin else batch


def _augmented(
    sample: TrainingSample, augmentation: Augmentation, generator: np.random.Generator
) -> TrainingSample:
    if sample.confident is None:
        values, votes = augmentation.apply(sample.values, sample.votes, generator)
        return TrainingSample(values, votes, seen=sample.seen)
    maps = np.concatenate([sample.votes.astype(np.float32), sample.confident])
    values, maps = augmentation.apply(sample.values, maps, generator)
    votes, confident = np.split(maps, 2)
    return TrainingSample(values, votes.astype(np.uint8), confident, sample.seen)


def count_votes(logits: Tensor, votes: Tensor) -> Tensor:
    """Confusion matrix int64 (classes, classes): each labelling that looked at a cell counts once.

    logits, votes: (b, classes, h, w).
    """
    classes = logits.shape[1]
    prediction = classes_of(logits)[:, None]
    columns = [
        torch.where(prediction == code, votes, 0).sum(dim=(0, 2, 3)) for code in range(classes)
    ]
    return torch.stack(columns, dim=1)
