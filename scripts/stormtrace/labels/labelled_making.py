"""Labelled samples made of annotations on a grid and the fields of a dataset at their times."""

import json
import signal
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

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
from stormtrace.prepare.sample_making import FieldSource, steps_on_grid
from stormtrace.provenance import provenance

#: The record of an import, beside the folders `train` and `test`.
RECORD = "imported.json"

#: Labelled steps that a process makes in one go: some seconds of work.
AT_ONCE = 32

#: Of those, steps derived at a time: labelled times are far apart, in files of their own.
BLOCK_STEPS = 2


class _Steps(NamedTuple):
    """Some labelled steps of a dataset. times: the labelled time of each, as the store has it."""

    plan: Plan
    times: Sequence[str]


@dataclass(frozen=True, eq=False)
class _Writing:
    """All that labelled samples are made of, and the folder that they are written into."""

    entry: AnnotatedDataset
    store: LabellingStore
    source: FieldSource
    folder: Path
    facts: Mapping[str, Any]
    compression: str

    @cached_property
    def annotators(self) -> dict[str, int]:
        """Annotator -> number of the labelling, the same at every time."""
        return {name: k for k, name in enumerate(sorted({who for _, who in self.store.labellings}))}

    def write(self, steps: _Steps) -> Counter[str]:
        """Write the samples of some steps; return how many for training and for tests."""
        written: Counter[str] = Counter()
        plan, source, entry = steps.plan, self.source, self.entry
        about = {name: field_attributes(plan, name) for name in plan.dataset.fields}
        made = steps_on_grid(plan, source.mesh, source.matrix, source.climatologies, BLOCK_STEPS)
        for step, fields, _ in made:
            time = steps.times[step]
            name = step_name(time, source.dataset.step)
            split = "test" if entry.test_period[0] <= time < entry.test_period[1] else "train"
            for who, k in self.annotators.items():
                if (time, who) not in self.store.labellings:
                    continue
                labels, confidence = self.store.read((time, who))
                parts = [part.where for part in self.store.labellings[time, who].parts]
                write_labelled(
                    self.folder / split / f"{name}_{k}.nc",
                    source.grid,
                    f"{name}.nc",
                    fields,
                    about,
                    labels.astype(np.int64),
                    {
                        **self.facts,
                        "annotator": who,
                        "annotations": json.dumps(parts),
                        "moment": time,
                        "calendar": plan.calendar.name,
                    },
                    Classes.of_labels(entry.labels),
                    confidence,
                    self.compression,
                )
                written[split] += 1
        return written


def make_labelled(
    entry: AnnotatedDataset,
    store: LabellingStore,
    source: FieldSource,
    folder: Path,
    facts: Mapping[str, Any],
    compression: str = "none",
    workers: int = 1,
) -> int:
    """Write `train/`, `test/` and the record into `folder`, whole or not; return how many samples.

    compression: of the fields, as `write_labelled`. workers: processes that share the steps.

    Raises:
        BadInput: a labelled time is no step of the dataset (unless `missing_steps: skip`), or
            all are.

    """
    written: Counter[str] = Counter()
    times = sorted({time for time, _ in store.labellings})
    with writing(folder) as partial:
        for split in ("train", "test"):
            (partial / split).mkdir(parents=True)
        work = _Writing(entry, store, source, partial, facts, compression)
        steps = _labelled_steps(times, source, store, entry.missing_steps)
        said = f"labelled samples of {entry.name}"
        for each in progress(
            _written(work, steps, workers), said, len(store.labellings), size=Counter.total
        ):
            written += each
        if not written:
            raise BadInput(
                f"{entry.name}: none of the {len(times)} labelled times is a step of the dataset "
                f"{source.dataset.name}: correct `times` or `dataset`"
            )
        write_json(partial / RECORD, _record(entry, store, work.annotators, written, len(times)))
    for reason, number in store.record.dropped.items():
        log.warning("%s: %d left out: %s", entry.name, number, reason)
    return written.total()


def _written(work: _Writing, steps: Iterable[_Steps], workers: int) -> Iterator[Counter[str]]:
    """Write all steps, in this process or in several; yield what each block of them became."""
    if workers == 1:
        yield from map(work.write, steps)
        return
    # Processes, not threads: the netCDF library is not safe in threads. They share what is there.
    _ = work.source.matrix.single
    with ProcessPoolExecutor(workers, initializer=_begin, initargs=(work,)) as pool:
        yield from pool.map(_write, steps)


#: What a process of the pool works at.
_work: list[_Writing] = []


def _begin(work: _Writing) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # what it was writing goes with the folder
    _work.append(work)


def _write(steps: _Steps) -> Counter[str]:
    return _work[-1].write(steps)


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
) -> Iterator[_Steps]:
    """Yield all times that are steps of the dataset, in blocks."""
    by_year: dict[int, list[str]] = defaultdict(list)
    for time in times:
        by_year[int(time[:4])].append(time)
    for year, own in sorted(by_year.items()):
        found: set[str] = set()
        for plan in plans_of_year(source.dataset, year):
            wanted = _seconds(own, plan.calendar)
            steps = np.flatnonzero(np.isin(plan.start, list(wanted)))
            for first in range(0, steps.size, AT_ONCE):
                some = plan.some(steps[first : first + AT_ONCE])
                block = _Steps(some, [wanted[int(start)] for start in some.start])
                found.update(block.times)
                yield block
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
