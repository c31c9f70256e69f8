"""Whether statistics are those of the samples that a model learns from."""

from collections.abc import Sequence
from pathlib import Path

from stormtrace.errors import BadInput
from stormtrace.formats.json_files import read_json
from stormtrace.formats.labelled import LabelledFile
from stormtrace.learn.recipe import Recipe


def check_statistics(
    path: Path, recipe: Recipe, files: Sequence[LabelledFile], exclude: Sequence[str]
) -> None:
    """Check that statistics are of a recipe's dataset and grid, and of these files alone.

    exclude: names of the labelled samples that are left out.

    Raises:
        BadInput: they are of another dataset or grid, of more or fewer samples, or leave out
            others.

    """
    content = read_json(path, "merge_statistics.py")
    for key, wanted in (("dataset", recipe.dataset), ("grid", recipe.grid)):
        if (found := content.get(key, wanted)) != wanted:
            raise BadInput(
                f"{path}: `{key}` is {found!r}, but model {recipe.name} learns from {wanted!r}: "
                f"give the statistics of {wanted!r}, or correct `{key}` of the model"
            )
    steps, excluded = content.get("steps", len(files)), content.get("excluded", exclude)
    if steps != len(files):
        raise BadInput(
            f"{path} has statistics of {steps} samples, but model {recipe.name} learns from "
            f"{len(files)} in {files[0].path.parent} ({len(exclude)} excluded): compute them again "
            "from the same folder, with the same --exclude"
        )
    if set(excluded) != set(exclude):
        name = min(set(excluded) ^ set(exclude))
        raise BadInput(
            f"{path} has statistics {'without' if name in excluded else 'with'} {name}, but model "
            f"{recipe.name} learns {'with' if name in excluded else 'without'} it: compute them "
            "again with the same --exclude"
        )
