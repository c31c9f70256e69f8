"""Join the counts of all years of an experiment into one file that holds every map.

python scripts/merge_counts.py --masks results/frequency/control/masks/2000.nc \
    --events results/frequency/control/events/2000.nc \
    --output results/frequency/control/frequency.nc
"""

from stormtrace.climate.frequency import merge_counts
from stormtrace.commandline import parser, run
from stormtrace.provenance import provenance


def main() -> None:
    """Parse flags, merge."""
    arguments = parser(__doc__)
    arguments.add_argument("--masks", nargs="+", required=True, help="counts from masks, by year")
    arguments.add_argument("--events", nargs="*", default=[], help="counts from events, by year")
    arguments.add_argument("--output", required=True)
    flags = arguments.parse_args()
    inputs = provenance([*flags.masks, *flags.events])
    merge_counts(flags.masks, flags.events, flags.output, inputs)


if __name__ == "__main__":
    run(main)
