r"""Times of a dataset as a labelling campaign: pictures, tasks and interface for Label Studio.

    python scripts/make_campaign.py --campaign '{"name": "first", "dataset": "era5", "grid": "g",
        "times": 100, "choose": "stratified", "annotate": "control"}' --dataset @era5.json \
        --grid '{"nlat": 96, "nlon": 144}' --matrix results/regridding/era5/g.nc \
        --detections results/masks/control/*.nc --output results/campaigns/first

The README.md in the folder says what is done with it.
"""

from pathlib import Path

from stormtrace import commandline
from stormtrace.blocks import read_block
from stormtrace.classes import Classes
from stormtrace.files import checksum
from stormtrace.grids import make_grid
from stormtrace.provenance import provenance


def main() -> None:
    """Parse the flags and make the campaign."""
    parser = commandline.parser(__doc__)
    parser.add_argument(
        "--campaign",
        type=commandline.from_json,
        required=True,
        help="block of the study's `campaigns:`, JSON or @file",
    )
    parser.add_argument(
        "--dataset", type=commandline.from_json, required=True, help="of raw files, JSON"
    )
    parser.add_argument("--grid", type=commandline.from_json, required=True, help="JSON")
    parser.add_argument("--matrix", type=Path, required=True, help="a regridding matrix")
    parser.add_argument(
        "--pages", nargs="*", default=[], help="fields in the order of pages, if not the dataset's"
    )
    parser.add_argument(
        "--climatology",
        type=Path,
        nargs="*",
        default=[],
        help="of each drawn field that is an anomaly, in order of their names",
    )
    parser.add_argument(
        "--detections", type=Path, nargs="*", default=[], help="masks that are shown to correct"
    )
    parser.add_argument("--ensemble", type=Path, nargs="*", default=[], help="masks of an ensemble")
    parser.add_argument(
        "--labelled",
        type=Path,
        nargs="*",
        default=[],
        help="folders of labelled samples, of whose days no time is chosen",
    )
    commandline.add_classes(parser)
    parser.add_argument("--output", type=Path, required=True, help="the folder of the campaign")
    args = parser.parse_args()

    from stormtrace.labels.campaigns.campaign_block import Campaign
    from stormtrace.labels.campaigns.campaign_making import Inputs, labelled_days, make_campaign
    from stormtrace.labels.campaigns.campaign_masks import open_detections
    from stormtrace.prepare.dataset import make_dataset
    from stormtrace.prepare.mesh.mesh_reading import dataset_mesh
    from stormtrace.prepare.regridding.matrix_files import read_matrix
    from stormtrace.prepare.sample_making import FieldSource, read_climatologies

    name = args.campaign.get("name", "campaign")
    campaign = read_block(Campaign, args.campaign, f"campaign {name}")
    dataset, grid = make_dataset(args.dataset), make_grid(args.grid)
    pages = args.pages or campaign.fields or dataset.fields
    dataset = dataset.model_copy(update={"fields": {page: dataset.fields[page] for page in pages}})
    masks = {
        key: open_detections(paths, campaign.labels, grid, args.classes) if paths else None
        for key, paths in (("detections", args.detections), ("ensemble", args.ensemble))
    }
    days = labelled_days(args.labelled)
    mesh = dataset_mesh(dataset)
    climatologies = read_climatologies(dataset, args.climatology, grid)
    matrix = read_matrix(args.matrix, mesh, grid, "float32")
    source = FieldSource(dataset, mesh, grid, matrix, climatologies)
    inputs = Inputs(source, Classes.of_labels(campaign.labels, args.classes), days, **masks)
    facts = provenance(
        title=f"Labelling campaign {campaign.name}",
        dataset=dataset.name,
        regridding_matrix=f"{args.matrix} {checksum(args.matrix)}",
        campaign_configuration=args.campaign,
    )
    make_campaign(campaign, inputs, args.output, facts)


if __name__ == "__main__":
    commandline.run(main)
