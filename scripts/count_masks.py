"""Count, for one year, in how many steps of each month each class covers each cell.

python scripts/count_masks.py --mask results/masks/control/2000.nc \
    --output results/frequency/control/masks/2000.nc --period 2000-01-01 2006-01-01
"""

from stormtrace.climate.counting import count_masks
from stormtrace.commandline import log, parser, run
from stormtrace.formats.counts import write_counts
from stormtrace.provenance import provenance


def main() -> None:
    """Parse flags, count, write."""
    arguments = parser(__doc__)
    arguments.add_argument("--mask", required=True, help="masks of one year")
    arguments.add_argument("--output", required=True)
    arguments.add_argument(
        "--period",
        nargs=2,
        metavar=("START", "END"),
        help="the experiment's period, END not included: steps are missing only within it",
    )
    flags = arguments.parse_args()
    counts = count_masks(flags.mask, flags.period)
    write_counts(flags.output, counts, provenance([flags.mask]))
    missing = int(counts.expected_steps.sum() - counts.steps.sum())
    log.info("%s: %d steps, %d missing", counts.year, counts.steps.sum(), missing)


if __name__ == "__main__":
    run(main)
