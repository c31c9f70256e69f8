"""A comparison on the page: what changes, in numbers and maps."""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from stormtrace.climate.frequency import COUNTED
from stormtrace.formats.comparison_maps import CROSSING_RATE, SEASONS, read_comparison
from stormtrace.formats.comparison_maps import Comparison as ComparisonFile
from stormtrace.formats.regional_differences import EVERYWHERE, QUANTITIES, read_regional
from stormtrace.report.contents import (
    Comparison,
    Experiment,
    Finding,
    Interval,
    MapFigure,
    RegionalChange,
)
from stormtrace.report.experiments import figure_links
from stormtrace.report.formatting import change, number
from stormtrace.report.headlines import mean_over
from stormtrace.report.packing import pack_bits
from stormtrace.report.page_maps import Link, PageMaps, extremes, key_of
from stormtrace.report.raster import on_raster
from stormtrace.report.request import ComparisonFiles
from stormtrace.report.shown_classes import ShownClass


def describe(
    files: ComparisonFiles, page: PageMaps, experiments: Mapping[str, Experiment], link: Link
) -> Comparison:
    """Return what the page shows of a comparison; where it is significant goes to the script."""
    compared = read_comparison(files.file)
    if compared.tested:
        _add_significance(page, files.name, compared)
    variable = key_of(COUNTED[compared.attributes.get("counted_from", files.of)], page.of)
    first, second = experiments[files.first], experiments[files.second]
    shown = [
        feature
        for flag, feature in page.classes.items()
        if all(f"{side.name}|{variable}|{flag}|annual" in page.maps for side in (first, second))
    ]
    what = page.title_of(variable).lower()
    return Comparison(
        name=files.name,
        title=files.title or files.name,
        description=files.description,
        variable=variable,
        first=first,
        second=second,
        caution=_caution(first, second),
        findings=[_finding(feature, first, second, compared) for feature in shown],
        maps=[
            MapFigure(
                f"{files.name}|{one.key}|annual",
                f"{one.short} {what}, difference",
                extremes(
                    compared.get("difference", one.key, "annual"),
                    compared.grid,
                    "percentage points",
                ),
                "difference",
            )
            for one in shown
        ]
        + list(_crossings(files, page, compared, shown)),
        regional=list(_regional(files.table)),
        is_tested=compared.tested,
        untested=_untested(compared, shown) if compared.tested else [],
        is_empty=compared.is_empty,
        links=[
            (name, target)
            for name, path in (("netCDF", files.file), ("CSV", files.table))
            if (target := link(path))
        ],
        figures=list(figure_links(files.figures, link, page.classes.values())),
    )


def _caution(first: Experiment, second: Experiment) -> str:
    """Say so where the record of one side lacks a season that the other's has."""
    seasons = first.record.seasons, second.record.seasons
    if seasons[0] == seasons[1]:
        return ""
    said = (
        f"{side.title} {', '.join(of) or 'no time steps'}"
        for side, of in zip((first, second), seasons, strict=True)
    )
    return (
        f"The records have unlike seasons ({'; '.join(said)}): what differs over all steps is also"
        " what differs between seasons."
    )


def _regional(table: str | None) -> Iterator[RegionalChange]:
    """Yield the changes of the whole record in each region of the study."""
    for row in read_regional(table) if table else ():
        if row.region != EVERYWHERE and row.period == SEASONS[0]:
            ends = None if row.low is None or row.high is None else (row.low, row.high)
            yield RegionalChange(
                row.region,
                row.feature,
                f"{row.quantity}, {QUANTITIES[row.quantity]}",
                row.first,
                row.second,
                Interval(row.difference, ends),
            )


def _crossings(
    files: ComparisonFiles, page: PageMaps, compared: ComparisonFile, shown: Iterable[ShownClass]
) -> Iterator[MapFigure]:
    """Yield the changes in crossing rates, where the page has the maps of both sides."""
    if compared.attributes.get("counted_from", files.of) != page.of:
        return
    for one in shown:
        sides = (f"{side}|crossings|{one.key}|annual" for side in (files.first, files.second))
        if compared.has(CROSSING_RATE, one.key) and all(key in page.maps for key in sides):
            change = compared.get(f"{CROSSING_RATE}difference", one.key, "annual")
            key = f"{files.name}|{one.key}|annual|crossings"
            if compared.tests(CROSSING_RATE, one.key, "annual"):
                significant = compared.get(f"{CROSSING_RATE}significant", one.key, "annual")
                page.significance[key] = _bits(significant, compared, page)
            seen = extremes(change, compared.grid, page.units_of("crossings"))
            yield MapFigure(key, f"{one.short} crossing rate, difference", seen, "difference")


def _finding(
    feature: ShownClass, first: Experiment, second: Experiment, compared: ComparisonFile
) -> Finding:
    a, b = first.headlines[feature.key], second.headlines[feature.key]
    before, after = _common_means(compared, feature.key)
    events, events_change = "", ""
    if a.events is not None and b.events is not None:
        if first.record.per == second.record.per:
            events = f"{number(a.events)} → {number(b.events)} events {first.record.per}"
            events_change = change(b.events, a.events) if second.covers_as(first) else ""
        else:
            events = " → ".join(
                f"{number(head.events)} events {side.record.per}"
                for head, side in ((a, first), (b, second))
            )
    return Finding(feature, before, after, change(after, before), events, events_change)


def _common_means(compared: ComparisonFile, flag: str) -> tuple[float | None, float | None]:
    """Return the area means of both sides over the cells that both have; None without any."""
    both = np.isfinite(compared.get("difference", flag, "annual"))
    if not both.any():
        return None, None
    maps = (compared.get(side, flag, "annual") for side in ("first", "second"))
    first, second = (mean_over(values, compared.grid, both) for values in maps)
    return first, second


def _add_significance(page: PageMaps, name: str, compared: ComparisonFile) -> None:
    for flag in compared.classes.flags:
        for period in page.periods:
            if not compared.tests("", flag, period):
                continue
            significant = compared.get("significant", flag, period)
            page.significance[f"{name}|{flag}|{period}"] = _bits(significant, compared, page)


def _untested(compared: ComparisonFile, shown: Iterable[ShownClass]) -> list[str]:
    """Return the periods in which some class differs, and has too few years for a test."""
    return [
        "the year" if period == "annual" else period
        for period in SEASONS
        if any(
            np.nan_to_num(compared.get("difference", one.key, period)).any()
            and not compared.tests("", one.key, period)
            for one in shown
        )
    ]


def _bits(significant: NDArray[np.floating], compared: ComparisonFile, page: PageMaps) -> str:
    """Return where a difference is significant, on the page's raster."""
    share = np.nan_to_num(significant)
    return pack_bits(np.nan_to_num(on_raster(share, compared.grid, page.view)) > 0.5)
