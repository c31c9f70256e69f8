r"""Sum a field of one year, and its extremes: all, in or near each class, and in none.

    python scripts/attribute_field.py --mask results/masks/control/2000.nc \
        --samples results/samples/cesm-historical/fv0.23x0.31/2000 --field PRECT \
        --extremes results/attribution/control/PRECT/extremes.nc \
        --within '{"CF": {"km": 300, "hours": 6}}' \
        --output results/attribution/control/PRECT/2000.nc

--within: short names of classes -> how far from their cells still counts. --before and --after are
the masks of the years beside, which a lag reaches into at the turn of the year.
"""

from pathlib import Path

from stormtrace import commandline
from stormtrace.attribution.near import Reach
from stormtrace.attribution.yearly_sums import Year, attribute_year
from stormtrace.errors import BadInput
from stormtrace.provenance import provenance


def main() -> None:
    """Parse the flags, sum, write."""
    parser = commandline.parser(__doc__)
    parser.add_argument("--mask", type=Path, required=True, help="masks of the year")
    parser.add_argument("--before", type=Path, help="masks of the year before")
    parser.add_argument("--after", type=Path, help="masks of the year after")
    parser.add_argument("--samples", type=Path, required=True, help="folder of the year")
    parser.add_argument("--field", required=True, help="a field of the samples")
    parser.add_argument("--extremes", type=Path, help="what compute_extremes.py wrote")
    parser.add_argument(
        "--within", type=commandline.from_json, default={}, help="JSON: class -> {km, hours}"
    )
    parser.add_argument("--output", type=Path, required=True, help="netCDF file")
    commandline.add_classes(parser)
    args = parser.parse_args()
    try:
        reach = {name: Reach(**one) for name, one in args.within.items()}
    except TypeError as error:
        raise BadInput(f"--within: expected class -> {{km, hours}}; {error}") from None
    year = Year(
        mask=args.mask,
        samples=args.samples,
        field=args.field,
        thresholds=args.extremes,
        reach=reach,
        before=args.before,
        after=args.after,
    )
    facts = provenance([args.mask], samples=str(args.samples))
    steps = attribute_year(year, args.output, facts, args.classes)
    commandline.log.info("%d steps", steps)


if __name__ == "__main__":
    commandline.run(main)
