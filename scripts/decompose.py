r"""Share the difference of two experiments out among their input fields.

    python scripts/decompose.py --name warming --fields TMQ U850 \
        --first results/frequency/control/frequency.nc \
        --second results/frequency/warmer/frequency.nc \
        --of-first results/frequency/control.TMQ-of-warmer/frequency.nc \
                   results/frequency/control.U850-of-warmer/frequency.nc \
        --of-second results/frequency/warmer.TMQ-of-control/frequency.nc \
                    results/frequency/warmer.U850-of-control/frequency.nc \
        --output results/decompositions/warming.nc --table results/decompositions/warming.csv

--of-first is the first experiment with one field of the second after another, in the order of
--fields; --of-second the second with those of the first.
"""

from pathlib import Path

from stormtrace import commandline
from stormtrace.climate.decomposition import Sides, decompose
from stormtrace.climate.frequency import COUNTED
from stormtrace.commandline import from_json, positive
from stormtrace.errors import BadInput
from stormtrace.formats.decomposition_maps import write_decomposition, write_rows
from stormtrace.provenance import provenance


def main() -> None:
    """Parse flags, share out, write."""
    parser = commandline.parser(__doc__)
    for side in ("first", "second"):
        parser.add_argument(
            f"--{side}", type=Path, required=True, help=f"frequency.nc of the {side} experiment"
        )
        parser.add_argument(
            f"--of-{side}",
            type=Path,
            nargs="+",
            required=True,
            help=f"frequency.nc of the {side} with each field adjusted to the other",
        )
    parser.add_argument("--fields", nargs="+", required=True, help="the fields, in that order")
    parser.add_argument("--name", required=True, help="name of the comparison, kept in the file")
    parser.add_argument(
        "--of", choices=COUNTED, default="masks", help="count every detection, or events alone"
    )
    parser.add_argument(
        "--regions", type=from_json, default={}, help="name -> [west, east, south, north], JSON"
    )
    parser.add_argument("--replicates", type=positive, default=1000, help="bootstrap draws")
    parser.add_argument("--block-years", type=positive, default=1, help="years drawn together")
    parser.add_argument("--output", type=Path, required=True, help="maps, netCDF")
    parser.add_argument("--table", type=Path, required=True, help="area means, CSV")
    commandline.add_classes(parser)
    args = parser.parse_args()
    if not len(args.fields) == len(args.of_first) == len(args.of_second):
        raise BadInput(
            f"--fields names {len(args.fields)} fields, but --of-first has {len(args.of_first)}"
            f" files and --of-second {len(args.of_second)}: give one of each a field"
        )
    sides = Sides(args.fields, args.first, args.second, args.of_first, args.of_second)
    made = decompose(
        sides,
        of=args.of,
        regions=args.regions,
        replicates=args.replicates,
        block_years=args.block_years,
        table=args.classes,
        attributes=provenance(sides.paths.values(), comparison=args.name),
    )
    write_decomposition(args.output, made.maps)
    write_rows(args.table, made.rows)


if __name__ == "__main__":
    commandline.run(main)
