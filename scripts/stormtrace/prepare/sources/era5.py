"""ERA5 as three archives lay it out: hourly instants, 0.25°, latitude from north to south.

cds   the Climate Data Store's netCDF, before 2024 (`time`, `level`) and since (`valid_time`,
      `pressure_level`), and whatever keeps ECMWF's short names
ncar  NCAR's archive (d633000 on glade): short names in capitals, VAR_2T for 2t; the names of its
      files have them in small letters
arco  ARCO-ERA5 and WeatherBench 2: names in full

Winds are on pressure levels that go on below the ground, where they are extrapolated.
"""

from stormtrace.prepare.sources.vocabulary import Vocabulary, canonical


def _vocabulary(water: str, east: str, north: str, sea: str, surface: str) -> Vocabulary:
    return Vocabulary(
        canonical(
            {"take": water},
            {"interpolate": east, "to": 850.0},
            {"interpolate": north, "to": 850.0},
            {"take": sea},
        ),
        {"surface_pressure": surface},
    )


CDS = _vocabulary("tcwv", "u", "v", "msl", "sp")
NCAR = _vocabulary("TCWV", "U", "V", "MSL", "SP")
ARCO = _vocabulary(
    "total_column_water_vapour",
    "u_component_of_wind",
    "v_component_of_wind",
    "mean_sea_level_pressure",
    "surface_pressure",
)
