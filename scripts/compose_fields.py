r"""Sum fields of one year over all steps and over those of each class, for composites and shares.

python scripts/compose_fields.py --samples results/samples/cesm-historical/fv0.23x0.31/2000 \
    --mask results/masks/control/2000.nc --fields PRECT TMQ \
    --output results/composites/control/2000.nc
"""

from pathlib import Path

from stormtrace import commandline
from stormtrace.climate.composites import compose_fields
from stormtrace.provenance import provenance


def main() -> None:
    """Parse flags, sum, write."""
    parser = commandline.parser(__doc__)
    parser.add_argument("--samples", type=Path, required=True, help="folder of the year")
    parser.add_argument("--mask", type=Path, required=True, help="masks of the year")
    parser.add_argument("--fields", nargs="+", required=True, help="fields of the samples to sum")
    parser.add_argument("--output", required=True, help="the sums of the year, netCDF")
    commandline.add_classes(parser)
    args = parser.parse_args()
    facts = provenance([args.mask], samples=str(args.samples))
    steps = compose_fields(args.mask, args.samples, args.fields, args.output, facts, args.classes)
    commandline.log.info("%d steps", steps)


if __name__ == "__main__":
    commandline.run(main)
