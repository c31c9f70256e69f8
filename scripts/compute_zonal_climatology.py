r"""Compute the climatology of a field by month and latitude band, to adjust another dataset to.

    python scripts/compute_zonal_climatology.py --samples results/samples/merra2/mini/2000 \
        results/samples/merra2/mini/2001 --dataset merra2 --grid mini --field TMQ \
        --match moments --output results/zonal/merra2/mini/TMQ-moments.nc

Bands are 5 degrees wide, cells count for their area. One sample at a time is in memory; moments
read the samples once, quantiles twice.
"""

from pathlib import Path

from stormtrace import commandline
from stormtrace.formats.labelled import attributes_of
from stormtrace.formats.samples import samples_by_time
from stormtrace.formats.zonal_climatologies import NAMES, ZonalClimatology, write_zonal
from stormtrace.prepare.zonal_fitting import fit_zonal
from stormtrace.provenance import provenance


def main() -> None:
    """Parse the flags, compute and write."""
    parser = commandline.parser(__doc__)
    parser.add_argument(
        "--samples", type=Path, nargs="+", required=True, help="folders of samples, one a year"
    )
    for name in ("dataset", "grid"):
        parser.add_argument(f"--{name}", required=True, help="written into the file")
    parser.add_argument("--field", required=True, help="a field of the samples")
    parser.add_argument(
        "--match",
        choices=tuple(NAMES),
        default="moments",
        help="mean and standard deviation, or quantiles",
    )
    parser.add_argument("--output", type=Path, required=True, help="netCDF file")
    args = parser.parse_args()

    passes = ("years",) if args.match == "moments" else ("least and most", "quantiles")
    words = iter(passes)
    values, steps = fit_zonal(
        args.samples,
        args.field,
        args.match,
        lambda folders: commandline.progress(folders, next(words), len(args.samples)),
    )
    first = next(iter(samples_by_time(args.samples[0]).values()))
    units = attributes_of(first, [args.field]).get(args.field, {}).get("units", "1")
    found = ZonalClimatology(args.field, args.dataset, args.grid, args.match, units, values, steps)
    write_zonal(args.output, found, provenance(samples=" ".join(map(str, args.samples))))


if __name__ == "__main__":
    commandline.run(main)
