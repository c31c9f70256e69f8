"""How classes, measures and units are written on figures, and the grid of densities."""

import re

import numpy as np

from stormtrace.classes import FeatureClass
from stormtrace.grids import Grid

#: Column of events.parquet -> (title of its histogram, units, factor from the column's units).
HISTOGRAMS = {
    "lifetime_h": ("Lifetime", "days", 1 / 24),
    "track_km": ("Distance travelled", "1000 km", 1e-3),
    "speed_km_h": ("Speed", "km h-1", 1.0),
    "max_area_km2": ("Largest area", "million km²", 1e-6),
}

RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

#: Densities of events are drawn on this grid of 2°. (`make_grid` would import pydantic.)
DENSITY_GRID = Grid(np.linspace(-90.0, 90.0, 91), np.arange(0.0, 360.0, 2.0))


def heading(feature: FeatureClass, more: str = "") -> str:
    """Return a class's name and `more` as the start of a title: ``Atmospheric river frequency``."""
    return sentence(f"{feature.name.lower()}{more and f' {more}'}")


def typeset(units: str) -> str:
    """``kg m-2`` → kg m⁻²: powers of CF units as superscripts; other words stay."""
    return re.sub(r"(?<=[A-Za-z])(-?\d+)\b", lambda power: power[1].translate(RAISED), units)


def sentence(text: str) -> str:
    """Return `text` with a capital."""
    return text[:1].upper() + text[1:]
