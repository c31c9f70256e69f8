"""Detection: a year of samples in, a file of masks out, in constant memory."""

import logging
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from stormtrace.checkpoints import Checkpoint, file_identity
from stormtrace.class_table import ClassTable
from stormtrace.classes import Classes
from stormtrace.commandline import progress
from stormtrace.detect.expected_steps import MissingSteps, count_missing
from stormtrace.detect.plausibility import impossible_means, unlike_samples
from stormtrace.detect.reading_ahead import read_ahead
from stormtrace.detect.watch import Watch
from stormtrace.errors import BadInput, OutOfTime
from stormtrace.formats.masks import MaskWriter, mask_file
from stormtrace.formats.samples import Batch, SampleFolder, open_folder
from stormtrace.grids.spacing import spacing_of
from stormtrace.network.identity import model_checksum
from stormtrace.network.model_files import ModelConfig, load_model
from stormtrace.network.normalization import Normalization
from stormtrace.network.padding import false_neighbours, suit_grid
from stormtrace.network.runtimes import Runtime, Segmenter, choose_runtime, make_runtime
from stormtrace.network.trained_grid import unknown_grid

log = logging.getLogger("stormtrace")

#: Samples at once on a GPU, and processes that read them.
GPU_BATCH, GPU_READERS = 16, 8


Member = tuple[ModelConfig, nn.Module]


@dataclass(frozen=True)
class Choice:
    """How to run: the flags of the script."""

    device: torch.device
    runtime: str = "auto"
    precision: str = "float32"
    batch: int | None = None
    threads: int = 1
    probabilities: bool = False
    #: Folder for what OpenVINO compiles, which the next job of the model reads.
    kept: Path | None = None


def detect(
    models: Sequence[Path],
    samples: Path,
    output: Path,
    *,
    year: int,
    periods: Sequence[Sequence[str]] = (),
    missing_steps: MissingSteps | None = None,
    normalization: Normalization | None,
    neutral: Sequence[str],
    choice: Choice,
    attributes: Mapping[str, Any],
    table: ClassTable | None = None,
    checkpoints: Path | None = None,
    time_budget: float = math.inf,
) -> None:
    """Write the masks of a year of samples, continuing where an earlier attempt was stopped.

    models: one, or the members of an ensemble. periods: [first moment, first no longer in it] of
    the stretches of time to run on, by default all in the folder. missing_steps: whether steps of
    those may have no sample; by default, nobody asks. normalization: the experiment's choice, or
    None for that of the model's own config.json. neutral: fields that the samples lack; the network
    sees their mean everywhere, so that they have no say. table: the study's `classes:`.
    checkpoints: a folder for what an unfinished attempt has made; the masks are the same, bit by
    bit, however often it was stopped.

    Raises:
        BadInput: steps are missing and may not, or one of the inputs is not as it must be.
        OutOfTime: `time_budget` (seconds, of this call) is used up.

    """
    start = time.monotonic()
    members = load_members(models)
    config = members[0][0]
    classes = Classes.of_labels(config.labels, table)
    normalization = normalization or config.normalization
    period = [periods[0][0], periods[-1][1]] if periods else None
    folder = open_folder(samples, _fields(normalization, neutral), period)
    missing = count_missing(folder, periods, missing_steps) if periods and missing_steps else None
    doubts = [
        *impossible_means(normalization, str(models[0])),
        *unlike_samples(normalization, folder, neutral),
        *unknown_grid(config.content, models[0].name, spacing_of(folder.grid)),
    ]
    for doubt in doubts:
        log.warning("%s", doubt)
    run = _prepare(members, normalization, folder, choice, year)
    facts: dict[str, str | int | float] = {
        "year": year,
        "model_checksum": " ".join(model_checksum(*member) for member in members),
        "statistics": normalization.as_json(),
        "precision": choice.precision,
        "runtime": run.name,
        "members": len(members),
    }
    if edges := false_neighbours(config.padding, folder.grid):
        log.warning("%s: run it on the whole globe, and cut the region from the masks", edges)
        facts["comment"] = edges
    if period is not None:
        facts["period"] = "/".join(period)  # an interval of ISO 8601
    if missing is not None:
        facts["missing_steps"] = missing
    if missing:
        log.warning("%s: %d expected steps have no sample", samples, missing)
    if doubts:
        facts["doubts"] = "\n".join(doubts)
    determinants = facts | _further_determinants(folder, choice)
    with mask_file(
        output,
        folder.grid,
        classes,
        {"units": folder.units, "calendar": folder.calendar},
        steps=len(folder.paths),
        probabilities=choice.probabilities,
        members=len(members),
        checkpoint=Checkpoint(checkpoints, str(year), determinants) if checkpoints else None,
    ) as writer:
        _write_steps(writer, run, folder, start + time_budget)
        writer.describe(**facts, **run.watch.attributes(), **attributes)


@dataclass(frozen=True)
class _Run:
    """The runtime called `name`, for batches of `size` read by `readers` processes."""

    name: str
    runtime: Runtime
    watch: Watch
    size: int
    readers: int


def _prepare(
    members: Sequence[Member],
    normalization: Normalization,
    folder: SampleFolder,
    choice: Choice,
    year: int,
) -> _Run:
    """Choose and set up the runtime, and a float32 one to compare a reduced precision with."""
    config, segmenter = members[0][0], make_segmenter(members, choice.probabilities)
    suit_grid(segmenter, folder.grid)
    steps, on_gpu = len(folder.paths), choice.device.type == "cuda"
    size = min(choice.batch or (GPU_BATCH if on_gpu else 1), steps)
    cells = steps * folder.grid.size
    name = choose_runtime(choice.runtime, choice.device, choice.precision, cells)
    log.info("%s on %s, %s, batches of %d", name, choice.device, choice.precision, size)
    prepare = partial(
        make_runtime,
        segmenter=segmenter,
        normalization=normalization,
        shape=folder.grid.shape,
        device=choice.device,
        threads=choice.threads,
        kept=choice.kept,
    )
    watch = Watch(folder, config.labels, year)
    runtime = prepare(name, precision=choice.precision)
    if choice.precision != "float32":
        watch.reference = prepare("torch", precision="float32")
    return _Run(name, runtime, watch, size, GPU_READERS if on_gpu else 0)


def _write_steps(writer: MaskWriter, run: _Run, folder: SampleFolder, deadline: float) -> None:
    """Write the masks of all steps that are missing, checking those that are there, too."""
    steps = len(folder.paths)
    for moment, mask in writer.made():
        run.watch.check(moment, mask)
    if writer.steps:
        log.info("continuing after step %d of %d", writer.steps, steps)
    feed = read_ahead(folder, run.size, run.readers, skip=writer.steps)
    for batch in progress(feed, "steps", steps, done=writer.steps, size=_steps_of):
        outputs = run.runtime(batch.values)
        for moment, mask in zip(batch.times, outputs["mask"], strict=True):
            run.watch.check(moment, mask)
        writer.write(batch.times, outputs)
        if time.monotonic() > deadline and writer.steps < steps:
            raise OutOfTime(f"{writer.steps} of {steps} steps are done")


def _steps_of(batch: Batch) -> int:
    return len(batch.times)


def _further_determinants(folder: SampleFolder, choice: Choice) -> dict[str, Any]:
    """Return what masks depend on besides the facts in their file, in types of JSON."""
    return {
        "device": choice.device.type,
        "probabilities": choice.probabilities,
        "fields": dict(folder.fields),
        "samples": [file_identity(path) for path in folder.paths],
    }


def _fields(normalization: Normalization, neutral: Sequence[str]) -> dict[str, float | None]:
    if unknown := set(neutral) - set(normalization.fields):
        raise BadInput(
            f"neutral: {', '.join(sorted(unknown))} is not a field of the model, which are "
            f"{', '.join(normalization.fields)}"
        )
    means = zip(normalization.fields, normalization.mean, strict=True)
    return {field: mean if field in neutral else None for field, mean in means}


def load_members(models: Sequence[Path]) -> list[Member]:
    """Load one model, or the members of an ensemble.

    Raises:
        BadInput: members differ in fields, statistics or labels.

    """
    members = [load_model(folder) for folder in models]
    first = members[0][0]
    for folder, (config, _) in zip(models, members, strict=True):
        if (config.normalization, config.labels) != (first.normalization, first.labels):
            raise BadInput(
                f"{folder} and {models[0]} cannot be one ensemble: their fields, statistics or "
                "labels differ"
            )
    return members


def make_segmenter(members: Sequence[Member], probabilities: bool = False) -> Segmenter:
    """Return the networks of the members as one."""
    return Segmenter([network for _, network in members], probabilities)
