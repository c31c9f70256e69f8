import numpy as np
import pytest

from stormtrace.figures.map_lines import projected
from stormtrace.figures.projections import GLOBE, EqualEarth, PolarStereographic, Rectangle


@pytest.mark.parametrize(
    ("projection", "lons", "lats"),
    [
        (EqualEarth(0), (-179, 179), (-90, 90)),
        (GLOBE, (27, 383), (-89, 89)),
        (Rectangle(180, 255, 25, 65), (181, 254), (26, 64)),
        (PolarStereographic(-50), (-180, 180), (-89, -51)),
        (PolarStereographic(40, 270), (90, 449), (41, 89)),
    ],
)
def test_there_and_back(projection, lons, lats):
    lon, lat = np.meshgrid(np.linspace(*lons, 40), np.linspace(*lats, 40))
    lon_again, lat_again = projection.inverse(*projection.forward(lon, lat))
    np.testing.assert_allclose(lat_again, lat, atol=1e-6)
    away = (lon_again - lon + 180) % 360 - 180
    np.testing.assert_allclose(np.where(np.abs(lat) == 90, 0, away), 0, atol=1e-5)


def test_equal_earth_keeps_areas_and_its_published_extent():
    """The whole map has the sphere's area 4π; so has every part of it its own."""
    outline = EqualEarth(0).outline()
    x, y = outline.T
    area = abs(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1])) / 2
    assert area == pytest.approx(4 * np.pi, rel=1e-4)
    # Šavrič et al. (2018): width to height 2.05458.
    assert np.ptp(x) / np.ptp(y) == pytest.approx(2.05458, abs=1e-4)
    lon, lat = np.array([10.0, 40, 40, 10]), np.array([20.0, 20, 50, 50])
    edge = np.concatenate(
        [np.linspace([lon[i], lat[i]], [lon[(i + 1) % 4], lat[(i + 1) % 4]], 400) for i in range(4)]
    )
    x, y = EqualEarth(0).forward(edge[:, 0], edge[:, 1])
    part = abs(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) / 2
    truth = np.radians(30) * (np.sin(np.radians(50)) - np.sin(np.radians(20)))
    assert part == pytest.approx(truth, rel=1e-4)


def test_outside_is_nan():
    lon, _ = GLOBE.inverse(np.array([2.7]), np.array([1.2]))
    assert np.isnan(lon).all()
    assert np.isnan(PolarStereographic(50).forward(np.array([0.0]), np.array([10.0]))[0]).all()


def test_lines_are_cut_where_they_leave_the_map_and_single_points_are_none():
    view = PolarStereographic(50.0)
    line = np.array([[10, 60], [20, 60], [30, 40], [40, 60], [50, 40], [60, 60], [70, 60]], float)
    other = np.array([[10, 65], [20, 65]], float)
    pieces = projected([line, other, line[2:3]], view)
    expected = [line[:2], line[5:], other]
    for piece, degrees in zip(pieces, expected, strict=True):
        np.testing.assert_array_equal(piece, np.column_stack(view.forward(*degrees.T)))
