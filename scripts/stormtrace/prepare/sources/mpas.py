"""MPAS-Atmosphere: diagnostics on cells, whose latCell and lonCell are in radians without units."""

from stormtrace.prepare.sources.vocabulary import Vocabulary, canonical

VOCABULARY = Vocabulary(
    canonical(
        {"take": "precipw"},
        {"take": "uzonal_850hPa"},
        {"take": "umeridional_850hPa"},
        {"take": "mslp"},
    ),
    {"surface_pressure": "surface_pressure", "pressure": "pressure"},
)
