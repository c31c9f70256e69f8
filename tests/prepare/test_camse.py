"""CAM-SE meshes against geometry; tests/real/test_real_camse.py has the real files."""

import numpy as np
import pytest

from stormtrace.prepare.mesh import camse


@pytest.mark.parametrize(("ne", "ncol"), [(4, 866), (8, 3458), (30, 48602), (120, 777602)])
def test_a_mesh_has_the_columns_its_files_have(ne: int, ncol: int) -> None:
    mesh = camse.columns(ne)
    assert mesh.ncol == ncol
    assert camse.elements_along_edge(ncol) == ne
    assert np.array_equal(np.unique(mesh.lattice), np.arange(ncol))


def test_a_count_no_mesh_has_is_told_apart() -> None:
    assert [camse.elements_along_edge(n) for n in (0, 2, 384, 865, 777601)] == [None] * 5


def test_columns_are_distinct_and_numbered_by_element() -> None:
    mesh = camse.columns(5)
    xyz = camse.to_xyz(mesh.lon, mesh.lat)
    assert np.unique(np.round(xyz, 9), axis=0).shape == (mesh.ncol, 3)
    assert np.array_equal(mesh.lattice[0, :4, :4].ravel(), np.arange(16))  # the first element
    assert mesh.lattice[0, 0, 4:7].tolist() == [16, 17, 18]  # the second brings 12 new points


def test_rims_are_shared_and_the_faces_close() -> None:
    # Euler: V − E + F = 2, with four edges a quad, each shared by two.
    mesh = camse.columns(3)
    quads = mesh.quads
    edges = np.sort(np.stack([quads, np.roll(quads, -1, axis=1)], axis=-1).reshape(-1, 2), axis=1)
    unique, uses = np.unique(edges, axis=0, return_counts=True)
    assert (uses == 2).all()
    assert mesh.ncol - len(unique) + len(quads) == 2


def test_quads_turn_counterclockwise_seen_from_outside() -> None:
    mesh = camse.columns(4)
    corner = camse.to_xyz(mesh.lon, mesh.lat)[mesh.quads]
    normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 3] - corner[:, 0])
    assert ((normal * corner[:, 0]).sum(-1) > 0).all()


def test_locate_inverts_the_lattice() -> None:
    mesh = camse.columns(6)
    angles = camse.gll_angles(6)
    face, alpha, beta = camse.locate(camse.to_xyz(mesh.lon, mesh.lat))
    row, column = (np.abs(x[:, None] - angles).argmin(1) for x in (beta, alpha))
    assert np.array_equal(mesh.lattice[face, row, column], np.arange(mesh.ncol))
    assert np.abs(alpha - angles[column]).max() < 1e-14
    assert np.abs(beta - angles[row]).max() < 1e-14


def test_areas_integrate_smooth_functions() -> None:
    # ∫ z² = 4π/3, ∫ x²y² = 4π/15 on the unit sphere; the area is a spectral-element quadrature.
    mesh = camse.columns(8)
    x, y, z = camse.to_xyz(mesh.lon, mesh.lat).T
    assert mesh.area.sum() == pytest.approx(4 * np.pi, rel=1e-14)
    assert (mesh.area * z**2).sum() == pytest.approx(4 * np.pi / 3, rel=1e-8)
    assert (mesh.area * x**2 * y**2).sum() == pytest.approx(4 * np.pi / 15, rel=1e-7)


def test_lonlat_and_xyz_are_inverse() -> None:
    random = np.random.default_rng(1)
    lon, lat = random.uniform(0, 360, 1000), random.uniform(-90, 90, 1000)
    back = camse.to_lonlat(camse.to_xyz(lon, lat))
    assert np.allclose(back, [lon, lat], rtol=0, atol=1e-12)
    assert (camse.to_lonlat(camse.to_xyz(np.array([-1e-20]), np.array([0.0])))[0] < 360).all()
