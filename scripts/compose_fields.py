"""Sum fields of one year over all steps and over those of each class, for composites and shares.

python scripts/compose_fields.py --samples results/samples/cesm-historical/fv0.23x0.31/2000 \
    --mask results/masks/control/2000.nc --fields PRECT TMQ \
    --output results/composites/control/2000.nc
"""

from pathlib import Path

from stormtrace.climate.composites import compose_fields
from stormtrace.commandline import log, parser, run
from stormtrace.provenance import provenance


def main() -> None:
    """Parse flags, sum, write."""
    arguments = parser(__doc__)
    arguments.add_argument("--samples", type=Path, required=True, help="folder of the year")
    arguments.add_argument("--mask", type=Path, required=True, help="masks of the year")
    arguments.add_argument("--fields", nargs="+", required=True)
    arguments.add_argument("--output", required=True)
    flags = arguments.parse_args()
    facts = provenance([flags.mask], samples=str(flags.samples))
    steps = compose_fields(flags.mask, flags.samples, flags.fields, flags.output, facts)
    log.info("%d steps", steps)


if __name__ == "__main__":
    run(main)
