"""Whether methods agree and features go together, on the page."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from stormtrace.formats.json_files import read_json
from stormtrace.report.charts import Bar, Line, bar_chart, line_chart
from stormtrace.report.contents import Agreement, AgreementRow, CatalogueRow, Chart, Interval
from stormtrace.report.experiments import figure_links
from stormtrace.report.formatting import of_intervals, per_cent
from stormtrace.report.page_maps import Link
from stormtrace.report.request import AgreementFiles
from stormtrace.report.shown_classes import ShownClass, style_of

#: With more pairs, rows by season and region would bury the rest; they are in the file.
MOST_PAIRS = 3

#: How the lines of pairs differ.
STYLES = ("", "dashed", "dotted")


def describe(files: AgreementFiles, classes: Mapping[str, ShownClass], link: Link) -> Agreement:
    """Return what the page says of experiments that were held against each other."""
    found = read_json(files.file, "scripts/agree.py")
    names = _names(found, files.titles)
    every = found["regions"]["all"]
    pairs = [one for one in every["annual"]["pairs"] if one["lag_h"] == 0]
    targets = [("numbers", link(files.file)), ("maps", link(files.maps) if files.maps else None)]
    links = [(name, target) for name, target in targets if target]
    return Agreement(
        name=files.name,
        title=files.title or files.name,
        sentence=_sentence(found, pairs[0], names),
        note=_note(found, names),
        rows=[row for pair in pairs for row in _rows(found, pair, names, len(pairs))],
        catalogues=[
            _catalogue(one, files.titles.get(one["catalogue"], one["catalogue"]), names)
            for one in found["catalogues"]
        ],
        charts=list(_charts(found, names, classes)),
        links=links + list(figure_links(files.figures, link, ())),
    )


def is_of_one_class(found: Mapping[str, Any]) -> bool:
    """Whether all members are one class, so that they can agree."""
    return len({one["class"] for one in found["members"]}) == 1


def _names(found: Mapping[str, Any], titles: Mapping[str, str]) -> list[str]:
    one_class = is_of_one_class(found)
    return [
        titles.get(one["experiment"], one["experiment"])
        + ("" if one_class else f", {one['short']}")
        for one in found["members"]
    ]


def _sentence(found: Mapping[str, Any], pair: Mapping[str, Any], names: Sequence[str]) -> str:
    first, second = (names[pair[side]] for side in ("first", "second"))
    if pair["first_in_second"] is None or pair["second_in_first"] is None:
        return f"{first} or {second} marks nothing in the steps that all members have."
    chance = pair["by_chance"]["first_in_second"]
    said = (
        f"{per_cent(pair['first_in_second'])} of the area of {first} lies inside {second} "
        f"({per_cent(chance)} by chance), and {per_cent(pair['second_in_first'])} of that of "
        f"{second} inside {first}"
    )
    consensus = found["regions"]["all"]["annual"]["consensus"]
    if is_of_one_class(found) and consensus[-1] is not None:
        which = "both" if len(names) == 2 else f"all {len(names)}"
        said += f"; {which} mark {per_cent(consensus[-1])} of what any marks"
    return f"{said}."


def _note(found: Mapping[str, Any], names: Sequence[str]) -> str:
    cells = "Every detection counts" if found["of"] == "masks" else "Tracked events alone count"
    said = f"{cells}, in the {found['steps']:,} steps that all members have"
    members = zip(names, found["members"], strict=True)
    if moved := [name for name, one in members if one["regridded"]]:
        said += (
            f", on {found['grid']}; of {', '.join(moved)} a cell is marked where "
            "half of its area is (of lines, its centre)"
        )
    near = (
        f" A point of a catalogue is found if a cell is marked at most {found['radius_km']:g} km "
        "away."
        if found["catalogues"]
        else ""
    )
    return (
        f"{said}.{near} By chance: with the same frequency in every cell and season, at unrelated "
        f"times. An event is found if {100 * found['event_overlap']:g} % of its area, summed over "
        "its steps, is marked by the other."
        + of_intervals(found, "by years, and of events by event")
    )


def _rows(
    found: Mapping[str, Any], pair: Mapping[str, Any], names: Sequence[str], pairs: int
) -> Iterator[AgreementRow]:
    """Yield a row of all steps and, of few pairs, of each season and region."""
    place = pair["first"], pair["second"]
    of, by = place
    events = {(one["of"], one["by"]): one for one in found["events"]}
    both_ways = events[of, by], events[by, of]
    yield _row(f"{names[of]} – {names[by]}", "", pair, both_ways)
    if pairs > MOST_PAIRS:
        return
    regions = found["regions"]
    parts = [(name, "season", regions["all"][name]) for name in ("DJF", "MAM", "JJA", "SON")]
    parts += [(name, "region", one["annual"]) for name, one in regions.items() if name != "all"]
    for name, group, part in parts:
        (one,) = (
            other
            for other in part["pairs"]
            if (other["first"], other["second"], other["lag_h"]) == (of, by, 0)
        )
        in_season = [each["seasons"][name] for each in both_ways] if group == "season" else []
        if one["steps"] and one["iou"] is not None:
            yield _row(name, group, one, in_season)


def _row(
    label: str, group: str, pair: Mapping[str, Any], events: Sequence[Mapping[str, Any]]
) -> AgreementRow:
    return AgreementRow(
        label=label,
        group=group,
        iou=_interval(pair, "iou"),
        first_in_second=_interval(pair, "first_in_second"),
        by_chance=_scaled(pair["by_chance"]["first_in_second"]),
        second_in_first=_interval(pair, "second_in_first"),
        difference=_interval(pair, "difference", 1),
        events=[f"{one['found']:,} of {one['events']:,}" for one in events],
    )


def _catalogue(one: Mapping[str, Any], title: str, names: Sequence[str]) -> CatalogueRow:
    position, landfall = one["position"], one.get("landfall")
    return CatalogueRow(
        label=f"{title}, by {names[one['member']]}",
        events=f"{position['events_found']:,} of {position['events']:,}",
        found=_interval(position | {"share_interval": position["interval"]}, "share"),
        landfalls=f"{landfall['found']:,} of {landfall['points']:,}" if landfall else "–",
        lacking=f"{one['not_in_catalogue']:,} of {one['member_events']:,}",
    )


def _scaled(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _interval(one: Mapping[str, Any], name: str, factor: float = 100) -> Interval:
    value, ends = one[name], one[f"{name}_interval"]
    return Interval(
        None if value is None else factor * value,
        None if ends is None else (factor * ends[0], factor * ends[1]),
    )


def _charts(
    found: Mapping[str, Any], names: Sequence[str], classes: Mapping[str, ShownClass]
) -> Iterator[Chart]:
    """Yield how many members agree, and what is shared at each lag."""
    every = found["regions"]["all"]["annual"]
    style = style_of(found["members"][0]["class"], classes) or "neutral"
    if is_of_one_class(found) and every["consensus"][0] is not None:
        bars = {
            str(number): [Bar("marked", style, 100 * share, 100 * share, 100 * share)]
            for number, share in enumerate(every["consensus"], start=1)
        }
        svg = bar_chart(bars, "% of area")
        yield Chart("By how many members", Markup(svg), "of the area that any member marks")
    lags = sorted({one["lag_h"] for one in every["pairs"]})
    if len(lags) > 1:
        pairs = [(one["first"], one["second"]) for one in every["pairs"] if one["lag_h"] == 0]
        lines = []
        for place, (of, by) in enumerate(pairs[: len(STYLES)]):
            shares = {
                one["lag_h"]: one["first_in_second"]
                for one in every["pairs"]
                if (one["first"], one["second"]) == (of, by)
            }
            values = [_scaled(shares[lag]) for lag in lags]
            how = f"{style} {STYLES[place]}".strip()
            lines.append(Line(f"{names[of]} inside {names[by]}", values, how))
        svg = line_chart([f"{lag:g}" for lag in lags], lines, "% of area", -(-len(lags) // 9))
        legend = [(line.style, line.name) for line in lines]
        note = "hours by which the second is later; area of the first inside the second"
        yield Chart("Shared by lag", Markup(svg), note, legend)
