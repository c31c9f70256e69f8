"""How classes and measures are called in titles and file names."""

from stormtrace.grids import make_grid

#: CF flag meaning -> (words for a title, short name, as in file names).
WORDS = {
    "atmospheric_river": ("Atmospheric river", "AR"),
    "tropical_cyclone": ("Tropical cyclone", "TC"),
}

#: Column of events.parquet -> (title of its histogram, units, factor from the column's units).
HISTOGRAMS = {
    "lifetime_h": ("Lifetime", "days", 1 / 24),
    "track_km": ("Distance travelled", "1000 km", 1e-3),
    "speed_km_h": ("Speed", "km/h", 1.0),
    "max_area_km2": ("Largest area", "million km²", 1e-6),
}

#: Densities of events are drawn on this grid.
DENSITY_GRID = make_grid({"nlat": 91, "nlon": 180})


def words(feature: str) -> str:
    """Return a class's name for a title."""
    return WORDS.get(feature, (feature.replace("_", " ").capitalize(), ""))[0]


def short(feature: str) -> str:
    """Return a class's short name: AR, TC, or its own."""
    return WORDS.get(feature, ("", feature))[1]
