r"""Adopt one year of masks that somebody else made.

    python scripts/adopt_masks.py --masks '{"name": "artmip", "files": "ar_tag.{year}.nc",
        "variable": "ar_binary_tag", "tag": "Atmospheric River"}' \
        --cells '{"nlat": 361, "nlon": 576, "first_lon": -180}' --step-hours 3 \
        --period 2000-01-01 2001-01-01 --year 2000 --output results/masks/artmip/2000.nc \
        --experiment artmip --dataset merra2 --grid merra2

--masks is an entry of the study's `detectors:`, --cells the block of the grid. Grid, calendar and
times are checked; steps that are missing stay missing.
"""

from pathlib import Path

from stormtrace import commandline
from stormtrace.blocks import read_block
from stormtrace.detect.adoption import adopt_masks
from stormtrace.detect.recipes import AdoptedMasks
from stormtrace.errors import BadInput
from stormtrace.grids import make_grid
from stormtrace.provenance import provenance


def main() -> None:
    """Parse the flags and adopt."""
    parser = commandline.parser(__doc__)
    parser.add_argument(
        "--masks",
        type=commandline.from_json,
        required=True,
        help="where and what they are, JSON or @file",
    )
    parser.add_argument("--cells", type=commandline.from_json, required=True, help="the grid, JSON")
    parser.add_argument("--step-hours", type=float, required=True, help="from one step to the next")
    parser.add_argument("--samples", type=Path, help="folder of samples, each mask must have one")
    commandline.add_mask_flags(parser)
    args = parser.parse_args()

    if not args.period:
        raise BadInput("--period START END is needed, once for each stretch of the year")
    adopted = read_block(AdoptedMasks, args.masks, "--masks")
    adopt_masks(
        adopted,
        make_grid(args.cells),
        args.output,
        year=args.year,
        periods=args.period,
        step_hours=args.step_hours,
        samples=args.samples,
        attributes=provenance(
            experiment=args.experiment, dataset=args.dataset, grid=args.grid, detector=adopted.name
        ),
        table=args.classes,
    )


if __name__ == "__main__":
    commandline.run(main)
