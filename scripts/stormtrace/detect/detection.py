"""Detection: a year of samples in, a file of masks out, in constant memory."""

import logging
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stormtrace.checkpoints import Checkpoint, file_identity
from stormtrace.class_table import ClassTable
from stormtrace.classes import Classes
from stormtrace.commandline import progress
from stormtrace.detect.adjustment import Asked, adjusted, facts_of
from stormtrace.detect.expected_steps import MissingSteps, count_missing
from stormtrace.detect.network_run import (
    Choice,
    NetworkRun,
    fields_of,
    load_members,
    prepare_run,
)
from stormtrace.detect.plausibility import impossible_means, unlike_samples
from stormtrace.detect.reading_ahead import read_ahead
from stormtrace.detect.reading_processes import read_in_processes
from stormtrace.errors import OutOfTime
from stormtrace.formats.masks import MaskWriter, mask_file
from stormtrace.formats.samples import Batch, SampleFolder, open_folder
from stormtrace.grids import Grid
from stormtrace.grids.spacing import spacing_of
from stormtrace.network.identity import model_checksum
from stormtrace.network.model_files import ModelConfig
from stormtrace.network.normalization import Normalization
from stormtrace.network.padding import false_neighbours
from stormtrace.network.trained_grid import unknown_grid

log = logging.getLogger("stormtrace")

#: What to do about opposite edges that a network joins: it depends on what it was trained on.
AT_EDGES = (
    "a network trained on the whole globe is run on the whole globe, and the region cut from the"
    " masks; one trained on maps of this region, such as a polar square, has learned with these"
    " edges and is run as it is"
)


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
    adjust: Sequence[Asked] = (),
    choice: Choice,
    attributes: Mapping[str, Any],
    table: ClassTable | None = None,
    doubts: Sequence[str] = (),
    checkpoints: Path | None = None,
    time_budget: float = math.inf,
) -> None:
    """Write the masks of a year of samples, continuing where an earlier attempt was stopped.

    models: one, or the members of an ensemble. periods: [first moment, first no longer in it] of
    the stretches of time to run on, by default all in the folder. missing_steps: whether steps of
    those may have no sample; by default, nobody asks. normalization: the experiment's choice, or
    None for that of the model's own config.json. neutral: fields that the samples lack; the network
    sees their mean everywhere, so that they have no say. adjust: fields whose climatology becomes
    that of another dataset (`detect.adjustment`). table: the study's `classes:`.
    doubts: what the caller doubts already, a sentence each.
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
    folder = open_folder(samples, fields_of(normalization, neutral), period)
    folder = adjusted(folder, adjust, str(attributes.get("dataset", "")))
    missing = count_missing(folder, periods, missing_steps) if periods and missing_steps else None
    doubts = [
        *doubts,
        *impossible_means(normalization, str(models[0])),
        *unlike_samples(normalization, folder, neutral),
        *_unknown_grid(config, models[0].name, folder.grid, choice),
    ]
    for doubt in doubts:
        log.warning("%s", doubt)
    run = prepare_run(members, normalization, folder, neutral, choice, year)
    facts: dict[str, str | int | float] = {
        "year": year,
        "model_checksum": " ".join(model_checksum(*member) for member in members),
        "statistics": normalization.as_json(),
        **run.facts(),
        "members": len(members),
        **facts_of(folder.adjust),
    }
    if edges := false_neighbours(config.padding, run.learned or folder.grid):
        log.warning("%s; %s", edges, AT_EDGES)
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
        if choice.blank == "refuse":
            run.watch.refuse_blank()
        writer.describe(**facts, **run.watch.attributes(), **attributes)


def _write_steps(
    writer: MaskWriter, run: NetworkRun, folder: SampleFolder, deadline: float
) -> None:
    """Write the masks of all steps that are missing, checking those that are there, too."""
    steps = len(folder.paths)
    for moment, mask in writer.made():
        run.watch.check(moment, mask)
    if writer.steps:
        log.info("continuing after step %d of %d", writer.steps, steps)
    feed = (
        read_in_processes(folder, run.size, run.readers, writer.steps, run.check)
        if run.readers
        else read_ahead(folder, run.size, writer.steps, run.check)
    )
    for batch in progress(feed, "steps", steps, done=writer.steps, size=_steps_of):
        outputs = run.runtime(batch.values)
        for moment, mask in zip(batch.times, outputs["mask"], strict=True):
            run.watch.check(moment, mask)
        writer.write(batch.times, outputs)
        if time.monotonic() > deadline and writer.steps < steps:
            raise OutOfTime(f"{writer.steps} of {steps} steps are done")


def _unknown_grid(config: ModelConfig, model: str, grid: Grid, choice: Choice) -> list[str]:
    if choice.regrid_to_learned:
        return []
    return unknown_grid(config.content, model, spacing_of(grid))


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
