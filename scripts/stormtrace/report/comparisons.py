"""A comparison on the page: what changes, in numbers and maps."""

from collections.abc import Mapping

import numpy as np

from stormtrace.climate.comparison import COUNTED
from stormtrace.formats.comparison_maps import Comparison as ComparisonFile
from stormtrace.formats.comparison_maps import read_comparison
from stormtrace.report.contents import Comparison, Experiment, Finding, MapFigure
from stormtrace.report.experiments import figure_links
from stormtrace.report.formatting import change, number
from stormtrace.report.packing import pack_bits
from stormtrace.report.page_maps import Link, PageMaps
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
    variable = COUNTED[compared.attributes.get("counted_from", files.of)]
    first, second = experiments[files.first], experiments[files.second]
    shown = [
        feature
        for flag, feature in page.classes.items()
        if all(f"{side.name}|{variable}|{flag}|annual" in page.maps for side in (first, second))
    ]
    what = page.title_of(variable).lower()
    target = link(files.file)
    return Comparison(
        name=files.name,
        title=files.title or files.name,
        description=files.description,
        variable=variable,
        first=first,
        second=second,
        findings=[_finding(feature, first, second, variable) for feature in shown],
        maps=[
            MapFigure(
                f"{files.name}|{one.key}|annual", f"{one.short} {what}, difference", "difference"
            )
            for one in shown
        ],
        is_tested=compared.tested,
        links=[("netCDF", target)] if target else [],
        figures=list(figure_links(files.figures, link)),
    )


def _finding(feature: ShownClass, first: Experiment, second: Experiment, variable: str) -> Finding:
    a, b = first.headlines[feature.key], second.headlines[feature.key]
    before, after = a.means.get(variable), b.means.get(variable)
    events, events_change = "", ""
    if a.events is not None and b.events is not None:
        if first.record.per == second.record.per:
            events = f"{number(a.events)} → {number(b.events)} events {first.record.per}"
            events_change = change(b.events, a.events)
        else:
            events = " → ".join(
                f"{number(head.events)} events {side.record.per}"
                for head, side in ((a, first), (b, second))
            )
    return Finding(feature, before, after, change(after, before), events, events_change)


def _add_significance(page: PageMaps, name: str, compared: ComparisonFile) -> None:
    for flag in compared.classes.flags:
        for period in page.periods:
            share = np.nan_to_num(compared.get("significant", flag, period))
            flags = np.nan_to_num(on_raster(share, compared.grid, page.view)) > 0.5
            page.significance[f"{name}|{flag}|{period}"] = pack_bits(flags)
