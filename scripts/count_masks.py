r"""Count, for one year, in how many steps of each month each class covers each cell.

python scripts/count_masks.py --mask results/masks/control/2000.nc \
    --output results/frequency/control/masks/2000.nc --period 2000-01-01 2006-01-01
"""

from stormtrace import commandline
from stormtrace.climate.counting import count_masks
from stormtrace.formats.counts import write_counts
from stormtrace.provenance import provenance


def main() -> None:
    """Parse flags, count, write."""
    parser = commandline.parser(__doc__)
    parser.add_argument("--mask", required=True, help="masks of one year")
    parser.add_argument("--output", required=True, help="counts of the year, netCDF")
    parser.add_argument(
        "--period",
        nargs=2,
        metavar=("START", "END"),
        help="the experiment's period, END not included: steps are missing only within it",
    )
    commandline.add_classes(parser)
    args = parser.parse_args()
    counts = count_masks(args.mask, args.period, args.classes)
    write_counts(args.output, counts, provenance([args.mask]))
    missing = int(counts.expected_steps.sum() - counts.steps.sum())
    commandline.log.info("%s: %d steps, %d missing", counts.year, counts.steps.sum(), missing)


if __name__ == "__main__":
    commandline.run(main)
