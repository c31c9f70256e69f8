"""E3SM: history files of EAM (CAM's names), and of SCREAM, whose levels have their thickness.

eam     6-hourly tapes of v3 have U850, V850 and PSL, and the transports TUQ and TVQ, but no TMQ
scream  dimensions (time, ncol, lev); pseudo_density is the thickness of a layer in Pa
"""

from stormtrace.prepare.sources.vocabulary import Vocabulary, canonical

EAM = Vocabulary(
    canonical({"integrate": "Q"}, {"take": "U850"}, {"take": "V850"}, {"take": "PSL"}),
    {"surface_pressure": "PS"},
)
SCREAM = Vocabulary(
    canonical(
        {"integrate": "qv"},
        {"take": "U_at_850hPa"},
        {"take": "V_at_850hPa"},
        {"take": "SeaLevelPressure"},
    ),
    {"surface_pressure": "ps", "pressure": "p_mid", "thickness": "pseudo_density"},
)
