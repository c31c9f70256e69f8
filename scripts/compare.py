"""Compare two experiments: frequency of the second minus the first, with significance.

python scripts/compare.py --first results/frequency/control/frequency.nc \
    --second results/frequency/rcp85/frequency.nc --name warming \
    --output results/comparisons/warming.nc
"""

from stormtrace.climate.comparison import COUNTED, compare_files
from stormtrace.climate.significance import MINIMUM_YEARS
from stormtrace.commandline import log, parser, positive, run
from stormtrace.provenance import provenance


def main() -> None:
    """Parse flags, compare, write."""
    arguments = parser(__doc__)
    arguments.add_argument("--first", required=True, help="frequency.nc of the first experiment")
    arguments.add_argument("--second", required=True, help="frequency.nc of the second")
    arguments.add_argument("--name", required=True)
    arguments.add_argument(
        "--of", choices=COUNTED, default="masks", help="count every detection, or events alone"
    )
    arguments.add_argument("--output", required=True)
    arguments.add_argument("--replicates", type=positive, default=1000, help="bootstrap draws")
    arguments.add_argument("--block-years", type=positive, default=1, help="years drawn together")
    flags = arguments.parse_args()
    made = compare_files(
        flags.first,
        flags.second,
        flags.output,
        provenance([flags.first, flags.second], comparison=flags.name),
        of=flags.of,
        replicates=flags.replicates,
        block_years=flags.block_years,
    )
    if not made.tested:
        log.info("fewer than %d years a side: no test of significance", MINIMUM_YEARS)


if __name__ == "__main__":
    run(main)
