"""MERRA-2: NASA's collections, all variables of a day in one file, fill value 1e15.

The defaults are those of tavg1_2d_slv_Nx; levels of inst3_3d_asm_Nv have their pressure (PL) and
thickness (DELP) as variables. Hourly means are stamped in their middle, without bounds.
"""

from stormtrace.prepare.sources.vocabulary import Vocabulary, canonical

VOCABULARY = Vocabulary(
    canonical({"take": "TQV"}, {"take": "U850"}, {"take": "V850"}, {"take": "SLP"}),
    {"surface_pressure": "PS", "pressure": "PL", "thickness": "DELP"},
)
