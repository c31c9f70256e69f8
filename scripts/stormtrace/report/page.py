"""Everything the page shows, gathered from result files, and the page itself."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from stormtrace import __version__
from stormtrace.climate.comparison import COUNTED
from stormtrace.climate.event_tables import read_events
from stormtrace.climate.frequency import open_frequency
from stormtrace.errors import BadInput
from stormtrace.figures.colours import DIVERGING, DIVERGING_DARK, ramp
from stormtrace.figures.names import heading
from stormtrace.formats.comparisons import SEASONS, Comparison, read_comparison
from stormtrace.grids.remapping import on_grid
from stormtrace.report import experiments, models
from stormtrace.report.label_findings import describe_labels
from stormtrace.report.packing import choose_grid, pack_bits, pack_land
from stormtrace.report.page_maps import VARIABLES, Link, PageMaps, add_experiment, link_from

#: Keys the template looks for that a report may leave out.
OPTIONAL = ("description", "command", "sources", "configuration")


def write_page(report: Mapping[str, Any], templates: Path, folder: Path) -> str:
    """Return the page (HTML). report: see `scripts/write_report.py`; folder: where it will lie."""
    for key in ("title", "experiments"):
        if not report.get(key):
            raise BadInput(f"the report needs {key!r}; found the keys {sorted(report)}")
    link = functools.partial(link_from, folder)
    page = _start([entry["frequency"] for entry in report["experiments"]])
    boxes = {kind: report.get(kind, {}) for kind in ("regions", "coasts")}
    rows = [_experiment(page, entry, boxes, link) for entry in report["experiments"]]
    comparisons = [_comparison(e, page, rows, link) for e in report.get("comparisons", [])]
    context = {
        "report": dict.fromkeys(OPTIONAL, "") | dict(report),
        "version": __version__,
        "labels": list(describe_labels(report.get("labels", []))),
        "experiments": rows,
        "comparisons": comparisons,
        "sensitivity": list(experiments.figure_links(report.get("sensitivity"), link)),
        "models": [models.describe(entry, link) for entry in report.get("models", [])],
        "features": page.features,
        "data": _script_data(page, rows, comparisons),
    }
    return _environment(templates).get_template("report.html.j2").render(context)


def _experiment(
    page: PageMaps, entry: Mapping[str, Any], boxes: Mapping[str, Any], link: Link
) -> dict[str, Any]:
    """Add an experiment's maps to the page and return what is told of it."""
    events = read_events(entry.get("events"))
    with open_frequency(entry["frequency"]) as frequency:
        add_experiment(page, entry["name"], frequency, events)
        return experiments.describe(entry, frequency, events, boxes, link)


def _start(paths: Sequence[str]) -> PageMaps:
    """Return a page without maps yet, on a grid that suits all experiments."""
    grids, features, seasons = [], [], set()
    for path in paths:
        with open_frequency(path) as frequency:
            grids.append(frequency.grid)
            features.append(frequency.classes)
            seasons |= {period for period in SEASONS if frequency.period_steps(period) > 0}
    first = features[0]
    maps = len(paths) * len(first.flags) * (len(seasons) + 3)
    page = PageMaps(choose_grid(grids, maps))
    page.periods = [p for p in SEASONS if p in seasons] if len(seasons) > 2 else ["annual"]
    for feature in first.features:
        page.features[feature.flag] = {
            "title": heading(feature),
            "short": feature.short,
            "light": ramp(feature),
            "dark": ramp(feature, dark=True),
        }
    return page


def _comparison(
    entry: Mapping[str, Any], page: PageMaps, rows: list[dict[str, Any]], link: Link
) -> dict[str, Any]:
    """Return what the page tells of a comparison; its significance goes to the script."""
    comparison = read_comparison(entry["file"])
    if comparison.tested:
        _add_significance(page, entry["name"], comparison)
    by_name = {row["name"]: row for row in rows}
    sides = [by_name.get(entry[side]) for side in ("first", "second")]
    if None in sides:
        raise BadInput(
            f"comparison {entry['name']!r} is of {entry['first']!r} and {entry['second']!r}, but "
            f"the report has the experiments {sorted(by_name)}"
        )
    return {
        "name": entry["name"],
        "title": entry.get("title") or entry["name"],
        "description": entry.get("description", ""),
        "variable": COUNTED[comparison.attributes.get("counted_from", "masks")],
        "first": sides[0],
        "second": sides[1],
        "tested": comparison.tested,
        "file": link(entry["file"]),
        "figures": list(experiments.figure_links(entry.get("figures"), link)),
    }


def _add_significance(page: PageMaps, name: str, comparison: Comparison) -> None:
    for feature in comparison.classes.flags:
        for period in page.periods:
            share = np.nan_to_num(comparison.get("significant", feature, period))
            flags = on_grid(share, comparison.grid, page.grid)
            page.significance[f"{name}|{feature}|{period}"] = pack_bits(flags > 0.5)


def _script_data(
    page: PageMaps, rows: list[dict[str, Any]], comparisons: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return what the page's script reads."""
    return {
        "lat": page.grid.lat.round(5).tolist(),
        "lon": page.grid.lon.round(5).tolist(),
        "maps": page.maps,
        "significance": page.significance,
        "land": pack_land(),
        "features": page.features,
        "diverging": {"light": DIVERGING, "dark": DIVERGING_DARK},
        "variables": {name: VARIABLES[name] for name in page.variables},
        "periods": page.periods,
        "experiments": [{"name": row["name"], "title": row["title"]} for row in rows],
        "comparisons": [
            {
                "name": c["name"],
                "variable": c["variable"],
                "first": c["first"]["name"],
                "second": c["second"]["name"],
            }
            for c in comparisons
        ],
    }


def _environment(templates: Path) -> jinja2.Environment:
    if not (templates / "report.html.j2").is_file():
        raise BadInput(f"there is no template report.html.j2 in {templates}")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates),
        autoescape=jinja2.select_autoescape(["html", "j2"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "change": change, "json_data": _json_data}
    return environment


def number(value: float | None, digits: int = 3) -> str:
    """Return a number to some significant digits; a dash for none."""
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:,.{decimals}f}".replace("-", "−")


def change(second: float | None, first: float | None) -> str:
    """Return by how many per cent `second` differs from `first`; empty for nothing to tell."""
    if first is None or second is None or not first:
        return ""
    percent = round(100 * (second / first - 1))
    return f"{percent:+d}\u202f%".replace("-", "−") if percent else "±0\u202f%"


def _json_data(value: object) -> str:
    """Return JSON that may stand inside a script element."""
    return json.dumps(value, separators=(",", ":")).replace("</", "<\\/")
