"""Maps of regional and polar grids, outlines on any grid, and what titles and scales say."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from make_results import CLASSES, MINI, write_events, write_frequency
from stormtrace.climate.event_tables import read_events
from stormtrace.climate.frequency import open_frequency
from stormtrace.climate.series import distribution
from stormtrace.climate.time_coverage import coverage
from stormtrace.figures.animation import make_painter, marks_of
from stormtrace.figures.colours import diverging, line_colour, majority, ramp, sequential
from stormtrace.figures.experiment_figures import draw_event_figures, draw_frequency_figures
from stormtrace.figures.maps import draw_map, sample, use_style
from stormtrace.figures.outlines import outlines
from stormtrace.figures.projections import (
    GLOBE,
    GridPlane,
    PolarStereographic,
    Rectangle,
    view_of,
)
from stormtrace.grids import Grid, make_grid
from stormtrace.sphere import unit_vectors

POLAR = make_grid({"projection": "north-polar", "cells": 120})
REGION = make_grid({"box": [225, 255, 30, 55], "step": 0.5})
CURVILINEAR = Grid(POLAR.lat, POLAR.lon)  # without its projection
AR = CLASSES["AR"]


@pytest.mark.parametrize(
    ("grid", "view"),
    [
        (MINI, GLOBE),
        (make_grid({"gaussian": 8}), GLOBE),
        (REGION, Rectangle(225, 255, 30, 55)),
        (make_grid({"box": [170, -170, -10, 10], "step": 1}), Rectangle(170, 190, -10, 10)),
        (make_grid({"box": [0, 360, 60, 90], "step": 2}), PolarStereographic(60)),
        (make_grid({"box": [0, 360, -90, -50], "step": 2}), PolarStereographic(-50)),
        (make_grid({"box": [0, 360, -30, 30], "step": 2}), GLOBE),
    ],
)
def test_a_grid_is_drawn_where_it_is(grid, view):
    assert view_of(grid) == view


def test_a_projected_grid_is_drawn_in_its_own_plane():
    """Half of the side's length from the pole lies 35° N, the boundary; the corners farther."""
    view = view_of(POLAR)
    assert isinstance(view, GridPlane)
    outline = view.outline()
    lon, lat = view.inverse(np.array([outline[:, 0].max(), 0.0]), np.zeros(2))
    assert lat == pytest.approx([35, 90], abs=1e-6)
    x, _ = view.forward(lon, lat)
    assert x[0] == pytest.approx(outline[:, 0].max())
    assert np.isnan(view.forward(np.array([0.0]), np.array([-40.0]))[0]).all()


def test_without_a_projection_known_the_points_decide():
    view = view_of(CURVILINEAR)
    assert isinstance(view, PolarStereographic)
    assert view.edge == pytest.approx(POLAR.corners[0].min(), abs=0.5)


@pytest.mark.parametrize("grid", [POLAR, CURVILINEAR], ids=["projected", "points alone"])
def test_the_outline_of_a_disc_over_the_pole(grid):
    """A disc of 15° round 80° N, 0° E, across the pole: one closed line, 15° from its middle."""
    centre = unit_vectors(np.array(80.0), np.array(0.0))
    angle = np.degrees(np.arccos(np.tensordot(centre, unit_vectors(*grid.points), (0, 0))))
    (line,) = outlines(grid, angle < 15)
    np.testing.assert_array_equal(line[0], line[-1])
    along = np.degrees(np.arccos(centre @ unit_vectors(line[:, 1], line[:, 0])))
    cell = np.degrees(np.sqrt(grid.area.max()) / grid.radius_km)
    assert np.abs(along - 15).max() < cell


def test_outlines_wrap_where_the_grid_does_and_end_at_the_edge_of_a_region():
    mask = np.zeros(MINI.shape, bool)
    mask[8:11, [0, 1, 34, 35]] = True
    lons = [one[:, 0] for one in outlines(MINI, mask)]
    assert [lon.min() for lon in lons] == [0, 335]  # from the seam on, and up to it
    assert [lon.max() for lon in lons] == [15, 360]
    edge = np.zeros(REGION.shape, bool)
    edge[20:30, :5] = True
    (line,) = outlines(REGION, edge)
    assert line[:, 0].min() == pytest.approx(REGION.lon[0])
    assert not np.array_equal(line[0], line[-1])


def test_nothing_of_a_region_wraps():
    values = np.zeros(REGION.shape)
    values[:, -1] = 7
    lon, lat = np.array([REGION.lon[0], 225.01, 254.9, 260.0]), np.full(4, 40.0)
    seen = sample(REGION, values, lon, lat)
    assert seen[:3].tolist() == [0, 0, 7]
    assert np.isnan(seen[3])


def test_the_film_of_a_polar_grid_has_its_coasts_where_they_are():
    """Greenland's north coast is near the pole, and nothing is drawn across the picture."""
    painter = make_painter(POLAR, 0.0, 1.0)
    factor = painter.coast.shape[0] // POLAR.shape[0]
    row, column = POLAR.locate(np.array([83.6]), np.array([327.0]))
    y = painter.coast.shape[0] - (row[0] + 0.5) * factor
    x = (column[0] + 0.5) * factor
    near = painter.coast[int(y) - factor : int(y) + factor, int(x) - factor : int(x) + factor]
    assert near.any()
    assert painter.coast.mean() < 0.05
    assert set(marks_of(CLASSES)) == {1, 2}


@pytest.mark.parametrize("grid", [REGION, POLAR, CURVILINEAR], ids=["region", "polar", "points"])
def test_maps_show_the_class_where_it_is(grid, tmp_path):
    """The left half of the grid's columns has the class: so has the left half of the picture."""
    use_style()
    values = np.zeros(grid.shape)
    values[:, : grid.shape[1] // 2] = 50.0
    figure, axes = plt.subplots(figsize=(3, 3))
    draw_map(axes, grid, values, sequential(50, AR, "%"), pixels=200)
    image = axes.images[0].get_array()[20:-20]
    plt.close(figure)
    blue = (image[..., 0] < 0.2) & (image[..., 3] > 0)
    half = image.shape[1] // 2
    if grid is not CURVILINEAR:
        assert blue[:, 5 : half - 5].mean() > 0.95
        assert blue[:, half + 5 :].mean() < 0.05
    assert blue.any()


def test_scales_of_per_cent_end_at_one_hundred():
    whole = sequential(100.0, AR, "% of time steps")
    assert whole.most == 100
    assert whole.levels.max() < 100
    assert len(whole.colours) == whole.levels.size + 1
    np.testing.assert_allclose(whole.paint(np.array([100.0]))[0, :3], whole.colours[-1])
    assert sequential(30.0, AR, "% of time steps").most is None
    assert sequential(130.0, AR, "kg m-2").levels.max() >= 130
    both = diverging(100.0, "percentage points")
    assert (both.least, both.most) == (-100, 100)
    assert majority(AR, "%").most == 100


def test_one_colour_becomes_a_ramp():
    from stormtrace.classes import Classes

    table = {"Dry Line": {"colours": ["#2f6fb4"]}}
    feature = Classes.of_labels(["Background", "Dry Line"], table).features[0]
    assert line_colour(feature) == "#2f6fb4"
    assert len(ramp(feature)) == len(ramp(feature, dark=True)) == 8
    assert ramp(feature)[0] > ramp(feature)[-1]  # light to dark
    assert ramp(feature, dark=True)[0] < ramp(feature, dark=True)[-1]


def texts(figure):
    """All words of a figure."""
    found = [text.get_text() for text in figure.texts]
    for axes in figure.axes:
        found += [text.get_text() for text in axes.texts] + [axes.get_xlabel()]
    return " ".join(found)


def test_a_short_record_gives_dates_and_counts(tmp_path):
    counts = np.full((12, 2, *MINI.shape), 20, np.int16)
    path = write_frequency(
        tmp_path / "a.nc", {2000: counts}, [160] + [0] * 11, events=1,
        coverage=("2000-01-01T00:00:00", "2000-01-20T21:00:00"),
    )  # fmt: skip
    events = write_events(tmp_path / "events", number=12)
    with open_frequency(path) as frequency:
        figures = dict(draw_frequency_figures(frequency, "Made", {}))
        figures |= dict(draw_event_figures(frequency, events, "Made", {}))
    said = {name: texts(figure) for name, figure in figures.items()}
    plt.close("all")
    assert all("1 January 2000 – 20 January 2000, 160 time steps" in text for text in said.values())
    assert "events in 20 days per million km²" in said["ar-genesis"]
    assert not any("annual" in text or "a year" in text for text in said.values())
    assert set(said) == {
        f"{c}-{k}" for c in ("ar", "tc") for k in ("frequency", "genesis", "lines")
    }


def test_a_long_record_gives_years_and_rates(tmp_path):
    counts = np.zeros((12, 2, *MINI.shape), np.int16)
    path = write_frequency(tmp_path / "a.nc", dict.fromkeys((2000, 2001), counts), 243, events=1)
    with open_frequency(path) as frequency:
        record = coverage(frequency)
        assert (record.span, record.per, record.whole) == ("2000–2001", "a year", "annual")
        assert record.events(4) == pytest.approx(4 / frequency.length_years)


def test_many_winters_are_days_in_full(tmp_path):
    """Twenty winters of 90 days have no year, and are not 1.8e+03 days."""
    counts = np.zeros((12, 2, *MINI.shape), np.int16)
    steps = [240, 240, *[0] * 9, 240]
    path = write_frequency(tmp_path / "a.nc", dict.fromkeys(range(2000, 2020), counts), steps)
    with open_frequency(path) as frequency:
        record = coverage(frequency)
        assert (record.span, record.per) == ("2000–2019", "in 1,800 days")
        assert record.why_partial == "has no time steps in MAM, JJA, SON"
        assert record.whole == "all time steps" and record.events(60) == 60


@pytest.mark.parametrize("number", [0, 1])
def test_no_event_and_single_events_are_no_density(tmp_path, number):
    """Without events there is no figure of them; one is a dot."""
    path = write_frequency(tmp_path / "a.nc", {2000: np.zeros((12, 2, *MINI.shape), np.int16)})
    events = write_events(tmp_path / "events", number=max(number, 1))
    with open_frequency(path) as frequency:
        if number == 0:
            table = read_events(events)
            none = table.of(99)
            assert distribution(none["lifetime_h"])[1].size == 0
            return
        figures = dict(draw_event_figures(frequency, events, "Made", {}))
        assert "1 event, one dot each" in texts(figures["ar-genesis"])
        assert figures["ar-genesis"].axes[0].collections[-1].get_offsets().shape == (1, 2)
    plt.close("all")


def test_a_distribution_counts_every_value_once():
    """Ten values from 1 to 10 in steps of 0.5: a tenth each, the largest in the last bin."""
    edges, shares = distribution(np.append(np.arange(1.0, 11.0), np.nan))
    assert shares.sum() == pytest.approx(100)
    assert sorted(shares[shares > 0]) == pytest.approx([10] * 10)
    assert edges[0] == 0
    assert len(edges) == len(shares) + 1
