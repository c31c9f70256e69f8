"""What scores.json says besides cells: objects, reliability, seasons; on the page of a model."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from stormtrace.report.charts import Bar, Line, bar_chart, line_chart
from stormtrace.report.contents import Chart, ScoreRow
from stormtrace.report.formatting import initials

Content = Mapping[str, Any]

#: Key of an object's scores -> what a row is called.
OBJECT_ROWS = {
    "probability_of_detection": "Objects found (POD)",
    "false_alarm_ratio": "Found objects that are false (FAR)",
}

#: Of objects by confidence, the threshold that is drawn.
OBJECTS_AT = "iou_0.3"

#: Key of a score with a tolerance -> what a row is called.
TOLERANT_ROWS = {"precision": "Precision", "recall": "Recall", "f1": "F1", "csi": "CSI"}

#: Ends of the axis of probability and what is written between them, per cent.
PER_CENT = [str(percent) for percent in range(0, 101, 20)]


def object_rows(scores: Content, labels: Sequence[str]) -> Iterator[ScoreRow]:
    """Yield rows of scores with a tolerance, of objects by threshold, of the calibration error."""
    tolerant = scores.get("tolerant") or {}
    for tolerance in next(iter(tolerant.values())) if tolerant else ():
        for key, title in TOLERANT_ROWS.items():
            of_labels = [tolerant.get(label, {}).get(tolerance, {}) for label in labels]
            yield _row(f"{title} within {tolerance.replace('_', ' ')}", key, of_labels)
    objects = scores.get("objects") or {}
    for threshold in next(iter(objects.values())) if objects else ():
        for key, title in OBJECT_ROWS.items():
            of_labels = [objects.get(label, {}).get(threshold, {}) for label in labels]
            words = threshold.replace("iou_", "IoU ≥ ")
            yield _row(f"{title}, {words}", key, of_labels)
    if reliability := scores.get("reliability"):
        of_labels = [reliability.get(label, {}) for label in labels]
        yield _row("Calibration error of probabilities", "expected_calibration_error", of_labels)


def _row(title: str, key: str, of_labels: Sequence[Content]) -> ScoreRow:
    intervals: list[tuple[float, float] | None] = []
    for one in of_labels:
        low, high = one.get(f"{key}_interval") or (None, None)
        intervals.append(None if low is None or high is None else (low, high))
    return ScoreRow(title, [one.get(key) for one in of_labels], intervals, None)


def skill_charts(scores: Content, shown: Mapping[str, tuple[str, str]]) -> Iterator[Chart]:
    """Yield the reliability diagram, and skill by season, basin and confidence of the labels.

    shown: label -> its title and style.
    """
    if reliability := scores.get("reliability"):
        lines = [
            _reliability(reliability[label], title, style)
            for label, (title, style) in shown.items()
            if label in reliability
        ]
        perfect = Line("Perfect", [0.0, 100.0], "neutral dotted", [0.0, 100.0])
        svg = Markup(line_chart(PER_CENT, [perfect, *lines], "% observed", most=100.0))
        legend = [(line.style, line.name) for line in (*lines, perfect)]
        yield Chart("Reliability", svg, "share of a class, by its probability in per cent", legend)
    if seasons := scores.get("seasons"):
        groups = {
            f"{season} ({found['dates']})": list(_bars(found, "iou", shown))
            for season, found in seasons.items()
        }
        yield _chart("Skill by season", groups, "IoU", "with the number of labelled dates")
    for label, basins in (scores.get("basins") or {}).items():
        title, style = shown.get(label, (label, "neutral"))
        of_basins = {
            initials(basin): list(_bar(title, style, found["iou"], found["iou_interval"]))
            for basin, found in basins.items()
        }
        if any(of_basins.values()):
            names = ", ".join(f"{initials(basin)} {basin}" for basin in basins)
            yield _chart(f"Skill by basin: {title.lower()}", of_basins, "IoU", names)
    if confidence := scores.get("confidence"):
        groups = {
            f"{sure} ({found['dates']})": list(_bars(found, "recall", shown))
            for sure, found in confidence.items()
        }
        note = "share of labelled cells that is found, by how sure the annotators were (0 to 1)"
        yield _chart("Recall by confidence", groups, "recall", f"{note}, with the dates")
        groups = {
            sure: list(_found_objects(found["objects"], shown))
            for sure, found in confidence.items()
        }
        note = (
            f"share of labelled objects that is found (POD, {OBJECTS_AT.replace('iou_', 'IoU ≥ ')})"
        )
        yield _chart("Objects found by confidence", groups, "POD", note)


def _reliability(diagram: Content, title: str, style: str) -> Line:
    """Return what was observed at the mean probability of each bin, not at the bin's middle.

    Of a rare class nearly all cells of the first bin have a probability near zero.
    """
    said = [math.nan if one is None else 100 * one for one in diagram["probability"]]
    seen = [None if one is None else 100 * one for one in diagram["observed"]]
    return Line(title, seen, style, said)


def _chart(title: str, groups: Mapping[str, Sequence[Bar]], units: str, note: str) -> Chart:
    legend = dict.fromkeys((bar.style, bar.name) for bars in groups.values() for bar in bars)
    return Chart(title, Markup(bar_chart(groups, units)), note, list(legend))


def _bars(found: Content, score: str, shown: Mapping[str, tuple[str, str]]) -> Iterator[Bar]:
    for label, (title, style) in shown.items():
        interval = found[f"{score}_interval"].get(label, (None, None))
        yield from _bar(title, style, found[score].get(label), interval)


def _found_objects(objects: Content, shown: Mapping[str, tuple[str, str]]) -> Iterator[Bar]:
    for label, (title, style) in shown.items():
        if found := objects.get(label, {}).get(OBJECTS_AT):
            key = "probability_of_detection"
            yield from _bar(title, style, found[key], found[f"{key}_interval"])


def _bar(
    title: str, style: str, value: float | None, interval: Sequence[float | None]
) -> Iterator[Bar]:
    low, high = interval
    if value is not None and low is not None and high is not None:
        yield Bar(title, style, value, low, high)
