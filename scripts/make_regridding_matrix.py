r"""Make the regridding matrix from a dataset's mesh to a grid, in ESMF's format.

    python scripts/make_regridding_matrix.py --grid '{"nlat": 768, "nlon": 1152}' \
        --dataset '{"name": "cesm-historical", "source": "cesm", "parts": [{"period":
                    ["2000-01-01", "2006-01-01"], "files": "raw/*.{variable}.{year}*.nc"}]}' \
        --output results/regridding/cesm-historical/fv0.23x0.31.nc

A matrix of your own (the dataset's key regridding_matrix) is checked and adopted.
"""

from pathlib import Path

from stormtrace import commandline
from stormtrace.grids import make_grid
from stormtrace.prepare.dataset import MAKERS, REMAPPING, make_dataset
from stormtrace.prepare.regridding.makers import make_matrix


def main() -> None:
    """Parse the flags and make the matrix."""
    parser = commandline.parser(__doc__)
    parser.add_argument(
        "--dataset",
        type=commandline.from_json,
        required=True,
        help="block of the study's `datasets:`, JSON, or @file",
    )
    parser.add_argument(
        "--grid",
        type=commandline.from_json,
        required=True,
        help="block of the study's `grids:`, JSON",
    )
    parser.add_argument("--output", type=Path, required=True, help="the matrix, netCDF")
    parser.add_argument(
        "--method", choices=REMAPPING, help="instead of the dataset's regrid.method"
    )
    parser.add_argument("--maker", choices=MAKERS, help="instead of the dataset's regrid.maker")
    args = parser.parse_args()
    dataset = make_dataset(args.dataset)
    method, maker = args.method or dataset.regrid.method, args.maker or dataset.regrid.maker
    make_matrix(dataset, make_grid(args.grid), args.output, method, maker)


if __name__ == "__main__":
    commandline.run(main)
