"""Line charts and histograms as SVG, coloured by the page's own style sheet."""

import html
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stormtrace.climate.seasons import MONTHS
from stormtrace.climate.series import distribution, nice_step

WIDTH, HEIGHT = 320, 170
LEFT, RIGHT, TOP, BOTTOM = 38, 8, 10, 24

#: After the label of a value that is of a part only.
IN_PART = ", in part"


@dataclass(frozen=True)
class Line:
    """One line of a chart. style: classes of the style sheet, such as ``class-0 dashed``.

    at: where its values are between the first label, 0, and the last, 100, in per cent; by default
    there is one for each label. in_part: labels of values that are of a part of it only.
    """

    name: str
    values: Sequence[float | None]
    style: str
    at: Sequence[float] | None = None
    in_part: Collection[str] = ()


def line_chart(
    labels: Sequence[str],
    lines: Sequence[Line],
    units: str,
    every: int = 1,
    most: float | None = None,
) -> str:
    """Return lines over `labels`, with a mark and a tooltip for each value; gaps where None.

    every: how many labels stand for one that is written. most: where the axis ends at the latest;
    100 for per cent.
    """
    known = [v for line in lines for v in line.values if v is not None and np.isfinite(v)]
    axis = _Axis.over(known, most or _largest(units))
    places = np.linspace(LEFT + 8, WIDTH - RIGHT - 8, max(len(labels), 2))
    parts = [_frame(axis, units)]
    for place, label in list(zip(places, labels, strict=False))[::every]:
        parts.append(_label(place, label))
    for line in lines:
        of_line, tips = places, _labels_of(line, labels)
        if line.at is not None:
            of_line = np.interp(line.at, [0, 100], places[[0, len(labels) - 1]])
        parts.append(_path(line, of_line, axis))
        for place, label, value in zip(of_line, tips, line.values, strict=False):
            if value is None or not np.isfinite(value):
                continue
            tip = html.escape(f"{line.name}, {label}: {_digits(value)} {units}")
            style = f"{line.style} part" if label.endswith(IN_PART) else line.style
            parts.append(
                f'<circle class="{style}" cx="{place:.1f}" cy="{axis.y(value):.1f}" r="2.4">'
                f"<title>{tip}</title></circle>"
            )
    return _svg(parts, "; ".join(_seen(line, labels, units) for line in lines))


def _labels_of(line: Line, labels: Sequence[str]) -> Sequence[str]:
    """Return what each value of a line is at."""
    if line.at is not None:
        return [f"{_digits(share)} %" for share in line.at]
    return [f"{label}{IN_PART}" if label in line.in_part else label for label in labels]


def _seen(line: Line, labels: Sequence[str], units: str) -> str:
    """Return in words what a line shows: its least and its largest value, and where they are."""
    known = [
        (value, label)
        for value, label in zip(line.values, _labels_of(line, labels), strict=False)
        if value is not None and np.isfinite(value)
    ]
    if not known:
        return f"{line.name}: no values"
    (low, at_low), (high, at_high) = min(known), max(known)
    words = f"{line.name}: from {_digits(low)} ({at_low}) to {_digits(high)} ({at_high}) {units}"
    return words.strip()


@dataclass(frozen=True)
class Bar:
    """One bar of a group, with its interval. style: a class of the style sheet."""

    name: str
    style: str
    value: float
    low: float
    high: float


def bar_chart(groups: Mapping[str, Sequence[Bar]], units: str) -> str:
    """Return bars side by side, group by group, each with a whisker over its interval."""
    known = [edge for bars in groups.values() for bar in bars for edge in (bar.low, bar.high)]
    axis = _Axis.over(known, _largest(units))
    width = (WIDTH - LEFT - RIGHT) / max(len(groups), 1)
    parts = [_frame(axis, units)]
    for index, (label, bars) in enumerate(groups.items()):
        left, each = LEFT + (index + 0.1) * width, 0.8 * width / max(len(bars), 1)
        parts.append(_label(left + 0.4 * width, label))
        for place, bar in enumerate(bars):
            parts.append(_bar(bar, axis, left + place * each, each, f"{bar.name}, {label}", units))
    seen = (
        f"{label}: " + ", ".join(f"{bar.name} {_digits(bar.value)}" for bar in bars)
        for label, bars in groups.items()
    )
    return _svg(parts, f"{units}; {'; '.join(seen)}")


def _bar(bar: Bar, axis: "_Axis", x: float, width: float, title: str, units: str) -> str:
    top, bottom = sorted((axis.y(bar.value), axis.y(0.0)))
    interval = f" ({_digits(bar.low)} to {_digits(bar.high)})" if bar.low < bar.high else ""
    tip = html.escape(f"{title}: {_digits(bar.value)}{interval} {units}")
    middle = x + width / 2
    return (
        f'<rect class="{bar.style}" x="{x:.1f}" y="{top:.1f}" width="{max(width - 1, 1):.1f}" '
        f'height="{bottom - top:.1f}"><title>{tip}</title></rect>'
        f'<line class="whisker" x1="{middle:.1f}" x2="{middle:.1f}" '
        f'y1="{axis.y(bar.low):.1f}" y2="{axis.y(bar.high):.1f}"/>'
    )


def histogram(values: NDArray[np.floating], units: str, style: str) -> str:
    """Return a histogram in per cent of events, the longest per cent gathered at the end."""
    edges, shares = distribution(values)
    if edges.size == 0:
        return ""
    step = edges[1]
    axis = _Axis.over(shares.tolist(), 100.0)
    scale = (WIDTH - LEFT - RIGHT) / edges[-1]
    parts = [_frame(axis, "% of events")]
    for edge, share in zip(edges[:-1], shares, strict=True):
        top = axis.y(share)
        last = edge == edges[-2]
        tip = f"{edge:g}{'+' if last else f'–{edge + step:g}'} {units}: {share:.1f} %"
        parts.append(
            f'<rect class="{style}" x="{LEFT + edge * scale + 0.5:.1f}" y="{top:.1f}" '
            f'width="{max(step * scale - 1, 1):.1f}" height="{HEIGHT - BOTTOM - top:.1f}">'
            f"<title>{tip}</title></rect>"
        )
    ticks = np.arange(0, edges[-1] * 1.001, nice_step(edges[-1] / 5))
    parts += [_label(LEFT + tick * scale, f"{tick:g}") for tick in ticks]
    most = int(np.argmax(shares))
    low, high = edges[most], edges[most + 1]
    is_open = high == edges[-1] and np.nanmax(values) > high
    between = f"above {low:g} {units}" if is_open else f"between {low:g} and {high:g} {units}"
    return _svg(parts, f"most, {shares[most]:.0f} % of events, {between}")


def heat_map(lat: NDArray[np.float64], values: NDArray[np.float64], units: str, style: str) -> str:
    """Return a latitude × month diagram, (n, 12): the deeper the class's colour, the more."""
    finite = values[np.isfinite(values)]
    most = float(finite.max()) if finite.size else 0.0
    top = most or 1.0
    width = (WIDTH - LEFT - RIGHT) / 12
    height = (HEIGHT - BOTTOM - TOP) / lat.size
    parts = [f'<text class="units" x="{LEFT}" y="{TOP - 2}">at most {_digits(most)} {units}</text>']
    for row, latitude in enumerate(lat):
        y = HEIGHT - BOTTOM - (row + 1) * height
        if row % max(1, lat.size // 5) == 0:
            place = f'x="{LEFT - 5}" y="{y + height / 2 + 3:.1f}"'
            parts.append(f'<text class="side" {place}>{latitude:.0f}°</text>')
        for month, value in enumerate(values[row]):
            there = np.isfinite(value)
            shown = f"{_digits(value)} {units}" if there else "no time steps"
            colour = f'{style}" fill-opacity="{value / top:.2f}' if there else "missing"
            parts.append(
                f'<rect class="{colour}" x="{LEFT + month * width:.1f}" y="{y:.1f}" '
                f'width="{width - 0.6:.1f}" height="{height - 0.4:.1f}">'
                f"<title>{MONTHS[month]}, {latitude:.1f}°: {shown}</title></rect>"
            )
    parts += [_label(LEFT + (m + 0.5) * width, name[0]) for m, name in enumerate(MONTHS)]
    if not finite.size or most == 0:
        return _svg(parts, f"0 {units} everywhere" if finite.size else "no values")
    where = np.unravel_index(np.nanargmax(values), values.shape)
    place_of_most = f"in {MONTHS[where[1]]} at {lat[where[0]]:.0f}° latitude"
    return _svg(parts, f"most, {_digits(values[where])} {units}, {place_of_most}")


@dataclass(frozen=True)
class _Axis:
    """A vertical axis in round steps."""

    low: float
    high: float
    step: float

    @classmethod
    def over(cls, values: Sequence[float], most: float | None) -> "_Axis":
        """Return an axis over `values` and zero that does not go beyond `most`."""
        low, high = min(0.0, *values, 0.0), max(0.0, *values, 0.0)
        step = nice_step((high - low) / 4)
        end = (np.floor(high / step) + 1) * step
        if most is not None and high <= most < end:
            end = most
        return cls(np.floor(low / step) * step, end, step)

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)


def _largest(units: str) -> float | None:
    """Return the largest value that units allow."""
    return 100.0 if units.startswith("%") else None


def _frame(axis: _Axis, units: str) -> str:
    # Whole multiples of the step: adding it up would make a zero of 2e-16.
    first, last = np.rint(axis.low / axis.step), np.floor(axis.high / axis.step + 1e-9)
    ticks = axis.step * np.arange(first, last + 1)
    rules = "".join(f"M{LEFT} {axis.y(tick):.1f}H{WIDTH - RIGHT}" for tick in ticks)
    parts = [f'<path class="rule" d="{rules}"/>']
    parts += [
        f'<text class="side" x="{LEFT - 5}" y="{axis.y(tick) + 3:.1f}">{tick:g}</text>'
        for tick in ticks
    ]
    parts.append(f'<text class="units" x="{LEFT}" y="{TOP - 2}">{html.escape(units)}</text>')
    return "".join(parts)


def _digits(value: float) -> str:
    """Return a value to three digits; counts of thousands in full, not as 1.23e+03."""
    return f"{value:.3g}" if abs(value) < 999.5 else f"{value:.0f}"


def _label(x: float, text: str) -> str:
    return f'<text x="{x:.1f}" y="{HEIGHT - 8}">{html.escape(text)}</text>'


def _path(line: Line, places: NDArray[np.float64], axis: _Axis) -> str:
    """Return the line itself, broken where a value is missing."""
    steps, pen = [], "M"
    for place, value in zip(places, line.values, strict=False):
        if value is None or not np.isfinite(value):
            pen = "M"
            continue
        steps.append(f"{pen}{place:.1f} {axis.y(value):.1f}")
        pen = "L"
    return f'<path class="line {line.style}" d="{"".join(steps)}"/>'


def _svg(parts: Sequence[str], seen: str) -> str:
    """Return the chart; seen: what it shows, in words."""
    box, name = f"0 0 {WIDTH} {HEIGHT}", html.escape(seen)
    inside = "".join(parts)
    return f'<svg class="chart" viewBox="{box}" role="img" aria-label="{name}">{inside}</svg>'
