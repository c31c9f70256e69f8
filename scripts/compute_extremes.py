r"""Compute percentiles of a field by cell, above which it is extreme, over some years.

    python scripts/compute_extremes.py --samples results/samples/merra2/mini/2000 \
        results/samples/merra2/mini/2001 --field PRECT --percentiles 95 99 --over "wet steps" \
        --wet 1 --by season --output results/attribution/control/PRECT/extremes.nc

Samples that fit into memory are sorted; more are read twice and counted, to an error that is in the
file (`stormtrace.prepare.cell_percentiles`).
"""

from pathlib import Path

from stormtrace import commandline
from stormtrace.attribution.extremes import Extremes
from stormtrace.attribution.threshold_fitting import fit_thresholds
from stormtrace.formats.extreme_thresholds import write_thresholds
from stormtrace.prepare.years_of_samples import OpenedYears, add_sample_flags, origin_of, years_in
from stormtrace.provenance import provenance


def main() -> None:
    """Parse the flags, compute and write."""
    parser = commandline.parser(__doc__)
    add_sample_flags(parser)
    commandline.add_periods(
        parser,
        "stretch of each folder that counts, END not included; as often as there are folders",
    )
    parser.add_argument("--field", required=True, help="a field of the samples")
    parser.add_argument("--percentiles", type=float, nargs="+", required=True, help="per cent")
    parser.add_argument(
        "--over",
        choices=("steps", "wet steps", "days", "wet days"),
        default="wet steps",
        help="what values percentiles are of",
    )
    parser.add_argument("--wet", type=float, default=1.0, help="mm/day, from which it is wet")
    parser.add_argument("--by", choices=("annual", "season"), default="annual", help="of what")
    parser.add_argument("--output", type=Path, required=True, help="netCDF file")
    args = parser.parse_args()

    years = OpenedYears(years_in(args), [args.field], args.period)
    extremes = Extremes(tuple(args.percentiles), args.over, args.wet, args.by)
    grid, thresholds = fit_thresholds(years, args.field, extremes)
    args.output.parent.mkdir(parents=True, exist_ok=True)
    write_thresholds(args.output, thresholds, grid, provenance(**origin_of(args)))


if __name__ == "__main__":
    commandline.run(main)
