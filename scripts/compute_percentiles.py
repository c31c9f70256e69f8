r"""Compute a percentile of a field of samples, by cell and month, for a threshold recipe.

    python scripts/compute_percentiles.py --samples results/samples/merra2/mini/2000 \
        results/samples/merra2/mini/2001 --dataset merra2 --field IVT --percentile 85 \
        --output results/percentiles/merra2/mini/IVT-85.nc

A month's samples that fit into memory are sorted; more are read twice and counted, to an error that
`stormtrace.prepare.cell_percentiles` states.
"""

from pathlib import Path

from stormtrace import commandline
from stormtrace.formats.labelled import attributes_of
from stormtrace.formats.percentile_maps import write_percentiles
from stormtrace.formats.samples import samples_by_time
from stormtrace.prepare.percentile_fitting import fit_percentiles
from stormtrace.provenance import provenance


def main() -> None:
    """Parse the flags, compute and write."""
    parser = commandline.parser(__doc__)
    parser.add_argument(
        "--samples", type=Path, nargs="+", required=True, help="folders of samples, one a year"
    )
    parser.add_argument("--dataset", required=True, help="written into the file")
    parser.add_argument("--field", required=True, help="a field of the samples")
    parser.add_argument("--percentile", type=float, required=True, help="per cent")
    parser.add_argument("--output", type=Path, required=True, help="netCDF file")
    args = parser.parse_args()

    args.output.parent.mkdir(parents=True, exist_ok=True)
    grid, maps = fit_percentiles(args.samples, args.dataset, args.field, args.percentile)
    first = next(iter(samples_by_time(args.samples[0]).values()))
    units = attributes_of(first, [args.field]).get(args.field, {}).get("units", "1")
    made_of = provenance(samples=" ".join(map(str, args.samples)))
    write_percentiles(args.output, maps, grid, units, made_of)


if __name__ == "__main__":
    commandline.run(main)
