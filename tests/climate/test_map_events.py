import numpy as np
import pytest

from make_results import write_events
from stormtrace.climate.event_tables import density, read_events
from stormtrace.errors import BadInput
from stormtrace.formats.tables import read_table
from stormtrace.grids import make_grid
from stormtrace.grids.remapping import area_mean

GRID = make_grid({"nlat": 181, "nlon": 360})
SPHERE_MILLION_KM2 = 4 * np.pi * 6371.22**2 / 1e6


@pytest.mark.parametrize("lat", [0.0, 45.0, 89.5, -90.0])
def test_the_integral_of_the_density_is_the_number_of_points(lat):
    """Also at a pole, where a kernel in degrees would fail."""
    made = density(np.array([lat, lat]), np.array([10.0, 200.0]), GRID)
    assert area_mean(made, GRID) * SPHERE_MILLION_KM2 == pytest.approx(2, rel=0.01)


def test_the_peak_of_one_point_is_the_kernels():
    # 1 / (2π σ²) for σ = 400 km: 0.995 per million km².
    made = density(np.array([0.0]), np.array([0.0]), GRID)
    assert made.max() == pytest.approx(1e6 / (2 * np.pi * 400**2), rel=0.01)
    assert np.unravel_index(made.argmax(), GRID.shape) == (90, 0)


def test_the_density_is_that_of_the_points_one_by_one():
    """Against the kernel's sum over points, without sharing them out among cells."""
    rng = np.random.default_rng(0)
    lat, lon = rng.uniform(-90, 90, 60), rng.uniform(-180, 360, 60)
    grid = make_grid({"nlat": 91, "nlon": 180})
    phi, lam = np.radians(grid.lat)[:, None], np.radians(grid.lon)[None, :]
    kappa = (6371.22 / 400) ** 2
    truth = np.zeros(grid.shape)
    for one, other in zip(np.radians(lat), np.radians(lon), strict=True):
        cosine = np.sin(phi) * np.sin(one) + np.cos(phi) * np.cos(one) * np.cos(lam - other)
        truth += np.exp(kappa * (cosine - 1)) * kappa / (2 * np.pi) * 1e6 / 6371.22**2
    made = density(lat, lon, grid)
    # Sharing out widens the kernel by up to a quarter of a cell's square: 111² / 400² / 4 of 2.
    assert np.abs(made - truth).max() < 0.05 * truth.max()
    np.testing.assert_allclose(made.mean(axis=1).sum(), truth.mean(axis=1).sum(), rtol=0.01)


def test_tables_are_read_by_class_or_refused(tmp_path):
    table = read_events(write_events(tmp_path, number=7))
    assert table.of(1)["lifetime_h"].size == 7
    assert table.of(9)["lifetime_h"].size == 0 and "wind" not in table
    assert read_events(None) is None
    with pytest.raises(BadInput, match="lacks the columns \\['wind'\\]"):
        read_table(tmp_path / "events.parquet", ("wind",))
    with pytest.raises(BadInput, match="link the events first"):
        read_table(tmp_path / "nothing.parquet")
