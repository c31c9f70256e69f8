r"""Compute the climatology of a field by month and latitude band, to adjust another dataset to.

    python scripts/compute_zonal_climatology.py --samples results/samples/merra2/mini/2000 \
        results/samples/merra2/mini/2001 --dataset merra2 --grid mini --field TMQ \
        --match moments --output results/zonal/merra2/mini/TMQ-moments.nc

Bands are 5 degrees wide, cells count for their area. A process has one sample at a time in memory;
moments read the samples once, quantiles twice.
"""

from pathlib import Path

from stormtrace import commandline
from stormtrace.formats.zonal_climatologies import NAMES, ZonalClimatology, write_zonal
from stormtrace.prepare.years_of_samples import add_sample_flags, open_year, origin_of, years_in
from stormtrace.prepare.zonal_fitting import fit_zonal
from stormtrace.provenance import provenance


def main() -> None:
    """Parse the flags, compute and write."""
    parser = commandline.parser(__doc__)
    add_sample_flags(parser)
    for name in ("dataset", "grid"):
        parser.add_argument(f"--{name}", required=True, help="written into the file")
    parser.add_argument("--field", required=True, help="a field of the samples")
    parser.add_argument(
        "--match",
        choices=tuple(NAMES),
        default="moments",
        help="mean and standard deviation, or quantiles",
    )
    parser.add_argument(
        "--processes", type=commandline.positive, default=1, help="that read years at once"
    )
    parser.add_argument("--output", type=Path, required=True, help="netCDF file")
    args = parser.parse_args()

    passes = ("years",) if args.match == "moments" else ("least and most", "quantiles")
    words = iter(passes)
    years = years_in(args)
    values, steps = fit_zonal(
        years,
        args.field,
        args.match,
        lambda watched: commandline.progress(watched, next(words), len(years)),
        args.processes,
    )
    units = open_year(years[0], [args.field]).attributes(args.field).get("units", "1")
    found = ZonalClimatology(args.field, args.dataset, args.grid, args.match, units, values, steps)
    write_zonal(args.output, found, provenance(**origin_of(args)))


if __name__ == "__main__":
    commandline.run(main)
