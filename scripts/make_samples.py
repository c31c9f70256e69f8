r"""Raw files of one year to canonical fields on a grid, one sample a step.

    python scripts/make_samples.py --year 2000 \
        --matrix results/regridding/cesm-historical/mini.nc \
        --dataset '{"name": "cesm-historical", "source": "cesm", "parts": [{"period":
                    ["2000-01-01", "2006-01-01"], "files": "raw/*.{variable}.{year}*.nc"}]}' \
        --grid '{"nlat": 96, "nlon": 144}' --output results/samples/cesm-historical/mini/2000

The folder appears when the year is complete.
"""

from pathlib import Path

from stormtrace import commandline
from stormtrace.files import checksum
from stormtrace.formats.json_files import write_json
from stormtrace.formats.sample_writing import COMPRESSIONS
from stormtrace.grids import make_grid
from stormtrace.prepare.dataset import make_dataset
from stormtrace.prepare.mesh.mesh_reading import dataset_mesh
from stormtrace.prepare.regridding.matrix_files import read_matrix
from stormtrace.prepare.sample_making import make_samples, origins_of, read_climatologies


def main() -> None:
    """Parse the flags and make the samples."""
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
    parser.add_argument("--year", type=int, required=True, help="year to make samples of")
    parser.add_argument(
        "--matrix", type=Path, required=True, help="a regridding matrix (ESMF's format)"
    )
    parser.add_argument("--output", type=Path, required=True, help="the folder of the samples")
    parser.add_argument(
        "--climatology",
        type=Path,
        nargs="*",
        default=[],
        help="of each field that is an anomaly, in order of their names",
    )
    parser.add_argument(
        "--compression",
        choices=COMPRESSIONS,
        default="none",
        help="of the samples; zlib halves them and takes ten times as long",
    )
    parser.add_argument(
        "--origins",
        type=Path,
        help="also write the raw files and their checksums, which samples have in `inputs`; JSON",
    )
    args = parser.parse_args()

    dataset = make_dataset(args.dataset)
    grid = make_grid(args.grid)
    mesh = dataset_mesh(dataset)
    matrix = read_matrix(args.matrix, mesh, grid, "float32")
    facts = {
        "regridding_matrix": f"{args.matrix} {checksum(args.matrix)}",
        "dataset_configuration": args.dataset,
        "step_hours": args.dataset.get("step_hours", 3),
    }
    make_samples(
        dataset,
        mesh,
        grid,
        matrix,
        args.year,
        args.output,
        args.compression,
        facts,
        read_climatologies(dataset, args.climatology, grid),
    )
    if args.origins is not None:
        write_json(args.origins, origins_of(dataset, args.year), indent=1)


if __name__ == "__main__":
    commandline.run(main)
