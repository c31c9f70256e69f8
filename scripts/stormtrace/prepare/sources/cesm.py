"""CESM: history files of CAM, on hybrid levels and, as a rule, the columns of its own mesh.

One variable and one year or month a file; surface pressure is PS. Bounds of time and
`cell_methods` say what stamps mark, though some tapes lack the latter (`prepare.raw.time_axis`).
"""

from stormtrace.prepare.sources.vocabulary import Vocabulary, canonical

VOCABULARY = Vocabulary(
    canonical(
        {"integrate": "Q"},
        {"interpolate": "U", "to": 850.0},
        {"interpolate": "V", "to": 850.0},
        {"take": "PSL"},
    ),
    {"surface_pressure": "PS"},
)
