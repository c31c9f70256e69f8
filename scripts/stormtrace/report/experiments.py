"""One experiment on the page: its numbers, maps, tables and links."""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from stormtrace.classes import Classes, FeatureClass
from stormtrace.climate.event_tables import FEWEST_EVENTS, EventColumns
from stormtrace.climate.frequency import Frequency
from stormtrace.climate.time_coverage import TimeCoverage, coverage
from stormtrace.grids.basins import by_basin
from stormtrace.report.contents import (
    BasinTable,
    Experiment,
    Headline,
    MapFigure,
    Provenance,
    Region,
)
from stormtrace.report.experiment_charts import charts_of, why_no_lines
from stormtrace.report.headlines import headline, region_mean
from stormtrace.report.methods import facts, paragraph
from stormtrace.report.models import for_print, images
from stormtrace.report.page_maps import BESIDE, DETAILED, TITLES, Link, PageMaps
from stormtrace.report.request import ExperimentFiles, Request
from stormtrace.report.shown_classes import ShownClass

#: Why an experiment of a large study has no charts.
NO_CHARTS = f"Of more than {DETAILED} experiments the first {DETAILED} have charts on this page."

#: Bytes: a longer film is linked to, not put into the page.
FILM_LIMIT = 1_500_000


def describe(
    files: ExperimentFiles,
    frequency: Frequency,
    classes: Classes,
    events: EventColumns | None,
    page: PageMaps,
    request: Request,
    link: Link,
    has_charts: bool,
) -> Experiment:
    """Return an experiment's row in the first table, and its section, with charts or without."""
    record = coverage(frequency)
    headlines = {
        one.flag: headline(frequency, one.code, one.flag, None if one.union_of else events, record)
        for one in classes.features
    }
    tracked = None if record.steps == 1 else events
    charts = charts_of(frequency, classes, tracked, request.coasts, files.landfall, page)
    missing = _missing_content(frequency, classes, headlines, record, tracked)
    return Experiment(
        name=files.name,
        grid=frequency.grid,
        title=files.title or files.name,
        description=files.description,
        subtitle=" · ".join(
            filter(None, (files.model or files.detector, files.dataset, files.grid))
        ),
        facts=list(facts(files, frequency, classes)),
        methods=paragraph(files, frequency, classes),
        record=record,
        headlines=headlines,
        maps=list(_maps(files.name, classes, page, headlines)),
        regions=list(_regions(frequency, classes, request.regions)),
        charts=list(charts) if has_charts else [],
        basins=list(_basins(classes, tracked, record)),
        missing_content=[*missing, *([] if has_charts else [NO_CHARTS])],
        doubts=[one for one in frequency.attributes.get("doubts", "").split("\n") if one],
        animation=film(files.animation, link),
        images=images(files.images),
        figures=list(figure_links(files.figures, link, classes.features)),
        files=list(_data_files(files, link)),
        provenance=_provenance(frequency),
    )


def film(path: str | None, link: Link) -> str | None:
    """Return a film as part of the page if it is small, or else a link to it."""
    if not path or not link(path):
        return None
    content = Path(path).read_bytes()
    if len(content) > FILM_LIMIT:
        return link(path)
    kind = Path(path).suffix.lstrip(".")
    return f"data:video/{kind};base64,{base64.b64encode(content).decode('ascii')}"


def figure_links(
    folder: str | None, link: Link, classes: Iterable[FeatureClass | ShownClass]
) -> Iterator[tuple[str, str]]:
    """Yield (name, link) of the figures in a folder: of their PDFs where there are any."""
    shorts = {one.short.lower(): one.short for one in classes}
    for path in sorted(Path(folder).glob("*.png")) if folder else ():
        if target := link(str(for_print(path))):
            yield figure_name(path.stem, shorts), target


def figure_name(stem: str, shorts: Mapping[str, str]) -> str:
    """Return how a link calls a figure: ``ar-frequency`` → ``AR, frequency``.

    shorts: short name as file names have it -> short name.
    """
    key, _, rest = stem.partition("-")
    rest = {"both": "both maps", "crossings-both": "crossings, both maps"}.get(rest, rest)
    words = rest.replace("-", " ")
    return f"{shorts[key]}, {words}" if rest and key in shorts else stem.replace("-", " ")


def _maps(
    name: str, classes: Classes, page: PageMaps, headlines: Mapping[str, Headline]
) -> Iterator[MapFigure]:
    """Yield the maps of the page that are of this experiment's whole record."""
    for feature in classes.features:
        for variable in page.variables:
            key = f"{name}|{variable}|{feature.flag}|annual"
            if key in page.maps and variable not in BESIDE:
                count = headlines[feature.flag].count
                smoothed = "density" in TITLES[variable]
                note = f" ({count:,} events, smoothed over 400 km)" if smoothed else ""
                caption = f"{feature.short} {page.title_of(variable).lower()}{note}"
                yield MapFigure(key, caption, page.seen[key])


def _regions(
    frequency: Frequency, classes: Classes, regions: Mapping[str, Sequence[float]]
) -> Iterator[Region]:
    """Yield the regions that the grid has cells of."""
    maps = {flag: frequency.per_cent(flag) for flag in classes.flags if regions}
    rates = {
        one.flag: frequency.crossing_rate(one.flag)
        for one in frequency.crossed
        if regions and frequency.weeks() > 0
    }
    for name, box in regions.items():
        means, crossings = (
            {flag: region_mean(values, frequency.grid, box) for flag, values in some.items()}
            for some in (maps, rates)
        )
        if any(mean is not None for mean, _ in means.values()):
            yield Region(name, means, {flag: mean for flag, (mean, _) in crossings.items()})


def _basins(
    classes: Classes, events: EventColumns | None, record: TimeCoverage
) -> Iterator[BasinTable]:
    """Yield events by the basin they begin in, of the classes that have basins and events."""
    for feature in classes.features:
        if events is None or feature.basins is None:
            continue
        rows = events.of(feature.code)
        if len(rows["class"]) == 0:
            continue
        counts = by_basin(feature.basins, rows["genesis_lat"], rows["genesis_lon"])
        yield BasinTable(
            f"{feature.short} events {record.per}",
            {basin: record.events(count) for basin, count in counts.items()},
        )


def _missing_content(
    frequency: Frequency,
    classes: Classes,
    headlines: Mapping[str, Headline],
    record: TimeCoverage,
    events: EventColumns | None,
) -> Iterator[str]:
    """Yield why something that other reports show is not there."""
    if record.steps == 1:
        yield "One map has no events, and no lines over months or years."
    elif events is None:
        yield "Events were not tracked."
    for feature in classes.features:
        if headlines[feature.flag].maximum == 0:
            yield f"No {feature.name.lower()} was detected."
        elif headlines[feature.flag].count == 0:
            yield f"No {feature.name.lower()} was tracked, so nothing is shown of its events."
        elif 0 < (count := headlines[feature.flag].count or 0) < FEWEST_EVENTS:
            yield (
                f"{count} {feature.name.lower() if count == 1 else feature.plural}: too few for a"
                " map of density, which is drawn from"
                f" {FEWEST_EVENTS} events on; the figures show where each begins and ends."
            )
    if record.steps != 1:
        yield from why_no_lines(frequency)


def _data_files(files: ExperimentFiles, link: Link) -> Iterator[tuple[str, str]]:
    """Yield (name, link) of an experiment's data files."""
    events = sorted(Path(files.events).glob("*.*")) if files.events else []
    for path in [files.frequency, *(str(path) for path in events if path.is_file())]:
        if target := link(path):
            yield Path(path).name, target


def _provenance(frequency: Frequency) -> Provenance:
    """Return the attributes that say where an experiment's numbers come from."""
    facts = {name: text for name, text in frequency.attributes.items() if name != "Conventions"}
    inputs: dict[str, str] = json.loads(facts.pop("inputs", "{}") or "{}")
    return Provenance(facts, inputs)
