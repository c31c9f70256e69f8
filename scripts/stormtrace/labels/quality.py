"""Are the labels what they should be? Counts, contradictions, and pieces hard to believe."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import netCDF4
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from stormtrace.classes import AR, LABELS
from stormtrace.commandline import progress
from stormtrace.errors import BadInput
from stormtrace.formats.labelled import (
    NAME,
    LabelledFile,
    by_time,
    codes_off,
    read_grid,
    read_text_time,
)
from stormtrace.formats.samples import open_netcdf
from stormtrace.grids import Grid
from stormtrace.labels.agreement import expert_confusions
from stormtrace.learn.evaluation import summary
from stormtrace.network.scores import by_label

SMALLEST_SHARE = 250 / (768 * 1152)
"""Smaller pieces are hard to believe: 250 cells of ClimateNet's grid, the published threshold."""


@dataclass
class Findings:
    """What was found in one folder, file by file."""

    cells: NDArray[np.int64]
    """(classes,)."""
    area: NDArray[np.float64]
    """(classes,), km²."""
    problems: list[dict[str, str]] = field(default_factory=list)

    def note(self, file: LabelledFile, kind: str, detail: str) -> None:
        """Add a problem."""
        self.problems.append({"file": file.path.name, "kind": kind, "detail": detail})


def check_labels(
    files: Sequence[LabelledFile],
    labels: Sequence[str],
    elsewhere: Mapping[str, Sequence[LabelledFile]] | None = None,
) -> dict[str, Any]:
    """Return what is in a folder of labelled samples, and what is wrong with it.

    elsewhere: other folders, which should share no date with this one.

    Kinds of problems: `code` (a code off the list), `time` (the text in the file is not its name),
    `small piece`, `equator` (an atmospheric river lies across it), `unreadable`, `date` (it is in
    another folder too: scores there are of weather the model knows).
    """
    findings = Findings(np.zeros(len(labels), np.int64), np.zeros(len(labels)))
    usable = [
        file
        for file in progress(files, "checking labels", len(files))
        if _check_file(file, labels, findings)
    ]
    for folder, others in (elsewhere or {}).items():
        dates = {other.date for other in others}
        for file in files:
            if file.date in dates:
                findings.note(file, "date", f"its date is in {folder} too: scores would flatter")
    groups = by_time(files)
    experts = expert_confusions(usable, len(labels))
    cells, area = findings.cells, findings.area
    return {
        "files": len(files),
        "times": len(groups),
        "dates": len({file.date for file in files}),
        "first": files[0].time,
        "last": files[-1].time,
        "labellings": dict(sorted(Counter(len(group) for group in groups.values()).items())),
        "cell_share": by_label(cells / max(cells.sum(), 1), labels),
        "area_share": by_label(area / max(area.sum(), 1), labels),
        "experts": summary(np.asarray(sum(experts.values())), labels) if experts else None,
        "problems": findings.problems,
    }


def _check_file(file: LabelledFile, labels: Sequence[str], findings: Findings) -> bool:
    """Count and check one file; return whether its codes are those of the list."""
    try:
        grid = read_grid(file.path)
    except BadInput as error:
        findings.note(file, "unreadable", str(error).removeprefix(f"{file.path} "))
        return False
    with open_netcdf(file.path) as dataset:
        if "LABELS" not in dataset.variables:
            findings.note(file, "unreadable", "has no LABELS")
            return False
        codes = np.asarray(dataset["LABELS"][:])
        _check_time(file, dataset, findings)
    if codes.shape != grid.shape:
        findings.note(file, "unreadable", f"LABELS is {codes.shape}, lat × lon {grid.shape}")
        return False
    if off := codes_off(codes, len(labels)):
        findings.note(file, "code", f"{off} in LABELS, outside 0 … {len(labels) - 1}")
        return False
    codes = codes.astype(np.int64)
    findings.cells += np.bincount(codes.ravel(), minlength=len(labels))
    areas = np.repeat(grid.row_area, grid.shape[1])
    findings.area += np.bincount(codes.ravel(), areas, minlength=len(labels))
    for code in range(1, len(labels)):
        _check_pieces(file, codes == code, labels[code], grid, findings)
    return True


def _check_time(file: LabelledFile, dataset: netCDF4.Dataset, findings: Findings) -> None:
    text = read_text_time(dataset)
    if text is None:
        findings.note(file, "time", "has no time as text")
        return
    match = NAME.match(text if text.endswith(".nc") else f"{text}.nc")
    if match is None or match["time"] != file.time:  # labellings of a time share its text
        findings.note(file, "time", f"says {text!r} inside")


def _check_pieces(
    file: LabelledFile,
    mask: NDArray[np.bool_],
    label: str,
    grid: Grid,
    findings: Findings,
) -> None:
    pieces = label_pieces(mask, wraps=grid.is_global)
    sizes = np.bincount(pieces.ravel())[1:]
    smallest = SMALLEST_SHARE * mask.size
    small = int((sizes < smallest).sum())
    if small:
        findings.note(
            file,
            "small piece",
            f"{small} of {sizes.size} pieces of {label} below {smallest:.0f} cells, "
            f"the smallest {sizes.min()}",
        )
    if label == LABELS[AR]:
        across = set(pieces[grid.lat >= 0].ravel()) & set(pieces[grid.lat <= 0].ravel()) - {0}
        if across:
            findings.note(
                file, "equator", f"{len(across)} pieces of {label} lie across the equator"
            )


def label_pieces(mask: NDArray[np.bool_], wraps: bool) -> NDArray[np.int64]:
    """Number the 8-connected pieces of a map (lat, lon) from 1; 0 is outside.

    wraps: the last column touches the first.
    """
    pieces, count = ndimage.label(mask, structure=np.ones((3, 3)))
    if not wraps or count == 0:
        return pieces.astype(np.int64)
    last = np.pad(pieces[:, -1], 1)
    ends = [(pieces[:, 0], last[1 + shift : 1 + shift + len(pieces)]) for shift in (-1, 0, 1)]
    west = np.concatenate([first for first, _ in ends])
    east = np.concatenate([other for _, other in ends])
    both = (west > 0) & (east > 0)
    links = coo_array((np.ones(both.sum()), (west[both], east[both])), (count + 1, count + 1))
    _, joined = connected_components(links, directed=False)
    numbers = np.zeros(count + 1, np.int64)  # joined[0] is the outside's own
    numbers[1:] = np.unique(joined[1:], return_inverse=True)[1] + 1
    return numbers[pieces]
