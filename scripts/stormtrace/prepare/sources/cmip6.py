"""CMIP6 and HighResMIP: CMOR's names, on pressure levels (plev, from the ground up) or hybrid ones.

Sub-daily tables lack `prw` as a rule, so TMQ is the integral of `hus`, which on pressure levels
needs `ps`; 850 hPa is in plev3, plev7h and plev19. Time bounds and `cell_methods` are there.
"""

from stormtrace.prepare.sources.vocabulary import Vocabulary, canonical

VOCABULARY = Vocabulary(
    canonical(
        {"integrate": "hus"},
        {"interpolate": "ua", "to": 850.0},
        {"interpolate": "va", "to": 850.0},
        {"take": "psl"},
    ),
    {"surface_pressure": "ps", "pressure": "pfull"},
)
