"""Whether maps of the grid that a model learns on can be turned and mirrored as its entry says."""

from collections.abc import Mapping

from stormtrace.errors import BadInput
from stormtrace.grids import make_grid
from stormtrace.grids.specification import GridSpecification
from stormtrace.learn.augment import check_turns
from stormtrace.learn.recipe import Recipe
from stormtrace.study.study_files import Origins


def check_augmentation(
    name: str, recipe: Recipe, grids: Mapping[str, GridSpecification], origins: Origins
) -> None:
    """Check a model's `augment` and `padding`; a grid in a file is opened by the training.

    Raises:
        BadInput: the grid cannot be turned or mirrored, or has edges that are not the poles.

    """
    specification, augment = grids[recipe.grid], recipe.augment
    if specification.file:
        return
    grid = make_grid(specification)
    try:
        if augment.roll or augment.flip:
            check_turns(augment, grid)
    except BadInput as error:
        origins.refuse(("models", name), f"learns on the grid {recipe.grid!r}: {error}")
    if recipe.padding == "sphere" and not grid.is_global:
        origins.refuse(
            ("models", name),
            f"learns on the grid {recipe.grid!r}, {grid.describe()}, which does not cover the "
            "globe, so nothing lies beyond its edges on the other side of a pole: say `padding: "
            "replicate`",
        )
