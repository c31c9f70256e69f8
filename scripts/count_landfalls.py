"""Count the events that reach a coast, by latitude.

python scripts/count_landfalls.py --objects results/events/control/objects/*.nc \
    --events results/events/control --output results/landfall/control.csv \
    --coasts '{"western North America": [230, 255, 32, 55]}'

Columns: coast, lat (centre of a bin), class, events (different ones; each once a bin). The coast is
where cells of the box are partly land.
"""

import csv
from pathlib import Path

import numpy as np

from stormtrace.classes import FEATURES
from stormtrace.climate.landfall import by_latitude, landfalls
from stormtrace.commandline import from_json, log, parser, run
from stormtrace.files import writing


def main() -> None:
    """Parse flags, count, write."""
    arguments = parser(__doc__)
    arguments.add_argument("--objects", nargs="+", required=True, help="objects, one file a year")
    arguments.add_argument("--events", type=Path, required=True, help="folder of linked events")
    arguments.add_argument(
        "--coasts", type=from_json, required=True, help="JSON: name -> [west, east, south, north]"
    )
    arguments.add_argument("--bin", type=float, default=2.5, help="width of a bin, degrees")
    arguments.add_argument("--output", required=True, help="CSV")
    flags = arguments.parse_args()
    grid, reached = landfalls(flags.objects, flags.events, flags.coasts)
    with writing(flags.output) as partial, partial.open("w", encoding="utf-8") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(["coast", "lat", "class", "events"])
        for coast, rows in reached.items():
            centres, counts = by_latitude(rows, grid, FEATURES.values(), flags.bin)
            for name, code in FEATURES.items():
                for lat, events in zip(centres, counts[code], strict=True):
                    table.writerow([coast, f"{lat:g}", name, events])
            log.info("%s: %d events reach it", coast, np.unique(rows[:, 0]).size)


if __name__ == "__main__":
    run(main)
