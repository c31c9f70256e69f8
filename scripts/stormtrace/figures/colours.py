"""Discrete colour scales: readable without colour vision, shared by the panels of a figure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Anchors from light to dark; lightness falls evenly, so they also work in grey.
SEQUENTIAL = {
    "atmospheric_river": (
        "#f3f9f8", "#c8e7e4", "#8ecfd1", "#4fb0c1", "#278aac", "#1f6393", "#213e70", "#181c45",
    ),
    "tropical_cyclone": (
        "#fdf6ea", "#fbdfb5", "#f8be7c", "#ef954f", "#dc6a3b", "#b84535", "#86293b", "#4e1636",
    ),
    "other": (
        "#f7f7f2", "#dfe5cd", "#bdd1a2", "#92ba7e", "#669f64", "#3f8053", "#245f47", "#123f3a",
    ),
}  # fmt: skip
DIVERGING = (
    "#0f2f5a", "#24559a", "#4d86bf", "#8fb7da", "#cfe0ee", "#f7f6f4",
    "#f3d9cb", "#e3a98c", "#cb7452", "#a63f2b", "#6b1620",
)  # fmt: skip
#: The same on a dark page: from dark to light, so that "more" stands out there too.
SEQUENTIAL_DARK = {
    "atmospheric_river": (
        "#12212c", "#16384d", "#1a5570", "#247893", "#3c9cb3", "#6bc2cb", "#a7e1df", "#e4f8f4",
    ),
    "tropical_cyclone": (
        "#251a1a", "#482320", "#733024", "#a1442d", "#cb613b", "#e98b52", "#f8bd81", "#fdecc9",
    ),
    "other": (
        "#16211c", "#1f3a2c", "#2a573d", "#3a774f", "#5b9762", "#88b67d", "#bbd4a2", "#eaf1d5",
    ),
}  # fmt: skip
DIVERGING_DARK = (
    "#b5dcff", "#79b8f2", "#4a8fd0", "#2f659c", "#224363", "#1a1e23",
    "#5a3426", "#955036", "#cd7048", "#f0a079", "#ffd6bf",
)  # fmt: skip
GREY = ("#fcfcfb", "#e9e9e7", "#d2d2cf", "#b5b5b2", "#949492", "#6f6f6e")
NICE = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Scale:
    """Levels and the colours between and beyond them.

    levels: (n,) ascending; colours: (n + 1, 3), 0…1; the first is below the lowest level.
    clear: index of the colour that lets the land show through, where the field says "nothing";
    -1 for none.
    """

    levels: NDArray[np.float64]
    colours: NDArray[np.float64]
    clear: int
    units: str

    def paint(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return RGBA (…, 4) of values; the clear colour and NaN are transparent."""
        index = np.searchsorted(self.levels, values, side="right")
        alpha = np.where((index == self.clear) | np.isnan(values), 0.0, 1.0)
        return np.concatenate([self.colours[index], alpha[..., None]], axis=-1)


def sequential(maximum: float, feature: str, units: str, bins: int = 9) -> Scale:
    """Return a scale from 0 to about `maximum` in round steps; the first step stays clear."""
    step = nice_step(maximum / bins)
    count = max(2, int(np.ceil(maximum / step - 1e-9)))
    levels = step * np.arange(1, count + 1, dtype=np.float64)
    anchors = SEQUENTIAL.get(feature, SEQUENTIAL["other"])
    return Scale(levels, blend(anchors, count + 1), 0, units)


def diverging(largest: float, units: str, bins: int = 5) -> Scale:
    """Return a symmetric scale; differences smaller than one step stay clear."""
    step = nice_step(largest / bins)
    half = step * np.arange(1, max(2, int(np.ceil(largest / step - 1e-9))) + 1)
    levels = np.concatenate([-half[::-1], half])
    return Scale(levels, blend(DIVERGING, levels.size + 1), half.size, units)


def spanning(low: float, high: float, units: str, bins: int = 12) -> Scale:
    """Return a grey scale from `low` to `high` in round steps, for a field under coloured marks."""
    step = nice_step((high - low) / bins)
    levels = 0.0 + step * np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1)
    return Scale(levels, blend(GREY, levels.size + 1), -1, units)


def majority(feature: str, units: str) -> Scale:
    """Return a scale for percentages of which most lie above one half; no step is clear."""
    levels = np.arange(50.0, 100.0, 10.0)
    anchors = SEQUENTIAL.get(feature, SEQUENTIAL["other"])
    return Scale(levels, blend(anchors, levels.size + 1), -1, units)


def nice_step(step: float) -> float:
    """Return the smallest of 1, 2, 2.5, 5 · 10ᵏ that is not below `step`; 1 for nothing."""
    if not np.isfinite(step) or step <= 0:
        return 1.0
    power = 10.0 ** np.floor(np.log10(step))
    return float(next(n for n in NICE if n * power >= step * (1 - 1e-9)) * power)


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
