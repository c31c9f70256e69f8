"""What features bring, on the page: shares of a field and of its extremes, and why they differ."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from stormtrace.figures.names import typeset
from stormtrace.formats.composite_sums import NONE
from stormtrace.formats.json_files import read_json
from stormtrace.numerals import ordinal
from stormtrace.report.charts import Bar, Line, bar_chart, line_chart
from stormtrace.report.contents import (
    AttributedChange,
    Attribution,
    Chart,
    Interval,
    ShareRow,
)
from stormtrace.report.experiments import figure_links
from stormtrace.report.formatting import number, of_intervals, sentence
from stormtrace.report.models import images
from stormtrace.report.page_maps import Link
from stormtrace.report.request import AttributionFiles
from stormtrace.report.shown_classes import ShownClass

Shown = Mapping[str, ShownClass]

#: What a part of the sums is called.
NO_CLASS = "no class"


def describe(
    files: Iterable[AttributionFiles], name: str, title: str, classes: Shown, link: Link
) -> Iterator[Attribution]:
    """Yield what the page says of each field whose features' share was computed."""
    for one in files:
        found = read_json(one.file, "scripts/summarize_attribution.py")
        target = link(one.file)
        yield Attribution(
            key=f"{name}-{one.field}",
            title=f"{title}: {one.field}",
            sentence=_sentence(found, classes, one.extremes_of),
            note=_note(found, classes, one.extremes_of),
            columns=[(_name(part, classes), _what(m)) for part, m in _columns(found)],
            rows=list(_rows(found)),
            charts=list(_charts(found, classes)),
            images=images(one.images),
            links=[("shares.json", target)] if target else [],
            figures=list(figure_links(one.figures, link, classes.values())),
        )


def describe_changes(
    files: Iterable[AttributionFiles], name: str, title: str, classes: Shown, link: Link
) -> Iterator[AttributedChange]:
    """Yield why what features bring of each field differs, second minus first."""
    for one in files:
        found = read_json(one.file, "scripts/summarize_attribution.py")
        target = link(one.file)
        yield AttributedChange(
            key=f"{name}-{one.field}",
            title=f"{title}: {one.field}",
            units=typeset(found["units"]),
            sentence=_sentence_of_change(found, classes),
            note=_note_of_change(found, one.extremes_of),
            intervals=of_intervals(found, "of whole years drawn again on each side"),
            rows=[
                (_name(part, classes), _what(measure), _split(table[part][measure]))
                for table in [found["regions"]["everywhere"]["annual"]]
                for part in [*found["parts"], "all"]
                for measure in found["measures"]
            ],
            images=images(one.images),
            links=[("changes.json", target)] if target else [],
            figures=list(figure_links(one.figures, link, classes.values())),
        )


def _columns(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return (part, measure) of the columns of shares."""
    return [(part, measure) for part in found["parts"][1:] for measure in found["measures"]]


def _name(part: str, classes: Shown) -> str:
    if part in classes:
        return classes[part].short
    return {NONE: NO_CLASS, "all": "all steps"}.get(part, part.replace("_", " "))


def _what(measure: str) -> str:
    return "total" if measure == "total" else f"above {measure[1:]}\u202f%"


def _sentence(found: Mapping[str, Any], classes: Shown, extremes_of: str) -> str:
    """Say what each class brings, everywhere and in all months."""
    whose = f"the {{}} percentile of {extremes_of}" if extremes_of else "its {} percentile"
    table = found["regions"]["everywhere"]["annual"]
    most = found["measures"][-1]
    cancels = table[NONE]["total"].get("cancels")
    said = []
    for part in found["parts"][1:-1]:
        one = table[part]
        called = classes[part].plural if part in classes else part
        text = f"{called} are there {_per_cent(one['total']['steps'])} of the time"
        if not cancels:
            text += f" and bring {_share(one['total'])} of {found['field']}"
        if most != "total" and not one[most].get("cancels"):
            text += f" and {_share(one[most])} of what is above {whose.format(ordinal(most[1:]))}"
        said.append(text)
    if cancels:
        said.append(
            f"of {found['field']} everywhere there is no share, because what goes one way and the"
            f" other nearly cancels{_most_by_latitude(found, classes)}"
        )
        return sentence("; ".join(said) + ".")
    return sentence(f"{'; '.join(said)}. {_share(table[NONE]['total'])} falls in none of them.")


def _most_by_latitude(found: Mapping[str, Any], classes: Shown) -> str:
    """Say where each class brings most, among the bands of which there are shares."""
    said = []
    for part in found["parts"][1:-1]:
        shares = [band[part]["total"]["share"] for band in found["latitude"]]
        known = [index for index, share in enumerate(shares) if share is not None]
        if known:
            best = max(known, key=lambda index: shares[index])
            south, north = found["bands"][best]
            called = classes[part].plural if part in classes else part
            where = _latitude((south + north) / 2)
            said.append(f"{called} bring most of it at {where}, {_per_cent(shares[best])}")
    return f"; by latitude, {' and '.join(said)}" if said else ""


def _sentence_of_change(found: Mapping[str, Any], classes: Shown) -> str:
    table = found["regions"]["everywhere"]["annual"]
    units = typeset(found["units"])
    said = []
    for part in found["parts"][:-1]:
        one = table[part]["total"]
        called = classes[part].plural if part in classes else part
        said.append(
            f"what {called} bring changes by {_signed(one['change'])} {units}: "
            f"{_signed(one['frequency'])} by how often they are there, {_signed(one['intensity'])} "
            f"by how much they bring, {_signed(one['both'])} by both at once"
        )
    return sentence("; ".join(said) + ".")


def _note_of_change(found: Mapping[str, Any], extremes_of: str) -> str:
    """Say whose percentiles tell what is extreme."""
    if set(found["measures"]) == {"total"}:
        return ""
    if extremes_of:
        return f"Percentiles are those of {extremes_of} on both sides. "
    return "Percentiles are each side's own, so that they change, too. "


def _note(found: Mapping[str, Any], classes: Shown, extremes_of: str) -> str:
    parts = ["Shares are of amounts, weighted by area"]
    if over := found.get("extremes_over"):
        whose = f" of {extremes_of}" if extremes_of else ""
        parts.append(f"percentiles are by cell, over {over}{whose}")
    if within := found.get("within"):
        near = [one.split(": ", 1) for one in within.split("; ")]
        called = ", ".join(f"{_name(flag, classes)} {reach}" for flag, reach in near)
        parts.append(f"what is near a class counts as its own ({called}), so classes can overlap")
    return f"{'; '.join(parts)}.{of_intervals(found, 'of whole years drawn again')}"


def _rows(found: Mapping[str, Any]) -> Iterator[ShareRow]:
    columns = _columns(found)
    for place, periods in found["regions"].items():
        for period, table in periods.items():
            if period != "annual" and place != "everywhere":
                continue
            label = place if period == "annual" else period
            cells = [_interval(table[part][measure]) for part, measure in columns]
            group = "" if period == "annual" else "season"
            yield ShareRow(label, group, cells)


def _interval(one: Mapping[str, Any]) -> Interval:
    ends = one.get("interval")
    return Interval(one["share"], tuple(ends) if ends else None)


SPLIT = ("first", "second", "change", "frequency", "intensity", "both")


def _split(one: Mapping[str, Any]) -> list[Interval]:
    ends = one.get("intervals") or {}
    return [Interval(one[name], tuple(ends[name]) if ends.get(name) else None) for name in SPLIT]


def _charts(found: Mapping[str, Any], classes: Shown) -> Iterator[Chart]:
    """Yield shares by season, by latitude and by year, each class a colour."""
    parts = [part for part in found["parts"][1:-1] if part in classes]
    most = found["measures"][-1]
    legend = [(classes[part].css, classes[part].short) for part in parts]
    everywhere = found["regions"]["everywhere"]
    seasons = {name: table for name, table in everywhere.items() if name != "annual"}
    for measure in found["measures"]:
        bars = {
            name: [
                _bar(classes[part].short, classes[part].css, table[part][measure])
                for part in parts
                if table[part][measure]["share"] is not None
            ]
            for name, table in seasons.items()
        }
        if len(bars) > 1 and any(bars.values()):
            svg = Markup(bar_chart(bars, "% of the amount"))
            yield Chart(f"{_titled(found, measure)}, by season", svg, "everywhere", legend)
    both = [("total", ""), (most, " dashed")][: 1 if most == "total" else 2]
    keys = [
        (f"{classes[part].css}{style}", f"{classes[part].short}, {_what(measure)}")
        for measure, style in both
        for part in parts
    ]
    lines = _lines_by_latitude(found, classes, parts, both)
    labels = [_latitude((south + north) / 2) for south, north in found["bands"]]
    every = max(1, len(labels) // 6)
    svg = Markup(line_chart(labels, lines, "% of the amount", every))
    yield Chart("Share by latitude", svg, "bands of 5°", keys)
    years = found["years"]
    if len(years["year"]) > 1:
        lines = [
            Line(
                f"{classes[part].short}, {_what(measure)}",
                years["share"][part][measure],
                f"{classes[part].css}{style}",
            )
            for measure, style in both
            for part in parts
        ]
        labels = [str(year) for year in years["year"]]
        every = max(1, len(labels) // 6)
        svg = Markup(line_chart(labels, lines, "% of the amount", every))
        yield Chart("Share by year", svg, "everywhere", keys)


def _latitude(middle: float) -> str:
    return f"{abs(middle):g}°\u202f{'S' if middle < 0 else 'N'}"


def _titled(found: Mapping[str, Any], measure: str) -> str:
    return f"Share of {found['field']}, {_what(measure)}"


def _lines_by_latitude(
    found: Mapping[str, Any],
    classes: Shown,
    parts: Sequence[str],
    both: Sequence[tuple[str, str]],
) -> list[Line]:
    """Return shares by band."""
    lines = []
    for measure, style in both:
        for part in parts:
            values = [band[part][measure]["share"] for band in found["latitude"]]
            name = f"{classes[part].short}, {_what(measure)}"
            lines.append(Line(name, values, f"{classes[part].css}{style}"))
    return lines


def _bar(name: str, style: str, one: Mapping[str, Any]) -> Bar:
    low, high = one.get("interval") or (one["share"], one["share"])
    return Bar(name, style, one["share"], low, high)


def _share(one: Mapping[str, Any]) -> str:
    ends = one.get("interval")
    between = f" ({number(ends[0], 2)} to {number(ends[1], 2)})" if ends else ""
    return f"{_per_cent(one['share'])}{between}"


def _per_cent(share: float | None) -> str:
    return "–" if share is None else f"{number(share, 2)}\u202f%"


def _signed(value: float) -> str:
    return number(value, 2) if value <= 0 else f"+{number(value, 2)}"
