"""How classes and regions are called in titles and file names."""

from stormtrace.grids import make_grid

#: CF flag meaning -> (words for a title, short name, as in file names).
WORDS = {
    "atmospheric_river": ("Atmospheric river", "AR"),
    "tropical_cyclone": ("Tropical cyclone", "TC"),
}

#: Regions drawn unless the study names its own: [west, east, south, north] in degrees.
REGIONS = {
    "Western North America": [180.0, 255.0, 25.0, 65.0],
    "North Pacific": [120.0, 250.0, 10.0, 65.0],
}

#: Densities of events are drawn on this grid.
DENSITY_GRID = make_grid({"nlat": 91, "nlon": 180})


def words(feature: str) -> str:
    """Return a class's name for a title."""
    return WORDS.get(feature, (feature.replace("_", " ").capitalize(), ""))[0]


def short(feature: str) -> str:
    """Return a class's short name: AR, TC, or its own."""
    return WORDS.get(feature, ("", feature))[1]
