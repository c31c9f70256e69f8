"""Fields moved to a rectilinear grid of another spacing, smooth where it is finer."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stormtrace.grids.grid import Grid
from stormtrace.grids.remapping import overlap_shares

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Resampling:
    """Weights along both axes: rows (target nlat, source nlat), columns (target nlon, source nlon).

    Along an axis on which the target is finer, values are interpolated linearly between centres
    (area means would be steps); where it is coarser, they are means over the area of each cell.
    """

    rows: NDArray[np.float32]
    columns: NDArray[np.float32]

    def __call__(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return values (…, *source.shape) as (…, *target.shape)."""
        return np.asarray(self.rows @ values @ self.columns.T, np.float32)


def make_resampling(source: Grid, target: Grid) -> Resampling:
    """Return the weights from one rectilinear grid to another that covers the same part."""
    means = overlap_shares(source, target)
    linear = (
        _linear(source.lat, target.lat, 0.0),
        _linear(source.lon, target.lon, 360.0 if source.wraps else 0.0),
    )
    axes = ((source.lat, target.lat), (source.lon, target.lon))
    chosen = [
        smooth if _step(there) <= _step(here) else mean
        for smooth, mean, (here, there) in zip(linear, means, axes, strict=True)
    ]
    return Resampling(*(one.astype(np.float32) for one in chosen))


def _step(axis: Floats) -> float:
    return float(np.diff(axis).mean())


def _linear(source: Floats, target: Floats, period: float) -> Floats:
    """Weights (target, source) of linear interpolation; beyond the outermost centres the nearest.

    period: of an axis that goes round, or 0.
    """
    if period:
        target = source[0] + (target - source[0]) % period
        source = np.append(source, source[0] + period)
    place = np.interp(target, source, np.arange(source.size))
    left = np.minimum(place.astype(int), source.size - 2)
    weights = np.zeros((target.size, source.size))
    rows = np.arange(target.size)
    weights[rows, left] = 1 - (place - left)
    weights[rows, left + 1] = place - left
    if period:
        weights[:, 0] += weights[:, -1]
        return weights[:, :-1]
    return weights
