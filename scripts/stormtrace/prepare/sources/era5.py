"""ERA5 as three archives lay it out: hourly instants, 0.25°, latitude from north to south.

cds   the Climate Data Store's netCDF, before 2024 (`time`, `level`) and since (`valid_time`,
      `pressure_level`), and whatever keeps ECMWF's short names
ncar  NCAR's archive (d633000 on glade): short names in capitals, VAR_2T for 2t; the names of its
      files have them in small letters
arco  ARCO-ERA5 and WeatherBench 2: names in full

Winds are on pressure levels that go on below the ground, where they are extrapolated. Amounts are
accumulated over the hour that ends at their stamp, whatever the distance of the records that were
downloaded (ECMWF, "ERA5: data documentation", on mean rates and accumulations). NCAR keeps them by
forecast (e5.oper.fc.sfc.accumu; `raw.forecast_times`), each still of its own hour and not of all
since the forecast began, and total precipitation as its two kinds, LSP and CP.
"""

from collections.abc import Mapping
from types import MappingProxyType

from stormtrace.prepare.sources.vocabulary import Amount, Vocabulary, canonical

#: Precipitation and its kinds, m in an hour, as the Climate Data Store, NCAR (in capitals) and
#: ARCO-ERA5 call them.
HOURLY = Amount("end", 1.0)
SHORT = dict.fromkeys(("tp", "cp", "lsp", "sf", "csf", "lsf", "e", "ro"), HOURLY)
CAPITALS = {name.upper(): amount for name, amount in SHORT.items()}
LONG = dict.fromkeys(
    (
        "total_precipitation",
        "convective_precipitation",
        "large_scale_precipitation",
        "snowfall",
        "evaporation",
        "runoff",
    ),
    HOURLY,
)


def _vocabulary(
    water: str,
    east: str,
    north: str,
    sea: str,
    surface: str,
    amounts: Mapping[str, Amount] = MappingProxyType({}),
) -> Vocabulary:
    return Vocabulary(
        canonical(
            {"take": water},
            {"interpolate": east, "to": 850.0},
            {"interpolate": north, "to": 850.0},
            {"take": sea},
        ),
        {"surface_pressure": surface},
        amounts,
    )


CDS = _vocabulary("tcwv", "u", "v", "msl", "sp", SHORT)
NCAR = _vocabulary("TCWV", "U", "V", "MSL", "SP", CAPITALS)
ARCO = _vocabulary(
    "total_column_water_vapour",
    "u_component_of_wind",
    "v_component_of_wind",
    "mean_sea_level_pressure",
    "surface_pressure",
    LONG,
)
