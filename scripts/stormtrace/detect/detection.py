"""A year of samples in, a file of masks out, in constant memory."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from stormtrace.commandline import progress
from stormtrace.detect.masks import MaskWriter, mask_file
from stormtrace.detect.normalization import Normalization
from stormtrace.detect.reading import Sample, SampleFolder, open_folder, read_ahead
from stormtrace.detect.runtimes import Outputs, Runtime, Segmenter, choose_runtime, make_runtime
from stormtrace.errors import BadInput
from stormtrace.files import checksum
from stormtrace.learn.model_folder import WEIGHTS, ModelConfig, load_model
from stormtrace.learn.scores import Confusion, by_label, confusion_matrix, iou

log = logging.getLogger("stormtrace")

CHECKED_STEPS = 3
"""Steps a reduced precision is compared with float32 on: the first, the middle and the last."""

READERS = 8
"""Processes that read samples for a GPU."""


@dataclass(frozen=True)
class Choice:
    """How to run, as the flags say it."""

    device: torch.device
    runtime: str = "auto"
    precision: str = "float32"
    batch: int | None = None
    threads: int = 1
    probabilities: bool = False


@dataclass
class Watch:
    """What must not pass in silence: blank maps, and how far a reduced precision strays."""

    labels: Sequence[str]
    blank: list[str] = field(default_factory=list)
    confusion: Confusion | None = None
    compared: int = 0

    def look(self, date: str, mask: NDArray[np.int8]) -> None:
        """Note a step on which nothing was found."""
        if not mask.any():
            self.blank.append(date)

    def compare(self, reference: NDArray[np.int8], mask: NDArray[np.int8]) -> None:
        """Count cells by (float32's class, this precision's class)."""
        matrix = confusion_matrix(reference, mask, len(self.labels))
        self.confusion = matrix if self.confusion is None else self.confusion + matrix
        self.compared += len(mask)

    def attributes(self) -> dict[str, str | int]:
        """Return what goes into the mask file."""
        found: dict[str, str | int] = {"blank_steps": len(self.blank)}
        if self.confusion is not None:
            agreement = {
                "steps": self.compared,
                "equal_cells": float(np.trace(self.confusion) / self.confusion.sum()),
                "iou": by_label(iou(self.confusion), self.labels),
            }
            found["agreement_with_float32"] = json.dumps(agreement)
        return found

    def report(self, steps: int) -> None:
        """Log blank maps."""
        if self.blank:
            several = ", …" if len(self.blank) > 3 else ""
            log.warning(
                "%d of %d masks are blank (%s%s): right where there is no weather, else look at "
                "the statistics and the fields",
                len(self.blank),
                steps,
                ", ".join(self.blank[:3]),
                several,
            )


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
    runtime_name, runtime, batch = _runtime(segmenter, folder, choice)
    reference = _reference(segmenter, folder, choice)
    watch = Watch(config.labels)
    with mask_file(
        output,
        folder.grid,
        config.labels,
        {"units": folder.units, "calendar": folder.calendar},
        steps=len(folder.paths),
        probabilities=choice.probabilities,
        agreement=len(models) > 1,
    ) as writer:
        workers = READERS if choice.device.type == "cuda" else 0
        feed = read_ahead(folder, batch, workers)
        total = -(-len(folder.paths) // batch)
        last = -np.inf
        for group in progress(feed, f"detecting (batches of {batch})", total):
            last = _check_times(folder, group, year, last)
            values = normalization.apply(np.stack([one.values for one in group]))
            outputs = runtime(values)
            _watch(watch, folder, group, outputs, reference, values, writer)
            writer.write([one.time for one in group], outputs)
        watch.report(len(folder.paths))
        writer.describe(
            year=year,
            model_checksum=" ".join(checksum(folder / WEIGHTS) for folder in models),
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


def _runtime(
    segmenter: Segmenter, folder: SampleFolder, choice: Choice
) -> tuple[str, Runtime, int]:
    cells = folder.grid.lat.size * folder.grid.lon.size
    name = choose_runtime(choice.runtime, choice.device, cells * len(folder.paths))
    batch = choice.batch or (16 if choice.device.type == "cuda" else 1)
    batch = min(batch, len(folder.paths))
    runtime = make_runtime(
        name,
        segmenter,
        (len(folder.fields), *folder.grid.shape),
        device=choice.device,
        precision=choice.precision,
        batch=batch,
        threads=choice.threads,
    )
    log.info("%s on %s, %s, batches of %d", name, choice.device, choice.precision, batch)
    return name, runtime, batch


def _reference(segmenter: Segmenter, folder: SampleFolder, choice: Choice) -> Runtime | None:
    if choice.precision == "float32":
        return None
    return make_runtime(
        "torch",
        segmenter,
        (len(folder.fields), *folder.grid.shape),
        device=choice.device,
        precision="float32",
        batch=1,
        threads=choice.threads,
    )


def _check_times(folder: SampleFolder, group: Sequence[Sample], year: int, last: float) -> float:
    for sample in group:
        date = folder.date(sample.time)
        if date.year != year:
            raise BadInput(
                f"a sample of {date} lies among those of {year}: {folder.paths[0].parent}"
            )
        if sample.time <= last:
            raise BadInput(
                f"the samples in {folder.paths[0].parent} are not in order of time at {date}: "
                "a time is there twice, or a name does not match its time"
            )
        last = sample.time
    return last


def _watch(
    watch: Watch,
    folder: SampleFolder,
    group: Sequence[Sample],
    outputs: Outputs,
    reference: Runtime | None,
    values: NDArray[np.float32],
    writer: MaskWriter,
) -> None:
    count = len(folder.paths)
    checked = {0, count // 2, count - 1}
    for position, sample in enumerate(group):
        mask = outputs["mask"][position : position + 1]
        watch.look(str(folder.date(sample.time)), mask)
        if reference is not None and writer.steps + position in checked:
            watch.compare(reference(values[position : position + 1])["mask"], mask)
