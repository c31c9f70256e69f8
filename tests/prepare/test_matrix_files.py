import netCDF4
import numpy as np
import pytest
from scipy import sparse

from stormtrace.errors import BadInput
from stormtrace.grids import make_grid
from stormtrace.prepare.mesh import camse
from stormtrace.prepare.mesh.meshes import Mesh
from stormtrace.prepare.regridding.bilinear import element_bilinear
from stormtrace.prepare.regridding.matrix import FEW, RegriddingMatrix
from stormtrace.prepare.regridding.matrix_files import read_matrix, write_matrix

GRID = make_grid({"nlat": 12, "nlon": 24})
CUBE = camse.columns(3)
MESH = Mesh(CUBE.lat, CUBE.lon, (CUBE.ncol,))
WEIGHTS = element_bilinear(CUBE, GRID)


def written(path, weights=WEIGHTS):
    write_matrix(path, weights, MESH, GRID, {"map_method": "Bilinear"})
    return path


def bare(path, weights=WEIGHTS, names=("S", "row", "col"), base=1, columns=0):
    """A map of nothing but its triplets, as esmpy writes it (or under SCRIP's names)."""
    triplets = weights.shares.tocoo()
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("num_links", triplets.nnz)
        dims = ("num_links",)
        if columns:
            file.createDimension("num_wgts", columns)
            dims = ("num_links", "num_wgts")
        share = triplets.data
        if columns:
            share = share[:, None] * 0.5 ** np.arange(columns)  # the others: for gradients
        file.createVariable(names[0], "f8", dims)[:] = share
        for name, index in ((names[1], triplets.row), (names[2], triplets.col)):
            file.createVariable(name, "i4", ("num_links",))[:] = index + base
    return path


def same(one, other):
    return abs(one.shares - other.shares).max() == 0


def test_written_and_read_again(tmp_path):
    assert same(read_matrix(written(tmp_path / "map.nc"), MESH, GRID), WEIGHTS)


def test_format_is_esmfs(tmp_path):
    with netCDF4.Dataset(written(tmp_path / "map.nc")) as file:
        assert file["col"][:].min() == 1 and file["row"][:].min() == 1
        assert list(file["dst_grid_dims"][:]) == [24, 12]
        assert {len(file.dimensions[name]) for name in ("n_a", "n_b")} == {CUBE.ncol, 288}
        # The cells of the target cover the sphere: 4π steradians.
        assert file["area_b"][:].sum() == pytest.approx(4 * np.pi, rel=1e-12)


def test_triplets_alone_are_enough(tmp_path):
    assert same(read_matrix(bare(tmp_path / "esmpy.nc"), MESH, GRID), WEIGHTS)
    scrip = ("remap_matrix", "dst_address", "src_address")
    assert same(
        read_matrix(bare(tmp_path / "scrip.nc", names=scrip, columns=1), MESH, GRID), WEIGHTS
    )


def test_matrix_that_never_uses_the_last_column(tmp_path):
    """uxarray 2026.10 shifts all indices of such a map by one."""
    matrix = WEIGHTS.shares.tocoo()
    moved = np.where(matrix.col == CUBE.ncol - 1, CUBE.ncol - 2, matrix.col)
    weights = RegriddingMatrix(
        sparse.csr_matrix((matrix.data, (matrix.row, moved)), shape=matrix.shape)
    )
    for path in (written(tmp_path / "map.nc", weights), bare(tmp_path / "bare.nc", weights)):
        loaded = read_matrix(path, MESH, GRID)
        assert loaded.shares.shape == (288, CUBE.ncol) and same(loaded, weights)


def test_indices_from_zero_are_refused(tmp_path):
    with pytest.raises(BadInput, match=r"col goes from 0 to 487, and must lie in 1 … 488"):
        read_matrix(bare(tmp_path / "zero.nc", base=0), MESH, GRID)


def test_matrix_of_another_grid_or_mesh_is_refused(tmp_path):
    path = written(tmp_path / "map.nc")
    with pytest.raises(BadInput, match="n_b is 288, but the grid has 300 points"):
        read_matrix(path, MESH, make_grid({"nlat": 12, "nlon": 25}))
    with pytest.raises(BadInput, match="n_a is 488, but the raw files' mesh has 218 points"):
        small = camse.columns(2)
        read_matrix(path, Mesh(small.lat, small.lon, (218,)), GRID)
    with pytest.raises(BadInput, match="matrix is of another mesh or grid"):
        read_matrix(path, MESH, make_grid({"nlat": 12, "nlon": 24, "first_lon": 5}))
    order = np.random.default_rng(0).permutation(CUBE.ncol)
    with pytest.raises(BadInput, match="the raw files have"):
        read_matrix(path, Mesh(CUBE.lat[order], CUBE.lon[order], (CUBE.ncol,)), GRID)


def test_shares_must_sum_to_one_everywhere(tmp_path):
    lost = WEIGHTS.shares.copy()
    lost.data[lost.indptr[30] : lost.indptr[31]] *= 0.5
    with pytest.raises(BadInput, match=r"1 of 288 target points do not sum to 1 .*0\.500000"):
        read_matrix(bare(tmp_path / "half.nc", RegriddingMatrix(lost)), MESH, GRID)
    regional = WEIGHTS.shares.copy()
    regional.data[: regional.indptr[100]] = 0
    with pytest.raises(BadInput, match="100 of 288 target points"):
        read_matrix(bare(tmp_path / "regional.nc", RegriddingMatrix(regional)), MESH, GRID)
    with pytest.raises(BadInput, match="100 of 288 target points"):
        written(tmp_path / "ours.nc", RegriddingMatrix(regional))
    assert not (tmp_path / "ours.nc").exists()


def test_weights_of_gradients(tmp_path, caplog):
    """SCRIP's conservative maps are whole without them, of first order; bicubic ones are not."""
    scrip = ("remap_matrix", "dst_address", "src_address")
    second = bare(tmp_path / "con2.nc", names=scrip, columns=3)
    assert same(read_matrix(second, MESH, GRID), WEIGHTS)
    assert "con2.nc: only its first-order weights are used" in caplog.text
    bicubic = bare(tmp_path / "bic.nc", names=scrip, columns=4)
    with pytest.raises(BadInput, match=r"has 4 weights for each link.* \(bicubic\)"):
        read_matrix(bicubic, MESH, GRID)


def test_what_is_no_matrix(tmp_path):
    with netCDF4.Dataset(tmp_path / "a.nc", "w") as file:
        file.createDimension("x", 1)
        file.createVariable("S", "f8", ("x",))
    with pytest.raises(
        BadInput, match="is not a regridding matrix: it has none of row, dst_address"
    ):
        read_matrix(tmp_path / "a.nc", MESH, GRID)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("count", [1, 3, 8, 21])
@pytest.mark.parametrize("applied", [0, FEW])
def test_apply_is_scipys_product_in_single_precision(count, kind, applied):
    """To the last bit, for rows of any length (none to 40 shares) and strided fields, too.

    So it makes no difference that the kernel takes over after the first fields.
    """
    rng = np.random.default_rng(count)
    dense = rng.random((101, 40)) * (rng.random((101, 40)) < 0.2)
    dense[7], dense[8] = 1.0 / 40, 0.0
    shares = sparse.csr_matrix(dense)
    for matrix in (WEIGHTS, RegriddingMatrix(shares)):
        matrix.applied, n_a = applied, matrix.shares.shape[1]
        values = (280 + 20 * rng.standard_normal((count, n_a + 5))).astype(kind)[:, 3:-2]
        single = matrix.shares.astype(np.float32)
        expected = np.stack([single @ row.astype(np.float32) for row in values])
        on_grid = matrix.apply(values)
        assert on_grid.dtype == np.float32
        np.testing.assert_array_equal(on_grid, expected)
        again = matrix.apply(values[:1] + 1, on_grid)
        assert np.shares_memory(again, on_grid) and again.shape == (1, len(expected[0]))
        np.testing.assert_array_equal(again[0], single @ (values[0] + 1).astype(np.float32))
