"""Verdicts and scores: five storms worked out by hand, and observed tracks sent through tracking."""

from types import SimpleNamespace

import netCDF4
import numpy as np
import pytest

from ibtracs_files import row, write_csv
from stormtrace import results
from stormtrace.constants import EARTH_RADIUS_KM
from stormtrace.errors import BadInput
from stormtrace.formats.json_files import write_json
from stormtrace.formats.tables import write_tables
from stormtrace.formats.tracks import write_trajectories
from stormtrace.grids import make_grid
from stormtrace.track.events import event_table, object_table, sightings
from stormtrace.verification import experiment
from stormtrace.verification.experiment import (
    Rules,
    Tracked,
    _detected,
    _seen,
    in_climate,
    in_density,
    in_time,
    read_tracked,
)
from stormtrace.verification.judging import Steps, judge
from stormtrace.verification.observed import read_storms
from stormtrace.verification.pairing import Points, match
from stormtrace.verification.skill import Detected, skill, verdicts
from stormtrace.verification.track_density import DENSITY_GRID
from track_files import CLASSES, disc, tracked

GLOBE = make_grid({"nlat": 91, "nlon": 180})
DEGREE_KM = EARTH_RADIUS_KM * np.pi / 180


def test_storms_off_the_grid_are_not_observed_there(tmp_path):
    """Of a grid of the southern Indian Ocean: one of two storms."""
    rows = [
        row("A", "2001-01-05 00:00:00", -15, 60, 60),
        row("B", "2001-01-05 00:00:00", 15, 60, 60),
    ]
    storms = read_storms(write_csv(tmp_path / "storms.csv", rows))
    box = make_grid({"box": [40, 100, -30, 0], "step": 2})
    year = SimpleNamespace(
        grid=box, attributes={"year": 2001}, time=np.arange(8.0), time_units="days since 2001-01-01",
        calendar="standard", step_hours=24.0,
    )  # fmt: skip
    kept, seen = _seen(Tracked(year, [], tmp_path, CLASSES.features[0]), storms, Rules(), False)
    assert kept.lat.tolist() == [-15] and seen.months.tolist() == [True] + 11 * [False]


def steps_of(count, hours=6.0, start="2005-08-24"):
    first = np.datetime64(start, "s")
    return Steps(first + np.arange(count) * np.timedelta64(round(hours * 3600), "s"), hours)


def points(rows):
    step, lat, lon = (np.array(column) for column in zip(*rows, strict=True))
    return Points(step, lat.astype(float), lon.astype(float))


def test_as_many_as_possible_are_paired_then_the_nearest():
    # Two storms 3° apart on the equator, two detections: taking the nearest pair first (B with a,
    # 1°) would leave A without any within 2.5°; the other pairing, 2° + 2°, finds both.
    observed = points([(0, 0, 0), (0, 0, 3)])  # A, B
    detected = points([(0, 0, 2), (0, 0, 5)])  # a, b
    pairs = match(observed, detected, 2.5 * DEGREE_KM)
    assert sorted(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)) == [(0, 0), (1, 1)]
    np.testing.assert_allclose(pairs.distance, 2 * DEGREE_KM)
    # Over the date line, and at the same step only.
    pairs = match(points([(1, 0, 179.5)]), points([(0, 0, 179.5), (1, 0, -179.5)]), 200.0)
    assert (pairs.second.tolist(), pairs.distance.tolist()) == ([1], [pytest.approx(DEGREE_KM)])


@pytest.fixture
def five(tmp_path):
    """Five storms at six-hourly steps from 24 August 2005, 0 h.

    A  North Atlantic, steps 0–3, 70 knots; found at 1–3, each time 1° to the east
    B  West Pacific, steps 1–2, 40 knots; missed
    C  South Indian, steps 1–3, 100 knots; found at all, and already at step 1 (event from step 1)
    D  East Pacific, steps 2–3, 20 knots: too weak to count; found at 3: neither hit nor false alarm
    E  North Atlantic, step 3, extratropical: does not count, not found
    A sixth event is where nothing was observed, at steps 2 and 3: two false alarms.
    """
    times = ["2005-08-24 00:00:00", "2005-08-24 06:00:00", "2005-08-24 12:00:00",
             "2005-08-24 18:00:00"]  # fmt: skip
    rows = [row("A", time, 20, -60, 70) for time in times]
    rows += [row("B", time, 15, 140, 40) for time in times[1:3]]
    rows += [row("C", time, -15, 60, 100) for time in times[1:]]
    rows += [row("D", time, 15, -120, 20) for time in times[2:]]
    rows += [row("E", times[3], 45, -40, 80, stage="EX")]
    storms = read_storms(write_csv(tmp_path / "storms.csv", rows))
    found = [(1, 20, -59, 7), (2, 20, -59, 7), (3, 20, -59, 7)]
    found += [(1, -15, 60, 8), (2, -15, 60, 8), (3, -15, 60, 8)]
    found += [(3, 15, -120, 9), (2, 0, 0, 10), (3, 0, 0, 10)]
    found.sort()
    detected = Detected(points([one[:3] for one in found]), np.array([one[3] for one in found]))
    steps = steps_of(4)
    return verdicts(judge(storms, steps, GLOBE, 17.5), [detected], steps, 300.0), steps


def test_five_storms_by_hand(five):
    scores = skill(*five)
    every = scores["all"]
    # Counting points: A 4, B 2, C 3; hits: A 3, C 3.
    assert (every["points"], every["hits"]) == (9, 6)
    assert every["pod"] == pytest.approx(6 / 9)
    assert (every["storms"], every["storms_found"]) == (3, 2)
    # Nine detections: six hits, one beside (D), two false.
    assert (every["detections"], every["beside"], every["false"]) == (9, 1, 2)
    assert every["far"] == pytest.approx(2 / 8)
    assert (every["events"], every["events_false"]) == (3, 1)
    # A's three errors are 1° of longitude at 20°: 2 asin(cos 20° sin 0.5°); C's are nothing.
    error = 2 * EARTH_RADIUS_KM * np.arcsin(np.cos(np.radians(20)) * np.sin(np.radians(0.5)))
    assert every["position_error_km"] == pytest.approx(error / 2)
    # A is found a step late; C at once.
    assert (every["leads"], every["lead_median_h"]) == (2, -3.0)
    assert every["pod_interval"] is None  # of three storms


def test_without_a_detection_all_is_missed(five):
    found, steps = five
    every = skill(verdicts(found.judged, [], steps, 300.0), steps)["all"]
    assert (every["points"], every["hits"], every["pod"]) == (9, 0, 0.0)
    assert (every["detections"], every["events"], every["far"], every["leads"]) == (0, 0, None, 0)


def test_five_storms_by_group(five):
    by = skill(*five)["by"]
    pod = {group: {name: one["pod"] for name, one in table.items()} for group, table in by.items()}
    basins = pod["basin"]
    assert basins["North Atlantic"] == 0.75
    assert (basins["West Pacific"], basins["South Indian"]) == (0, 1)
    assert by["basin"]["East Pacific"]["points"] == 0  # D is beside
    assert pod["season"] == {"JJA": pytest.approx(6 / 9)}
    assert pod["year"] == {"2005": pytest.approx(6 / 9)}
    assert pod["intensity"] == {"tropical storm": 0.0, "category 1": 0.75, "category 3": 1.0}


def test_intervals_are_of_whole_storms(tmp_path):
    """Ten storms of ten points, five found whole: the interval is that of 10 draws, not of 100.

    Ten draws of a half have a standard deviation of √(.25 / 10) = .158, so an interval of ± .31;
    a hundred independent points would have ± .1.
    """
    times = [f"2005-08-{day:02d} {hour:02d}:00:00" for day in (24, 25) for hour in (0, 6, 12, 18)]
    rows = [row(f"S{k}", time, 20, 10 * k, 70) for k in range(10) for time in times]
    storms = read_storms(write_csv(tmp_path / "storms.csv", rows))
    found = [(step, 20, 10 * k) for step in range(8) for k in range(5)]
    detected = Detected(points(found), np.tile(np.arange(5), 8))
    steps = steps_of(8)
    every = skill(verdicts(judge(storms, steps, GLOBE, 17.5), [detected], steps, 100.0), steps)[
        "all"
    ]
    low, high = every["pod_interval"]
    assert every["pod"] == 0.5
    assert low == pytest.approx(0.2, abs=0.11)
    assert high == pytest.approx(0.8, abs=0.11)
    assert every["far_interval"] == [0.0, 0.0]


def test_points_come_by_step_however_few_are_read_at_a_time(tmp_path, monkeypatch):
    """A hundred events of up to a fortnight, most in the order they begin in; every fifth is not mine.

    The scores of pieces, of whatever size, are those of all points sorted at once.
    """
    rng = np.random.default_rng(5)
    begins = np.sort(rng.integers(0, 300, 100)) + np.where(rng.random(100) < 0.1, 40, 0)
    rows = rng.integers(1, 57, 100)
    step = np.concatenate([np.arange(b, b + n) for b, n in zip(begins, rows, strict=True)])
    lat, lon = rng.uniform(5, 25, 100).repeat(rows), rng.uniform(0, 360, 100).repeat(rows)
    kind = np.where(np.arange(100) % 5, 1, 2)
    with netCDF4.Dataset(tmp_path / "trajectories.nc", "w") as nc:
        nc.createDimension("trajectory", 100)
        nc.createDimension("obs", step.size)
        for name, values in {"event": np.arange(7, 107), "class": kind, "row_size": rows}.items():
            nc.createVariable(name, "i8", ("trajectory",))[:] = values
        for name, values in {"time": 6.0 * step, "lat": lat, "lon": lon}.items():
            nc.createVariable(name, "f8", ("obs",))[:] = values
        nc["time"].setncatts({"units": "hours since 2005-08-24", "calendar": "standard"})
    year = SimpleNamespace(
        time=6.0 * np.arange(400), time_units="hours since 2005-08-24", calendar="standard",
        step_hours=6.0,
    )  # fmt: skip
    found = Tracked(year, [], tmp_path, CLASSES.features[0])
    mine = np.flatnonzero(np.repeat(kind == 1, rows))
    mine = mine[np.argsort(step[mine], kind="stable")]
    event = np.repeat(np.arange(7, 107), rows)[mine]
    at_once = Detected(Points(step[mine], lat[mine], lon[mine]), event)
    times = [str(time).replace("T", " ") for time in found.steps.time]
    storms = [row(f"S{k}", times[step[one]], lat[one] - k % 3, lon[one], 60)
              for k in range(0, 80, 2) for one in mine[k * 20 : k * 20 + 25]]  # fmt: skip
    judged = judge(
        read_storms(write_csv(tmp_path / "storms.csv", storms)), found.steps, GLOBE, 17.5
    )
    wanted = skill(verdicts(judged, [at_once], found.steps, 150.0), found.steps)
    assert 0 < wanted["all"]["hits"] < wanted["all"]["points"] and wanted["all"]["leads"]
    for size in (1, 30, 10_000):
        monkeypatch.setattr(experiment, "POINTS_AT_ONCE", size)
        pieces = list(_detected(found))
        np.testing.assert_array_equal(np.concatenate([one.event for one in pieces]), event)
        assert (np.diff(np.concatenate([one.points.step for one in pieces])) >= 0).all()
        assert size > 30 or max(one.event.size for one in pieces) < event.size / 4
        assert skill(verdicts(judged, pieces, found.steps, 150.0), found.steps) == wanted


def test_points_between_steps_belong_to_the_nearest(tmp_path):
    times = [f"2005-08-24 {hour:02d}:00:00" for hour in (0, 3, 6, 9, 12)]
    rows = [row("A", time, 20, -60 + k, 70) for k, time in enumerate(times)]
    storms = read_storms(write_csv(tmp_path / "storms.csv", rows))
    judged = judge(storms, steps_of(3), GLOBE, 17.5)
    assert judged.step.tolist() == [0, 1, 2]
    assert judged.storms.lon.tolist() == [-60, -58, -56]
    with pytest.raises(BadInput, match="no observed storm lies in the time"):
        judge(storms, steps_of(3, start="2006-08-24"), GLOBE, 17.5)


@pytest.mark.parametrize("offset", [0, 90])
def test_steps_that_the_observations_skip_are_not_judged(tmp_path, offset):
    """Every third hour detected, every sixth observed, and once in between: none is a false alarm.

    Also of means, whose stamps (01:30, 04:30, …) lie as near to one observation as to the next.
    """
    times = np.datetime64("2005-08-24T00", "s") + np.arange(17) * np.timedelta64(3, "h")
    steps = Steps(times[:16] + np.timedelta64(offset, "m"), 3.0)
    looked = [*range(0, 16, 2), 5]
    rows = [row("A", str(times[k]).replace("T", " "), 20, -60 + k, 70) for k in sorted(looked)]
    storms = read_storms(write_csv(tmp_path / "storms.csv", rows))
    found = [(step, 20, -60 + step) for step in range(16)] + [(8, -20, 100)]
    found.sort()
    detected = Detected(points(found), np.array([7 if lat > 0 else 8 for _, lat, _ in found]))
    judged = judge(storms, steps, GLOBE, 17.5)
    assert np.flatnonzero(judged.looked).tolist() == list(range(0, 15, 2))
    assert judged.step.tolist() == sorted(looked)
    every = skill(verdicts(judged, [detected], steps, 300.0), steps)["all"]
    assert (every["points"], every["hits"], every["detections"], every["between"]) == (9, 9, 9, 8)
    assert (every["false"], every["far"], every["events_false"]) == (1, 1 / 9, 1)


@pytest.mark.parametrize("shift", [0.0, 2.0])
def test_observed_tracks_sent_through_tracking(tmp_path, shift):
    """Discs painted where storms were: all found, no false alarm, and the error is the shift."""
    hours = 6.0 * np.arange(12)
    tracks = {"A": (12, 130, 0.5, -1.0), "B": (-15, 178, -0.5, 1.0)}  # B crosses the date line
    rows, masks = [], np.zeros((12, *GLOBE.shape), np.int8)
    for name, (lat, lon, north, east) in tracks.items():
        for k in range(12):
            here = lat + k * north, lon + k * east
            time = str(np.datetime64("2001-08-24T00", "s") + np.timedelta64(6 * k, "h"))
            rows.append(row(name, time.replace("T", " "), here[0], (here[1] + 180) % 360 - 180, 60))
            masks[k] |= disc(GLOBE, here[0] + shift, here[1], 500)
    rows.append(row("C", "2001-10-01 00:00:00", 15, 130, 60))  # after the last step
    storms = read_storms(write_csv(tmp_path / "storms.csv", rows))
    units = "hours since 2001-08-24"
    settings = {"minimum_hours": 0, "minimum_pixels": 1}
    record, assignment = tracked(
        tmp_path, masks, settings, grid=GLOBE, hours=hours, units=units, calendar="standard",
        step_hours=6.0, year=2001,
    )  # fmt: skip
    objects = object_table(record, assignment)
    events, seen = event_table(record, assignment, objects), sightings(objects, GLOBE)
    time = {"units": record.time_units, "calendar": record.calendar}
    write_trajectories(tmp_path / "trajectories.nc", events, seen, CLASSES, time, {})
    write_tables(tmp_path, "events", events, CLASSES, {})

    found = read_tracked([tmp_path / "objects0.nc"], tmp_path)
    every = in_time(found, storms, Rules())["all"]
    assert (every["pod"], every["far"], every["storms_found"]) == (1.0, 0.0, 2)
    assert every["lead_median_h"] is None  # both are there at the first step
    # A disc of cells of 2° is centred on its storm to a fraction of a cell.
    assert every["position_error_km"] == pytest.approx(shift * DEGREE_KM, abs=0.2 * 2 * DEGREE_KM)

    # Of the same days: as many, over as much of August, which has 124 steps; other months are not
    # looked at.
    same = in_climate(found, storms, Rules(), has_same_days=True)
    assert same["observed"]["all"]["a_year"] == pytest.approx(2 * 124 / 12)
    assert same["observed"]["years"] == same["detected"]["years"] == pytest.approx(12 / 124)
    assert same["detected"]["months"] == same["observed"]["months"] == [8]
    maps = in_density(found, storms, Rules(), has_same_days=True)
    at = DENSITY_GRID.cells(np.array([11.0, 7.0]), np.array([131.0, 147.0]))
    for side in ("first", "second"):  # one storm, and none 12° off its track
        here = maps.get(f"track_density_{side}", "tropical_cyclone", "annual")[at]
        assert here == pytest.approx([124 / 12, 0.0])
    # The file has two years; of the second one, under way, January alone.
    longer = read_storms(write_csv(tmp_path / "longer.csv", [
        *rows, row("D", "2001-08-02 00:00:00", -15, 60, 60), row("E", "2002-01-01 00:00:00", 9, 9, 60)
    ]))  # fmt: skip
    under_way = in_climate(found, longer, Rules())["observed"]
    assert under_way["all"]["a_year"] == 3.0 and under_way["months"] == [8]
    with pytest.raises(BadInput, match="is to be of 1999–2001, but the observations on the grid"):
        in_climate(found, storms, Rules(observed_years=(1999, 2001)))
    climate = in_climate(found, storms, Rules(observed_years=(2001, 2001)))
    assert climate["observed"]["all"]["a_year"] == climate["observed"]["all"]["months"][7] == 2
    assert climate["detected"]["all"]["a_year"] == pytest.approx(2 * 124 / 12)

    made = {"time": in_time(found, storms, Rules()), "climatology": climate}
    write_json(tmp_path / "verified.json", made)
    table = results.open_verification(tmp_path / "verified.json").set_index(["group", "label"])
    assert table.loc[("all", "all")].pod == 1 and table.loc[("basin", "South Pacific")].points == 12
    assert np.isnan(table.loc[("all", "all")].pod_low)  # two storms: no interval
    begun = results.open_storms(tmp_path / "verified.json").set_index(["side", "basin"])
    assert begun.loc[("observed", "all")]["8"] == 2
