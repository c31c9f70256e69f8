"""Faults of labelled samples: contradictions, dates used twice, pieces that are hard to believe."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.classes import BACKGROUND, Classes, FeatureClass
from stormtrace.commandline import progress
from stormtrace.errors import BadInput
from stormtrace.formats.axes import check_grid, read_grid
from stormtrace.formats.labelled import (
    COPY_AGAIN,
    LabelledFile,
    by_time,
    classes_ignored,
    codes_off,
    one_label_map,
    read_text_time,
)
from stormtrace.formats.labelled_names import same_time
from stormtrace.formats.netcdf import opening
from stormtrace.grids import Grid
from stormtrace.labels.agreement import expert_agreement
from stormtrace.network.scores import by_label
from stormtrace.track.labelling import Labeller, Step

#: Smaller pieces are hard to believe: 250 cells of ClimateNet's grid, the published threshold.
SMALLEST_SHARE = 250 / (768 * 1152)


@dataclass
class Findings:
    """What was found in one folder, file by file.

    cells, area (km²): of each class, (classes,); ignored: km² that nobody looked at.
    """

    cells: NDArray[np.int64]
    area: NDArray[np.float64]
    ignored: float = 0.0
    grid: Grid | None = None
    labeller: Labeller | None = None
    problems: list[dict[str, str]] = field(default_factory=list)

    def note(self, file: LabelledFile, kind: str, detail: str) -> None:
        """Add a problem."""
        self.problems.append({"file": file.path.name, "kind": kind, "detail": detail})


def check_labels(
    files: Sequence[LabelledFile],
    classes: Classes,
    elsewhere: Mapping[str, Sequence[LabelledFile]] | None = None,
) -> dict[str, Any]:
    """Return the contents of a folder of labelled samples, and what is wrong with it.

    elsewhere: other folders, which should share no date with this one.

    Kinds of problems: `code` (a code without a class), `time` (the text in the file is not its
    name), `small piece`, `equator` (a piece of a class that does not cross the equator lies across
    it), `unreadable`, `grid` (another one than the first file's), `date` (also in another folder:
    scores there would be of weather the model knows).
    """
    labels = classes.labels
    findings = Findings(np.zeros(len(labels), np.int64), np.zeros(len(labels)))
    usable = [
        file
        for file in progress(files, "checking labels", len(files))
        if _check_file(file, classes, findings)
    ]
    for folder, others in (elsewhere or {}).items():
        dates = {other.date for other in others}
        for file in files:
            if file.date in dates:
                findings.note(file, "date", f"its date is in {folder} too: scores would flatter")
    groups = by_time(files)
    cells, area = findings.cells, findings.area
    facts = {
        "files": len(files),
        "times": len(groups),
        "dates": len({file.date for file in files}),
        "first": files[0].time,
        "last": files[-1].time,
        "labellings": dict(sorted(Counter(len(group) for group in groups.values()).items())),
        "ignored_share": findings.ignored / max(area.sum() + findings.ignored, 1),
        "cell_share": by_label(cells / max(cells.sum(), 1), labels),
        "area_share": by_label(area / max(area.sum(), 1), labels),
        "experts": expert_agreement(usable, labels),
        "problems": findings.problems,
    }
    return facts | {"doubts": list(_doubts(facts, sorted({file.date for file in files})))}


#: What becomes of files with problems of some kinds.
UNUSABLE = ("code", "grid", "unreadable")


def _doubts(facts: Mapping[str, Any], dates: Sequence[str]) -> Iterator[str]:
    """Yield a sentence for what makes training or scores doubtful, however many files it is in."""
    problems, count = facts["problems"], facts["files"]
    leaks = [one for one in problems if one["kind"] == "date"]
    if files := {one["file"] for one in leaks}:
        where = leaks[0]["detail"].removeprefix("its date is in ").partition(" too:")[0]
        shared = [date for date in dates if any(date in file for file in files)]
        yield (
            f"{len(files)} of {count} files are of dates that {where} has too"
            f" ({_few(shared)}): scores there flatter the model; name the files under `exclude`"
        )
    for kinds, said in {
        ("time",): "have no time as text (their name, or an ISO date with or without an hour), or"
        " another than their names say",
        UNUSABLE: "cannot be used",
    }.items():
        some = [one for one in problems if one["kind"] in kinds]
        if files := {one["file"] for one in some}:
            yield f"{len(files)} of {count} files {said}: {some[0]['file']} {some[0]['detail']}"
    if not any(facts["cell_share"].values()):
        yield "no file has a cell that anybody looked at: nothing can be learned, or scored, there"
        return
    for name, share in list(facts["cell_share"].items())[1:]:  # the background is first
        if not share:
            yield f"no file has a cell of {name}: nothing can be learned of it, or scored, there"


def _few(words: Sequence[str]) -> str:
    return ", ".join(words[:3]) + (f" and {len(words) - 3} more" if len(words) > 3 else "")


def left_out_problems(record: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return a problem for each reason for which an import left something out."""
    return [
        {
            "file": record["details"][reason][0],
            "kind": reason,
            "detail": f"{number} left out by the import: {reason}",
        }
        for reason, number in record["dropped"].items()
    ]


def _check_file(file: LabelledFile, classes: Classes, findings: Findings) -> bool:
    """Count and check one file; return whether its labels can be used."""
    read = _read(file, findings)
    if read is None:
        return False
    codes, ignored, grid = read
    count = len(classes.labels)
    if off := codes_off(codes, ignored, count):
        findings.note(file, "code", f"{off} in LABELS, outside 0 … {count - 1}")
        return False
    if missing := classes_ignored(codes, ignored, count):
        findings.note(file, "code", f"{missing} of a class is declared missing in LABELS")
        return False
    seen = codes[~ignored].astype(np.int64)
    findings.ignored += float(grid.area[ignored].sum())
    findings.cells += np.bincount(seen, minlength=count)
    findings.area += np.bincount(seen, grid.area[~ignored], minlength=count)
    findings.labeller = findings.labeller or Labeller(grid)
    step = findings.labeller.step(np.where(ignored, BACKGROUND, codes).astype(np.int8))
    for feature in classes.features:
        for kind, detail in _odd_pieces(step, feature, grid):
            findings.note(file, kind, detail)
    return True


def _read(
    file: LabelledFile, findings: Findings
) -> tuple[NDArray[np.generic], NDArray[np.bool_], Grid] | None:
    """Return codes, which are ignored, and grid of a file; None, with a note, if it has none."""
    try:
        with opening(file.path, COPY_AGAIN) as nc:
            findings.grid = grid = findings.grid or read_grid(nc, file.path)
            try:
                check_grid(nc, grid, file.path)
            except BadInput as error:
                findings.note(file, "grid", _without_path(error, file))
                return None
            if "LABELS" not in nc.variables:
                findings.note(file, "unreadable", "has no LABELS")
                return None
            codes, ignored = one_label_map(nc, grid.shape)
            _check_time(file, nc, findings)
    except BadInput as error:
        findings.note(file, "unreadable", _without_path(error, file))
        return None
    if codes.shape != grid.shape:
        findings.note(file, "unreadable", f"LABELS is {codes.shape}, the grid {grid.shape}")
        return None
    return codes, ignored, grid


def _without_path(error: BadInput, file: LabelledFile) -> str:
    return str(error).removeprefix(str(file.path)).lstrip(": ")


def _check_time(file: LabelledFile, nc: netCDF4.Dataset, findings: Findings) -> None:
    text = read_text_time(nc)
    if text is None:
        findings.note(file, "time", "has no time as text")
        return
    if not same_time(text, file.time):
        findings.note(file, "time", f"says {text!r} inside")


def _odd_pieces(step: Step, feature: FeatureClass, grid: Grid) -> Iterator[tuple[str, str]]:
    """Yield kind and detail of what is hard to believe of the pieces of one class."""
    pieces = np.flatnonzero(step.measures.code == feature.code)
    sizes = step.measures.pixels[pieces]
    smallest = SMALLEST_SHARE * grid.size
    small = int((sizes < smallest).sum())
    if small and feature.kind == "area":
        yield (
            "small piece",
            f"{small} of {sizes.size} pieces of {feature.name} below {np.ceil(smallest):g} cells, "
            f"the smallest {sizes.min()}",
        )
    if not feature.crosses_equator:
        across = sum(_lies_across_equator(step, int(piece), grid) for piece in pieces)
        if across:
            what, lie = ("piece", "lies") if across == 1 else ("pieces", "lie")
            yield "equator", f"{across} {what} of {feature.name} {lie} across the equator"


def _lies_across_equator(step: Step, piece: int, grid: Grid) -> bool:
    """Whether a piece has cells on both sides of the equator, or on it."""
    last = int(step.measures.runs[: piece + 1].sum())
    runs = slice(last - int(step.measures.runs[piece]), last)
    lat = grid.points[0]
    found = np.concatenate(
        [
            lat[row, start:stop]
            for row, start, stop in zip(
                step.row[runs], step.start[runs], step.stop[runs], strict=True
            )
        ]
    )
    return bool(found.min() <= 0.0 <= found.max())
