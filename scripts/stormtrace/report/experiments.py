"""What the page tells of one experiment: numbers, charts, tables and links."""

from __future__ import annotations

import base64
import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from stormtrace.climate.basins import by_basin
from stormtrace.climate.event_tables import Table, of_class
from stormtrace.climate.frequency import Frequency
from stormtrace.climate.hovmoller import coasts_on, hovmoller
from stormtrace.climate.seasons import MONTHS
from stormtrace.climate.series import by_year, seasonal_cycle
from stormtrace.climate.time_coverage import coverage
from stormtrace.figures.names import HISTOGRAMS, heading
from stormtrace.report.charts import Line, heat_map, histogram, line_chart
from stormtrace.report.headlines import headline, region_mean
from stormtrace.report.models import images
from stormtrace.report.page_maps import Link

FEWEST = 3
"""Months or years that make a line worth drawing."""

FILM_LIMIT = 1_500_000
"""Bytes: a longer film is linked to, not put into the page."""


def describe(
    entry: Mapping[str, Any],
    frequency: Frequency,
    events: Table | None,
    boxes: Mapping[str, Mapping[str, Sequence[float]]],
    link: Link,
) -> dict[str, Any]:
    """Return one row of the table of experiments, and its section.

    boxes: the study's `regions` and `coasts`, name -> [west, east, south, north].
    """
    names = frequency.classes.flags
    coasts = coasts_on(frequency.grid, boxes.get("coasts", {}))
    return {
        **{key: entry.get(key) or "" for key in ("model", "dataset", "grid", "description")},
        "statistics": _statistics_words(entry),
        "name": entry["name"],
        "title": entry.get("title") or entry["name"],
        "span": coverage(frequency).words,
        "shape": f"{frequency.grid.lat.size} × {frequency.grid.lon.size}",
        "length_years": frequency.length_years,
        "missing": int(frequency.expected_steps.sum() - frequency.steps.sum()),
        "headlines": {name: headline(frequency, name, events) for name in names},
        "regions": list(_regions(frequency, boxes.get("regions", {}))),
        "charts": [*_charts(frequency, events, coasts), *_landfall(entry.get("landfall"))],
        "basins": _basins(frequency, events) if events is not None else [],
        "animation": film(entry.get("animation"), link),
        "images": images(entry.get("images") or []),
        "files": list(_files(entry, link)),
        "figures": list(figure_links(entry.get("figures"), link)),
        "provenance": _provenance(frequency),
    }


def film(path: str | None, link: Link) -> str | None:
    """Return a film as part of the page if it is small, or else a link to it."""
    if not path or not link(path):
        return None
    content = Path(path).read_bytes()
    if len(content) > FILM_LIMIT:
        return link(path)
    kind = Path(path).suffix.lstrip(".")
    return f"data:video/{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _statistics_words(entry: Mapping[str, Any]) -> str:
    """Say in words which statistics normalized the input."""
    weighting = entry.get("weighting") or "none"
    kind = entry.get("statistics") or ""
    return kind if weighting == "none" else f"{kind}, weighted: {weighting}"


def _regions(
    frequency: Frequency, regions: Mapping[str, Sequence[float]]
) -> Iterator[dict[str, Any]]:
    for name, region in regions.items():
        means = {
            feature: region_mean(frequency.per_cent(feature), frequency.grid, region)
            for feature in frequency.classes.flags
        }
        yield {"name": name, "means": means}


def _charts(
    frequency: Frequency, events: Table | None, coasts: Mapping[str, NDArray[np.bool_]]
) -> Iterator[dict[str, Any]]:
    """Yield the charts of an experiment: seasonal cycle, years, coasts, histograms."""
    for feature in frequency.classes.flags:
        style = _short(frequency, feature).lower()
        cycle = seasonal_cycle(frequency, feature)
        if sum(value is not None for value in cycle["north"]) >= FEWEST:
            lines = [
                Line("northern hemisphere", cycle["north"], style),
                Line("southern hemisphere", cycle["south"], f"{style} dashed"),
            ]
            svg = line_chart([m[0] for m in MONTHS], lines, "% of time steps")
            yield _chart(
                f"{_heading(frequency, feature)}s through the year",
                svg,
                "solid north, dashed south",
            )
    years, _ = by_year(frequency, frequency.classes.flags[0])
    if len(years) >= FEWEST:
        lines = [
            Line(
                _heading(frequency, feature),
                by_year(frequency, feature)[1],
                _short(frequency, feature).lower(),
            )
            for feature in frequency.classes.flags
        ]
        every = max(1, len(years) // 6)
        svg = line_chart([str(year) for year in years], lines, "% of the globe", every)
        yield _chart("Year by year", svg, "area mean frequency")
    for name, coast in coasts.items():
        yield from _coast(frequency, name, coast)
    if events is not None:
        yield from _histograms(frequency, events)


def _coast(frequency: Frequency, name: str, coast: NDArray[np.bool_]) -> Iterator[dict[str, Any]]:
    """Yield latitude × month along a coast, if the months are many."""
    if (frequency.steps.sum(axis=0) > 0).sum() < FEWEST:
        return
    for feature in frequency.classes.flags:
        lat, values = hovmoller(frequency, feature, coast)
        svg = heat_map(lat, values, "% of time steps", _short(frequency, feature).lower())
        yield _chart(f"{_short(frequency, feature)}s along the coast", svg, f"{name}, by month")


def _histograms(frequency: Frequency, events: Table) -> Iterator[dict[str, Any]]:
    for code, feature in zip(frequency.classes.codes, frequency.classes.flags, strict=True):
        rows = of_class(events, code)
        for column, (title, units, factor) in HISTOGRAMS.items():
            if column in rows and len(rows[column]):
                svg = histogram(rows[column] * factor, units, _short(frequency, feature).lower())
                yield _chart(f"{title} · {_short(frequency, feature)}", svg, units)


def _landfall(path: str | None) -> Iterator[dict[str, Any]]:
    """Yield the chart of `count_landfalls.py`'s table."""
    if not path:
        return
    with Path(path).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for coast in dict.fromkeys(row["coast"] for row in rows):
        here = [row for row in rows if row["coast"] == coast]
        latitudes = [f"{lat:g}°" for lat in dict.fromkeys(float(row["lat"]) for row in here)]
        lines = [
            Line(name, [float(row["events"]) for row in here if row["class"] == name], name.lower())
            for name in dict.fromkeys(row["class"] for row in here)
        ]
        svg = line_chart(latitudes, lines, "events", -(-len(latitudes) // 5))
        yield _chart("Events that reach the coast", svg, f"{coast}, by latitude")


def _basins(frequency: Frequency, events: Table) -> list[dict[str, Any]]:
    """Return events a year by the basin they begin in, for each class."""
    tables = []
    for code, feature in zip(frequency.classes.codes, frequency.classes.flags, strict=True):
        rows = of_class(events, code)
        basins = frequency.classes[feature].basins
        if basins is None:
            continue
        counts = by_basin(basins, rows["genesis_lat"], rows["genesis_lon"])
        a_year = {name: count / frequency.length_years for name, count in counts.items()}
        tables.append({"title": f"{_heading(frequency, feature)}s a year", "counts": a_year})
    return tables


def _short(frequency: Frequency, feature: str) -> str:
    return frequency.classes[feature].short


def _heading(frequency: Frequency, feature: str) -> str:
    return heading(frequency.classes[feature])


def _chart(title: str, svg: str, note: str) -> dict[str, Any]:
    return {"title": title, "svg": Markup(svg), "note": note}


def _files(entry: Mapping[str, Any], link: Link) -> Iterator[tuple[str, str]]:
    """Yield (name, link) of an experiment's data files."""
    candidates = [entry.get("frequency")]
    if entry.get("events"):
        folder = Path(entry["events"])
        candidates += [str(path) for path in sorted(folder.glob("*.*")) if path.is_file()]
    for path in candidates:
        target = link(path)
        if path and target:
            yield Path(path).name, target


def figure_links(folder: str | None, link: Link) -> Iterator[tuple[str, str]]:
    """Yield (name, link) of the PDFs in a folder of figures."""
    if folder:
        for path in sorted(Path(folder).glob("*.pdf")):
            target = link(str(path))
            if target:
                yield path.stem.replace("-", " "), target


def _provenance(frequency: Frequency) -> dict[str, Any]:
    """Return the attributes that tell where an experiment's numbers come from."""
    facts = dict(frequency.attributes)
    facts.pop("Conventions", None)
    inputs = json.loads(facts.pop("inputs", "{}") or "{}")
    return {"facts": facts, "inputs": inputs}
