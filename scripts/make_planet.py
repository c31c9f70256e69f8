"""Make one part of the mini planet: raw files as CESM, MERRA-2 or ClimateNet would bring them.

python scripts/make_planet.py --part historical --output results/planet/historical
"""

from pathlib import Path

from stormtrace.commandline import from_json, parser, run
from stormtrace.files import writing
from stormtrace.planet.parts import PARTS, write_part
from stormtrace.planet.settings import read_settings


def main() -> None:
    """Parse the flags and write the folder, whole or not at all."""
    flags = parser(__doc__)
    flags.add_argument("--part", required=True, choices=PARTS, help="which part to make")
    flags.add_argument("--settings", type=from_json, default={}, help="the study's `planet:`")
    flags.add_argument("--output", required=True, type=Path, help="a folder, replaced if there")
    arguments = flags.parse_args()
    settings = read_settings(arguments.settings)
    with writing(arguments.output) as folder:
        folder.mkdir()
        write_part(arguments.part, folder, settings)


if __name__ == "__main__":
    run(main)
