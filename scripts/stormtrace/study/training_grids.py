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
    """Check a model's `augment`, unless its grid is in a file, which the training opens.

    Raises:
        BadInput: the grid cannot be turned or mirrored.

    """
    specification, augment = grids[recipe.grid], recipe.augment
    if specification.file or not (augment.roll or augment.flip):
        return
    grid = make_grid(specification)
    try:
        check_turns(augment, grid)
    except BadInput as error:
        origins.refuse(("models", name), f"learns on the grid {recipe.grid!r}: {error}")
