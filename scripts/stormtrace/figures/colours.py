"""Discrete colour scales: readable without colour vision, shared by the panels of a figure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stormtrace.class_table import KNOWN
from stormtrace.classes import Classes, FeatureClass
from stormtrace.climate.series import nice_step

#: Anchors of differences; lightness falls evenly to both sides, so they also work in grey.
DIVERGING = (
    "#0f2f5a", "#24559a", "#4d86bf", "#8fb7da", "#cfe0ee", "#f7f6f4",
    "#f3d9cb", "#e3a98c", "#cb7452", "#a63f2b", "#6b1620",
)  # fmt: skip
#: The same on a dark page, where lightness rises to both sides.
DIVERGING_DARK = (
    "#b5dcff", "#79b8f2", "#4a8fd0", "#2f659c", "#224363", "#1a1e23",
    "#5a3426", "#955036", "#cd7048", "#f0a079", "#ffd6bf",
)  # fmt: skip
GREY = ("#fcfcfb", "#e9e9e7", "#d2d2cf", "#b5b5b2", "#949492", "#6f6f6e")

#: Ends of the ramp through a class's single colour: rare and frequent, on a light and a dark page.
ENDS = (("#f7f7f2", "#16191d"), ("#171b1f", "#f4f6f7"))

#: Share of a step of differences that looks like nothing: a twentieth of the largest or less.
CLEAR = 0.2

#: Per cent of anything end here.
ALL = 100.0


def class_called(feature: FeatureClass | str) -> FeatureClass:
    """Return a class; one that Stormtrace knows goes by its name or short name, such as ``AR``."""
    if isinstance(feature, FeatureClass):
        return feature
    return Classes.of_labels(["Background", *KNOWN])[feature]


def ramp(feature: FeatureClass | str, dark: bool = False) -> tuple[str, ...]:
    """Return a class's colours from rare to frequent, "#rrggbb"; dark: on a dark page.

    One colour becomes the middle of a ramp whose lightness changes evenly.
    """
    feature = class_called(feature)
    colours = feature.colours_dark if dark else feature.colours
    if len(colours) > 1:
        return tuple(colours)
    rare, frequent = ENDS[dark]
    anchors = (rare, colours[0], _hex(blend((colours[0], frequent), 5)[3]))
    return tuple(_hex(colour) for colour in blend(anchors, 8))


def line_colour(feature: FeatureClass | str, dark: bool = False) -> str:
    """Return the colour of a class's lines, fills and outlines."""
    feature = class_called(feature)
    if len(feature.colours) == 1 and not dark:
        return feature.colours[0]
    return ramp(feature, dark)[5 if dark else 4]


def _hex(colour: NDArray[np.float64]) -> str:
    return "#" + "".join(f"{round(255 * channel):02x}" for channel in colour)


@dataclass(frozen=True)
class Scale:
    """Levels and the colours between and beyond them.

    levels: (n,) ascending; colours: (n + 1, 3), 0…1; the first is below the lowest level.
    clear: index of the colour that lets the land show through, where the field says "nothing";
    -1 for none. least, most: values that the field cannot go beyond; None where it can.
    """

    levels: NDArray[np.float64]
    colours: NDArray[np.float64]
    clear: int
    units: str
    least: float | None = None
    most: float | None = None

    def paint(self, values: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return RGBA (…, 4) of values; the clear colour and NaN are transparent."""
        count = len(self.colours)
        paints = np.zeros((count + 1, 4), np.float32)  # the last is NaN's
        paints[:count, :3] = self.colours
        paints[:count, 3] = np.arange(count) != self.clear
        index = np.searchsorted(self.levels, values, side="right")
        return paints.take(np.where(np.isnan(values), count, index), axis=0)


def sequential(maximum: float, feature: FeatureClass | str, units: str, bins: int = 9) -> Scale:
    """Return a scale from 0 to about `maximum` in round steps; the first step stays clear.

    Of per cent it ends at 100, which is also the scale of maps on which there is nothing, unless
    these go beyond.
    """
    maximum = _something(maximum, units)
    step = nice_step(maximum / bins)
    count = max(2, int(np.ceil(maximum / step - 1e-9)))
    levels = step * np.arange(1, count + 1, dtype=np.float64)
    most = ALL if _is_share(units) and levels[-1] >= ALL >= maximum else None
    levels = levels[levels < ALL] if most else levels
    return Scale(levels, blend(ramp(feature), levels.size + 1), 0, units, 0.0, most)


def diverging(largest: float, units: str, bins: int = 5) -> Scale:
    """Return a symmetric scale; differences smaller than `CLEAR` of one step stay clear.

    Of per cent (and points of per cent) it ends at −100 and 100, as where nothing differs, unless
    maps go beyond.
    """
    largest = _something(largest, units)
    step = nice_step(largest / bins)
    half = step * np.array([CLEAR, *range(1, max(2, int(np.ceil(largest / step - 1e-9))) + 1)])
    most = ALL if _is_share(units) and half[-1] >= ALL >= largest else None
    half = half[half < ALL] if most else half
    levels = np.concatenate([-half[::-1], half])
    colours = blend(DIVERGING, levels.size + 1)
    return Scale(levels, colours, half.size, units, -most if most else None, most)


def scale_of(
    maps: Sequence[NDArray[np.floating]], feature: FeatureClass | str, units: str
) -> Scale:
    """Return the scale that maps share: from zero on, or to both sides of it where some are below.

    What is below by less than a thousandth of the largest is rounding.
    """
    known = [values[np.isfinite(values)] for values in maps]
    largest = largest_shown(known)
    most = max((float(np.abs(values).max()) for values in known if values.size), default=0.0)
    if _is_share(units) and most > ALL * (1 + 1e-6):  # in few cells, perhaps: no end at 100
        largest = max(largest, np.nextafter(ALL, most))
    if any((values < -1e-3 * most).any() for values in known):
        return diverging(largest, units)
    return sequential(largest, feature, units)


def _something(largest: float, units: str) -> float:
    """Return the largest value of maps, or of empty ones the most there could be, if known."""
    return largest or (ALL if _is_share(units) else 0.0)


def _is_share(units: str) -> bool:
    """Whether 100 is the most that a value in these units can be."""
    return units.startswith(("%", "percentage point"))


def spanning(low: float, high: float, units: str, bins: int = 12) -> Scale:
    """Return a grey scale from `low` to `high` in round steps, for a field under coloured marks."""
    step = nice_step((high - low) / bins)
    levels = 0.0 + step * np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1)
    return Scale(levels, blend(GREY, levels.size + 1), -1, units)


def majority(feature: FeatureClass | str, units: str) -> Scale:
    """Return a scale for percentages of which most lie above one half; no step is clear."""
    levels = np.arange(50.0, ALL, 10.0)
    return Scale(levels, blend(ramp(feature), levels.size + 1), -1, units, None, ALL)


def blend(anchors: tuple[str, ...], count: int) -> NDArray[np.float64]:
    """Return `count` colours, (count, 3), evenly between anchors, mixed in linear light."""
    values = np.array([[int(a[i : i + 2], 16) / 255 for i in (1, 3, 5)] for a in anchors])
    at = np.linspace(0, len(anchors) - 1, count)
    linear = [np.interp(at, np.arange(len(anchors)), values[:, i] ** 2.2) for i in range(3)]
    return np.stack(linear, axis=1) ** (1 / 2.2)


def largest_shown(fields: list[NDArray[np.floating]]) -> float:
    """Return a maximum for a shared scale: the largest 99.9th percentile of all panels."""
    finite = [np.abs(field[np.isfinite(field)]) for field in fields]
    return max((float(np.quantile(f, 0.999)) for f in finite if f.size), default=0.0)
