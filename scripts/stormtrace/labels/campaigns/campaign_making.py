"""A campaign from its parts: times chosen, fields drawn, the project written."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.classes import Classes
from stormtrace.commandline import log, progress
from stormtrace.errors import BadInput
from stormtrace.files import writing
from stormtrace.formats.json_files import write_json
from stormtrace.formats.labelled import list_labelled
from stormtrace.formats.sample_names import stamp
from stormtrace.formats.units import parse_unit
from stormtrace.labels.campaigns.assistance import Assistant
from stormtrace.labels.campaigns.campaign_block import Campaign
from stormtrace.labels.campaigns.campaign_masks import (
    Detections,
    date_text,
    disputed_areas,
    northern_shares,
)
from stormtrace.labels.campaigns.choosing import Candidate, choose_times
from stormtrace.labels.campaigns.field_pictures import FieldPainter, coast_cells
from stormtrace.labels.campaigns.field_scales import field_scales
from stormtrace.labels.campaigns.instructions import instructions
from stormtrace.labels.campaigns.labelling_project import (
    brush_results,
    interface,
    legend,
    picture_name,
    task,
)
from stormtrace.labels.campaigns.pre_annotations import object_masks
from stormtrace.labels.labelled_making import plans_of_year
from stormtrace.prepare.field_attributes import field_attributes
from stormtrace.prepare.plan import Plan
from stormtrace.prepare.raw.calendar_time import Calendar
from stormtrace.prepare.sample_making import FieldSource, steps_on_grid
from stormtrace.prepare.verbs import Magnitude

#: Columns of the table of times.
COLUMNS = ("name", "time", "season", "hemisphere", "disputed_km2")


@dataclass(frozen=True, eq=False)
class Inputs:
    """What a campaign is made from.

    source: the dataset with the drawn fields alone, in the order of the pages. detections,
    ensemble: masks of the experiments that it names, or None. labelled_days: YYYY-MM-DD.
    """

    source: FieldSource
    classes: Classes
    labelled_days: frozenset[str] = frozenset()
    detections: Detections | None = None
    ensemble: Detections | None = None


def make_campaign(
    campaign: Campaign, inputs: Inputs, folder: Path, facts: Mapping[str, Any]
) -> list[str]:
    """Write a campaign into `folder`, whole or not; return the chosen times.

    Raises:
        BadInput: too few times can be chosen; a field has other units than its range; a network of
            `assist` cannot be used.

    """
    source = inputs.source
    assistant = None if campaign.assist is None else Assistant.load(campaign.assist)
    scales = field_scales(campaign, source.dataset.fields)
    coast = coast_cells(source.grid) & campaign.coasts
    painters = {name: FieldPainter(scale, coast) for name, scale in scales.items()}
    chosen = {one.time: one for one in _chosen(campaign, inputs)}
    tasks, said = [], dict[str, tuple[str, Sequence[str]]]()
    with writing(folder) as partial:
        (partial / "pictures").mkdir(parents=True)
        steps = _drawn_steps(list(chosen), source)
        for plan, time, fields in progress(steps, f"drawing {campaign.name}", len(chosen)):
            said = said or _legends(plan, painters)
            maps = {name: values.reshape(source.grid.shape) for name, values in fields.items()}
            for name, painter in painters.items():
                painter.write(partial / "pictures" / picture_name(time, name), maps[name])
            proposed = _proposed(time, inputs, campaign, assistant, painters, maps)
            results = list(brush_results(proposed))
            tasks.append(task(campaign, time, list(painters), results))
        text = json.dumps(tasks, separators=(",", ":"))
        (partial / "tasks.json").write_text(text, encoding="utf-8")
        (partial / "labelling.xml").write_text(
            interface(campaign, inputs.classes, said), encoding="utf-8"
        )
        _write_times(partial / "times.csv", chosen)
        (partial / "README.md").write_text(
            instructions(campaign, [text for text, _ in said.values()]), encoding="utf-8"
        )
        write_json(partial / "campaign.json", {"campaign": campaign.name, **facts})
    if assistant is not None:
        assistant.report()
    return list(chosen)


def labelled_days(folders: Sequence[Path]) -> frozenset[str]:
    """Return the days, YYYY-MM-DD, of which labelled samples are in some of the folders.

    Raises:
        BadInput: none of them has any.

    """
    filled = [folder for folder in folders if any(folder.glob("*.nc"))]
    if folders and not filled:
        raise BadInput(
            f"`labelled`: there are no labelled samples in {', '.join(map(str, folders))}: correct "
            "their dataset, or leave it out"
        )
    return frozenset(file.date for folder in filled for file in list_labelled(folder))


def _chosen(campaign: Campaign, inputs: Inputs) -> list[Candidate]:
    """Return the chosen times, in order."""
    seconds = dict(_steps(campaign, inputs.source))
    masks = [one for one in (inputs.detections, inputs.ensemble) if one is not None]
    times = [time for time in seconds if all(time in one.place for one in masks)]
    if len(times) < len(seconds):
        log.warning("%d of %d steps have no masks", len(seconds) - len(times), len(seconds))
    free = [time for time in times if time[:10] not in inputs.labelled_days]
    disputed, north = {}, {}
    if inputs.ensemble is not None:
        disputed = disputed_areas(inputs.ensemble, free)
    if campaign.choose == "stratified" and inputs.detections is not None:
        north = northern_shares(inputs.detections, free)
    nothing = float("nan")
    candidates = [
        Candidate(seconds[time], time, north.get(time, nothing), disputed.get(time, nothing))
        for time in times
    ]
    return choose_times(candidates, campaign, inputs.labelled_days)


def _steps(campaign: Campaign, source: FieldSource) -> Iterator[tuple[str, int]]:
    """Yield time and seconds of each step of the dataset in the campaign's period."""
    dataset = source.dataset
    begin, end = campaign.period or ("0000", "9999")
    years = sorted(
        {
            year
            for part in dataset.parts
            for year in range(int(part.begin[:4]), int(part.end[:4]) + 1)
            if begin[:4] <= f"{year:04d}" <= end[:4] and part.end > f"{year:04d}-01-01"
        }
    )
    for year in progress(years, f"steps of {dataset.name}", len(years)):
        for plan in plans_of_year(source.dataset, year):
            dates = plan.calendar.dates(plan.start)
            for date, seconds in zip(dates, plan.start.tolist(), strict=True):
                time = date_text(date)
                if begin <= time < end:
                    yield time, seconds


def _drawn_steps(
    times: Sequence[str], source: FieldSource
) -> Iterator[tuple[Plan, str, Mapping[str, NDArray[np.float32]]]]:
    """Yield plan, time and fields, (n,) on the grid, of each of the times, in order."""
    by_year: dict[int, list[str]] = {}
    for time in times:
        by_year.setdefault(int(time[:4]), []).append(time)
    for year, own in sorted(by_year.items()):
        for plan in plans_of_year(source.dataset, year):
            wanted = _seconds_of(own, plan.calendar)
            steps = np.flatnonzero(np.isin(plan.start, list(wanted)))
            if not steps.size:
                continue
            some = plan.some(steps)
            for step, fields, _ in steps_on_grid(
                some, source.mesh, source.matrix, source.climatologies
            ):
                yield some, wanted[int(some.start[step])], fields


def _seconds_of(times: Sequence[str], calendar: Calendar) -> dict[int, str]:
    found = {}
    for time in times:
        with suppress(BadInput):  # of another part's calendar
            found[calendar.seconds(time)] = time
    return found


def _legends(
    plan: Plan, painters: Mapping[str, FieldPainter]
) -> dict[str, tuple[str, Sequence[str]]]:
    """Return what the legend of each field says, and its colours; BadInput for other units."""
    said: dict[str, tuple[str, Sequence[str]]] = {}
    for name, painter in painters.items():
        about, scale = field_attributes(plan, name), painter.scale
        units = about.get("units", "")
        if scale.units and units and parse_unit(scale.units) != parse_unit(units):
            raise BadInput(
                f"fields.{name} is in {units}, but its usual range in {scale.units}: say its "
                f"`range` in {units}"
            )
        called = about.get("long_name", "")
        if isinstance(plan.dataset.fields[name], Magnitude):  # not: Magnitude of U
            called = about.get("standard_name", "").replace("_", " ")
        text = legend(name, called, scale.low, scale.high, units or scale.units)
        said[name] = text, painter.ramp()
    return said


def _proposed(
    time: str,
    inputs: Inputs,
    campaign: Campaign,
    assistant: Assistant | None,
    painters: Mapping[str, FieldPainter],
    maps: Mapping[str, NDArray[np.float32]],
) -> Iterator[Any]:
    """Yield class and mask, north up, of each object that is shown to correct."""
    if inputs.detections is None:
        return
    codes = inputs.detections.at(time)
    objects = object_masks(codes, inputs.classes, inputs.source.grid)
    if assistant is None:
        yield from objects
        return
    assert campaign.assist is not None
    seen = campaign.assist.field or next(iter(painters))
    yield from assistant.improve(painters[seen].rgb(maps[seen]), objects)


def _write_times(path: Path, chosen: Mapping[str, Candidate]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(COLUMNS)
        for time, one in chosen.items():
            disputed = "" if np.isnan(one.disputed) else f"{one.disputed:.0f}"
            row = (stamp(time), time.removesuffix(":00"), one.season, one.hemisphere, disputed)
            table.writerow(row)
