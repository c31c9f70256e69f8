"""ICON: triangles (clat, clon in radians); levels of height, whose pressure is a variable."""

from stormtrace.prepare.sources.vocabulary import Vocabulary, canonical

VOCABULARY = Vocabulary(
    canonical(
        {"take": "tqv_dia"},
        {"interpolate": "u", "to": 850.0},
        {"interpolate": "v", "to": 850.0},
        {"take": "pres_msl"},
    ),
    {"surface_pressure": "pres_sfc", "pressure": "pres"},
)
