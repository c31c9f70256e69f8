"""Labelled samples made of annotations on a grid and the fields of a dataset at their times."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from stormtrace.classes import Classes
from stormtrace.commandline import log, progress
from stormtrace.errors import BadInput
from stormtrace.files import writing
from stormtrace.formats.json_files import write_json
from stormtrace.formats.labelled_writing import write_labelled
from stormtrace.labels.annotation_blocks import AnnotatedDataset
from stormtrace.labels.labelling_store import LabellingStore
from stormtrace.prepare.dataset import Dataset
from stormtrace.prepare.field_attributes import field_attributes
from stormtrace.prepare.plan import Plan, make_plans
from stormtrace.prepare.raw.calendar_time import DAY, Calendar
from stormtrace.prepare.sample_making import Fields, FieldSource, steps_on_grid
from stormtrace.provenance import provenance

#: The record of an import, beside the folders `train` and `test`.
RECORD = "imported.json"


def make_labelled(
    entry: AnnotatedDataset,
    store: LabellingStore,
    source: FieldSource,
    folder: Path,
    facts: Mapping[str, Any],
) -> int:
    """Write `train/`, `test/` and the record into `folder`, whole or not; return how many samples.

    Raises:
        BadInput: a labelled time is no step of the dataset (unless `missing_steps: skip`), or
            all are.

    """
    annotators = {name: k for k, name in enumerate(sorted({who for _, who in store.labellings}))}
    classes = Classes.of_labels(entry.labels)
    written: Counter[str] = Counter()
    times = sorted({time for time, _ in store.labellings})
    with writing(folder) as partial:
        for split in ("train", "test"):
            (partial / split).mkdir(parents=True)
        steps = _labelled_steps(times, source, store, entry.missing_steps)
        said = f"labelled samples of {entry.name}"
        for plan, about, time, fields in progress(steps, said, len(times)):
            name = step_name(time, source.dataset.step)
            split = "test" if entry.test_period[0] <= time < entry.test_period[1] else "train"
            for who, k in annotators.items():
                if (time, who) not in store.labellings:
                    continue
                labels, confidence = store.read((time, who))
                parts = [part.where for part in store.labellings[time, who].parts]
                write_labelled(
                    partial / split / f"{name}_{k}.nc",
                    source.grid,
                    f"{name}.nc",
                    fields,
                    about,
                    labels.astype(np.int64),
                    {
                        **facts,
                        "annotator": who,
                        "annotations": json.dumps(parts),
                        "moment": time,
                        "calendar": plan.calendar.name,
                    },
                    classes,
                    confidence,
                )
                written[split] += 1
        if not written:
            raise BadInput(
                f"{entry.name}: none of the {len(times)} labelled times is a step of the dataset "
                f"{source.dataset.name}: correct `times` or `dataset`"
            )
        write_json(partial / RECORD, _record(entry, store, annotators, written, len(times)))
    for reason, number in store.record.dropped.items():
        log.warning("%s: %d left out: %s", entry.name, number, reason)
    return written.total()


def step_name(time: str, step_seconds: int) -> str:
    """Return the name of a time in the released form, without its labelling.

    >>> step_name("1996-06-09 03:00:00", 10800)
    'data-1996-06-09-01-2'
    """
    date, _, clock = time.partition(" ")
    hour, minute, second = map(int, clock.split(":"))
    of_day = (3600 * hour + 60 * minute + second) % DAY
    return f"data-{date}-01-{1 + of_day // step_seconds}"


def _labelled_steps(
    times: list[str], source: FieldSource, store: LabellingStore, missing: str
) -> Iterator[tuple[Plan, Mapping[str, Any], str, Fields]]:
    """Yield plan, attributes of fields, time and fields of each time that is a step."""
    by_year: dict[int, list[str]] = defaultdict(list)
    for time in times:
        by_year[int(time[:4])].append(time)
    for year, own in sorted(by_year.items()):
        found: set[str] = set()
        for plan in plans_of_year(source.dataset, year):
            wanted = _seconds(own, plan.calendar)
            steps = np.flatnonzero(np.isin(plan.start, list(wanted)))
            if not steps.size:
                continue
            some = plan.some(steps)
            about = {name: field_attributes(some, name) for name in plan.dataset.fields}
            made = steps_on_grid(some, source.mesh, source.matrix, source.climatologies)
            for step, fields, _ in made:
                time = wanted[int(some.start[step])]
                found.add(time)
                yield some, about, time, fields
        if absent := [time for time in own if time not in found]:
            _no_step(absent, source.dataset, store, missing)


def _seconds(times: list[str], calendar: Calendar) -> dict[int, str]:
    """Return times by their seconds, without those that a calendar does not have (29 February)."""
    found = {}
    for time in times:
        with suppress(BadInput):
            found[calendar.seconds(time)] = time
    return found


def _no_step(times: list[str], dataset: Dataset, store: LabellingStore, missing: str) -> None:
    if missing == "refuse":
        raise BadInput(
            f"{len(times)} labelled times are no steps of the dataset {dataset.name} "
            f"({dataset.step_hours:g} hours apart), the first {times[0]}: correct the times, name "
            "another `dataset`, or say `missing_steps: skip`"
        )
    for time in times:
        store.record.drop("no step of the dataset", time)


def plans_of_year(dataset: Dataset, year: int) -> list[Plan]:
    """Return the plans of a year, whose other steps may be missing; none outside the dataset."""
    parts = [part for part in dataset.parts if int(part.begin[:4]) <= year <= int(part.end[:4])]
    if not parts:
        return []
    return make_plans(dataset.model_copy(update={"missing_steps": "skip"}), year)


def _record(
    entry: AnnotatedDataset,
    store: LabellingStore,
    annotators: Mapping[str, int],
    written: Mapping[str, int],
    times: int,
) -> dict[str, Any]:
    record = store.record
    counted = Counter(who for _, who in store.labellings)
    return {
        "dataset": entry.name,
        "files": record.files,
        "times": times,
        "samples": dict(written),
        "annotators": {
            who: {"labelling": k, "times": counted[who]} for who, k in annotators.items()
        },
        "shapes": record.shapes,
        "proposed_by_a_model": record.proposed,
        "overlapping_cells": record.overlapping_cells,
        "dropped": dict(record.dropped),
        "details": record.details,
        "provenance": provenance(record.files),
    }
