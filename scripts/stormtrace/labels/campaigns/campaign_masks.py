"""What a campaign takes from masks, by time: hemispheres of features, disagreement, detections."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stormtrace.class_table import ClassTable
from stormtrace.classes import Classes
from stormtrace.commandline import log, progress
from stormtrace.errors import BadInput
from stormtrace.formats.mask_steps import MaskSteps, dates_of, reading_steps
from stormtrace.formats.masks import MaskFile, open_masks
from stormtrace.grids import Grid

#: Steps read at once.
BLOCK_STEPS = 8


@dataclass(frozen=True)
class Detections:
    """Masks of an experiment, a file a year, and their classes as the campaign codes them.

    place: time (YYYY-MM-DD HH:MM:SS) -> number of its file, and of the step in it.
    codes: code of the masks -> code of the campaign, 0 for classes that it does not have; uint8.
    """

    files: Sequence[MaskFile]
    place: Mapping[str, tuple[int, int]]
    codes: NDArray[np.uint8]

    def at(self, time: str) -> NDArray[np.uint8]:
        """Return the campaign's codes at a time, of the grid's shape."""
        number, step = self.place[time]
        with reading_steps(self.files[number]) as steps:
            return self.codes[steps.masks(step, step + 1)[0]]


def open_detections(
    paths: Sequence[Path], labels: Sequence[str], grid: Grid, table: ClassTable | None = None
) -> Detections:
    """Open masks of some years.

    labels: of the campaign, the background first; table: the study's `classes:`.

    Raises:
        BadInput: they are on another grid, or have none of the campaign's classes.

    """
    files = [open_masks(path, table) for path in paths]
    place: dict[str, tuple[int, int]] = {}
    for number, masks in enumerate(files):
        if not masks.grid.same_as(grid):
            raise BadInput(
                f"{masks.path} is on {masks.grid.describe()}, but the campaign on "
                f"{grid.describe()}: name an experiment on the campaign's grid"
            )
        place |= {date_text(date): (number, step) for step, date in enumerate(dates_of(masks))}
    return Detections(files, place, _recoded(files, Classes.of_labels(labels)))


def date_text(date: object) -> str:
    """Return a date of any calendar as ``YYYY-MM-DD HH:MM:SS``."""
    year, *rest = re.split(r"[- :]", str(date)[:19])
    return "{:0>4}-{}-{} {}:{}:{}".format(year, *rest)


def northern_shares(found: Detections, times: Sequence[str]) -> dict[str, float]:
    """Return the share of the features' area that lies north of the equator; NaN without any."""
    grid, shares = found.files[0].grid, {}
    north = grid.points[0] > 0
    for time, steps, step in _each_step(found, times, "hemispheres"):
        drawn = found.codes[steps.masks(step, step + 1)[0]] > 0
        area = float(grid.area[drawn].sum())
        shares[time] = float(grid.area[drawn & north].sum()) / area if area else np.nan
    return shares


def disputed_areas(found: Detections, times: Sequence[str]) -> dict[str, float]:
    """Return Σ area × share of the members that find another class than the mask's, in km².

    Raises:
        BadInput: the masks are not those of an ensemble.

    """
    grid, disputed = found.files[0].grid, {}
    for time, steps, step in _each_step(found, times, "disagreement"):
        if not steps.has_agreement:
            raise BadInput(
                f"{found.files[0].path} has no `agreement`: it is not of an ensemble (a model with "
                "several `seeds`)"
            )
        members = int(steps.attributes["members"])
        against = 1.0 - steps.agreement(step, step + 1)[0] / members
        disputed[time] = float((against * grid.area).sum())
    return disputed


def _each_step(
    found: Detections, times: Sequence[str], what: str
) -> Iterator[tuple[str, MaskSteps, int]]:
    by_file: dict[int, list[tuple[int, str]]] = {}
    for time in times:
        number, step = found.place[time]
        by_file.setdefault(number, []).append((step, time))
    for number, own in sorted(by_file.items()):
        masks = found.files[number]
        with reading_steps(masks) as steps:
            for step, time in progress(sorted(own), f"{what} in {masks.path}", len(own)):
                yield time, steps, step


def _recoded(files: Sequence[MaskFile], classes: Classes) -> NDArray[np.uint8]:
    if not files:
        raise BadInput("the experiment has no masks: run its detection first")
    table = np.zeros(128, np.uint8)
    met: list[str] = []
    others: list[str] = []
    for feature in files[0].classes.features:
        own = classes.get(feature.name)
        (others if own is None else met).append(feature.name)
        table[feature.code] = 0 if own is None else own.code
    if not met:
        raise BadInput(
            f"{files[0].path} has the classes {', '.join(others)}, none of which is one of the "
            f"campaign's labels: {', '.join(classes.labels[1:])}"
        )
    if others:
        log.warning("%s are no labels of the campaign: they are left out", ", ".join(others))
    if any(one.classes.flags != files[0].classes.flags for one in files):
        raise BadInput(f"{files[0].path} and the masks of other years have other classes")
    return table
