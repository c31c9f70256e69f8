"""Whether a recipe can be followed with the samples and processes that are there."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from stormtrace.errors import BadInput
from stormtrace.formats.labelled import LabelledFile, states_confidence
from stormtrace.learn.processes import Processes
from stormtrace.learn.recipe import Recipe

#: Architectures that normalize a single value a sample, which has no variance by itself.
NEEDS_COMPANY = ("deeplabv3plus",)


def check_batch_size(recipe: Recipe, size: int, processes: Processes) -> None:
    """Check that a step has enough samples; size: batch_size, or all there are to learn from.

    Raises:
        BadInput: it has fewer than processes, or than the architecture normalizes over.

    """
    least = max(processes.count, 2 if recipe.architecture in NEEDS_COMPANY else 1)
    if size < least:
        few = size < recipe.batch_size
        raise BadInput(
            f"batch_size {recipe.batch_size} is too small: {recipe.architecture} on "
            f"{processes.count} process(es) needs at least {least} samples a step"
            if not few
            else f"{size} samples to learn from are too few: {recipe.architecture} on "
            f"{processes.count} process(es) needs at least {least} a step: give more labelled "
            "times, or fewer processes (gpus)"
        )


def weighs_confidence(recipe: Recipe, files: Sequence[LabelledFile]) -> bool:
    """Whether labels count as much as annotators were sure of them, as the recipe says."""
    if recipe.confidence and not states_confidence(files):
        raise BadInput(
            f"model {recipe.name}: confidence: true weighs labels by how sure their annotators "
            f"were, but none of {len(files)} labelled samples in {files[0].path.parent} has a map "
            "CONFIDENCE: import labels with their confidence, or leave confidence out"
        )
    return bool(recipe.confidence)


def compiled(network: nn.Module) -> Callable[[Tensor], Tensor]:
    """Return a network that torch compiles when it is first called.

    Raises:
        BadInput: (then) it cannot be compiled, as where there is no C++ compiler.

    """
    fused = torch.compile(network)

    def predict(x: Tensor) -> Tensor:
        try:
            found: Tensor = fused(x)
        except Exception as error:
            if not type(error).__module__.startswith(("torch._dynamo", "torch._inductor")):
                raise
            reason = (str(error).strip().splitlines() or ["no reason given"])[0]
            raise BadInput(
                f"compile: true, but torch cannot compile the network here ({reason}): load a C++ "
                "compiler (on Casper: module load gcc), or say compile: false"
            ) from error
        return found

    return predict
