import netCDF4
import numpy as np
import pytest

from analytic import y2
from stormtrace.errors import BadInput
from stormtrace.grids import make_grid
from stormtrace.grids.lattice_overlaps import overlap_areas
from stormtrace.prepare.mesh import camse
from stormtrace.prepare.mesh.mesh_cells import MeshCells, read_cells
from stormtrace.prepare.mesh.meshes import Mesh, mesh_of_axes, mesh_of_grid
from stormtrace.prepare.regridding.conservative import cell_conservative, rectilinear_conservative
from stormtrace.prepare.regridding.makers import own_matrix

TARGET = make_grid({"nlat": 46, "nlon": 72})


def corners_of(grid):
    """A grid's cells as polygons: parallels become great circles."""
    south, west = np.meshgrid(grid.lat_bounds[:-1], grid.lon_bounds[:-1], indexing="ij")
    north, east = np.meshgrid(grid.lat_bounds[1:], grid.lon_bounds[1:], indexing="ij")
    around = ((west, south), (east, south), (east, north), (west, north))
    corners = [camse.to_xyz(lon.ravel(), lat.ravel()) for lon, lat in around]
    points = mesh_of_grid(grid)
    return MeshCells(points.lat, points.lon, np.stack(corners, axis=1))


def cube_cells(ne):
    """The elements of a cubed sphere: cells whose areas are known exactly."""
    cube = camse.columns(ne)
    quads = cube.lattice[:, ::3, ::3]
    ring = (quads[:, :-1, :-1], quads[:, :-1, 1:], quads[:, 1:, 1:], quads[:, 1:, :-1])
    nodes = np.stack([corner.ravel() for corner in ring], axis=1)
    corners = camse.to_xyz(cube.lon, cube.lat)[nodes]
    middle = corners.mean(axis=1)
    lon, lat = camse.to_lonlat(middle / np.linalg.norm(middle, axis=1, keepdims=True))
    return MeshCells(lat, lon, corners)


def area(corners):
    """L'Huilier's formula for two triangles: not the one under test."""
    total = 0.0
    for i, j, k in ((0, 1, 2), (0, 2, 3)):
        a, b, c = (
            np.arccos((corners[:, p] * corners[:, q]).sum(axis=1))
            for p, q in ((i, j), (j, k), (k, i))
        )
        s = (a + b + c) / 2
        product = np.tan(s / 2) * np.tan((s - a) / 2) * np.tan((s - b) / 2) * np.tan((s - c) / 2)
        total = total + 4 * np.arctan(np.sqrt(np.maximum(product, 0)))
    return total


def target_mean(weights, field, grid=TARGET):
    rows = (weights.shares @ field).reshape(grid.shape).mean(axis=1)
    return np.average(rows, weights=grid.row_area)


@pytest.mark.parametrize("ne", [2, 9, 24])
@pytest.mark.parametrize("first_lon", [0, -180, 7.3])
def test_cells_conserve_and_keep_constants(ne, first_lon):
    cells = cube_cells(ne)
    grid = make_grid({"nlat": 46, "nlon": 72, "first_lon": first_lon})
    weights = cell_conservative(cells, grid)
    assert weights.shares.data.min() > 0
    np.testing.assert_allclose(weights.shares.sum(axis=1), 1.0, atol=1e-13)
    field = np.random.default_rng(0).standard_normal(len(cells.lat))
    truth = np.average(field, weights=area(cells.corners))
    assert target_mean(weights, field, grid) == pytest.approx(truth, abs=1e-10)


@pytest.mark.parametrize("turn", [(0.3, 0.2), (0.8, 1.1), (0.0, np.pi / 4), (1.0, 0.61548)])
def test_poles_may_lie_anywhere(turn):
    """Wide cells turned about: poles inside, on an edge's middle, nearly on a corner (0.61548…).

    Their edges bulge over several rows of a fine grid and cross some of its parallels twice.
    """
    about_z, about_y = turn
    z = np.array([[np.cos(about_z), -np.sin(about_z), 0], [np.sin(about_z), np.cos(about_z), 0], [0, 0, 1]])  # fmt: skip
    y = np.array([[np.cos(about_y), 0, -np.sin(about_y)], [0, 1, 0], [np.sin(about_y), 0, np.cos(about_y)]])  # fmt: skip
    cells = cube_cells(1)
    corners = cells.corners @ (y @ z).T
    grid = make_grid({"nlat": 181, "nlon": 72})
    sines, meridians = np.sin(np.radians(grid.lat_bounds)), np.radians(grid.lon_bounds)
    row, col, found = overlap_areas(corners, sines, meridians)
    np.testing.assert_allclose(np.bincount(col, found), area(corners), rtol=1e-9)
    covered = np.bincount(row, found, minlength=181 * 72).reshape(181, 72)
    own = np.broadcast_to(np.diff(sines)[:, None] * 2 * np.pi / 72, covered.shape)
    np.testing.assert_allclose(covered, own, rtol=1e-9)


def test_cells_nearly_a_grids_are_nearly_its_identity():
    """Great circles bulge poleward of parallels, by some thousandths of a 5° cell at 60°."""
    weights = cell_conservative(corners_of(TARGET), TARGET)
    assert weights.shares.diagonal().min() > 0.97
    np.testing.assert_allclose(weights.shares.sum(axis=1), 1.0, atol=1e-13)


def test_rectilinear_is_exact():
    for lat, lon in (
        (np.linspace(-90, 90, 73), 2.5 * np.arange(144)),
        (np.linspace(90, -90, 37), -180 + 5.0 * np.arange(72)),
        (np.arange(-88, 90, 4.0), 1 + 3.0 * np.arange(120)),
    ):
        mesh = mesh_of_axes(lat, lon)
        weights = rectilinear_conservative(mesh, TARGET)
        np.testing.assert_allclose(weights.shares.sum(axis=1), 1.0, atol=1e-13)
        edges = np.clip(
            np.concatenate(
                [
                    [lat[0] - (lat[1] - lat[0]) / 2],
                    (lat[1:] + lat[:-1]) / 2,
                    [lat[-1] + (lat[1] - lat[0]) / 2],
                ]
            ),
            -90,
            90,
        )
        heights = np.abs(np.diff(np.sin(np.radians(edges))))
        field = y2(mesh.lat, mesh.lon) + np.random.default_rng(1).standard_normal(mesh.size)
        truth = np.average(field.reshape(mesh.shape).mean(axis=1), weights=heights)
        assert target_mean(weights, field) == pytest.approx(truth, abs=1e-12)


def test_its_own_grid_is_the_identity():
    matrix = rectilinear_conservative(mesh_of_grid(TARGET), TARGET).shares
    matrix.data[matrix.data < 1e-12] = 0
    matrix.eliminate_zeros()
    assert matrix.nnz == 46 * 72 and matrix.diagonal() == pytest.approx(1.0)


def scrip(path, cells):
    lon, lat = camse.to_lonlat(cells.corners)
    with netCDF4.Dataset(path, "w") as file:
        for name, size in (
            ("grid_size", len(cells.lat)),
            ("grid_corners", lat.shape[1]),
            ("grid_rank", 1),
        ):
            file.createDimension(name, size)
        for name, values in (("center_lat", cells.lat), ("center_lon", cells.lon)):
            file.createVariable(f"grid_{name}", "f8", ("grid_size",))[:] = values
        for name, values in (("corner_lat", lat), ("corner_lon", lon)):
            file.createVariable(f"grid_{name}", "f8", ("grid_size", "grid_corners"))[:] = values
        file.createVariable("grid_area", "f8", ("grid_size",))[:] = area(cells.corners)
        file.createVariable("grid_imask", "i4", ("grid_size",))[:] = 1
        file.createVariable("grid_dims", "i4", ("grid_rank",))[:] = len(cells.lat)
        for name in ("center_lat", "center_lon", "corner_lat", "corner_lon"):
            file[f"grid_{name}"].units = "degrees"
    return str(path)


def test_cells_come_from_a_mesh_file(tmp_path):
    cells = cube_cells(6)
    clockwise = MeshCells(cells.lat, cells.lon, cells.corners[:, ::-1])
    path = scrip(tmp_path / "scrip.nc", clockwise)
    found = read_cells(path, 216)
    np.testing.assert_allclose(area(found.corners), area(cells.corners), rtol=1e-9)
    mesh = Mesh(cells.lat, cells.lon, cells.lat.shape)
    weights, how = own_matrix(mesh, TARGET, "conservative", path)
    assert "scrip.nc" in how
    expected = cell_conservative(cells, TARGET).shares
    assert abs(weights.shares - expected).max() < 1e-9
    order = np.random.default_rng(0).permutation(cells.lat.size)
    with pytest.raises(BadInput, match="216 cells that are not those round the 216 points"):
        turned = Mesh(cells.lat[order], cells.lon[order], cells.lat.shape)
        own_matrix(turned, TARGET, "conservative", path)
    with pytest.raises(BadInput, match="key mesh"):
        own_matrix(mesh, TARGET, "conservative")


def test_what_is_no_mesh_file(tmp_path):
    (tmp_path / "a.nc").write_text("no mesh")
    with pytest.raises(BadInput, match="not a mesh that uxarray can read"):
        read_cells(str(tmp_path / "a.nc"), 9)
    with pytest.raises(BadInput, match="does not exist"):
        read_cells(str(tmp_path / "b.nc"), 9)
