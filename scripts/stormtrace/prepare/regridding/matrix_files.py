"""Regridding matrices on disk: ESMF's format, whoever made them, checked before they are used."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import netCDF4
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from stormtrace.commandline import log
from stormtrace.errors import BadInput
from stormtrace.files import writing
from stormtrace.formats.netcdf import creating, opening
from stormtrace.grids import Grid
from stormtrace.prepare.mesh.meshes import POSITION_TOLERANCE, Mesh, distance, mesh_of_grid
from stormtrace.prepare.regridding.matrix import RegriddingMatrix
from stormtrace.prepare.regridding.orientation import check_orientation
from stormtrace.seals import has_magic, is_sealed

Floats = NDArray[np.float64]

#: Names of a matrix's variables by ESMF and by SCRIP.
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

#: Attributes by which NCO recognises the kind of matrix.
FORMAT = {
    "title": "In the format of the ESMF Offline Regridding Weight Generator, by Stormtrace",
    "normalization": "destarea",
    "conventions": "NCAR-CSM",
}

#: By how much the shares of a target point may miss 1: each in float32 does by 1e-7.
SUM_TOLERANCE = 1e-5


def write_matrix(
    path: Path | str,
    matrix: RegriddingMatrix,
    mesh: Mesh,
    grid: Grid,
    attributes: Mapping[str, str],
) -> None:
    """Write an ESMF matrix that NCO's ncremap, ESMF and uxarray apply too (indices from 1).

    Raises:
        BadInput: it would not give every point of the grid a value, or values from elsewhere.

    """
    _check_sums(path, matrix.shares, grid)
    check_orientation(path, matrix.shares, mesh, mesh_of_grid(grid))
    triplets = matrix.shares.tocoo()
    points = mesh_of_grid(grid)
    whole_a, whole_b = np.ones(mesh.size), np.ones(points.size)
    lat_corners, lon_corners = (_around(corners) for corners in grid.corners)
    with writing(path) as partial, creating(partial, "NETCDF3_64BIT_OFFSET") as nc:
        nc.set_fill_off()
        sizes = {"n_a": mesh.size, "n_b": points.size, "n_s": triplets.nnz, "nv_a": 4, "nv_b": 4}
        ranks = {"src_grid_rank": len(mesh.shape), "dst_grid_rank": 2}
        for name, size in {**sizes, **ranks}.items():
            nc.createDimension(name, size)
        _put(nc, "src_grid_dims", "src_grid_rank", np.array(mesh.shape[::-1], np.int32))
        _put(nc, "dst_grid_dims", "dst_grid_rank", np.array(grid.shape[::-1], np.int32))
        for side, place, whole in (("a", mesh, whole_a), ("b", points, whole_b)):
            dimension = f"n_{side}"
            _put(nc, f"yc_{side}", dimension, place.lat, "degrees")
            _put(nc, f"xc_{side}", dimension, place.lon, "degrees")
            _put(nc, f"mask_{side}", dimension, whole.astype(np.int32), "unitless")
            _put(nc, f"frac_{side}", dimension, whole, "unitless")
        _put(nc, "yv_b", ("n_b", "nv_b"), lat_corners, "degrees")
        _put(nc, "xv_b", ("n_b", "nv_b"), lon_corners, "degrees")
        _put(nc, "area_a", "n_a", np.zeros(mesh.size), "square radians")
        _put(nc, "area_b", "n_b", grid.area.ravel() / grid.radius_km**2, "square radians")
        _put(nc, "col", "n_s", triplets.col.astype(np.int32) + 1)
        _put(nc, "row", "n_s", triplets.row.astype(np.int32) + 1)
        _put(nc, "S", "n_s", triplets.data)
        nc.setncatts({**FORMAT, **attributes})


def read_matrix(
    path: Path | str,
    mesh: Mesh,
    grid: Grid,
    dtype: Literal["float32", "float64"] = "float64",
) -> RegriddingMatrix:
    """Read a matrix and check that it leads from this mesh to this grid.

    dtype: of its shares; float32 is what they are applied in, and takes half the memory.
    Understands ESMF's and SCRIP's names; sizes come from the file, or from mesh and grid where
    it has none (esmpy writes only S, row and col).

    Raises:
        BadInput: indices outside 1 … n, a target point without source or whose shares do not sum to
            1, points other than the mesh's or the grid's, or values that would come from elsewhere.

    """
    with opening(path) as nc:
        nc.set_auto_scale(False)
        share = _first_order(path, _get(nc, "share"))
        row, col = _get(nc, "row"), _get(nc, "col")
        n_a, n_b = _size(nc, "n_a", mesh.size), _size(nc, "n_b", grid.size)
        _check_points(nc, "a", mesh, n_a, "raw files")
        _check_points(nc, "b", mesh_of_grid(grid), n_b, "grid")
    for name, index, size in (("col", col, n_a), ("row", row, n_b)):
        if index.size == 0 or index.min() < 1 or index.max() > size:
            low, high = (index.min(), index.max()) if index.size else (0, 0)
            raise BadInput(
                f"{path}: {name} goes from {low} to {high}, and must lie in 1 … {size}: the"
                " matrix is of other meshes, or its indices do not start from 1"
            )
    matrix = sparse.csr_matrix((share.astype(np.float64), (row - 1, col - 1)), shape=(n_b, n_a))
    matrix.sum_duplicates()
    _check_sums(path, matrix, grid)
    own = is_sealed(path) or has_magic(path)  # and was proved when it was written
    if not own:
        check_orientation(path, matrix, mesh, mesh_of_grid(grid))
    return RegriddingMatrix(matrix.astype(dtype, copy=False))


def _first_order(path: Path | str, share: NDArray) -> NDArray:
    """Return the shares of values, (n_s,); SCRIP has further columns, by which gradients count.

    Conservative matrices (3 columns) are whole without them, of first order.

    Raises:
        BadInput: the matrix is bicubic (4 columns), which is not.

    """
    if share.ndim == 1:
        return share
    if share.shape[1] > 3:
        raise BadInput(
            f"{path} has {share.shape[1]} weights for each link, for gradients of the fields, too"
            " (bicubic), and these are not used here: make a bilinear or conservative matrix"
        )
    if share[:, 1:].any():
        log.warning("%s: only its first-order weights are used, not those of gradients", path)
    return share[:, 0]


def _put(
    nc: netCDF4.Dataset,
    name: str,
    dimensions: str | tuple[str, ...],
    values: NDArray,
    units: str = "",
) -> None:
    kind = "i4" if values.dtype.kind == "i" else "f8"
    variable = nc.createVariable(
        name, kind, (dimensions,) if isinstance(dimensions, str) else dimensions
    )
    if units:
        variable.units = units
    variable[:] = values


def _get(nc: netCDF4.Dataset, what: str) -> NDArray:
    for name in NAMES[what]:
        if name in nc.variables:
            return np.asarray(nc.variables[name][:])
    raise BadInput(
        f"{nc.filepath()} is not a regridding matrix: it has none of {', '.join(NAMES[what])};"
        f" it has {', '.join(nc.variables)}"
    )


def _size(nc: netCDF4.Dataset, what: str, expected: int) -> int:
    for name in NAMES[what]:
        if name in nc.dimensions:
            size = len(nc.dimensions[name])
            if size != expected:
                side = "raw files' mesh" if what == "n_a" else "grid"
                raise BadInput(
                    f"{nc.filepath()}: {name} is {size}, but the {side} has {expected} points:"
                    " the matrix is of another mesh or grid"
                )
    return expected


def _check_points(nc: netCDF4.Dataset, side: str, points: Mesh, size: int, whose: str) -> None:
    """Compare the matrix's own coordinates, where it has them, with those of the data."""
    lat, lon = (_coordinate(nc, f"{kind}_{side}") for kind in ("lat", "lon"))
    if lat is None or lon is None or lat.size != size or not (lat.any() or lon.any()):
        return  # some makers leave them out, or empty
    if np.array_equal(lat, points.lat) and np.array_equal(lon, points.lon):
        return
    own = Mesh(lat, lon % 360.0, lat.shape)
    off = distance(own, points)
    worst = int(off.argmax())
    if off[worst] > POSITION_TOLERANCE:
        raise BadInput(
            f"{nc.filepath()}: its point {worst + 1} of side {side} is {own.place(worst)}, the"
            f" {whose} have {points.place(worst)} there, and so on for"
            f" {int((off > POSITION_TOLERANCE).sum())} points: the matrix is of"
            " another mesh or grid"
        )


def _coordinate(nc: netCDF4.Dataset, what: str) -> Floats | None:
    """Return coordinates in degrees, or None where the matrix has none."""
    name = next((name for name in NAMES[what] if name in nc.variables), None)
    if name is None:
        return None
    values = np.asarray(nc.variables[name][:], np.float64)
    radians = str(getattr(nc.variables[name], "units", "")).startswith("rad")
    return np.degrees(values) if radians else values


def _check_sums(path: Path | str, matrix: sparse.csr_matrix, grid: Grid) -> None:
    sums = np.asarray(matrix.sum(axis=1)).ravel()
    bad = np.flatnonzero(~(np.abs(sums - 1.0) <= SUM_TOLERANCE))
    if bad.size:
        lat, lon = (points.flat[bad[0]] for points in grid.points)
        raise BadInput(
            f"{path}: the shares of {bad.size} of {sums.size} target points do not sum to 1 (the"
            f" first is {sums[bad[0]]:.6f} at {lat:.2f}N {lon:.2f}E): the matrix does"
            " not cover the grid, or its shares are not normalized"
        )


def _around(corners: Floats) -> Floats:
    """Return the four corners of each cell in order round it, (n_b, 4), from (ny + 1, nx + 1)."""
    ring = (corners[:-1, :-1], corners[:-1, 1:], corners[1:, 1:], corners[1:, :-1])
    return np.stack(ring, axis=-1).reshape(-1, 4)
