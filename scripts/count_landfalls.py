r"""Count the events that reach a coast, by latitude.

    python scripts/count_landfalls.py --objects results/events/control/objects/*.nc \
        --events results/events/control --output results/landfall/control.csv \
        --coasts '{"western North America": [230, 255, 32, 55]}'

Columns: coast, lat (centre of a bin that has coast), class (short name), events (different ones;
each once a bin; 0 where none comes). The coast is where cells of the box are partly land.
"""

import csv
from pathlib import Path

import numpy as np

from stormtrace import commandline
from stormtrace.climate.landfall import landfalls
from stormtrace.commandline import from_json
from stormtrace.files import writing


def main() -> None:
    """Parse flags, count, write."""
    parser = commandline.parser(__doc__)
    parser.add_argument("--objects", nargs="+", required=True, help="objects, one file a year")
    parser.add_argument("--events", type=Path, required=True, help="folder of linked events")
    parser.add_argument(
        "--coasts",
        type=from_json,
        required=True,
        help="JSON: name -> [west, east, south, north]",
    )
    parser.add_argument("--bin", type=float, default=2.5, help="width of a bin, degrees")
    parser.add_argument("--output", required=True, help="CSV")
    commandline.add_classes(parser)
    args = parser.parse_args()
    found = landfalls(args.objects, args.events, args.coasts, args.classes, args.bin)
    with writing(args.output) as partial, partial.open("w", encoding="utf-8") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(["coast", "lat", "class", "events"])
        for coast, rows in found.reached.items():
            counts, centres = found.counts(coast), found.coasts[coast].centres
            for feature in found.classes.features:
                for lat, events in zip(centres, counts[feature.code], strict=True):
                    table.writerow([coast, f"{lat:g}", feature.short, events])
            commandline.log.info("%s: %d events reach it", coast, np.unique(rows[:, 0]).size)


if __name__ == "__main__":
    commandline.run(main)
