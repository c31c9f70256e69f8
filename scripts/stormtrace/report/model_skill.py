"""What scores.json says besides cells: objects, reliability, seasons; on the page of a model."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from stormtrace.report.charts import Bar, Line, bar_chart, line_chart
from stormtrace.report.contents import Chart, ScoreRow

Content = Mapping[str, Any]

#: Key of an object's scores -> what a row is called.
OBJECT_ROWS = {
    "probability_of_detection": "Objects found (POD)",
    "false_alarm_ratio": "Found objects that are false (FAR)",
}

#: Key of a score with a tolerance -> what a row is called.
TOLERANT_ROWS = {"precision": "Precision", "recall": "Recall", "f1": "F1", "csi": "CSI"}

#: Bins of probability, by their middles in per cent.
MIDDLES = [str(percent) for percent in range(5, 100, 10)]


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
    """Yield the reliability diagram and IoU by season. shown: label -> its title and style."""
    if reliability := scores.get("reliability"):
        lines = [
            Line(title, _per_cent(reliability[label]["observed"]), style)
            for label, (title, style) in shown.items()
            if label in reliability
        ]
        perfect = Line("Perfect", [float(middle) for middle in MIDDLES], "neutral dotted")
        svg = Markup(line_chart(MIDDLES, [perfect, *lines], "% observed", 2, most=100.0))
        legend = [(line.style, line.name) for line in (*lines, perfect)]
        yield Chart("Reliability", svg, "share of a class, by its probability in per cent", legend)
    if seasons := scores.get("seasons"):
        groups = {
            f"{season} ({found['dates']})": list(_bars(found, shown))
            for season, found in seasons.items()
        }
        legend = list(
            dict.fromkeys((bar.style, bar.name) for bars in groups.values() for bar in bars)
        )
        yield Chart("Skill by season", Markup(bar_chart(groups, "IoU")), "with dates", legend)


def _bars(found: Content, shown: Mapping[str, tuple[str, str]]) -> Iterator[Bar]:
    for label, (title, style) in shown.items():
        value, (low, high) = found["iou"].get(label), found["iou_interval"].get(label, (None, None))
        if value is not None and low is not None:
            yield Bar(title, style, value, low, high)


def _per_cent(shares: Sequence[float | None]) -> list[float | None]:
    return [None if share is None else 100 * share for share in shares]
