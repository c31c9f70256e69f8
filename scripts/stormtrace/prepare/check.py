"""A check of every raw file of a study before anything starts: what is there, missing, wrong."""

import contextlib
import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np

from stormtrace.errors import BadInput
from stormtrace.formats.netcdf import NoVariable
from stormtrace.prepare.dataset import Dataset, Part, Source, make_dataset
from stormtrace.prepare.findings import Finding
from stormtrace.prepare.labelled_folders import OfEach, check_labelled
from stormtrace.prepare.needed_variables import needed_beside, why_needed
from stormtrace.prepare.raw.archive import (
    Archive,
    Header,
    Headers,
    Times,
    read_headers,
    times_said,
)
from stormtrace.prepare.raw.calendar_time import Calendar, Seconds, steps_between
from stormtrace.prepare.raw.found_files import first_holding
from stormtrace.prepare.raw.inventory import Inventory, make_inventory, window_of
from stormtrace.prepare.raw.matching import match, step_offset
from stormtrace.prepare.raw.time_agreement import check_alike, check_times
from stormtrace.prepare.raw.time_axis import TimeAxis
from stormtrace.prepare.trial import try_dataset


def check_study(
    datasets: Sequence[Mapping[str, Any]],
    workers: int,
    grids: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    everything: bool = False,
) -> list[Finding]:
    """Check every raw file of some resolved datasets, `workers` at a time.

    First all headers; where nothing is wrong with them, a trial of what the jobs do. Several read
    headers in processes, not threads: the netCDF library is not safe in threads.

    grids: dataset -> grids that its samples are wanted on. everything: see `try_dataset`.
    """
    findings: list[Finding] = []
    with ProcessPoolExecutor(workers) if workers > 1 else contextlib.nullcontext() as pool:
        of_each = functools.partial(pool.map, chunksize=8) if pool else map
        for spec in datasets:
            if spec.get("source") == "climatenet":
                findings += check_labelled(spec, of_each)
                continue
            dataset = make_dataset(spec)
            found = [row for part in dataset.parts for row in _check_part(dataset, part, of_each)]
            if not any(row.problems or row.missing for row in found):
                found.append(try_dataset(dataset, (grids or {}).get(dataset.name, ()), everything))
            findings += found
    return findings


def _check_part(dataset: Dataset, part: Part, of_each: OfEach) -> list[Finding]:
    archive = Archive(dataset)
    period = f"{part.begin} … {part.end}"
    findings: dict[Source, Finding] = {}
    inventories: dict[Source, Inventory] = {}
    sources, pairs = _sources(dataset, part)
    for source, why in sources.items():
        finding = Finding(dataset.name, period, source.variable, 0)
        try:
            paths = archive.paths(source, None)
        except BadInput as error:
            findings[source] = replace(finding, problems=(f"{error}{why}",))
            continue
        errors = _look(archive, source, paths, of_each)
        axes = _axes(archive, source, paths, errors)
        absent: list[BadInput] = []
        if not source.named:  # files of other variables, perhaps: as `Archive.inventory`
            absent = [error for error in errors if isinstance(error, NoVariable)]
            errors = [error for error in errors if error not in absent]
            errors += [] if axes else absent[:1]
        problems = [str(error) for error in errors]
        problems += [axis.doubt for axis in axes if axis.doubt][:1]
        problems += _different_shapes(archive, source, paths)
        if axes:
            try:
                inventories[source] = make_inventory(source, axes, window_of(part, None))
            except BadInput as error:
                problems.append(str(error))
        findings[source] = replace(
            finding, files=len(paths) - len(absent), problems=tuple(problems)
        )
    offset, together = _common_offset(dataset, inventories)
    for source, inventory in inventories.items():
        findings[source] = _timed(findings[source], inventory, dataset, part, offset)
    for source, problem in (*together, *_disagreements(archive, inventories, pairs)):
        findings[source] = _with(findings[source], problem)
    return list(findings.values())


def _with(finding: Finding, *problems: str) -> Finding:
    return replace(finding, problems=(*finding.problems, *problems))


def _common_offset(
    dataset: Dataset, inventories: Mapping[Source, Inventory]
) -> tuple[int | None, list[tuple[Source, str]]]:
    """Return the offset of all variables' steps, or None and why there is none."""
    good = {}
    for source, inventory in inventories.items():
        with contextlib.suppress(BadInput):  # reported with the variable itself
            step_offset([inventory], dataset)
            good[source] = inventory
    if not good:
        return None, []
    try:
        return check_times(dataset, good.values()), []
    except BadInput as error:
        return None, [(next(reversed(good)), str(error))]


def _sources(dataset: Dataset, part: Part) -> tuple[dict[Source, str], list[tuple[Source, Source]]]:
    """Return every raw variable needed, once, with the reason, and which must be of one kind.

    Partners are known as far as the first file can be read.
    """
    found: dict[Source, str] = {}
    pairs = []
    for derivation in dataset.fields.values():
        own, *others = (dataset.where(part, derivation, name) for name in derivation.variables)
        for source in (own, *others):
            found.setdefault(source, "")
        pairs += [(own, other) for other in others]
        with contextlib.suppress(BadInput):  # reported with the variable itself
            paths = Archive(dataset).paths(own, None)
            first = first_holding(own, paths) or paths[0]
            for name in needed_beside(dataset, derivation, first):
                partner = dataset.where(part, derivation, name)
                found.setdefault(partner, f". {why_needed(dataset, derivation, name)}")
                pairs.append((own, partner))
    return found, pairs


def _disagreements(
    archive: Archive,
    inventories: Mapping[Source, Inventory],
    pairs: Iterable[tuple[Source, Source]],
) -> Iterator[tuple[Source, str]]:
    """Yield what does not fit between variables: calendars, points, means paired with instants."""
    known = list(inventories.items())
    alike = [("calendar", _calendar_names), ("number of points", _points)]
    if archive.dataset.other_points:
        alike.pop()
    for source, inventory in known[1:]:
        first = known[0][1]
        for what, describe in alike:
            here, there = (describe(archive, each) for each in (inventory, first))
            if here != there:
                found = f"{what} {here}, but {there} in the files of {first.source.variable}"
                yield source, f"{found}: they cannot be of one dataset"
    for own, partner in dict.fromkeys(pairs):
        if own in inventories and partner in inventories:
            try:
                check_alike(inventories[own], inventories[partner])
            except BadInput as error:
                yield own, str(error)


def _calendar_names(archive: Archive, inventory: Inventory) -> str:
    return " and ".join(sorted({axis.calendar.name for axis in inventory.axes}))


def _points(archive: Archive, inventory: Inventory) -> str:
    """Return the last dimension's sizes: all there are of an unstructured mesh, else a row's."""
    headers = [archive.header(path, inventory.source) for path in inventory.paths]
    return " and ".join(sorted({str(header.shape[-1]) for header in headers}))


def _look(
    archive: Archive, source: Source, paths: Sequence[str], of_each: OfEach
) -> list[BadInput]:
    """Read the headers not read yet, in parallel; return what is wrong with them."""
    new = [path for path in paths if (path, times_said(source)) not in archive.headers]
    look = functools.partial(_try_headers, dataset=archive.dataset, said=times_said(source))
    errors = []
    for path, found in zip(new, of_each(look, new), strict=True):
        if isinstance(found, BadInput):
            errors.append(found)
        else:
            archive.headers[path, times_said(source)] = found
    return errors


def _try_headers(path: str, dataset: Dataset, said: Times) -> Headers | BadInput:
    try:
        return read_headers(path, dataset, said)
    except BadInput as error:
        return error


def _axes(
    archive: Archive, source: Source, paths: Iterable[str], errors: list[BadInput]
) -> list[TimeAxis]:
    """Return the readable time axes; append problems to `errors`."""
    axes: list[TimeAxis] = []
    for path in paths:
        if (path, times_said(source)) in archive.headers:
            try:
                axes.append(archive.axis(path, source, axes[-1] if axes else None))
            except BadInput as error:
                errors.append(error)
    return axes


def _timed(
    finding: Finding, inventory: Inventory, dataset: Dataset, part: Part, offset: int | None
) -> Finding:
    """Return the finding with its times and gaps, or why the times make no sense.

    offset: of the steps of all variables; None: they have none in common.
    """
    calendar, step = inventory.calendar, dataset.step
    try:
        if offset is None:
            offset = step_offset([inventory], dataset)
        expected = steps_between(*window_of(part, None)(calendar), step, offset)
        there = match(inventory, dataset, expected)[0].min(axis=1) >= 0
    except BadInput as error:
        return _with(finding, str(error))
    first, last = (calendar.text(end) for end in inventory.sorted_starts[0][[0, -1]])
    gaps = [f"missing {gap}" for gap in _gaps(expected[~there], step, calendar)]
    steps, missing = int(there.sum()), int((~there).sum())
    finding = _with(finding, *gaps)
    return replace(finding, first=first, last=last, steps=steps, missing=missing)


def _different_shapes(archive: Archive, source: Source, paths: Iterable[str]) -> list[str]:
    shapes: dict[tuple[int, ...], str] = {}
    for path in paths:
        header = archive.headers.get((path, times_said(source)), {}).get(source.variable)
        if isinstance(header, Header):
            shapes.setdefault(header.shape, path)
    if len(shapes) < 2:
        return []
    listed = "; ".join(f"{shape} in {path}" for shape, path in shapes.items())
    return [f"{source.variable} has different shapes: {listed}"]


def _gaps(missing: Seconds, step: int, calendar: Calendar) -> Iterator[str]:
    """Yield each stretch of missing steps in words."""
    for stretch in np.split(missing, np.flatnonzero(np.diff(missing) != step) + 1):
        if stretch.size:
            end = f" to {calendar.text(stretch[-1])}" if stretch.size > 1 else ""
            yield f"{calendar.text(stretch[0])}{end} ({stretch.size} steps)"
