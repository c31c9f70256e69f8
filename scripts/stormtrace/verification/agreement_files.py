"""An agreement from the files of its members to numbers and maps."""

import math
from collections.abc import Iterable, Mapping, Sequence
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
from stormtrace.formats.agreement_sums import read_agreement_sums, write_agreement_sums
from stormtrace.formats.json_files import write_json
from stormtrace.grids import Grid, box_cells
from stormtrace.prepare.raw.calendar_time import Calendar
from stormtrace.provenance import provenance
from stormtrace.verification import MOST_MEMBERS
from stormtrace.verification.agreement_scores import event_scores, scores
from stormtrace.verification.catalogue_entry import Catalogue
from stormtrace.verification.catalogue_meetings import Meeting, meeting
from stormtrace.verification.catalogues import Table, read_catalogue
from stormtrace.verification.members import (
    Member,
    Record,
    common_grid,
    common_record,
    common_times,
    read_member,
    walk,
)
from stormtrace.verification.together import (
    BY_YEAR,
    OVER_ALL,
    Step,
    Together,
    add_up,
    count_together,
    pairs_of,
)

#: What is kept of a year.
SUMS = (*BY_YEAR, *OVER_ALL)

#: Beside them: which of all events `inside` is of, those of the year.
SEEN = "inside_event"

#: Seconds: 360 days.
SHORTEST_YEAR = 360 * 86400

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
    radius_km: float = 200.0

    @property
    def lags(self) -> list[int]:
        """Lags in seconds, 0 among them."""
        return sorted({0, *(round(3600 * lag) for lag in self.lags_h)})

    @property
    def files(self) -> list[str]:
        """The masks of all members, and the catalogues."""
        masks = [file for one in self.members for file in one["masks"]]
        return masks + [block["file"] for block in self.catalogues.values()]


def write_agreement(
    asked: Asked,
    output: Path | str,
    table: ClassTable | None = None,
    *,
    event_overlap: float = 0.1,
    sums: Sequence[Path] = (),
) -> None:
    """Count, and write `{output}.json` (scores) and `{output}.nc` (maps).

    event_overlap: share of an event that must be marked. sums: files of all years, of `write_year`;
    without, all is counted here.

    Raises:
        BadInput: too few or many members, or they have no class, times or calendar in common, or a
            catalogue none of them; sums are not of what is asked for, or not of all years.

    """
    members = _members(asked, table)
    grid, record = common_grid(members), common_record(members, asked.lags)
    regions = _regions(grid, asked.regions)
    meetings = _meetings(asked, members, grid)
    if sums:
        found = add_up(_read_year(asked, path, meetings, members) for path in sums)
        if found.map_steps.sum() != record.steps:
            raise BadInput(
                f"--sums have {found.map_steps.sum()} steps, but the members have {record.steps} "
                "in common: give those of all years, made of these masks (count_agreement.py)"
            )
    else:
        steps = walk(members, grid, common_times(members), asked.of)
        steps = commandline.progress(steps, "steps", record.steps)
        years = record.years(members[0].calendar)
        found = _counted(asked, members, grid, steps, regions, meetings, years)
    if meetings:
        _doubt_radius(grid, asked.radius_km)
    for _, _, one in meetings:
        one.check(members[0].calendar)
    content = _about(asked, members, grid, record) | {
        "event_overlap": event_overlap,
        "regions": scores(found, grid, regions, len(members)),
        "events": event_scores(found, members, event_overlap),
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


def write_year(
    asked: Asked, year: int, output: Path | str, table: ClassTable | None = None
) -> None:
    """Write the sums of one year; of the one before, steps are read that have a partner at a lag.

    Raises:
        BadInput: as `write_agreement`; there may be no time in common.

    """
    longest = max(abs(lag) for lag in asked.lags)
    members = _members(asked, table, range(year - years_before(longest), year + 1))
    grid = common_grid(members)
    since, until = Calendar(members[0].calendar).year(year)
    common = np.concatenate([np.empty(0, np.int64), *common_times(members)])
    common = common[(since - longest <= common) & (common < until)]
    meetings = _meetings(asked, members, grid)
    regions = _regions(grid, asked.regions)
    years = Record.of(common).years(members[0].calendar) if common.size else [year]
    steps = commandline.progress(walk(members, grid, [common], asked.of), "steps", common.size)
    found = _counted(asked, members, grid, steps, regions, meetings, years, since)
    sums = {"years": np.array(years), **{name: getattr(found, name) for name in SUMS}}
    sums[SEEN] = np.flatnonzero(found.inside.any(axis=1))
    sums["inside"] = found.inside[sums[SEEN]]
    for number, (_, _, one) in enumerate(meetings):
        sums |= {f"meeting{number}_{name}": values for name, values in one.sums().items()}
    made_of = provenance(asked.files, agreement=asked.name)
    write_agreement_sums(output, sums, _identity(asked, members), made_of | {"year": year})


def years_before(lag: float) -> int:
    """Return how many years a partner at a lag (seconds) may lie before a step, or more."""
    return math.ceil(lag / SHORTEST_YEAR)


def _read_year(asked: Asked, path: Path, meetings: Meetings, members: Sequence[Member]) -> Together:
    """Read the sums of a year, and add those of catalogues."""
    found = read_agreement_sums(path, _identity(asked, members))
    for number, (_, _, one) in enumerate(meetings):
        mark = f"meeting{number}_"
        one.add_sums({name.removeprefix(mark): values for name, values in found.items()
                      if name.startswith(mark)})  # fmt: skip
    inside = np.zeros((sum(one.event.size for one in members), len(members)))
    inside[found[SEEN]] = found["inside"]
    sums = {name: found[name] for name in SUMS} | {"inside": inside}
    return Together(years=found["years"].tolist(), lags=asked.lags, **sums)


def _identity(asked: Asked, members: Sequence[Member]) -> dict[str, Any]:
    """Return what counts depend on, in types of JSON."""
    return {
        "members": [[one.experiment, one.feature.flag, one.event.size] for one in members],
        "regions": asked.regions,
        "catalogues": asked.catalogues,
        "lags": asked.lags,
        "of": asked.of,
        "radius_km": asked.radius_km,
    }


def _members(
    asked: Asked, table: ClassTable | None, years: Sequence[int] | None = None
) -> list[Member]:
    """Open the members, by default all years of their masks."""
    if not 2 <= len(asked.members) <= MOST_MEMBERS:
        raise BadInput(f"--members needs 2 to {MOST_MEMBERS} members; found {len(asked.members)}")
    return [
        read_member(
            one["experiment"],
            one["class"],
            one["masks"],
            one["objects"],
            one["events"],
            table,
            years,
        )
        for one in asked.members
    ]


def _regions(grid: Grid, boxes: Mapping[str, Sequence[float]]) -> Regions:
    regions = {"all": np.ones(grid.shape, bool)}
    regions |= {name: box_cells(grid, box) for name, box in boxes.items()}
    if empty := [name for name, cells in regions.items() if not cells.any()]:
        commandline.log.warning("%s: no cell of %s", ", ".join(empty), grid.describe())
    return {name: cells for name, cells in regions.items() if cells.any()}


def _meetings(asked: Asked, members: Sequence[Member], grid: Grid) -> Meetings:
    tables = [
        read_catalogue(
            name, read_block(Catalogue, block, f"catalogues.{name}"), members[0].calendar
        )
        for name, block in asked.catalogues.items()
    ]
    return [
        (number, table, Meeting(table, grid, asked.radius_km, one.event.size))
        for table in tables
        for number, one in enumerate(members)
    ]


def _doubt_radius(grid: Grid, radius_km: float) -> None:
    """Warn where a point may lie in a marked cell and yet too far from its centre."""
    farthest = math.sqrt(float(grid.area.max()) / 2)
    if radius_km < farthest:
        commandline.log.warning(
            "radius_km: %g km is less than the %.0f km from the centre of a cell of %s to its"
            " corner: points of a catalogue in marked cells may count as not found; give at least"
            " that",
            radius_km, farthest, grid.describe(),
        )  # fmt: skip


def _counted(
    asked: Asked,
    members: Sequence[Member],
    grid: Grid,
    steps: Iterable[Step],
    regions: Regions,
    meetings: Meetings,
    years: Sequence[int],
    since: int | None = None,
) -> Together:
    return count_together(
        meeting(steps, [(number, one) for number, _, one in meetings]),
        grid,
        regions,
        years,
        len(members),
        [one.event.size for one in members],
        asked.lags,
        since,
    )


def _about(asked: Asked, members: Sequence[Member], grid: Grid, record: Record) -> dict[str, Any]:
    return {
        "agreement": asked.name,
        "of": asked.of,
        "grid": grid.describe(),
        "steps": record.steps,
        "members": [
            {
                "experiment": one.experiment,
                "class": one.feature.name,
                "short": one.feature.short,
                "regridded": not one.grid.same_as(grid),
                "steps_left_out": one.step_count - record.steps,
            }
            for one in members
        ],
    }
