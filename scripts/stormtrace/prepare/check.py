"""Every raw file of a study looked at before anything starts: what is there, missing, wrong."""

import contextlib
import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from stormtrace.errors import BadInput
from stormtrace.prepare.calendar_time import Calendar, Seconds
from stormtrace.prepare.dataset import Dataset, Part, Source, make_dataset
from stormtrace.prepare.netcdf import open_raw, variable
from stormtrace.prepare.plan import match, needed_beside, steps_between
from stormtrace.prepare.raw_files import Archive, Header, Inventory, read_header
from stormtrace.prepare.time_axis import TimeAxis

COLUMNS = (
    "dataset",
    "period",
    "variable",
    "files",
    "first",
    "last",
    "steps",
    "missing",
    "problems",
)
SHOWN = 5
"""So many problems of one variable are told in full."""


@dataclass(frozen=True)
class Finding:
    """What was found of one raw variable in one part of a dataset (or in a labelled folder)."""

    dataset: str
    period: str
    variable: str
    files: int
    first: str = "-"
    last: str = "-"
    steps: int = 0
    missing: int = 0
    problems: tuple[str, ...] = ()

    @property
    def row(self) -> tuple[str, ...]:
        """The cells of the table."""
        told = str(len(self.problems)) if self.problems else "-"
        missing = str(self.missing) if self.missing else "-"
        counts = (str(self.files), self.first, self.last, str(self.steps), missing, told)
        return (self.dataset, self.period, self.variable, *counts)


def check_study(datasets: Sequence[Mapping[str, Any]], workers: int) -> list[Finding]:
    """Look at every raw file of some resolved datasets, `workers` at a time.

    Headers are read in processes, not threads: the netCDF library is not safe in threads.
    """
    findings: list[Finding] = []
    with ProcessPoolExecutor(workers) as pool:
        for spec in datasets:
            if spec.get("source") == "climatenet":
                findings += _check_labelled(spec)
                continue
            dataset = make_dataset(spec)
            for part in dataset.parts:
                findings += _check_part(dataset, part, pool)
    return findings


def table(findings: Sequence[Finding]) -> str:
    """Return the findings as text: one table, then the problems in full."""
    rows = [COLUMNS, *(finding.row for finding in findings)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    for finding in findings:
        if finding.problems:
            lines.append(f"\n{finding.dataset} {finding.period} {finding.variable}:")
            lines += [f"  - {problem}" for problem in finding.problems[:SHOWN]]
            if len(finding.problems) > SHOWN:
                lines.append(f"  … and {len(finding.problems) - SHOWN} more")
    wrong = sum(bool(finding.problems or finding.missing) for finding in findings)
    lines.append(
        f"\n{wrong} of {len(findings)} rows need attention." if wrong else "\nAll is there."
    )
    return "\n".join(lines) + "\n"


def _check_part(dataset: Dataset, part: Part, pool: ProcessPoolExecutor) -> Iterator[Finding]:
    archive = Archive(dataset)
    period = f"{part.begin} … {part.end}"
    for source in _sources(dataset, part):
        try:
            paths = archive.paths(source, None)
        except BadInput as error:
            yield Finding(dataset.name, period, source.variable, 0, problems=(str(error),))
            continue
        problems = _look(archive, source, part, paths, pool)
        yield _summary(archive, source, part, period, paths, problems)


def _sources(dataset: Dataset, part: Part) -> list[Source]:
    """Return every raw variable needed, once; partners as far as the first file can be read."""
    found: dict[Source, None] = {}
    for recipe in dataset.fields.values():
        own = dataset.source(part, recipe, recipe.variable)
        found[own] = None
        with contextlib.suppress(BadInput):  # told when the variable itself is looked at
            first = Archive(dataset).paths(own, None)[0]
            for partner in needed_beside(dataset, recipe, first):
                found[dataset.source(part, recipe, partner)] = None
    return list(found)


def _look(
    archive: Archive, source: Source, part: Part, paths: Sequence[str], pool: ProcessPoolExecutor
) -> list[str]:
    """Read the headers not read yet, in parallel; return what is wrong with them."""
    new = [path for path in paths if (path, part.stamps) not in archive.headers]
    look = functools.partial(
        _try_header, name=source.variable, dataset=archive.dataset, stamps=part.stamps
    )
    problems = []
    for path, (header, problem) in zip(new, pool.map(look, new, chunksize=8), strict=True):
        if header is None:
            problems.append(problem)
        else:
            archive.headers[path, part.stamps] = header
    return problems


def _try_header(
    path: str, name: str, dataset: Dataset, stamps: str | None
) -> tuple[Header | None, str]:
    try:
        return read_header(path, name, dataset, stamps), ""
    except BadInput as error:
        return None, str(error)


def _summary(
    archive: Archive,
    source: Source,
    part: Part,
    period: str,
    paths: Sequence[str],
    problems: list[str],
) -> Finding:
    """Return what is known of a variable whose headers have been read, as far as they could be."""
    finding = Finding(archive.dataset.name, period, source.variable, len(paths))
    axes: list[TimeAxis] = []
    for path in paths:
        if (path, part.stamps) in archive.headers:
            try:
                axes.append(archive.axis(path, source, part, axes[-1] if axes else None))
            except BadInput as error:
                problems.append(str(error))
    problems += _different_shapes(archive, source, part, paths)
    if axes:
        try:
            finding = _timed(finding, Inventory(source, tuple(axes)), archive.dataset, part)
        except BadInput as error:
            problems.append(str(error))
    return replace(finding, problems=(*problems, *finding.problems))


def _timed(finding: Finding, inventory: Inventory, dataset: Dataset, part: Part) -> Finding:
    """Return the finding with its times and gaps; BadInput where the times make no sense."""
    calendar, step = inventory.calendar, dataset.step
    expected = steps_between(calendar.seconds(part.begin), calendar.seconds(part.end), step)
    there = match(inventory, dataset, expected)[0].min(axis=1) >= 0
    first, last = (calendar.text(end) for end in inventory.sorted_starts[0][[0, -1]])
    gaps = [f"missing {gap}" for gap in _gaps(expected[~there], step, calendar)]
    return replace(
        finding,
        first=first,
        last=last,
        steps=int(there.sum()),
        missing=int((~there).sum()),
        problems=tuple(gaps),
    )


def _different_shapes(
    archive: Archive, source: Source, part: Part, paths: Iterable[str]
) -> list[str]:
    shapes: dict[tuple[int, ...], str] = {}
    for path in paths:
        header = archive.headers.get((path, part.stamps))
        if header is not None and source.variable in header.shapes:
            shapes.setdefault(header.shapes[source.variable], path)
    if len(shapes) < 2:
        return []
    told = "; ".join(f"{shape} in {path}" for shape, path in shapes.items())
    return [f"{source.variable} has different shapes: {told}"]


def _gaps(missing: Seconds, step: int, calendar: Calendar) -> Iterator[str]:
    """Yield each stretch of missing steps in words."""
    for stretch in np.split(missing, np.flatnonzero(np.diff(missing) != step) + 1):
        if stretch.size:
            end = f" to {calendar.text(stretch[-1])}" if stretch.size > 1 else ""
            yield f"{calendar.text(stretch[0])}{end} ({stretch.size} steps)"


def _check_labelled(spec: Mapping[str, Any]) -> Iterator[Finding]:
    for part in ("train", "test"):
        folder = Path(str(spec.get(part, "")))
        paths = sorted(folder.glob("*.nc"))
        problems = [] if paths else [f"no file matches {folder}/*.nc"]
        for path in paths:
            try:
                with open_raw(path) as opened:
                    variable(opened, "LABELS")
            except BadInput as error:
                problems.append(str(error))
        ends = (paths[0].stem, paths[-1].stem) if paths else ("-", "-")
        name, count = str(spec.get("name")), len(paths)
        yield Finding(name, part, "LABELS", count, *ends, count, 0, tuple(problems))
