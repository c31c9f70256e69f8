"""Conservative regridding between rectilinear grids: exact, since the weights factorize."""

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.grids.grid import Grid


def conservative(values: NDArray[np.floating], source: Grid, target: Grid) -> NDArray[np.float64]:
    """Return area means of `values` (…, lat, lon) over the cells of `target`.

    A cell's overlap with another is (overlap in sin φ) · (overlap in λ), so two small matrices do
    it. The mean over the part of the target cell that the source covers; a source that covers
    the globe keeps every integral (to rounding), whatever the target. Cut regions afterwards.
    """
    if not source.is_global:
        raise BadInput(
            f"regridding needs a global source, found longitudes {source.lon[0]:g} to "
            f"{source.lon[-1]:g}: regrid globally first, then cut the region"
        )
    rows = _overlaps(np.sin(np.radians(source.lat_bounds)), np.sin(np.radians(target.lat_bounds)))
    columns = np.zeros((target.lon.size, source.lon.size))
    for turn in (-720.0, -360.0, 0.0, 360.0, 720.0):
        columns += _overlaps(source.lon_bounds + turn, target.lon_bounds)
    rows /= rows.sum(axis=1, keepdims=True)
    columns /= columns.sum(axis=1, keepdims=True)
    return rows @ np.asarray(values, np.float64) @ columns.T


def same_grid(first: Grid, second: Grid) -> bool:
    """Whether two grids have the same cells (to a millionth of a degree)."""
    return first.shape == second.shape and all(
        np.allclose(getattr(first, name), getattr(second, name), atol=1e-6)
        for name in ("lat", "lon")
    )


def on_grid(values: NDArray[np.floating], source: Grid, target: Grid) -> NDArray[np.floating]:
    """Return `values` on `target`: as they are on the same grid, or else `conservative`."""
    return values if same_grid(source, target) else conservative(values, source, target)


def _overlaps(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the lengths that intervals share, (target, source), from their edges."""
    low = np.maximum(source[None, :-1], target[:-1, None])
    high = np.minimum(source[None, 1:], target[1:, None])
    return np.clip(high - low, 0.0, None)


def area_mean(values: NDArray[np.floating], grid: Grid) -> float:
    """Return the mean over the sphere's area of `values` (lat, lon)."""
    return float(np.average(np.asarray(values).mean(axis=-1), weights=grid.row_area))
