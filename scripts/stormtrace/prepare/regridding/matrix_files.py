"""Weights maps on disk: ESMF's format, whoever made them, checked before they are believed."""

from collections.abc import Mapping
from pathlib import Path

import netCDF4
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from stormtrace.commandline import log
from stormtrace.errors import BadInput
from stormtrace.files import writing
from stormtrace.formats.netcdf import creating, open_raw
from stormtrace.grids import Grid
from stormtrace.prepare.mesh.meshes import POSITION_TOLERANCE, Mesh, distance, mesh_of_grid
from stormtrace.prepare.regridding.matrix import Weights

Floats = NDArray[np.float64]

NAMES = {
    "share": ("S", "remap_matrix"),
    "row": ("row", "dst_address"),
    "col": ("col", "src_address"),
    "n_a": ("n_a", "src_grid_size"),
    "n_b": ("n_b", "dst_grid_size"),
    "lat_a": ("yc_a", "src_grid_center_lat"),
    "lon_a": ("xc_a", "src_grid_center_lon"),
    "lat_b": ("yc_b", "dst_grid_center_lat"),
    "lon_b": ("xc_b", "dst_grid_center_lon"),
}
"""What a map's content is called by ESMF and by SCRIP."""

FORMAT = {
    "title": "In the format of the ESMF Offline Regridding Weight Generator, by Stormtrace",
    "normalization": "destarea",
    "conventions": "NCAR-CSM",
}
"""Attributes by which NCO knows what kind of map it is."""

SUM_TOLERANCE = 1e-5
"""By how much the shares of a target point may miss 1: float32 weights do by 1e-7 each."""


def write_map(
    path: Path | str, weights: Weights, mesh: Mesh, grid: Grid, attributes: Mapping[str, str]
) -> None:
    """Write an ESMF map that NCO's ncremap, ESMF and uxarray apply too (indices from 1).

    BadInput: it would not give every point of the grid a value.
    """
    _check_sums(path, weights.matrix, grid)
    triplets = weights.matrix.tocoo()
    points = mesh_of_grid(grid)
    whole_a, whole_b = np.ones(mesh.size), np.ones(points.size)
    lat_corners, lon_corners = _corners(grid)
    area = np.repeat(np.diff(np.sin(np.radians(grid.lat_bounds))), grid.lon.size)
    with writing(path) as partial, creating(partial, "NETCDF3_64BIT_OFFSET") as file:
        sizes = {"n_a": mesh.size, "n_b": points.size, "n_s": triplets.nnz, "nv_a": 4, "nv_b": 4}
        ranks = {"src_grid_rank": len(mesh.shape), "dst_grid_rank": 2}
        for name, size in {**sizes, **ranks}.items():
            file.createDimension(name, size)
        _put(file, "src_grid_dims", "src_grid_rank", np.array(mesh.shape[::-1], np.int32))
        _put(file, "dst_grid_dims", "dst_grid_rank", np.array(grid.shape[::-1], np.int32))
        for side, place, whole in (("a", mesh, whole_a), ("b", points, whole_b)):
            dimension = f"n_{side}"
            _put(file, f"yc_{side}", dimension, place.lat, "degrees")
            _put(file, f"xc_{side}", dimension, place.lon, "degrees")
            _put(file, f"mask_{side}", dimension, whole.astype(np.int32), "unitless")
            _put(file, f"frac_{side}", dimension, whole, "unitless")
        _put(file, "yv_b", ("n_b", "nv_b"), lat_corners, "degrees")
        _put(file, "xv_b", ("n_b", "nv_b"), lon_corners, "degrees")
        _put(file, "area_a", "n_a", np.zeros(mesh.size), "square radians")
        _put(file, "area_b", "n_b", area * 2 * np.pi / grid.lon.size, "square radians")
        _put(file, "col", "n_s", triplets.col.astype(np.int32) + 1)
        _put(file, "row", "n_s", triplets.row.astype(np.int32) + 1)
        _put(file, "S", "n_s", triplets.data)
        file.setncatts({**FORMAT, **attributes})


def load_map(path: Path | str, mesh: Mesh, grid: Grid) -> Weights:
    """Read a map and check that it leads from this mesh to this grid.

    Understands ESMF's and SCRIP's names; sizes come from the file, or from mesh and grid where
    it has none (esmpy writes only S, row and col).

    BadInput: indices outside 1 … n, a target point without source or whose shares do not sum
    to 1, or points other than the mesh's or the grid's.
    """
    with open_raw(path) as file:
        share = _first_order(path, _get(file, "share"))
        row, col = _get(file, "row").astype(np.int64), _get(file, "col").astype(np.int64)
        n_a, n_b = _size(file, "n_a", mesh.size), _size(file, "n_b", grid.lat.size * grid.lon.size)
        _check_points(file, "a", mesh, n_a, "raw files")
        _check_points(file, "b", mesh_of_grid(grid), n_b, "grid")
    for name, index, size in (("col", col, n_a), ("row", row, n_b)):
        if index.size == 0 or index.min() < 1 or index.max() > size:
            low, high = (index.min(), index.max()) if index.size else (0, 0)
            raise BadInput(
                f"{path}: {name} goes from {low} to {high}, and must lie in 1 … {size}: the map is"
                " of other meshes, or its indices do not start from 1"
            )
    matrix = sparse.csr_matrix((share.astype(np.float64), (row - 1, col - 1)), shape=(n_b, n_a))
    matrix.sum_duplicates()
    _check_sums(path, matrix, grid)
    return Weights(matrix)


def _first_order(path: Path | str, share: NDArray) -> NDArray:
    """Return the shares of values, (n_s,); SCRIP has further columns, by which gradients count.

    Conservative maps (3 columns) are whole without them, of first order. BadInput: a bicubic one
    (4 columns) is not.
    """
    if share.ndim == 1:
        return share
    if share.shape[1] > 3:
        raise BadInput(
            f"{path} has {share.shape[1]} weights for each link, for gradients of the fields, too"
            " (bicubic), and these are not used here: make a bilinear or conservative map"
        )
    if share[:, 1:].any():
        log.warning("%s: only its first-order weights are used, not those of gradients", path)
    return share[:, 0]


def _put(
    file: netCDF4.Dataset,
    name: str,
    dimensions: str | tuple[str, ...],
    values: NDArray,
    units: str = "",
) -> None:
    kind = "i4" if values.dtype.kind == "i" else "f8"
    variable = file.createVariable(
        name, kind, (dimensions,) if isinstance(dimensions, str) else dimensions
    )
    if units:
        variable.units = units
    variable[:] = values


def _get(file: netCDF4.Dataset, what: str) -> NDArray:
    for name in NAMES[what]:
        if name in file.variables:
            return np.asarray(file.variables[name][:])
    raise BadInput(
        f"{file.filepath()} is no weights map: it has none of {', '.join(NAMES[what])};"
        f" it has {', '.join(file.variables)}"
    )


def _size(file: netCDF4.Dataset, what: str, expected: int) -> int:
    for name in NAMES[what]:
        if name in file.dimensions:
            size = len(file.dimensions[name])
            if size != expected:
                side = "raw files' mesh" if what == "n_a" else "grid"
                raise BadInput(
                    f"{file.filepath()}: {name} is {size}, but the {side} has {expected} points:"
                    " the map is of another mesh or grid"
                )
    return expected


def _check_points(file: netCDF4.Dataset, side: str, points: Mesh, size: int, whose: str) -> None:
    """Compare the map's own coordinates, where it has them, with those of the data."""
    lat, lon = (_coordinate(file, f"{kind}_{side}") for kind in ("lat", "lon"))
    if lat is None or lon is None or lat.size != size or not (lat.any() or lon.any()):
        return  # some makers leave them out, or empty
    own = Mesh(lat, lon % 360.0, lat.shape)
    off = distance(own, points)
    worst = int(off.argmax())
    if off[worst] > POSITION_TOLERANCE:
        raise BadInput(
            f"{file.filepath()}: its point {worst + 1} of side {side} is {own.place(worst)}, the"
            f" {whose} have {points.place(worst)} there, and so on for"
            f" {int((off > POSITION_TOLERANCE).sum())} points: the map is of another mesh or grid"
        )


def _coordinate(file: netCDF4.Dataset, what: str) -> Floats | None:
    """Return coordinates in degrees, or None where the map has none."""
    name = next((name for name in NAMES[what] if name in file.variables), None)
    if name is None:
        return None
    values = np.asarray(file.variables[name][:], np.float64)
    radians = str(getattr(file.variables[name], "units", "")).startswith("rad")
    return np.degrees(values) if radians else values


def _check_sums(path: Path | str, matrix: sparse.csr_matrix, grid: Grid) -> None:
    sums = np.asarray(matrix.sum(axis=1)).ravel()
    bad = np.flatnonzero(~(np.abs(sums - 1.0) <= SUM_TOLERANCE))
    if bad.size:
        j, i = divmod(int(bad[0]), grid.lon.size)
        raise BadInput(
            f"{path}: the shares of {bad.size} of {sums.size} target points do not sum to 1 (the"
            f" first is {sums[bad[0]]:.6f} at {grid.lat[j]:.2f}N {grid.lon[i]:.2f}E): the map does"
            " not cover the grid, or its weights are not normalized"
        )


def _corners(grid: Grid) -> tuple[Floats, Floats]:
    """Return the corners of each cell, counterclockwise: lat and lon, (n_b, 4)."""
    south, north = grid.lat_bounds[:-1], grid.lat_bounds[1:]
    west, east = grid.lon_bounds[:-1], grid.lon_bounds[1:]
    lat = np.stack([south, south, north, north], axis=-1)
    lon = np.stack([west, east, east, west], axis=-1)
    return np.repeat(lat, grid.lon.size, axis=0), np.tile(lon, (grid.lat.size, 1))
