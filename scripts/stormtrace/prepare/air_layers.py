"""The layers of air that a column integral sums over, Σ x dp / g.

Hybrid levels: dp of the interfaces. Levels with a thickness of their own (DELP): that. Levels at
pressures p_k, constant or given as a field, with surface pressure ps: the trapezoidal rule from the
top level to the lowest level above the ground, and from there to the ground the value of that
level. Written as layers, with half-levels h_k = (p_k−1 + p_k) / 2 and h_0 = p_0,

    dp_k = min(h_k+1, ps) − h_k  where p_k ≤ ps, the lowest of them reaching to ps; else 0,

so that what lies below the ground, extrapolated (ERA5) or missing (MERRA-2, CMIP6), has no say.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from stormtrace.prepare.vertical import EVERY_LEVEL, HybridLevels, integrate_layers

Floats = NDArray[np.floating]


class Layers(Protocol):
    """The layers of all columns at one time."""

    def integrate(self, values: Floats, levels: slice) -> Floats:
        """Return Σ values · dp / g, (n,), of values (nlev, n) on some of the levels, top down."""


@dataclass(frozen=True, eq=False)
class HybridLayers:
    """Hybrid levels over surface pressure (n,), Pa."""

    levels: HybridLevels
    surface: Floats

    def integrate(self, values: Floats, levels: slice = EVERY_LEVEL) -> Floats:
        """Return Σ values · dp / g, (n,), of values (nlev, n) on `levels`."""
        return self.levels.integrate(values, self.surface, levels)


@dataclass(frozen=True, eq=False)
class ThickLayers:
    """Layers of a thickness (nlev, n), Pa; those of none do not count, whatever their value."""

    thickness: Floats

    def integrate(self, values: Floats, levels: slice = EVERY_LEVEL) -> Floats:
        """Return Σ values · dp / g, (n,), of values (nlev, n) on `levels`; NaN for missing ones."""
        thickness = self.thickness[levels]
        if np.isnan(values).any():
            values = np.where(thickness > 0, values, np.float32(0))
        return integrate_layers(values, thickness)


def layers_above_ground(pressure: Floats, surface: Floats) -> ThickLayers:
    """Return the layers of levels at `pressure`, (nlev, n) or (nlev, 1), growing downwards.

    surface: (n,), Pa.
    """
    ground = surface[None].astype(np.float64)
    above = pressure <= ground
    half = (pressure[1:] + pressure[:-1]) / 2
    last = np.zeros(pressure.shape)[:1]
    top = np.concatenate([pressure[:1], half])
    bottom = np.broadcast_to(np.concatenate([half, last + np.inf]), above.shape)
    next_above = np.concatenate([above[1:], np.zeros_like(above[:1])])
    bottom = np.where(next_above, bottom, ground)
    return ThickLayers(np.where(above, bottom - top, 0.0).astype(np.float32))
