"""How far apart the cells of a grid are: what a network that sees cells alone has learned on."""

from dataclasses import dataclass

import numpy as np

from stormtrace.grids.grid import Grid

#: Kilometres of a degree of latitude.
DEGREE_KM = 111.2

#: On cells so many times wider or narrower than those of its training, a network sees features of
#: another size: the published ones find a twelfth of the rivers on cells of twice the width.
UNLIKE = 1.4


@dataclass(frozen=True)
class Spacing:
    """Degrees between rows, and between columns."""

    lat: float
    lon: float

    def __str__(self) -> str:
        """Return it as grids are described: ``0.235° × 0.312°``."""
        return f"{self.lat:.3g}° × {self.lon:.3g}°"

    def is_unlike(self, other: "Spacing") -> bool:
        """Whether cells of the two differ so much that a network knows only one of them."""
        ratios = (self.lat / other.lat, self.lon / other.lon)
        return any(max(ratio, 1 / ratio) > UNLIKE for ratio in ratios)


def spacing_of(grid: Grid) -> Spacing:
    """Return the spacing of a grid; of cells in a plane, their side as degrees of latitude."""
    if grid.is_rectilinear and min(grid.shape) > 1:
        return Spacing(*(abs(float(np.diff(axis).mean())) for axis in (grid.lat, grid.lon)))
    side = float(np.sqrt(np.median(grid.area))) / DEGREE_KM
    return Spacing(side, side)


def is_symmetric(grid: Grid) -> bool:
    """Whether a mirror at the equator moves every row onto another one."""
    return grid.is_rectilinear and np.allclose(grid.lat, -grid.lat[::-1], atol=1e-3)
