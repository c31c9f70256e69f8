"""Count the events that reach a coast, by latitude.

python scripts/count_landfalls.py --objects results/events/control/objects/*.nc \
    --events results/events/control --region 230 255 32 55 --output results/landfall/control.csv

Columns: lat (centre of a bin), class, events (different ones; each once a bin). The coast is where
cells of the region are partly land. Without --region: the coast of western North America.
"""

from pathlib import Path

from stormtrace.classes import FEATURES
from stormtrace.commandline import log, parser, run
from stormtrace.files import write_text
from stormtrace.map.hovmoller import WEST_COAST
from stormtrace.map.landfall import by_latitude, landfalls


def main() -> None:
    """Parse flags, count, write."""
    arguments = parser(__doc__)
    arguments.add_argument("--objects", nargs="+", required=True, help="objects, one file a year")
    arguments.add_argument("--events", type=Path, required=True, help="folder of linked events")
    arguments.add_argument(
        "--region", nargs=4, type=float, default=WEST_COAST, help="west east south north, degrees"
    )
    arguments.add_argument("--bin", type=float, default=2.5, help="width of a bin, degrees")
    arguments.add_argument("--output", required=True, help="CSV")
    flags = arguments.parse_args()
    grid, reached = landfalls(flags.objects, flags.events, tuple(flags.region))
    centres, counts = by_latitude(reached, grid, FEATURES.values(), flags.bin)
    lines = ["lat,class,events"] + [
        f"{lat:g},{name},{counts[code][i]}"
        for name, code in FEATURES.items()
        for i, lat in enumerate(centres)
    ]
    write_text(flags.output, "\n".join(lines) + "\n")
    log.info("%d events reach the coast", len(set(reached[:, 0].tolist())))


if __name__ == "__main__":
    run(main)
