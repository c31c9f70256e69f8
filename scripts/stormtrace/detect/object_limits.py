"""Objects of one class whose area, length, width and direction lie within limits."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stormtrace.compiled import compiled
from stormtrace.detect.axis_length import AxisLengths
from stormtrace.detect.recipes import ClassRecipe, Limits
from stormtrace.detect.transport_directions import Directions
from stormtrace.grids import Grid
from stormtrace.track.labelling import Labeller, Step

#: Limits that need the length of an object.
SHAPE = ("length_km", "width_km", "length_to_width")


@dataclass
class ObjectLimits:
    """What a recipe asks of the objects of a class on a grid."""

    limits: Mapping[str, tuple[float, float]]
    grid: Grid
    directions: Directions | None = None

    def __post_init__(self) -> None:
        """Prepare what is the same for all maps."""
        self._labeller = Labeller(self.grid)
        self._axes = AxisLengths(self.grid) if self._has_shape else None
        self._step_km = self._axes.longest_step_km() if self._axes else 0.0

    @classmethod
    def of(cls, recipe: ClassRecipe, grid: Grid) -> "ObjectLimits | None":
        """Return the limits of a recipe, or None if it asks nothing of objects."""
        found = {
            key: _range(limits)
            for key in ("area_km2", *SHAPE)
            if (limits := getattr(recipe, key)) is not None
        }
        directions = None if recipe.transport is None else Directions(recipe.transport, grid)
        return cls(found, grid, directions) if found or directions else None

    @property
    def _has_shape(self) -> bool:
        return any(key in self.limits for key in SHAPE)

    def keep(
        self, cells: NDArray[np.bool_], fields: Mapping[str, NDArray[np.float32]]
    ) -> NDArray[np.bool_]:
        """Return the cells, `grid.shape`, of objects within the limits; cells touch by corners."""
        step = self._labeller.step(cells.view(np.int8))
        ends = np.cumsum(step.measures.runs)
        good = np.array([self._is_good(step, k, ends[k]) for k in range(ends.size)], np.bool_)
        if self.directions is not None:
            for k in np.flatnonzero(good).tolist():
                runs = slice(ends[k] - step.measures.runs[k], ends[k])
                cells_of = step.row[runs], step.start[runs], step.stop[runs]
                good[k] = self.directions.are_met(cells_of, fields)
        kept = np.zeros(self.grid.shape, np.bool_)
        _paint(kept, step.row, step.start, step.stop, step.measures.runs, good)
        return kept

    def _is_good(self, step: Step, k: int, end: int) -> bool:
        """Whether object `k`, whose runs go up to `end`, is within the limits; cheap ones first."""
        area = float(step.measures.area[k])
        if not self._within("area_km2", area):
            return False
        least, _ = self.limits.get("length_km", (0.0, math.inf))
        if self._axes is None or step.measures.pixels[k] * self._step_km < least:
            return self._axes is None
        runs = slice(end - step.measures.runs[k], end)
        cells = step.row[runs], step.start[runs], step.stop[runs]
        if self._longer_is_better and self._has_length(self._axes.at_least(*cells), area):
            return True
        return self._has_length(self._axes.of(*cells), area)

    def _has_length(self, length: float, area: float) -> bool:
        width = area / length if length else math.inf
        return (
            self._within("length_km", length)
            and self._within("width_km", width)
            and self._within("length_to_width", length * length / area)
        )

    @property
    def _longer_is_better(self) -> bool:
        """Whether an object within the limits would also be if it were longer."""
        length, width, ratio = (self.limits.get(key, (0.0, math.inf)) for key in SHAPE)
        return length[1] == ratio[1] == math.inf and width[0] <= 0.0

    def _within(self, key: str, value: float) -> bool:
        least, most = self.limits.get(key, (-math.inf, math.inf))
        return least <= value <= most


def _range(limits: Limits) -> tuple[float, float]:
    least = -math.inf if limits.at_least is None else limits.at_least
    return least, math.inf if limits.at_most is None else limits.at_most


@compiled
def _paint(kept, row, start, stop, runs, good):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Set the cells of the runs of good objects."""
    i = 0
    for k in range(runs.size):
        for _ in range(runs[k]):
            if good[k]:
                kept[row[i], start[i] : stop[i]] = True
            i += 1
