"""A grid of the spacing that a network learned on, over what the samples' grid covers."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.grids import Grid
from stormtrace.grids.remapping import conservative
from stormtrace.grids.resampling import Resampling, make_resampling
from stormtrace.network.runtimes import LOGIT_SUM, Outputs, Runtime
from stormtrace.network.trained_grid import learned_spacing


def make_learned_grid(content: Mapping[str, Any], model: str, grid: Grid) -> Grid:
    """Return the grid of a model's own spacing that covers what `grid` covers.

    content: of the model's config.json. On the whole globe the outermost rows are the poles.

    Raises:
        BadInput: the model does not say what it learned on, or the grid has no axes.

    """
    spacing = learned_spacing(content)
    if spacing is None:
        raise BadInput(
            f"regrid_to_learned: nothing says which spacing model {model} learned on: say "
            "`trained_on: {lat: …, lon: …}` (degrees) in the model's entry"
        )
    if not grid.is_rectilinear:
        raise BadInput(
            f"regrid_to_learned needs a grid with axes of latitude and longitude, not "
            f"{grid.describe()}: leave it out, or choose another grid"
        )
    return Grid(_rows(grid, spacing.lat), _columns(grid, spacing.lon))


def _rows(grid: Grid, step: float) -> NDArray[np.float64]:
    if grid.is_global:
        return np.linspace(-90.0, 90.0, round(180.0 / step) + 1)
    south, north = grid.lat_bounds[[0, -1]]
    return _centres(south, north, step)


def _columns(grid: Grid, step: float) -> NDArray[np.float64]:
    if grid.wraps:
        count = round(360.0 / step)
        return grid.lon[0] + np.arange(count) * 360.0 / count
    west, east = grid.lon_bounds[[0, -1]]
    return _centres(west, east, step)


def _centres(first: float, last: float, step: float) -> NDArray[np.float64]:
    count = max(2, round((last - first) / step))
    return first + (np.arange(count) + 0.5) * (last - first) / count


@dataclass(frozen=True)
class OnLearnedGrid:
    """Runs a network on the grid it knows, for samples on another, whose masks it returns."""

    runtime: Runtime
    learned: Grid
    grid: Grid

    @cached_property
    def resampling(self) -> Resampling:
        """Weights from the samples' grid to the learned one."""
        return make_resampling(self.grid, self.learned)

    def __call__(self, values: NDArray[np.float32]) -> Outputs:
        """Raw fields (b, fields, *grid.shape) → outputs on that grid.

        A cell gets the class that covers the largest part of it; of probabilities and agreement it
        gets the area mean.
        """
        outputs = self.runtime.run(self.resampling(values))
        returned = {LOGIT_SUM: outputs.pop(LOGIT_SUM)}
        for name, found in outputs.items():
            if name == "mask":
                codes = np.arange(found.max(initial=0) + 1)[:, None, None]
                shares = [self._back(one == codes) for one in found]
                returned[name] = np.stack([one.argmax(axis=0) for one in shares]).astype(np.int8)
            else:
                returned[name] = np.rint(self._back(found)).astype(found.dtype)
        return returned

    def _back(self, maps: NDArray[Any]) -> NDArray[np.float64]:
        return conservative(maps, self.learned, self.grid)


def on_learned_grid(runtime: Runtime, learned: Grid, grid: Grid) -> Runtime:
    """Return a runtime for samples on `grid` that runs on `learned`."""
    return Runtime(OnLearnedGrid(runtime, learned, grid), runtime.precision)
