"""An agreement from the files of its members to numbers and maps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace import commandline
from stormtrace.blocks import read_block
from stormtrace.class_table import ClassTable
from stormtrace.errors import BadInput
from stormtrace.formats.agreement_maps import write_agreement_maps
from stormtrace.formats.json_files import write_json
from stormtrace.grids import Grid, box_cells
from stormtrace.provenance import provenance
from stormtrace.verification import MOST_MEMBERS
from stormtrace.verification.agreement_scores import event_scores, scores
from stormtrace.verification.catalogue_entry import Catalogue
from stormtrace.verification.catalogues import Meeting, Table, meeting, read_catalogue
from stormtrace.verification.members import (
    Member,
    common_grid,
    common_seconds,
    read_member,
    walk,
    years_of,
)
from stormtrace.verification.together import Together, count_together, pairs_of

Regions = dict[str, NDArray[np.bool_]]
#: Number of a member, a catalogue, and what they have of each other.
Meetings = list[tuple[int, Table, Meeting]]


@dataclass(frozen=True)
class Asked:
    """What is held against each other, and how.

    members: `{experiment, class, masks, objects, events}`, files of all years and the folder of
    linked events. regions: name -> box. of: cells of `masks` or `events`. catalogues: name ->
    `Catalogue` as a mapping.
    """

    name: str
    members: Sequence[Mapping[str, Any]]
    regions: Mapping[str, Sequence[float]]
    catalogues: Mapping[str, Mapping[str, Any]]
    lags_h: Sequence[float] = (0.0,)
    of: str = "masks"
    event_overlap: float = 0.1
    radius_km: float = 200.0

    @property
    def files(self) -> list[str]:
        """The masks of all members, and the catalogues."""
        masks = [file for one in self.members for file in one["masks"]]
        return masks + [block["file"] for block in self.catalogues.values()]


def write_agreement(asked: Asked, output: Path | str, table: ClassTable | None = None) -> None:
    """Count, and write `{output}.json` (scores) and `{output}.nc` (maps).

    Raises:
        BadInput: too few or many members, or they have no class, times or calendar in common.

    """
    if not 2 <= len(asked.members) <= MOST_MEMBERS:
        raise BadInput(f"--members needs 2 to {MOST_MEMBERS} members; found {len(asked.members)}")
    members = [
        read_member(
            one["experiment"], one["class"], one["masks"], one["objects"], one["events"], table
        )
        for one in asked.members
    ]
    grid, common = common_grid(members), common_seconds(members)
    _check_lags(asked.lags_h, common)
    regions = _regions(grid, asked.regions)
    meetings = _meetings(asked, members, grid)
    found = _counted(asked, members, grid, common, regions, meetings)
    content = _about(asked, members, grid, common) | {
        "regions": scores(found, grid, regions, len(members)),
        "events": event_scores(found, members, asked.event_overlap),
        "radius_km": asked.radius_km,
        "catalogues": [
            {"member": number, "catalogue": table.name, **one.scores(np.random.default_rng(0))}
            for number, table, one in meetings
        ],
        "provenance": provenance(asked.files, agreement=asked.name),
    }
    write_json(Path(f"{output}.json"), content)
    write_agreement_maps(
        Path(f"{output}.nc"),
        grid,
        found.map_steps,
        {"count": found.cells, "both": found.pairs, "at_least": found.at_least},
        [f"{one.feature.short}@{one.experiment}".replace(" ", "_") for one in members],
        pairs_of(len(members)),
        provenance(asked.files, agreement=asked.name),
    )


def _regions(grid: Grid, boxes: Mapping[str, Sequence[float]]) -> Regions:
    regions = {"all": np.ones(grid.shape, bool)}
    regions |= {name: box_cells(grid, box) for name, box in boxes.items()}
    if empty := [name for name, cells in regions.items() if not cells.any()]:
        commandline.log.warning("%s: no cell of %s", ", ".join(empty), grid.describe())
    return {name: cells for name, cells in regions.items() if cells.any()}


def _check_lags(lags_h: Sequence[float], common: NDArray[np.int64]) -> None:
    """Refuse (BadInput) a lag at which no step has a partner."""
    for lag in lags_h:
        if not np.isin(common + round(3600 * lag), common).any():
            apart = np.diff(common).min() / 3600 if common.size > 1 else 0
            raise BadInput(
                f"lags_h: no two common steps of the members are {lag:g} h apart; they are"
                f" {apart:g} h apart and reach over {(common[-1] - common[0]) / 3600:g} h: give"
                " multiples of the step within that"
            )


def _meetings(asked: Asked, members: Sequence[Member], grid: Grid) -> Meetings:
    tables = [
        read_catalogue(
            name, read_block(Catalogue, block, f"catalogues.{name}"), members[0].calendar
        )
        for name, block in asked.catalogues.items()
    ]
    return [
        (number, table, Meeting(table, grid, asked.radius_km, len(one.table["event"])))
        for table in tables
        for number, one in enumerate(members)
    ]


def _counted(
    asked: Asked,
    members: Sequence[Member],
    grid: Grid,
    common: NDArray[np.int64],
    regions: Regions,
    meetings: Meetings,
) -> Together:
    steps = meeting(
        walk(members, grid, common, asked.of), [(number, one) for number, _, one in meetings]
    )
    return count_together(
        commandline.progress(steps, "steps", common.size),
        grid,
        regions,
        years_of(members, common),
        len(members),
        [len(one.table["event"]) for one in members],
        sorted({0, *(round(3600 * lag) for lag in asked.lags_h)}),
    )


def _about(
    asked: Asked, members: Sequence[Member], grid: Grid, common: NDArray[np.int64]
) -> dict[str, Any]:
    return {
        "agreement": asked.name,
        "of": asked.of,
        "event_overlap": asked.event_overlap,
        "grid": grid.describe(),
        "steps": int(common.size),
        "members": [
            {
                "experiment": one.experiment,
                "class": one.feature.name,
                "short": one.feature.short,
                "regridded": not one.grid.same_as(grid),
                "steps_left_out": sum(map(len, one.seconds)) - common.size,
            }
            for one in members
        ],
    }
