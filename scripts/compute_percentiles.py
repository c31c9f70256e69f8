r"""Compute a percentile of a field of samples, by cell and month, for a threshold recipe.

    python scripts/compute_percentiles.py --samples results/samples/merra2/mini/2000 \
        results/samples/merra2/mini/2001 --dataset merra2 --field IVT --percentile 85 \
        --output results/percentiles/merra2/mini/IVT-85.nc

A month's samples that fit into memory are sorted; more are read twice and counted, to an error that
`stormtrace.prepare.cell_percentiles` states.
"""

from pathlib import Path

from stormtrace import commandline
from stormtrace.formats.percentile_maps import write_percentiles
from stormtrace.prepare.percentile_fitting import fit_percentiles
from stormtrace.prepare.years_of_samples import add_sample_flags, open_year, origin_of, years_in
from stormtrace.provenance import provenance


def main() -> None:
    """Parse the flags, compute and write."""
    parser = commandline.parser(__doc__)
    add_sample_flags(parser)
    parser.add_argument("--dataset", required=True, help="written into the file")
    parser.add_argument("--field", required=True, help="a field of the samples")
    parser.add_argument("--percentile", type=float, required=True, help="per cent")
    parser.add_argument("--output", type=Path, required=True, help="netCDF file")
    args = parser.parse_args()

    args.output.parent.mkdir(parents=True, exist_ok=True)
    years = years_in(args)
    grid, maps = fit_percentiles(years, args.dataset, args.field, args.percentile)
    units = open_year(years[0], [args.field]).attributes(args.field).get("units", "1")
    write_percentiles(args.output, maps, grid, units, provenance(**origin_of(args)))


if __name__ == "__main__":
    commandline.run(main)
