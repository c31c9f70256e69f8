"""How classes and measures are called in titles, and the grid of densities."""

from stormtrace.classes import FeatureClass
from stormtrace.grids import make_grid

#: Column of events.parquet -> (title of its histogram, units, factor from the column's units).
HISTOGRAMS = {
    "lifetime_h": ("Lifetime", "days", 1 / 24),
    "track_km": ("Distance travelled", "1000 km", 1e-3),
    "speed_km_h": ("Speed", "km/h", 1.0),
    "max_area_km2": ("Largest area", "million km²", 1e-6),
}

#: Densities of events are drawn on this grid.
DENSITY_GRID = make_grid({"nlat": 91, "nlon": 180})


def heading(feature: FeatureClass, more: str = "") -> str:
    """Return a class's name and `more` as the start of a title: ``Atmospheric river frequency``."""
    return sentence(f"{feature.name.lower()}{more and f' {more}'}")


def sentence(text: str) -> str:
    """Return `text` with a capital."""
    return text[:1].upper() + text[1:]
