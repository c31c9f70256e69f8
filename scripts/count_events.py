r"""Count, for one year, where tracked events are, begin and end, by month, class and cell.

python scripts/count_events.py --mask results/masks/control/2000.nc \
    --objects results/events/control/objects/2000.nc --events results/events/control \
    --output results/frequency/control/events/2000.nc --period 2000-01-01 2006-01-01
"""

from pathlib import Path

from stormtrace import commandline
from stormtrace.climate.event_counting import count_events
from stormtrace.formats.counts import write_counts
from stormtrace.provenance import provenance


def main() -> None:
    """Parse flags, count, write."""
    parser = commandline.parser(__doc__)
    parser.add_argument("--mask", required=True, help="masks of one year")
    parser.add_argument("--objects", required=True, help="objects found in them")
    parser.add_argument("--events", required=True, type=Path, help="folder of linked events")
    parser.add_argument("--output", required=True, help="counts of the year, netCDF")
    parser.add_argument(
        "--period",
        nargs=2,
        metavar=("START", "END"),
        help="the experiment's period, END not included: steps are missing only within it",
    )
    commandline.add_classes(parser)
    args = parser.parse_args()
    counts = count_events(args.mask, args.objects, args.events, args.period, args.classes)
    inputs = [args.mask, args.objects, args.events / "objects.parquet"]
    write_counts(args.output, counts, provenance(inputs))
    commandline.log.info("%s: %d steps", counts.year, counts.steps.sum())


if __name__ == "__main__":
    commandline.run(main)
