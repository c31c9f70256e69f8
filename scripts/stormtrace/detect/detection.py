"""A year of samples in, a file of masks out, in constant memory."""

import logging
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from stormtrace.checkpoints import Checkpoint, file_identity
from stormtrace.classes import Classes
from stormtrace.commandline import progress
from stormtrace.detect.watch import Watch
from stormtrace.errors import BadInput, OutOfTime
from stormtrace.files import checksum
from stormtrace.formats.masks import mask_file
from stormtrace.formats.samples import Batch, SampleFolder, open_folder, read_ahead
from stormtrace.network.model_files import WEIGHTS, ModelConfig, load_model
from stormtrace.network.normalization import Normalization
from stormtrace.network.padding import false_neighbours
from stormtrace.network.runtimes import Segmenter, choose_runtime, make_runtime

log = logging.getLogger("stormtrace")

GPU_BATCH, GPU_READERS = 16, 8
"""Samples at once on a GPU, and processes that read them."""


@dataclass(frozen=True)
class Choice:
    """How to run, as the flags say it."""

    device: torch.device
    runtime: str = "auto"
    precision: str = "float32"
    batch: int | None = None
    threads: int = 1
    probabilities: bool = False


def detect(
    models: Sequence[Path],
    samples: Path,
    output: Path,
    *,
    year: int,
    period: Sequence[str] | None = None,
    normalization: Normalization | None,
    neutral: Sequence[str],
    choice: Choice,
    attributes: Mapping[str, Any],
    checkpoints: Path | None = None,
    time_budget: float = math.inf,
) -> None:
    """Write the masks of a year of samples, going on from where an earlier attempt was stopped.

    models: one, or the members of an ensemble. period: [first moment, first no longer in it] of
    the samples to run on, by default all in the folder. normalization: the experiment's choice, or
    None for that of the model's own config.json. neutral: fields that the samples lack; the network
    sees their mean everywhere, so that they speak for nothing. checkpoints: a folder for what an
    unfinished attempt has made; the masks are the same, bit by bit, however often it was stopped.

    Raises:
        OutOfTime: `time_budget` (seconds, of this call) is used up.

    """
    start = time.monotonic()
    config, segmenter = load_segmenter(models, choice.probabilities)
    normalization = normalization or config.normalization
    folder = open_folder(samples, _fields(normalization, neutral), period)
    if edges := false_neighbours(config.padding, folder.grid):
        log.warning("%s: give it the whole globe, and cut the region from the masks", edges)
    steps, on_gpu = len(folder.paths), choice.device.type == "cuda"
    size = min(choice.batch or (GPU_BATCH if on_gpu else 1), steps)
    cells = steps * folder.grid.lat.size * folder.grid.lon.size
    runtime_name = choose_runtime(choice.runtime, choice.device, choice.precision, cells)
    log.info("%s on %s, %s, batches of %d", runtime_name, choice.device, choice.precision, size)
    prepare = partial(
        make_runtime,
        segmenter=segmenter,
        normalization=normalization,
        shape=folder.grid.shape,
        device=choice.device,
        threads=choice.threads,
    )
    runtime = prepare(runtime_name, precision=choice.precision)
    watch = Watch(folder, config.labels, year)
    if choice.precision != "float32":
        watch.reference = prepare("torch", precision="float32")
    facts: dict[str, str | int | float] = {
        "year": year,
        "model_checksum": " ".join(checksum(one / WEIGHTS) for one in models),
        "statistics": normalization.as_json(),
        "precision": choice.precision,
        "runtime": runtime_name,
        "members": len(models),
    }
    determinants = facts | _further_determinants(folder, choice)
    with mask_file(
        output,
        folder.grid,
        Classes.of_labels(config.labels),
        {"units": folder.units, "calendar": folder.calendar},
        steps=steps,
        probabilities=choice.probabilities,
        members=len(models),
        checkpoint=Checkpoint(checkpoints, str(year), determinants) if checkpoints else None,
    ) as writer:
        for moment, mask in writer.made():
            watch.look(moment, mask)
        if writer.steps:
            log.info("going on after step %d of %d", writer.steps, steps)
        feed = read_ahead(folder, size, GPU_READERS if on_gpu else 0, skip=writer.steps)
        for batch in progress(feed, "steps", steps, done=writer.steps, size=_steps_of):
            outputs = runtime(batch.values)
            for moment, mask in zip(batch.times, outputs["mask"], strict=True):
                watch.look(moment, mask)
            writer.write(batch.times, outputs)
            if time.monotonic() - start > time_budget and writer.steps < steps:
                raise OutOfTime(f"{writer.steps} of {steps} steps are done")
        if edges:
            facts["comment"] = edges
        writer.describe(**facts, **watch.attributes(), **attributes)


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
            f"neutral: the model does not look at {', '.join(sorted(unknown))}, only at "
            f"{', '.join(normalization.fields)}"
        )
    means = zip(normalization.fields, normalization.mean, strict=True)
    return {field: mean if field in neutral else None for field, mean in means}


def load_segmenter(
    models: Sequence[Path], probabilities: bool = False
) -> tuple[ModelConfig, Segmenter]:
    """Load one model, or the members of an ensemble, which must want the same input."""
    loaded = [load_model(folder) for folder in models]
    first = loaded[0][0]
    for folder, (config, _) in zip(models, loaded, strict=True):
        if (config.normalization, config.labels) != (first.normalization, first.labels):
            raise BadInput(
                f"{folder} and {models[0]} cannot be one ensemble: their fields, statistics or "
                "labels differ"
            )
    return first, Segmenter([network for _, network in loaded], probabilities)
