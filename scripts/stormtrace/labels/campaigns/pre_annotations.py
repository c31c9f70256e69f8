"""Detections as the masks that are shown to correct: a mask for each connected piece of a class."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from stormtrace.classes import Classes, FeatureClass
from stormtrace.grids import Grid
from stormtrace.track.labelling import Labeller

Masks = Iterator[tuple[FeatureClass, NDArray[np.bool_]]]


def object_masks(codes: NDArray[np.uint8], classes: Classes, grid: Grid) -> Masks:
    """Yield class and mask, (height, width) north up, of each object, as tracking has them.

    Together the masks of a class are exactly its cells.
    """
    step = Labeller(grid).step(codes.astype(np.int8))
    by_code = {one.code: one for one in classes.features}
    ends = np.cumsum(step.measures.runs)
    starts = ends - step.measures.runs
    for code, first, last in zip(step.measures.code, starts, ends, strict=True):
        mask = np.zeros(grid.shape, bool)
        for row, start, stop in zip(
            step.row[first:last], step.start[first:last], step.stop[first:last], strict=True
        ):
            mask[row, start:stop] = True
        yield by_code[int(code)], mask[::-1]
