"""The mini planet's physics, storms and truth, in closed form; test_planet_files.py has the files."""

import dataclasses

import numpy as np
import pytest

from stormtrace.classes import BACKGROUND
from stormtrace.constants import GRAVITY
from stormtrace.grids import make_grid
from stormtrace.planet import feature_codes
from stormtrace.planet.cesm_files import hybrid_levels
from stormtrace.planet.climates import HISTORICAL, MERRA2, WARMER, Climate
from stormtrace.planet.globe import Globe, draw_mask
from stormtrace.planet.population import has_room, low_of, populate
from stormtrace.planet.sky import RIVER, VORTEX, Sky
from stormtrace.planet.smooth_fields import Points, Waves
from stormtrace.planet.storms import VISIBLE, Filament, Glide, Life, Path, Vortex
from stormtrace.planet.terrain import height
from stormtrace.planet.truth import Chronicle, label_components, observe


def grid_points(nlat: int = 49, nlon: int = 96) -> Points:
    grid = make_grid({"nlat": nlat, "nlon": nlon})
    lon, lat = np.meshgrid(grid.lon, grid.lat)
    return Points(lon.ravel(), lat.ravel())


@pytest.fixture(scope="module")
def planet() -> Globe:
    return Globe.create(HISTORICAL, [1], hours=240, first_day=360, new_year=120)


@pytest.fixture(scope="module")
def sky(planet: Globe) -> Sky:
    return planet.sky(grid_points(), 130.0)


# --- columns ---------------------------------------------------------------------------------


def test_precipitable_water_is_the_integral_of_humidity(sky: Sky) -> None:
    ps = sky.ps
    edges = np.linspace(0.0, 1.0, 1001)[:, None] * ps  # midpoint rule: error of order 1e-6
    middle = (edges[1:] + edges[:-1]) / 2
    integral = (sky.humidity(middle) * np.diff(edges, axis=0)).sum(0) / GRAVITY
    assert np.allclose(integral, sky.precipitable_water(ps), rtol=1e-5)


def test_model_levels_carry_the_column(sky: Sky) -> None:
    ps = sky.ps
    hybrid = hybrid_levels(30)
    edges = hybrid.hyai[:, None] * 1e5 + hybrid.hybi[:, None] * ps
    total = (sky.humidity(hybrid.mid_pressure(ps)) * np.diff(edges, axis=0)).sum(0) / GRAVITY
    assert np.allclose(total, sky.precipitable_water(ps), rtol=0.01)


def test_wind_at_850_lies_between_levels_that_differ(sky: Sky) -> None:
    # Interpolation from CAM's levels finds the exact wind; taking the nearest level does not.
    above = np.flatnonzero(sky.ps > 90000)
    pressure = hybrid_levels(30).mid_pressure(sky.ps)[:, above].astype(float)
    u, _ = (wind[:, above] for wind in sky.winds(hybrid_levels(30).mid_pressure(sky.ps)))
    exact = sky.winds(np.full(sky.points.size, 85000.0))[0][above]
    columns = range(above.size)
    interpolated = [np.interp(85000.0, pressure[:, i], u[:, i]) for i in columns]
    nearest = [u[np.abs(pressure[:, i] - 85000.0).argmin(), i] for i in columns]
    assert np.abs(interpolated - exact).max() < 0.25
    assert np.std(nearest - exact) > 4 * np.std(interpolated - exact)


def test_the_planet_is_about_as_moist_windy_and_heavy_as_the_earth(sky: Sky) -> None:
    weight = sky.points.cos_lat / sky.points.cos_lat.sum()
    water = sky.precipitable_water(sky.ps)
    assert 20 < (water * weight).sum() < 30  # Earth: about 25 kg m⁻²
    assert 0 < water.min() < 2
    assert 50 < water.max() < 95
    assert abs((sky.psl * weight).sum() - 101100) < 400
    assert np.abs(sky.winds(np.full(sky.points.size, 85000.0))).max() < 60
    assert (sky.humidity(sky.ps) < 0.04).all()


def test_high_ground_where_the_earth_has_it() -> None:
    places = Points(np.array([88.0, 291, 250, 320, 0, 180]), np.array([34.0, -20, 41, 73, -85, 0]))
    assert (height(places)[:5] > [4500, 3500, 2200, 2500, 2900]).all()
    assert height(places)[5] < 1
    ps = Globe.create(HISTORICAL, [0], 1, 0).sky(places, 0).ps
    assert 50000 < ps[0] < 60000
    assert (ps[:5] < 85000).all()  # 850 hPa lies underground
    assert ps[5] > 100000


def test_a_warmer_climate_is_moister_by_clausius_and_clapeyron() -> None:
    points = grid_points(19, 36)
    here, there = (
        Globe.create(climate, [3], 1, 0).weather.at(points, 0, 0)
        for climate in (HISTORICAL, Climate("plus two", warming=2.0))
    )
    assert np.allclose(there.moisture, 1.07**2 * here.moisture)


def test_a_warmer_climate_has_more_and_longer_rivers_and_fewer_stronger_cyclones() -> None:
    def census(climate: Climate) -> tuple[float, ...]:
        random = np.random.default_rng(8)
        storms = populate(climate, random, hours=500)
        rivers = [s for s in storms if isinstance(s, Filament) and s.label == feature_codes.RIVER]
        cyclones = [s for s in storms if isinstance(s, Vortex) and s.label == feature_codes.CYCLONE]
        length = np.mean([river.reach_lon for river in rivers])
        return len(rivers), length, len(cyclones), np.mean([c.wind for c in cyclones])

    before, after = census(HISTORICAL), census(WARMER)
    assert np.sign(np.subtract(after, before)).tolist() == [1, 1, -1, 1]


# --- waves -----------------------------------------------------------------------------------


def test_waves_have_unit_variance_and_no_seam() -> None:
    waves = Waves.draw(np.random.default_rng(2), 40, 10, 20)
    points = grid_points(91, 180)
    field, weight = waves.value(points, 5.0), points.cos_lat / points.cos_lat.sum()
    assert abs((field * weight).sum()) < 0.1
    assert (field**2 * weight).sum() == pytest.approx(1.0, abs=0.2)
    pole = waves.value(Points(np.arange(0.0, 360, 10), np.full(36, 90.0)), 5.0)
    assert np.ptp(pole) < 1e-9
    seam = waves.value(Points(np.array([0.0, 360.0]), np.array([30.0, 30.0])), 5.0)
    assert seam[0] == pytest.approx(seam[1], abs=1e-9)


def test_gradient_is_the_derivative() -> None:
    waves = Waves.draw(np.random.default_rng(3), 12, 3, 8, drift=0.3)
    lon, lat, step = np.array([10.0, 200, 333]), np.array([-50.0, 3, 71]), 1e-4
    value, east, north = waves.gradient(Points(lon, lat), 7.0)
    assert np.allclose(value, waves.value(Points(lon, lat), 7.0))

    def slope(dlon: float, dlat: float) -> np.ndarray:
        ahead = waves.value(Points(lon + dlon, lat + dlat), 7.0)
        return (ahead - waves.value(Points(lon - dlon, lat - dlat), 7.0)) / (2 * np.radians(step))

    assert np.allclose(north, slope(0, step), atol=1e-5)
    assert np.allclose(east, slope(step, 0) / np.cos(np.radians(lat)), atol=1e-5)


def test_a_pattern_drifts_east() -> None:
    random = np.random.default_rng(4)
    drawn = Waves.draw(random, 12, 3, 8, drift=0.5)
    frozen = Waves(drawn.number, np.zeros(12), drawn.phase, drift=0.5)
    lon, lat = np.linspace(0, 300, 7), np.linspace(-80, 80, 7)
    later = frozen.value(Points(lon + 12.0, lat), 24.0)  # 24 h at half a degree an hour
    assert np.allclose(later, frozen.value(Points(lon, lat), 0.0))


# --- storms ----------------------------------------------------------------------------------

PRIME = 50.0
LIFE = Life(0.0, 100.0)


def vortex(lat: float) -> Vortex:
    return Vortex(LIFE, Path(200, lat, 0, 0), 3.5, 30, 4000, 18, label=feature_codes.CYCLONE)


@pytest.mark.parametrize("lat", [18.0, -18.0])
def test_a_cyclone_turns_cyclonically_round_its_lowest_pressure(lat: float) -> None:
    ring = np.radians(np.arange(0, 360, 15))
    calm = Sky.calm(
        Points(200 + 3.5 * np.cos(ring) / np.cos(np.radians(lat)), lat + 3.5 * np.sin(ring))
    )
    vortex(lat).write(calm, PRIME)
    u, v = calm.wind[VORTEX]
    around = -u * np.sin(ring) + v * np.cos(ring)  # counterclockwise
    assert (around * np.sign(lat) > 0.95 * 30).all()

    line = Sky.calm(Points(np.linspace(190, 210, 81), np.full(81, lat)))
    vortex(lat).write(line, PRIME)
    assert line.psl.argmin() == 40
    assert line.psl[40] == pytest.approx(101300 - 4000)
    speed = np.hypot(*line.wind[VORTEX])
    strongest = abs(line.points.lon[speed.argmax()] - 200) * np.cos(np.radians(lat))
    assert strongest == pytest.approx(4.95, abs=0.3)  # r² = 2: where r exp(−r²/4) peaks
    assert speed[40] == 0


def test_a_cyclone_covers_two_radii_in_its_prime_and_nothing_before_its_birth() -> None:
    points = Points(np.full(3, 200.0), np.array([18.0, 24.9, 25.1]))
    assert vortex(18.0).covers(points, PRIME).tolist() == [True, True, False]
    assert vortex(18.0).covers(points, PRIME, reach=1.1).all()
    assert not vortex(18.0).covers(points, -1.0).any()


def test_life_is_seen_from_the_vigour_that_counts() -> None:
    hours = np.linspace(-5, 105, 400)
    vigour = np.array([LIFE.vigour(hour) for hour in hours])
    assert vigour.max() == 1
    assert (vigour[(hours <= 0) | (hours >= 100)] == 0).all()
    seen = np.array([vortex(18).covers(Points([200.0], [18.0]), hour)[0] for hour in hours])
    assert np.array_equal(seen, vigour > VISIBLE)


def filament(**changes: object) -> Filament:
    kind = {"reach_lon": 40, "reach_lat": 30, "bend": 5, "width": 5, "moisture": 20, "jet": 20}
    return Filament(LIFE, Path(150, 20, 0, 0), **kind, **changes, label=feature_codes.RIVER)


def test_a_river_blows_along_its_spine() -> None:
    river = filament()
    x, y, z = river.spine(PRIME).T
    points = Points(np.degrees(np.arctan2(y, x)), np.degrees(np.arcsin(z)))
    sky = Sky.calm(points)
    river.write(sky, PRIME)
    wind = sky.wind[RIVER, 0, :, None] * points.east + sky.wind[RIVER, 1, :, None] * points.north
    course = np.gradient(points.xyz, axis=0)
    course /= np.linalg.norm(course, axis=1, keepdims=True)
    assert ((wind * course).sum(1) > 0.99 * 20).all()
    assert np.allclose(sky.moisture[1], 20, rtol=0.01)


def test_a_river_is_as_wide_as_it_says_and_round_at_its_ends() -> None:
    straight = Filament(LIFE, Path(150, 0, 0, 0), 50, 0, 0, 5, 20, 20, label=feature_codes.RIVER)
    centre = straight.spine(PRIME)[24]
    lon, lat = np.degrees(np.arctan2(centre[1], centre[0])), np.degrees(np.arcsin(centre[2]))
    across = np.linspace(-8, 8, 161)
    covered = straight.covers(Points(np.full(161, lon), lat + across), PRIME)
    assert np.abs(across[covered]).max() == pytest.approx(5, abs=0.2)
    along = straight.covers(Points(np.linspace(130, 230, 401), np.full(401, 0.0)), PRIME)
    west, east = np.linspace(130, 230, 401)[along][[0, -1]]
    assert 145 < west < 150 < 200 < east < 205


def test_a_glide_brings_two_rivers_together() -> None:
    still, moving = filament(), filament(glide=Glide(30, 0, 20, 60))
    points = grid_points()
    apart, joined = (
        (still.covers(points, hour) & moving.covers(points, hour)).sum() for hour in (20, 60)
    )
    assert apart == 0
    assert joined == still.covers(points, 60).sum() > 0


def test_a_spine_at_several_times_is_that_of_each() -> None:
    river = filament(glide=Glide(30, 0, 20, 60))
    hours = np.arange(0.0, 96.0, 12.0)
    together = river.spine(hours, every=6)
    assert together.shape == (8, 9, 3)
    assert np.array_equal(together, [river.spine(hour)[::6] for hour in hours])


def test_storms_keep_their_distance_at_each_time_of_their_common_life() -> None:
    # Two cyclones on one latitude that meet after 60 hours, and part again.
    west, east = (
        Vortex(LIFE, Path(200 + lon, 15, drift, 0), 3.5, 30, 4000, 18)
        for lon, drift in ((0, 0), (30, -0.5))
    )
    late = dataclasses.replace(east, life=Life(95.0, 195.0))
    assert not has_room(east, [west])
    assert has_room(late, [west])  # 30° away as long as both live
    assert has_room(east, [filament()])


def test_look_alikes_are_no_events_and_moisture_alone_does_not_tell() -> None:
    storms = populate(HISTORICAL, np.random.default_rng(5), hours=600)
    round_ones = [s for s in storms if isinstance(s, Vortex)]
    cyclones = [s for s in round_ones if s.label == feature_codes.CYCLONE]
    patches = [s for s in round_ones if s.wind == 0]
    lows = [s for s in round_ones if s.dryness > 0]
    assert min(len(cyclones), len(lows)) > 10
    assert len(patches) > len(cyclones)
    assert {s.label for s in patches + lows} == {BACKGROUND}
    water = [np.mean([s.moisture for s in kind]) for kind in (cyclones, patches)]
    assert water[0] == pytest.approx(water[1], rel=0.1)
    assert low_of(filament()).label == BACKGROUND


def test_events_of_a_class_keep_their_distance() -> None:
    events = Globe.create(HISTORICAL, [6], 400, 0).events
    for hours in range(0, 400, 50):
        points = grid_points()
        covers = [
            event.covers(points, hours) for event in events if event.label == feature_codes.CYCLONE
        ]
        assert np.sum(covers, axis=0).max() <= 1


# --- truth -----------------------------------------------------------------------------------


def test_components_wrap_in_longitude() -> None:
    # Turning the globe changes the numbers of the components, never which cells belong together.
    random = np.random.default_rng(9)
    for _ in range(20):
        mask = random.random((12, 16)) < 0.35
        labels, count = label_components(mask)
        assert np.array_equal(np.unique(labels), np.arange(count + 1))
        turned, turned_count = label_components(np.roll(mask, 5, axis=1))
        pairs = {*zip(labels.ravel(), np.roll(turned, -5, axis=1).ravel(), strict=True)}
        assert len(pairs) == count + 1 == turned_count + 1


def test_components_on_either_side_of_the_seam_are_joined_through_each_other() -> None:
    # A comb whose teeth meet only across the seam, each pair of neighbours through another cell.
    mask = np.zeros((7, 6), bool)
    mask[[0, 2, 4, 6], 0] = mask[[1, 3, 5], 5] = True
    assert label_components(mask)[1] == 1
    mask[3, 5] = False
    assert label_components(mask)[1] == 2


def test_components_touch_by_corners_across_the_seam() -> None:
    mask = np.zeros((3, 5), bool)
    mask[0, 4] = mask[1, 0] = True
    assert label_components(mask)[1] == 1
    mask[1, 0], mask[2, 0] = False, True
    assert label_components(mask)[1] == 2


def test_a_square_has_no_seam_and_the_same_truth() -> None:
    # The right edge of a polar square is half a globe from its left one.
    mask = np.zeros((3, 5), bool)
    mask[1, [0, 4]] = True
    assert label_components(mask, wraps=False)[1] == 2
    planet = Globe.create(HISTORICAL, [1], 48, 0)
    grid = make_grid({"projection": "south-polar", "cells": 24})
    seen, chronicles = observe(planet, grid, np.array([20.0]))
    lat, lon = grid.points
    alone = draw_mask(planet.events, Points(lon.ravel(), lat.ravel()), 20.0)
    codes = np.array([0, *(event.label for event in planet.events)])
    assert np.array_equal(codes[seen[0]].ravel(), alone) and chronicles


@pytest.mark.parametrize(
    ("climate", "seed", "days"), [(HISTORICAL, 1, 10), (WARMER, 2, 10), (MERRA2, 3, 10)]
)
def test_every_part_has_its_guests(climate: Climate, seed: int, days: int) -> None:
    planet = Globe.create(climate, [seed], days * 24, 360, days * 12)
    hours = np.arange(0, days * 24, 3) + 1.5
    seen, chronicles = observe(planet, make_grid({"nlat": 48, "nlon": 72}), hours)
    new_year = days * 4

    def noted(note: str) -> list[Chronicle]:
        return [chronicle for chronicle in chronicles.values() if note in chronicle.notes]

    assert {c.code for c in noted("crosses_dateline")} == {
        feature_codes.CYCLONE,
        feature_codes.RIVER,
    }
    assert noted("near_pole")
    assert len(noted("merges")) >= 2
    assert len(noted("splits")) >= 2
    alive = [c for c in chronicles.values() if c.steps[0] < new_year <= c.steps[-1]]
    assert {c.code for c in alive} == {feature_codes.CYCLONE, feature_codes.RIVER}
    for event, chronicle in chronicles.items():
        present = np.flatnonzero((seen == event).any(axis=(1, 2)))
        assert present.tolist() == chronicle.steps
        assert len(chronicle.track) == len(chronicle.steps)
    assert 6 <= sum(c.code == feature_codes.CYCLONE for c in chronicles.values()) <= 30
    assert 12 <= sum(c.code == feature_codes.RIVER for c in chronicles.values()) <= 45


def test_a_merger_keeps_the_name_of_the_older() -> None:
    path = Path(150, 20, 0, 0)
    shape = (40, 30, 5, 5, 20, 20)
    older = Filament(Life(-10, 100), path, *shape, label=feature_codes.RIVER)
    younger = Filament(Life(0, 100), path, *shape, Glide(35, 0, 30, 60), feature_codes.RIVER)
    planet = Globe(Globe.create(HISTORICAL, [0], 1, 0).weather, [younger, older], 0)
    hours = np.arange(0.0, 90.0, 3.0)
    seen, chronicles = observe(planet, make_grid({"nlat": 96, "nlon": 144}), hours)
    assert [{"merges", "splits"} & chronicles[i].notes for i in (1, 2)] == [{"merges"}] * 2
    last = chronicles[2].steps[-1]
    assert 30 < hours[last] < 60
    assert set(np.unique(seen[last + 1])) == {0, 1}
    assert (seen[last + 1] == 1).sum() > 1.3 * (seen[last] == 1).sum()


def test_cyclones_are_drawn_over_rivers() -> None:
    points = grid_points()
    both = [
        vortex(30.0),
        Filament(LIFE, Path(180, 25, 0, 0), 40, 30, 5, 5, 20, 20, label=feature_codes.RIVER),
    ]
    for storms in (both, both[::-1]):
        mask = draw_mask(storms, points, PRIME)
        assert (mask[both[0].covers(points, PRIME)] == feature_codes.CYCLONE).all()
        assert (mask == feature_codes.RIVER).any()
