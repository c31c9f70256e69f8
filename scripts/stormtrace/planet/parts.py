"""The parts of the planet by name."""

from pathlib import Path

from stormtrace.planet.cesm_files import Run, write_cesm
from stormtrace.planet.climatenet_files import write_climatenet
from stormtrace.planet.climates import HISTORICAL, WARMER
from stormtrace.planet.front_files import write_fronts
from stormtrace.planet.merra2_files import write_merra2
from stormtrace.planet.settings import Settings

#: The CESM-like parts; tapes and stamps differ between them as in the real cases.
RUNS = {
    "historical": Run(
        "mini.B20TR.ne{ne}_g16.001",
        HISTORICAL,
        2000,
        stamps="end",
        tapes={"U": "h4", "V": "h4", "Q": "h3", "PS": "h3", "PSL": "h2", "PRECT": "h2"},
        seed=10,
    ),
    "warmer": Run(
        "mini.BRCP85.ne{ne}_g16.001",
        WARMER,
        2090,
        stamps="start",
        tapes={"U": "h4", "V": "h4", "Q": "h4", "PS": "h3", "PSL": "h5", "PRECT": "h5"},
        seed=11,
    ),
}

PARTS = (*RUNS, "merra2", "climatenet", "fronts")


def write_part(part: str, folder: Path, settings: Settings) -> None:
    """Write the raw files (and the truth) of `part` into `folder`, which exists and is empty."""
    if part in RUNS:
        write_cesm(folder, RUNS[part], settings)
    elif part == "fronts":
        write_fronts(folder, settings)
    elif part == "merra2":
        write_merra2(folder, settings, year=2000, seed=20)
    else:
        write_climatenet(folder, settings)
