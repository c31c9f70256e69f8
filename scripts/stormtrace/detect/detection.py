"""Detection: a year of samples in, a file of masks out, in constant memory."""

import logging
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stormtrace import commandline
from stormtrace.checkpoints import Checkpoint, file_identity
from stormtrace.class_table import ClassTable
from stormtrace.classes import Classes
from stormtrace.detect.adjustment import Asked, adjusted, facts_of
from stormtrace.detect.common_reading import Detecting, Need, detect_together
from stormtrace.detect.expected_steps import MissingSteps, count_missing
from stormtrace.detect.network_run import (
    Choice,
    Load,
    NetworkRun,
    fields_of,
    load_members,
    prepare_run,
)
from stormtrace.detect.plausibility import impossible_means, unlike_samples
from stormtrace.detect.reading_ahead import Look
from stormtrace.detect.shared_process import Client
from stormtrace.errors import OutOfTime
from stormtrace.formats.masks import MaskWriter, mask_file
from stormtrace.formats.samples import SampleFolder, open_folder
from stormtrace.grids import Grid
from stormtrace.grids.spacing import spacing_of
from stormtrace.network.identity import model_checksum
from stormtrace.network.model_files import ModelConfig, load_model
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


@dataclass(frozen=True)
class Request:
    """A year of masks that is asked for.

    models: one, or the members of an ensemble. periods: [first moment, first no longer in it] of
    the stretches of time to run on, by default all in the folder. missing_steps: whether steps of
    those may have no sample; by default, nobody asks. normalization: the experiment's choice, or
    None for that of the model's own config.json. neutral: fields that the samples lack; the network
    sees their mean everywhere, so that they have no say. adjust: fields whose climatology becomes
    that of another dataset (`detect.adjustment`). table: the study's `classes:`.
    doubts: what the caller doubts already, a sentence each.
    checkpoints: a folder for what an unfinished attempt has made; the masks are the same, bit by
    bit, however often it was stopped. deadline: of `time.monotonic`, when to stop.
    """

    models: Sequence[Path]
    samples: Path
    output: Path
    year: int
    choice: Choice
    attributes: Mapping[str, Any]
    normalization: Normalization | None = None
    neutral: Sequence[str] = ()
    adjust: Sequence[Asked] = ()
    periods: Sequence[Sequence[str]] = ()
    missing_steps: MissingSteps | None = None
    table: ClassTable | None = None
    doubts: Sequence[str] = ()
    checkpoints: Path | None = None
    deadline: float = math.inf


def detect(request: Request) -> None:
    """Write the masks of a year of samples, continuing where an earlier attempt was stopped.

    Raises:
        BadInput: steps are missing and may not, or one of the inputs is not as it must be.
        OutOfTime: the deadline has passed.

    """
    detect_together([(Client(), detecting(request))])


def detecting(
    request: Request, load: Load = load_model, note: commandline.Note | None = None
) -> Detecting:
    """Write the masks of a request from batches that are sent.

    load: of models. note: of the process that the masks are for, by default this one.

    Raises:
        BadInput, OutOfTime: as `detect`.

    """
    members = load_members(request.models, load)
    config = members[0][0]
    choice, neutral, periods = request.choice, request.neutral, request.periods
    classes = Classes.of_labels(config.labels, request.table)
    normalization = request.normalization or config.normalization
    period = [periods[0][0], periods[-1][1]] if periods else None
    folder = open_folder(request.samples, fields_of(normalization, neutral), period)
    folder = adjusted(folder, request.adjust, str(request.attributes.get("dataset", "")))
    missing = None
    if periods and request.missing_steps:
        missing = count_missing(folder, periods, request.missing_steps)
    doubts = [
        *request.doubts,
        *impossible_means(normalization, str(request.models[0])),
        *unlike_samples(normalization, folder, neutral),
        *_unknown_grid(config, request.models[0].name, folder.grid, choice),
    ]
    for doubt in doubts:
        log.warning("%s", doubt)
    run = prepare_run(members, normalization, folder, neutral, choice, request.year)
    facts: dict[str, str | int | float] = {
        "year": request.year,
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
        log.warning("%s: %d expected steps have no sample", request.samples, missing)
    if doubts:
        facts["doubts"] = "\n".join(doubts)
    determinants = facts | _further_determinants(folder, choice)
    kept, name = request.checkpoints, str(request.year)
    with mask_file(
        request.output,
        folder.grid,
        classes,
        {"units": folder.units, "calendar": folder.calendar},
        steps=len(folder.paths),
        probabilities=choice.probabilities,
        members=len(members),
        checkpoint=Checkpoint(kept, name, determinants) if kept else None,
    ) as writer:
        yield from _write_steps(writer, run, folder, request.deadline, note)
        if choice.blank == "refuse":
            run.watch.refuse_blank()
        writer.describe(**facts, **run.watch.attributes(), **request.attributes)


def _write_steps(
    writer: MaskWriter,
    run: NetworkRun,
    folder: SampleFolder,
    deadline: float,
    note: commandline.Note | None,
) -> Detecting:
    """Write the masks of all steps that are missing, checking those that are there, too."""
    steps = len(folder.paths)
    for moment, mask in writer.made():
        run.watch.check(moment, mask)
    if writer.steps:
        log.info("continuing after step %d of %d", writer.steps, steps)
    need = Need(Look(folder, folder.paths[writer.steps :], run.check), run.size, run.readers)
    progress = commandline.LoggedProgress("steps", steps, writer.steps, note)
    while writer.steps < steps:
        batch = yield need
        outputs = run.runtime(batch.values)
        for moment, mask in zip(batch.times, outputs["mask"], strict=True):
            run.watch.check(moment, mask)
        writer.write(batch.times, outputs)
        progress.advance(len(batch.times))
        if time.monotonic() > deadline and writer.steps < steps:
            raise OutOfTime(f"{writer.steps} of {steps} steps are done")
    progress.finish()


def _unknown_grid(config: ModelConfig, model: str, grid: Grid, choice: Choice) -> list[str]:
    if choice.regrid_to_learned:
        return []
    return unknown_grid(config.content, model, spacing_of(grid))


def _further_determinants(folder: SampleFolder, choice: Choice) -> dict[str, Any]:
    """Return what masks depend on besides the facts in their file, in types of JSON."""
    return {
        "device": choice.device.type,
        "probabilities": choice.probabilities,
        "fields": dict(folder.fields),
        "samples": [file_identity(path) for path in folder.paths],
    }
