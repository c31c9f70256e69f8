"""Whether an experiment's tropical cyclones are those that were observed, on the page."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from stormtrace.climate.seasons import MONTHS
from stormtrace.formats.json_files import read_json
from stormtrace.report.charts import Bar, Line, bar_chart, line_chart
from stormtrace.report.contents import Chart, Interval, SkillRow, Verification
from stormtrace.report.experiments import figure_links
from stormtrace.report.formatting import initials, number, of_intervals, per_cent
from stormtrace.report.models import images
from stormtrace.report.page_maps import Link
from stormtrace.report.request import ExperimentFiles
from stormtrace.report.shown_classes import ShownClass, style_of


def describe(
    files: ExperimentFiles, classes: Mapping[str, ShownClass], link: Link
) -> Verification | None:
    """Return what the page says of an experiment that was held against observed storms."""
    if files.verification is None:
        return None
    made = files.verification
    found = read_json(made.file, "scripts/verify.py")
    about, climate, timed = found["observations"], found["climatology"], found.get("time")
    observed = f"{about['file']} (agency: {about['agency'].upper()})"
    rules = (
        f"Observed points of at least {found['minimum_wind']:g} m/s count; "
        f"a detection at most {found['radius_km']:g} km away is the same storm"
        if timed
        else f"Observed storms of at least {found['minimum_wind']:g} m/s count, where they begin; "
        "the dataset has weather of its own, so no day is compared"
    )
    if timed and (between := timed["all"].get("between", 0)):
        rules += f"; {between:,} detections at times without observations are not judged"
    targets = [("numbers", link(made.file)), ("maps", link(made.maps) if made.maps else None)]
    links = [(name, target) for name, target in targets if target]
    said = _in_time(timed) if timed else _in_climate(climate)
    return Verification(
        name=files.name,
        title=files.title or files.name,
        sentence=" ".join(filter(None, (said, _tracks(found["tracks"])))),
        note=f"{rules}. Observations: {observed}.{of_intervals(found)}",
        rows=list(_rows(timed)) if timed else [],
        charts=list(_charts(found, classes)),
        images=images(made.images),
        links=links + list(figure_links(made.figures, link, classes.values())),
    )


def _in_time(timed: Mapping[str, Any]) -> str:
    every = timed["all"]
    said = (
        f"{every['storms_found']:,} of {every['storms']:,} observed storm"
        f"{'' if every['storms'] == 1 else 's'} "
        f"{'was' if every['storms_found'] == 1 else 'were'} detected, and "
        f"{per_cent(every['pod'])} of their points"
    )
    if every["position_error_km"] is not None:
        said += f", {number(every['position_error_km'], 2)} km away in the mean"
    said += f"; {per_cent(every['far'])} of the detections were false alarms"
    if every["lead_median_h"] is not None:
        hours = every["lead_median_h"]
        way = "before" if hours >= 0 else "after"
        said += (
            f". Storms that were found were detected {abs(hours):g} h {way} they counted, in the"
            " median"
        )
    return f"{said}."


def _in_climate(climate: Mapping[str, Any]) -> str:
    detected, observed = climate["detected"]["all"], climate["observed"]["all"]
    span = f"{climate['observed']['first_year']}–{climate['observed']['last_year']}"
    return (
        f"{_rate(detected)} storms a year were detected; {_rate(observed)} were observed ({span})"
        f"{_of_months(climate)}."
    )


def _of_months(climate: Mapping[str, Any]) -> str:
    """Return which months a record of parts of years has, in words."""
    months = climate["detected"]["months"]
    names = ", ".join(MONTHS[month - 1] for month in months)
    return "" if len(months) == 12 else f", both of the months that the experiment has: {names}"


def _tracks(tracks: Mapping[str, Any]) -> str:
    """Return how alike the densities of detected and observed tracks are."""
    if tracks["correlation"] is None:
        return ""
    said = (
        f"Storms that pass within {tracks['radius_deg']:g}° of a place: the maps of detected and "
        f"observed ones correlate with {number(tracks['correlation'], 2)}"
    )
    if tracks["ratio"] is not None:
        said += f", and {number(tracks['ratio'], 2)} times as many pass as were observed"
    if tracks["significant"] is not None:
        said += (
            f"; on {per_cent(tracks['significant'])} of the area that either reach they differ"
            " significantly"
        )
    return f"{said}."


def _rate(one: Mapping[str, Any]) -> str:
    low_high = one["interval"]
    between = f" ({number(low_high[0])} to {number(low_high[1])})" if low_high else ""
    return f"{number(one['a_year'])}{between}"


#: Table of `verify.py` -> what the page calls it.
GROUPS = {"basin": "Basin", "season": "Season", "intensity": "Observed intensity", "year": "Year"}

#: With more years, a row a year would bury the rest; they are in the file.
MOST_YEARS = 12


def _rows(timed: Mapping[str, Any]) -> Iterator[SkillRow]:
    yield _row("All", "", timed["all"])
    for key, group in GROUPS.items():
        table = timed["by"][key]
        if key in ("basin", "intensity") or 1 < len(table) <= MOST_YEARS:
            yield from (_row(label, group, one) for label, one in table.items())


def _row(label: str, group: str, one: Mapping[str, Any]) -> SkillRow:
    return SkillRow(
        label=label,
        group=group,
        points=one["points"],
        storms=one["storms"],
        storms_found=one["storms_found"],
        detection=_interval(one, "pod", 100),
        false_alarms=_interval(one, "far", 100),
        error_km=_interval(one, "position_error", 1, "position_error_km"),
    )


def _interval(one: Mapping[str, Any], name: str, factor: float, key: str = "") -> Interval:
    value, ends = one.get(key or name), one.get(f"{name}_interval")
    return Interval(
        None if value is None else factor * value,
        None if ends is None else (factor * ends[0], factor * ends[1]),
    )


def _charts(found: Mapping[str, Any], classes: Mapping[str, ShownClass]) -> Iterator[Chart]:
    """Yield the seasonal cycle of both, storms a year by basin, and detection by intensity.

    Less than a year has no cycle.
    """
    style = style_of(found["class"], classes) or "neutral"
    climate = found["climatology"]
    sides: Sequence[tuple[str, str, str]] = (
        ("detected", "detected", style),
        ("observed", "observed", "neutral dashed"),
    )
    scale, a_year = _scale(climate)
    if a_year:
        lines = [Line(name, _months(climate[side]), how) for side, name, how in sides]
        svg = line_chart([month[0] for month in MONTHS], lines, "storms a month")
        legend = [(line.style, line.name) for line in lines]
        yield Chart("Storms by the month they begin in", Markup(svg), "all basins", legend)
    bars = {
        initials(basin): [
            _bar(name, how, climate[side]["basins"][basin], scale[side])
            for side, name, how in sides
        ]
        for basin in climate["observed"]["basins"]
    }
    svg = bar_chart(bars, a_year or "storms")
    legend = [(how.split()[0], name) for _, name, how in sides]
    names = ", ".join(f"{initials(name)} {name}" for name in climate["observed"]["basins"])
    yield Chart(f"{(a_year or 'storms').capitalize()} by basin", Markup(svg), names, legend)
    if timed := found.get("time"):
        bars = {
            _short(label): [
                Bar("detected", style, 100 * one["pod"], *(100 * end for end in _ends(one)))
            ]
            for label, one in timed["by"]["intensity"].items()
            if one["pod"] is not None
        }
        if bars:
            svg = bar_chart(bars, "% of points")
            note = "TD, TS: tropical depression, storm; 1–5: Saffir–Simpson"
            yield Chart("Detection by observed intensity", Markup(svg), note)


def _months(side: Mapping[str, Any]) -> list[float | None]:
    """Return storms by month; None for months of which there is no record, which are no zeros."""
    values = side["all"]["months"]
    return [one if month in side["months"] else None for month, one in enumerate(values, 1)]


def _scale(climate: Mapping[str, Any]) -> tuple[Mapping[str, float], str]:
    """Return what makes rates a year to what is shown, by side, and the unit if it is a rate.

    Of less than a year on both sides numbers of storms are shown: a rate would be made up.
    """
    years = {side: climate[side]["years"] for side in ("detected", "observed")}
    if max(years.values()) < 1:
        return years, ""
    return dict.fromkeys(years, 1.0), "storms a year"


def _bar(name: str, style: str, one: Mapping[str, Any], scale: float) -> Bar:
    low, high = one["interval"] or (one["a_year"], one["a_year"])
    return Bar(name, style.split()[0], scale * one["a_year"], scale * low, scale * high)


def _ends(one: Mapping[str, Any]) -> Sequence[float]:
    return one["pod_interval"] or (one["pod"], one["pod"])


def _short(category: str) -> str:
    kind, _, which = category.partition(" ")
    return which if kind == "category" else initials(category.title())
