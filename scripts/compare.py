r"""Compare two experiments: frequency of the second minus the first, with significance.

python scripts/compare.py --first results/frequency/control/frequency.nc \
    --second results/frequency/rcp85/frequency.nc --name warming \
    --output results/comparisons/warming.nc
"""

from stormtrace import commandline
from stormtrace.climate.comparison import compare_files
from stormtrace.climate.frequency import COUNTED
from stormtrace.climate.significance import MINIMUM_YEARS
from stormtrace.commandline import positive
from stormtrace.provenance import provenance


def main() -> None:
    """Parse flags, compare, write."""
    parser = commandline.parser(__doc__)
    parser.add_argument("--first", required=True, help="frequency.nc of the first experiment")
    parser.add_argument("--second", required=True, help="frequency.nc of the second")
    parser.add_argument("--name", required=True, help="name of the comparison, kept in the file")
    parser.add_argument(
        "--of", choices=COUNTED, default="masks", help="count every detection, or events alone"
    )
    parser.add_argument("--output", required=True, help="the comparison, netCDF")
    parser.add_argument("--table", help="means over all cells and over regions, CSV (optional)")
    parser.add_argument(
        "--regions",
        type=commandline.from_json,
        default={},
        help="of the table; JSON: name -> [west, east, south, north]",
    )
    parser.add_argument("--replicates", type=positive, default=1000, help="bootstrap draws")
    parser.add_argument("--block-years", type=positive, default=1, help="years drawn together")
    commandline.add_classes(parser)
    args = parser.parse_args()
    made = compare_files(
        args.first,
        args.second,
        args.output,
        provenance([args.first, args.second], comparison=args.name),
        args.classes,
        args.table,
        regions=args.regions,
        of=args.of,
        replicates=args.replicates,
        block_years=args.block_years,
    )
    if not made.tested:
        commandline.log.info("fewer than %d years a side: no test of significance", MINIMUM_YEARS)


if __name__ == "__main__":
    commandline.run(main)
