"""Conservative remapping between any two grids: area means over the cells of the target.

Exact (to rounding) for cells as the grids have them: bounded by meridians and parallels where they
are rectilinear, by great circles between their corners otherwise.
"""

import functools
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stormtrace.grids.grid import Grid
from stormtrace.grids.polygons import cell_polygons

if TYPE_CHECKING:
    from scipy import sparse

Floats = NDArray[np.float64]

#: Share of a target cell that the source must cover; with less the mean is missing.
COVERED = 0.5


def conservative(values: NDArray[np.floating], source: Grid, target: Grid) -> Floats:
    """Return area means of `values` (…, ny, nx) over the cells of `target`.

    The mean over the part of the target cell that the source covers; NaN where that is less than
    half. A source that covers the globe keeps every integral (to rounding), whatever the target:
    regrid globally first, then cut a region. A missing value is missing in every cell it touches.
    """
    maps: Floats = np.asarray(values, np.float64)
    if source.is_rectilinear and target.is_rectilinear:
        return _between_axes(maps, source, target)
    shares, covered = _shares(source, target)
    flat = maps.reshape(-1, source.size)
    means = (shares @ flat.T).T
    means[:, covered < COVERED] = np.nan
    return means.reshape(*maps.shape[:-2], *target.shape)


def _between_axes(values: Floats, source: Grid, target: Grid) -> Floats:
    """Remap between rectilinear grids.

    A cell's overlap with another is (overlap in sin φ) · (overlap in λ): two small matrices do it.
    """
    rows, columns = _axis_overlaps(source, target)
    in_rows = rows.sum(axis=1, keepdims=True)
    in_columns = columns.sum(axis=1, keepdims=True)
    means = _divided(rows, in_rows) @ values @ _divided(columns, in_columns).T
    heights = np.diff(np.sin(np.radians(target.lat_bounds)))
    covered = (in_rows.ravel() / heights)[:, None] * (
        in_columns.ravel() / np.diff(target.lon_bounds)
    )
    if (covered < COVERED).any():
        means[..., covered < COVERED] = np.nan
    return means


def overlap_shares(source: Grid, target: Grid) -> tuple[Floats, Floats]:
    """Return the weights of area means along both axes of rectilinear grids.

    rows (target nlat, source nlat), columns (target nlon, source nlon), each adding up to 1.
    """
    rows, columns = _axis_overlaps(source, target)
    return (
        _divided(rows, rows.sum(axis=1, keepdims=True)),
        _divided(columns, columns.sum(axis=1, keepdims=True)),
    )


def _axis_overlaps(source: Grid, target: Grid) -> tuple[Floats, Floats]:
    """Overlaps of rows in sin φ, and of columns in degrees of longitude, each (target, source)."""
    sines = [np.sin(np.radians(grid.lat_bounds)) for grid in (source, target)]
    columns = np.zeros((target.lon.size, source.lon.size))
    for turn in (-720.0, -360.0, 0.0, 360.0, 720.0):
        columns += _overlaps(source.lon_bounds + turn, target.lon_bounds)
    return _overlaps(*sines), columns


@functools.lru_cache(maxsize=4)
def _shares(source: Grid, target: Grid) -> tuple["sparse.csr_matrix", Floats]:
    """Return the matrix of means (target.size, source.size) and the covered share of each cell."""
    from scipy import sparse

    areas = overlap_areas(source, target)
    total = np.asarray(areas.sum(axis=1)).ravel()
    covered = total / (target.area.ravel() / target.radius_km**2)
    scale = np.divide(1.0, total, out=np.zeros_like(total), where=total > 0)
    return sparse.csr_matrix(sparse.diags_array(scale) @ areas), covered


def overlap_areas(source: Grid, target: Grid) -> "sparse.csr_matrix":
    """Return the areas (target.size, source.size) that cells of two grids share, steradians.

    At least one of them is not rectilinear.
    """
    # Compiled code starts slowly, and between rectilinear grids two small matrices do without.
    from scipy import sparse

    from stormtrace.grids.lattice_overlaps import lattice_overlaps
    from stormtrace.grids.polygon_overlaps import polygon_overlaps

    if target.is_rectilinear:
        edges = target.lat_bounds, target.lon_bounds, target.wraps
        return lattice_overlaps(cell_polygons(source), *edges)
    if source.is_rectilinear:
        edges = source.lat_bounds, source.lon_bounds, source.wraps
        return sparse.csr_matrix(lattice_overlaps(cell_polygons(target), *edges).T)
    return polygon_overlaps(cell_polygons(source), cell_polygons(target))


def on_grid(values: NDArray[np.floating], source: Grid, target: Grid) -> NDArray[np.floating]:
    """Return `values` on `target`: as they are on the same grid, or else `conservative`."""
    return values if source.same_as(target) else conservative(values, source, target)


def same_grid(first: Grid, second: Grid) -> bool:
    """Whether two grids have the same cells (to a millionth of a degree)."""
    return first.same_as(second)


def _overlaps(source: Floats, target: Floats) -> Floats:
    """Return the lengths that intervals share, (target, source), from their edges."""
    low = np.maximum(source[None, :-1], target[:-1, None])
    high = np.minimum(source[None, 1:], target[1:, None])
    return np.clip(high - low, 0.0, None)


def _divided(lengths: Floats, total: Floats) -> Floats:
    return np.divide(lengths, total, out=np.zeros_like(lengths), where=total > 0)


def area_mean(values: NDArray[np.floating], grid: Grid) -> float:
    """Return the mean over the grid's area of `values`, `grid.shape`; missing ones are left out.

    NaN if all are missing.
    """
    values = np.asarray(values)
    there = np.isfinite(values)
    if not there.all():
        weights = np.where(there, grid.area, 0.0)
        total = float(weights.sum())
        return float((np.where(there, values, 0.0) * weights).sum() / total) if total else np.nan
    if grid.is_rectilinear:
        return float(np.average(values.mean(axis=-1), weights=grid.row_area))
    return float(np.average(values, weights=grid.area))
