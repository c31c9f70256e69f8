"""Column integrals and fields at a pressure, from model levels.

All pressures are in Pa; levels go from the top of the atmosphere down. Columns stand last:
(nlev, n). Nothing here reads files.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stormtrace.constants import GRAVITY

Floats = NDArray[np.floating]

EVERY_LEVEL = slice(None)

#: Columns looked at together: their arrays stay in a core's own cache.
COLUMNS = 2**15


@dataclass(frozen=True, eq=False)
class HybridLevels:
    """CAM's hybrid coordinate: p = a · p0 + b · ps, at mid-levels (nlev) and interfaces (nlev + 1).

    The interfaces are only needed to integrate.
    """

    a_mid: NDArray[np.float64]
    b_mid: NDArray[np.float64]
    a_interface: NDArray[np.float64] | None = None
    b_interface: NDArray[np.float64] | None = None
    p0: float = 100000.0

    def mid_pressure(self, surface_pressure: Floats) -> NDArray[np.float64]:
        """Return (nlev, …) pressures at mid-levels."""
        return _affine(self.a_mid * self.p0, self.b_mid, surface_pressure)

    def interface_pressure(self, surface_pressure: Floats) -> NDArray[np.float64]:
        """Return (nlev + 1, …) pressures at interfaces."""
        a, b = self._interfaces()
        return _affine(a * self.p0, b, surface_pressure)

    def layer_mass(self, surface_pressure: Floats) -> NDArray[np.float64]:
        """Return (nlev, …) dp / g, kg m⁻²."""
        return np.diff(self.interface_pressure(surface_pressure), axis=0) / GRAVITY

    def integrate(
        self, values: Floats, surface_pressure: Floats, levels: slice = EVERY_LEVEL
    ) -> Floats:
        """Return Σ values · dp / g, (n,), of values (nlev, n) on all levels, or on `levels`.

        dp is affine in ps, so the sum is (p0 Σ Δa·values + ps Σ Δb·values) / g: two contractions
        and no array of pressures.
        """
        a, b = self._interfaces()
        weights = np.stack([np.diff(a) * self.p0, np.diff(b)])[:, levels] / GRAVITY
        fixed, with_pressure = weights.astype(values.dtype) @ values
        return fixed + with_pressure * surface_pressure

    def _interfaces(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        if self.a_interface is None or self.b_interface is None:
            raise ValueError("these hybrid levels have no interfaces (hyai, hybi)")
        return self.a_interface, self.b_interface


@dataclass(frozen=True, eq=False)
class Bracket:
    """Between which levels a pressure lies in each column, and how far.

    first, last: the range of levels needed, `last` not included.
    upper: (n,) the level above it, counted from `first`; small numbers, as many are kept.
    weight: (n,) share of the level below; NaN where there is no value.
    below_ground: how many columns the pressure lies below the lowest level in.
    """

    first: int
    last: int
    upper: NDArray[np.int16]
    weight: NDArray[np.float64]
    below_ground: int

    def apply(self, values: Floats) -> Floats:
        """Return (n,) from values (last − first, n) of the levels needed."""
        flat, sums = values.reshape(-1), np.empty(self.upper.size, values.dtype)
        beneath = flat[sums.size :]
        for some in _some_columns(sums.size):
            upper, weight = self.upper[some].astype(np.intp), self.weight[some]
            upper *= sums.size
            upper += np.arange(some.start, some.start + upper.size)
            above, below = flat[upper], beneath[upper]
            above *= 1.0 - weight  # this form gives a level's own value where the weight is 0 or 1
            below *= weight
            np.add(above, below, out=sums[some])
        return sums


def integrate_layers(values: Floats, thickness: Floats) -> Floats:
    """Return Σ values · dp / g, (n,), of values and layer thicknesses dp in Pa, both (nlev, n)."""
    return np.einsum("kn,kn->n", values, thickness) / np.float32(GRAVITY)


def bracket_hybrid(
    levels: HybridLevels, surface_pressure: Floats, target: float, method: str, below: str
) -> Bracket:
    """Find `target` between hybrid mid-levels, over all columns of surface_pressure (n,).

    Pressure grows downwards, so the level above the target is a count of the levels that are at
    less pressure; only levels that can bracket it somewhere under these surface pressures are
    used. method, below: see `stormtrace.prepare.dataset.Vertical`.
    """
    a, b = levels.a_mid * levels.p0, levels.b_mid
    extremes = float(surface_pressure.max()), float(surface_pressure.min())
    fewest, most = (int((a + b * extreme <= target).sum()) for extreme in extremes)
    upper = np.empty(surface_pressure.size, np.int16)
    weight = np.empty(surface_pressure.size)
    for some in _some_columns(upper.size):
        ps = surface_pressure[some].astype(np.float64)
        count = np.full(ps.size, fewest, np.int16)
        for level in range(fewest, most):
            count += ps <= (target - a[level]) / b[level]
        own = upper[some] = np.clip(count - 1, 0, a.size - 2)
        weight[some] = _share(target, a[own] + b[own] * ps, a[own + 1] + b[own + 1] * ps, method)
    return _bracket(upper, weight, below)


def bracket_pressures(pressure: Floats, target: float, method: str, below: str) -> Bracket:
    """Find `target` in columns of pressures (nlev, n) that grow downwards."""
    count = (pressure <= target).sum(axis=0)
    upper = np.clip(count - 1, 0, pressure.shape[0] - 2)
    columns = np.arange(upper.size)
    above, beneath = pressure[upper, columns], pressure[upper + 1, columns]
    weight = _share(target, above.astype(np.float64), beneath.astype(np.float64), method)
    return _bracket(upper, weight, below)


def bracket_levels(pressure: NDArray[np.float64], target: float, method: str) -> tuple[int, float]:
    """Return which growing level (nlev,) is next above `target`, and the share of the one below.

    A single level has none below: the share is 0 where it is the target, else NaN.
    """
    if pressure.size == 1:
        return 0, 0.0 if np.isclose(pressure[0], target) else np.nan
    upper = int(np.clip((pressure <= target).sum() - 1, 0, pressure.size - 2))
    share = float(_share(target, pressure[upper], pressure[upper + 1], method))
    return upper, round(share, 12)


def _some_columns(count: int) -> Iterator[slice]:
    return (slice(first, first + COLUMNS) for first in range(0, count, COLUMNS))


def _share(target: float, above: Floats, below: Floats, method: str) -> NDArray[np.float64]:
    if method == "log":
        return np.log(target / above) / np.log(below / above)
    return (target - above) / (below - above)


def _bracket(upper: NDArray[np.integer], weight: NDArray[np.float64], below: str) -> Bracket:
    under = weight > 1
    if below == "lowest":
        weight[under] = 1.0
    elif below == "nan":
        weight[under] = np.nan
    weight[weight < 0] = np.nan  # above the top level there is nothing to interpolate from
    first, last = int(upper.min()), int(upper.max()) + 2
    return Bracket(first, last, (upper - first).astype(np.int16), weight, int(under.sum()))


def _affine(a: NDArray[np.float64], b: NDArray[np.float64], ps: Floats) -> NDArray[np.float64]:
    shape = (-1,) + (1,) * np.ndim(ps)
    return a.reshape(shape) + b.reshape(shape) * np.asarray(ps, np.float64)
