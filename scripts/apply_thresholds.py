r"""Apply a threshold recipe to one year of samples.

    python scripts/apply_thresholds.py --recipe '{"classes": {"Atmospheric River":
        {"where": [{"field": "IVT", "at_least": 250}]}}}' \
        --samples results/samples/merra2/fv0.23x0.31/2000 \
        --output results/masks/ivt-250/2000.nc --experiment ivt-250 \
        --dataset merra2 --grid fv0.23x0.31 --year 2000

The recipe is an entry of the study's `detectors:`; the masks are those of detect.py in every other
way. Percentiles are made by compute_percentiles.py.
"""

from pathlib import Path

from stormtrace import commandline
from stormtrace.blocks import read_block
from stormtrace.detect.recipes import ThresholdRecipe
from stormtrace.detect.thresholds import detect_by_thresholds
from stormtrace.provenance import provenance


def main() -> None:
    """Parse the flags and detect."""
    parser = commandline.parser(__doc__)
    parser.add_argument(
        "--recipe", type=commandline.from_json, required=True, help="the recipe, JSON or @file"
    )
    parser.add_argument("--samples", type=Path, required=True, help="folder of one year's samples")
    parser.add_argument(
        "--percentiles", type=Path, nargs="*", default=[], help="those that the recipe needs"
    )
    commandline.add_mask_flags(parser)
    commandline.add_adjust_flag(parser)
    args = parser.parse_args()

    adjust = [(field, Path(own), Path(to)) for field, own, to in args.adjust]
    recipe = read_block(ThresholdRecipe, args.recipe, "--recipe")
    detect_by_thresholds(
        recipe,
        args.samples,
        args.output,
        dataset=args.dataset,
        year=args.year,
        periods=args.period,
        missing_steps=args.missing_steps,
        percentiles=args.percentiles,
        adjust=adjust,
        attributes=provenance(
            [*args.percentiles, *(path for _, *files in adjust for path in files)],
            experiment=args.experiment,
            dataset=args.dataset,
            grid=args.grid,
            detector=recipe.name,
        ),
        table=args.classes,
    )


if __name__ == "__main__":
    commandline.run(main)
