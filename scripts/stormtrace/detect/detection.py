"""A year of samples in, a file of masks out, in constant memory."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from stormtrace.commandline import progress
from stormtrace.detect.masks import mask_file
from stormtrace.detect.normalization import Normalization
from stormtrace.detect.reading import open_folder, read_ahead
from stormtrace.detect.runtimes import Segmenter, choose_runtime, make_runtime
from stormtrace.detect.watch import Watch
from stormtrace.errors import BadInput
from stormtrace.files import checksum
from stormtrace.learn.model_folder import WEIGHTS, ModelConfig, load_model

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
    normalization: Normalization | None,
    neutral: Sequence[str],
    choice: Choice,
    attributes: Mapping[str, Any],
) -> None:
    """Write the masks of a year of samples.

    models: one, or the members of an ensemble. normalization: the experiment's choice, or None
    for that of the model's own config.json. neutral: fields that the samples lack; the network
    sees their mean everywhere, so that they speak for nothing.
    """
    config, segmenter = load_segmenter(models, choice.probabilities)
    normalization = normalization or config.normalization
    folder = open_folder(samples, _fields(normalization, neutral))
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
    runtime = prepare(runtime_name, precision=choice.precision, batch=size)
    watch = Watch(folder, config.labels, year)
    if choice.precision != "float32":
        watch.reference = prepare("torch", precision="float32", batch=1)
    with mask_file(
        output,
        folder.grid,
        config.labels,
        {"units": folder.units, "calendar": folder.calendar},
        steps=steps,
        probabilities=choice.probabilities,
        agreement=len(models) > 1,
    ) as writer:
        feed = read_ahead(folder, size, GPU_READERS if on_gpu else 0)
        for batch in progress(feed, f"detecting (batches of {size})", -(-steps // size)):
            outputs = runtime(batch.values)
            watch.look(batch, outputs["mask"])
            writer.write(batch.times, outputs)
        writer.describe(
            year=year,
            model_checksum=" ".join(checksum(one / WEIGHTS) for one in models),
            statistics=normalization.as_json(),
            precision=choice.precision,
            runtime=runtime_name,
            step_hours=folder.step_hours,
            **watch.attributes(),
            **attributes,
        )


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
