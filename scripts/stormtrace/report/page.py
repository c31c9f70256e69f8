"""Everything the page shows, gathered from result files, and the page itself."""

import functools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import yaml

from stormtrace import __version__
from stormtrace.classes import Classes
from stormtrace.climate.event_tables import read_events
from stormtrace.climate.frequency import COUNTED, open_frequency
from stormtrace.climate.time_coverage import TimeCoverage, coverage
from stormtrace.commandline import log
from stormtrace.errors import BadInput
from stormtrace.figures.colours import DIVERGING, DIVERGING_DARK
from stormtrace.formats.comparison_maps import SEASONS
from stormtrace.grids import Grid
from stormtrace.report import (
    agreements,
    attributions,
    comparisons,
    decompositions,
    experiments,
    models,
    verifications,
)
from stormtrace.report.contents import Comparison, Experiment, Page
from stormtrace.report.formatting import change, number, sentence
from stormtrace.report.label_findings import describe_labels
from stormtrace.report.origins import raw_sources
from stormtrace.report.packing import pack_land
from stormtrace.report.page_maps import (
    DETAILED,
    DETAILS,
    Link,
    PageMaps,
    Rate,
    add_experiment,
    key_of,
    link_from,
)
from stormtrace.report.raster import choose_view, polar_view
from stormtrace.report.request import ExperimentFiles, Request, read_request
from stormtrace.report.shown_classes import shown_classes


def write_page(
    report: Mapping[str, Any],
    templates: Path,
    folder: Path,
    command: str = "",
) -> str:
    """Return the page (HTML).

    report: see `scripts/write_report.py`. folder: where the page will be. command: what made
    it.

    Raises:
        BadInput: the report has a key that is missing or wrong, or a result cannot be read.

    """
    request = read_request(report)
    page = _page(request, folder, command)
    return _environment(templates).get_template("report.html.j2").render(page=page)


def _warn_of_empty(request: Request, shown: Sequence[Experiment]) -> None:
    """Warn of regions that no experiment's grid has a cell of: they are nowhere on the page."""
    found = {region.name for one in shown for region in one.regions}
    for name in request.regions.keys() - found if request.experiments else ():
        log.warning(
            "regions.%s (%s) has no cell of the grid of any experiment: nothing is drawn, averaged"
            " or counted there; correct the box, [west, east, south, north], or leave it out",
            name, ", ".join(f"{edge:g}" for edge in request.regions[name]),
        )  # fmt: skip


def _page(request: Request, folder: Path, command: str) -> Page:
    link = functools.partial(link_from, folder)
    maps = _start(request)
    shown = [
        _experiment(maps, files, request, link, position < DETAILED)
        for position, files in enumerate(request.experiments)
    ]
    by_name = {one.name: one for one in shown}
    _warn_of_empty(request, shown)
    compared = [comparisons.describe(files, maps, by_name, link) for files in request.comparisons]
    decomposed = [
        decompositions.describe(files, maps.classes, by_name, link) for files in request.comparisons
    ]
    verified = [verifications.describe(files, maps.classes, link) for files in request.experiments]
    brought = [
        one
        for files in request.experiments
        for one in attributions.describe(
            files.attribution, files.name, files.title or files.name, maps.classes, link
        )
    ]
    changed = [
        one
        for files in request.comparisons
        for one in attributions.describe_changes(
            files.attribution, files.name, files.title or files.name, maps.classes, link
        )
    ]
    every_class = maps.classes.values()
    return Page(
        title=request.title,
        description=request.description,
        version=__version__,
        command=command,
        classes=maps.classes,
        experiments=shown,
        comparisons=compared,
        decompositions=[one for one in decomposed if one is not None],
        verifications=[one for one in verified if one is not None],
        agreements=[agreements.describe(one, maps.classes, link) for one in request.agreements],
        attributions=brought,
        attributed_changes=changed,
        models=[models.describe(files, dict(maps.classes), link) for files in request.models],
        is_overview=len(shown) > DETAILED,
        of=request.of,
        labels=list(describe_labels(request.labels)),
        sensitivity=list(experiments.figure_links(request.sensitivity, link, every_class)),
        maps_seen=maps.seen,
        sources=raw_sources(request.samples),
        configuration=_as_yaml(request.configuration),
        projection=maps.view.words,
        data=_script_data(maps, shown, compared),
    )


def _as_yaml(configuration: Mapping[str, Any]) -> str:
    """Return the configuration as people write it; empty if there is none."""
    if not configuration:
        return ""
    return yaml.safe_dump(
        json.loads(json.dumps(configuration)), sort_keys=False, allow_unicode=True, width=100
    )


def _start(request: Request) -> PageMaps:
    """Return a page without maps yet, on a raster that suits all experiments."""
    grids: list[Grid] = []
    classes: list[Classes] = []
    records: list[TimeCoverage] = []
    periods: set[str] = set()
    for one in request.experiments:
        with open_frequency(one.frequency, request.classes, request.of) as frequency:
            grids.append(frequency.grid)
            classes.append(frequency.classes)
            records.append(coverage(frequency))
            periods |= {name for name in SEASONS if frequency.period_steps(name) > 0}
    shown = shown_classes(classes)
    is_overview = len(grids) > DETAILED
    periods = set() if is_overview else periods
    keys = {key_of(COUNTED[one.of], request.of) for one in request.comparisons}
    overview = frozenset({"count", *keys})
    wanted = overview if is_overview else overview | DETAILS[request.of]
    return PageMaps(
        view=choose_view(grids, len(grids) * len(shown) * (len(periods) + len(wanted) - 1)),
        classes=shown,
        rate=Rate.of(records),
        is_single=all(record.steps == 1 for record in records),
        periods=[name for name in SEASONS if name in periods] if len(periods) > 2 else ["annual"],
        wanted=wanted,
        of=request.of,
    )


def _experiment(
    maps: PageMaps,
    files: ExperimentFiles,
    request: Request,
    link: Link,
    has_charts: bool,
) -> Experiment:
    """Add an experiment's maps to the page and return what is shown of it."""
    events = read_events(files.events)
    with open_frequency(files.frequency, request.classes, request.of) as frequency:
        classes = frequency.classes
        add_experiment(maps, files.name, frequency, classes, events, coverage(frequency))
        return experiments.describe(
            files, frequency, classes, events, maps, request, link, has_charts
        )


def _script_data(
    maps: PageMaps, shown: Sequence[Experiment], compared: Sequence[Comparison]
) -> dict[str, Any]:
    """Return what the page's script reads."""
    is_annual = all(not one.record.is_partial for one in shown)
    whole = "annual" if is_annual else "all time steps"
    return maps.view.script_data() | {
        "maps": maps.maps,
        "significance": maps.significance,
        "land": pack_land(maps.view),
        "features": {
            flag: {"title": one.title, "short": one.short, "light": one.light, "dark": one.dark}
            for flag, one in maps.classes.items()
        },
        "single": maps.is_single,
        "diverging": {"light": DIVERGING, "dark": DIVERGING_DARK},
        "variables": {name: [maps.title_of(name), maps.units_of(name)] for name in maps.variables},
        "periods": {name: whole if name == "annual" else name for name in maps.periods},
        "experiments": [
            {"name": one.name, "title": one.title, "view": polar_view(one.grid, maps.view)}
            for one in shown
        ],
        "comparisons": [
            {
                "name": one.name,
                "variable": one.variable,
                "first": one.first.name,
                "second": one.second.name,
            }
            for one in compared
        ],
    }


def _environment(templates: Path) -> jinja2.Environment:
    """Return an environment in which a name that does not exist is an error."""
    if not (templates / "report.html.j2").is_file():
        raise BadInput(f"there is no template report.html.j2 in {templates}")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates),
        autoescape=jinja2.select_autoescape(["html", "j2"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": number,
        "change": change,
        "json_data": _json_data,
        "sentence": sentence,
    }
    return environment


def _json_data(value: object) -> str:
    """Return JSON that may stand inside a script element."""
    return json.dumps(value, separators=(",", ":")).replace("</", "<\\/")
