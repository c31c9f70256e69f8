"""Why two experiments differ, on the page: the difference shared out among input fields."""

from collections.abc import Iterator, Mapping, Sequence

from markupsafe import Markup

from stormtrace.formats.comparison_maps import SEASONS
from stormtrace.formats.decomposition_maps import EVERYWHERE, Row, read_rows
from stormtrace.report.charts import Bar, bar_chart
from stormtrace.report.contents import (
    Chart,
    Contribution,
    Decomposition,
    Experiment,
    Interval,
)
from stormtrace.report.experiments import figure_links
from stormtrace.report.formatting import number
from stormtrace.report.page_maps import Link
from stormtrace.report.request import ComparisonFiles
from stormtrace.report.shown_classes import ShownClass, style_of

#: Parts of the table that are no contributions.
SIDES = ("first", "second", "difference")

#: Class, period, region -> part -> row.
Places = dict[tuple[str, str, str], dict[str, Row]]


def describe(
    files: ComparisonFiles,
    classes: Mapping[str, ShownClass],
    experiments: Mapping[str, Experiment],
    link: Link,
) -> Decomposition | None:
    """Return what the page says of a comparison that was decomposed."""
    if files.decomposition is None:
        return None
    places: Places = {}
    for row in read_rows(files.decomposition):
        places.setdefault((row.feature, row.period, row.region), {})[row.part] = row
    fields = [part for part in next(iter(places.values()), {}) if part not in SIDES]
    titles = experiments[files.first].title, experiments[files.second].title
    whole = [key for key in places if key[1:] == (SEASONS[0], EVERYWHERE)]
    target = link(files.decomposition)
    return Decomposition(
        name=files.name,
        title=files.title or files.name,
        sentences=[_sentence(key[0], places[key], titles) for key in whole],
        parts=["difference", *fields],
        rows=list(_rows(places, fields)),
        charts=[_chart(key[0], places[key], fields, classes) for key in whole],
        has_intervals=any(one["difference"].low is not None for one in places.values()),
        links=[("CSV", target)] if target else [],
        figures=list(figure_links(files.contributions, link, classes.values())),
    )


def _sentence(feature: str, parts: Mapping[str, Row], titles: tuple[str, str]) -> str:
    """Return the answer: how much more or less, and how much of it comes with which field."""
    first, second = titles
    difference = parts["difference"]
    more = "more" if difference.estimate >= 0 else "less"
    said = [
        f"{_points(row, parts)} with {name}"
        for name, row in parts.items()
        if name not in (*SIDES, "remainder")
    ]
    size = _number(difference, absolute=True)
    return (
        f"{feature}: {size} percentage points {more} frequent in {second} than in {first}: "
        f"{', '.join(said)}; {_points(parts['remainder'], parts)} remain."
    )


def _points(row: Row, parts: Mapping[str, Row]) -> str:
    """Return a contribution, with its share where the difference is known to have a sign."""
    whole = parts["difference"]
    ends = [end for end in (whole.low, whole.high) if end is not None]
    signed = len(ends) == 2 and ends[0] * ends[1] > 0
    share = f", {round(100 * row.estimate / whole.estimate)}\u202f%" if signed else ""
    return f"{_number(row)}{share}".replace("-", "−")


def _number(row: Row, absolute: bool = False) -> str:
    sign = -1.0 if absolute and row.estimate < 0 else 1.0
    value = number(sign * row.estimate, 2)
    if row.low is None or row.high is None:
        return value
    low, high = sorted((sign * row.low, sign * row.high))
    return f"{value} ({number(low, 2)} to {number(high, 2)})"


def _rows(places: Places, fields: Sequence[str]) -> Iterator[Contribution]:
    for (feature, period, region), parts in places.items():
        if period != SEASONS[0] and region != EVERYWHERE:
            continue  # in the file
        where = region if region != EVERYWHERE else "whole grid" if period == SEASONS[0] else period
        cells = [parts[part] for part in ("difference", *fields)]
        yield Contribution(feature, where, [_interval(row) for row in cells])


def _interval(row: Row) -> Interval:
    ends = None if row.low is None or row.high is None else (row.low, row.high)
    return Interval(row.estimate, ends)


def _chart(
    feature: str,
    parts: Mapping[str, Row],
    fields: Sequence[str],
    classes: Mapping[str, ShownClass],
) -> Chart:
    style = style_of(feature, classes) or "neutral"
    bars = {
        part: [_bar(part, style if part in fields else "neutral", parts[part])]
        for part in ("difference", *fields)
    }
    note = "whole grid, all seasons; bars of fields and the remainder add up to the difference"
    return Chart(f"{feature} by field", Markup(bar_chart(bars, "percentage points")), note)


def _bar(name: str, style: str, row: Row) -> Bar:
    low = row.estimate if row.low is None else row.low
    high = row.estimate if row.high is None else row.high
    return Bar(name, style, row.estimate, low, high)
