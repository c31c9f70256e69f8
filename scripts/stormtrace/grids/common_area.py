"""Whether two grids cover the same part of the Earth."""

import numpy as np

from stormtrace.grids.grid import Grid

#: Cells of 2° whose centres are looked for in the grids.
PROBES = Grid(np.arange(-89.0, 90.0, 2.0), np.arange(1.0, 360.0, 2.0))

#: Share of their area in which grids that cover the same may differ.
UNLIKE = 0.02


def cover_alike(first: Grid, second: Grid) -> bool:
    """Whether two grids cover the same part of the Earth, but for 2 % of what either covers.

    Where they do not, a difference of means over the grid, or of events, is no change.
    """
    if first.is_global and second.is_global:
        return True
    inside = [np.isfinite(grid.locate(*PROBES.points)[0]) for grid in (first, second)]
    either = PROBES.area[inside[0] | inside[1]].sum()
    return bool(PROBES.area[inside[0] ^ inside[1]].sum() <= UNLIKE * either)
