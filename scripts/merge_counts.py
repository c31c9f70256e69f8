r"""Join the counts of all years of an experiment into one file that holds every map.

python scripts/merge_counts.py --masks results/frequency/control/masks/2000.nc \
    --events results/frequency/control/events/2000.nc \
    --output results/frequency/control/frequency.nc
"""

from stormtrace import commandline
from stormtrace.climate.yearly_counts import merge_counts
from stormtrace.provenance import provenance


def main() -> None:
    """Parse flags, merge."""
    parser = commandline.parser(__doc__)
    parser.add_argument("--masks", nargs="+", required=True, help="counts from masks, by year")
    parser.add_argument("--events", nargs="*", default=[], help="counts from events, by year")
    parser.add_argument("--output", required=True, help="the frequency file, netCDF")
    commandline.add_classes(parser)
    args = parser.parse_args()
    inputs = provenance([*args.masks, *args.events])
    merge_counts(args.masks, args.events, args.output, inputs, args.classes)


if __name__ == "__main__":
    commandline.run(main)
