r"""Annotations of a labelling tool to labelled samples in ClimateNet's layout.

    python scripts/import_labels.py --labels '{"name": "campaign", "source": "annotations",
        "dataset": "era5", "grid": "g", "test_period": ["2011-01-01", "2014-01-01"],
        "annotations": [{"format": "climatecontours", "files": "campaign/*.xml",
        "classes": {"ar": "Atmospheric River"}, "times":
        {"pattern": "data-{year}-{month}-{day}-01-{step}", "step_hours": 3}}]}' \
        --dataset @era5.json --grids '{"g": {"nlat": 96, "nlon": 144}}' \
        --matrix results/regridding/era5/g.nc --output results/labelled/campaign

The fields are those of the dataset at the labelled times. imported.json records what was left out.
"""

from pathlib import Path

from stormtrace import commandline
from stormtrace.blocks import read_block
from stormtrace.files import checksum
from stormtrace.grids import make_grid
from stormtrace.provenance import provenance


def main() -> None:
    """Parse the flags and import."""
    parser = commandline.parser(__doc__)
    parser.add_argument(
        "--labels",
        type=commandline.from_json,
        required=True,
        help="block of the study's `datasets:` with the annotations, JSON or @file",
    )
    parser.add_argument(
        "--dataset", type=commandline.from_json, required=True, help="of raw files, JSON"
    )
    parser.add_argument(
        "--grids", type=commandline.from_json, required=True, help="name -> grid, JSON"
    )
    parser.add_argument("--matrix", type=Path, required=True, help="a regridding matrix")
    parser.add_argument(
        "--climatology",
        type=Path,
        nargs="*",
        default=[],
        help="of each field that is an anomaly, in order of their names",
    )
    parser.add_argument(
        "--compression", choices=("none", "zlib"), default="none", help="of the fields"
    )
    parser.add_argument(
        "--workers", type=commandline.positive, default=1, help="processes that share the times"
    )
    parser.add_argument("--output", type=Path, required=True, help="the folder of the samples")
    args = parser.parse_args()

    from stormtrace.labels.annotation_blocks import AnnotatedDataset
    from stormtrace.labels.importing import read_annotations
    from stormtrace.labels.labelled_making import make_labelled
    from stormtrace.prepare.dataset import make_dataset
    from stormtrace.prepare.mesh.mesh_reading import dataset_mesh
    from stormtrace.prepare.regridding.matrix_files import read_matrix
    from stormtrace.prepare.sample_making import FieldSource, read_climatologies

    name = args.labels.get("name", "labels")
    entry = read_block(AnnotatedDataset, args.labels, f"dataset {name}")
    dataset, grid = make_dataset(args.dataset), make_grid(args.grids[entry.grid])
    store = read_annotations(entry, grid, args.grids)
    mesh = dataset_mesh(dataset)
    source = FieldSource(
        dataset,
        mesh,
        grid,
        read_matrix(args.matrix, mesh, grid, "float32"),
        read_climatologies(dataset, args.climatology, grid),
    )
    facts = provenance(
        title=f"Labels of {name}, fields of {dataset.name}",
        dataset=dataset.name,
        regridding_matrix=f"{args.matrix} {checksum(args.matrix)}",
        labels_configuration=args.labels,
    )
    make_labelled(entry, store, source, args.output, facts, args.compression, args.workers)


if __name__ == "__main__":
    commandline.run(main)
