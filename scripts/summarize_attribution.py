r"""Shares of a field that fall in or near each class, by region, season and year; or their change.

    python scripts/summarize_attribution.py --sums results/attribution/control/PRECT/2*.nc \
        --field PRECT --percentiles 99 --regions '{"North Pacific": [120, 250, 10, 65]}' \
        --output results/attribution/control/PRECT/shares.json

With --second, the sums of another experiment, what each class brings there minus here, split into
parts by frequency and by intensity. JSON; intervals hold 95 %, of whole years drawn again.
"""

from pathlib import Path

from stormtrace import commandline
from stormtrace.attribution.changes import changes
from stormtrace.attribution.regional_sums import regional_sums
from stormtrace.attribution.shares import shares
from stormtrace.formats.json_files import write_json
from stormtrace.provenance import provenance


def main() -> None:
    """Parse the flags, add up, write."""
    parser = commandline.parser(__doc__)
    parser.add_argument("--sums", type=Path, nargs="+", required=True, help="one file a year")
    parser.add_argument("--second", type=Path, nargs="+", default=[], help="of another experiment")
    parser.add_argument("--field", required=True, help="the field that was attributed")
    parser.add_argument("--percentiles", type=float, nargs="*", default=[], help="per cent")
    parser.add_argument(
        "--regions", type=commandline.from_json, default={}, help="JSON: name -> box"
    )
    parser.add_argument("--output", type=Path, required=True, help="JSON file")
    commandline.add_classes(parser)
    args = parser.parse_args()
    sides = [
        regional_sums(paths, args.field, args.percentiles, args.regions, args.classes)
        for paths in (args.sums, args.second)
        if paths
    ]
    found = changes(sides[0], sides[1]) if args.second else shares(sides[0])
    made_of = provenance([*args.sums, *args.second])
    write_json(args.output, {"field": args.field} | found | {"provenance": made_of})


if __name__ == "__main__":
    commandline.run(main)
