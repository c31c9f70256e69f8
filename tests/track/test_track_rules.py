"""Events by rule: against an independent oracle, and against motions whose answer is known."""

import numpy as np
import pytest

from published_tracker import components as flood_fill
from published_tracker import track as published
from stormtrace.errors import BadInput
from stormtrace.track.events import event_table, object_table, sightings
from stormtrace.track.record import Links
from stormtrace.track.rules import assign, main_branches
from stormtrace.track.tracking import DEFAULTS, read_tracking
from track_files import CLASSES, disc, global_grid, painted, random_masks, tracked

SMALL = {"minimum_area_km2": 0, "minimum_pixels": 2, "minimum_overlap": 0, "minimum_hours": 6}


@pytest.mark.parametrize("pole_wrap", [True, False])
def test_climatenet_gives_the_published_ids_cell_by_cell(tmp_path, pole_wrap):
    """120 random films, some cut into three files: the same IDs, not only the same partition."""
    events = 0
    for seed in range(60):
        masks = random_masks(seed, (12, 20, 24), density=0.2 + 0.3 * (seed % 5) / 5)
        minimum_pixels = (0, 4)[seed // 2 % 2]
        tracking = {
            "rule": "climatenet",
            "minimum_pixels": minimum_pixels,
            "pole_wrap": pole_wrap,
        }
        cuts = [seed % 5 + 1, 8] if seed % 5 == 0 else []
        record, assignment = tracked(tmp_path, masks, tracking, cuts)
        expected = published(masks, minimum_pixels, pole_wrap)
        assert np.array_equal(painted(record, assignment.event), expected), f"{seed=}"
        events += np.unique(expected).size - 1
    assert events > 200  # the films are not empty


def test_climatenet_merges_to_the_first_cell_and_not_to_the_larger_overlap(tmp_path):
    masks = np.zeros((6, 12, 16), np.int8)
    masks[0, 2:4, 2:4] = masks[0, 5:9, 2:6] = 1  # the small one lies south of the large one
    masks[1:, 2:9, 2:6] = 1
    record, assignment = tracked(
        tmp_path, masks, {"rule": "climatenet", "minimum_pixels": 2, "minimum_hours": 0}
    )
    events = painted(record, assignment.event)
    assert events[0, 2, 2] == 1000
    assert events[0, 5, 2] == 1001
    assert set(np.unique(events[1:])) == {0, 1000}


def test_components_fuse_all_that_ever_touches(tmp_path):
    """Against a flood fill of space and, through shared cells, time."""
    for seed in range(20):
        masks = random_masks(seed, density=0.25)
        tracking = {"rule": "components", "minimum_area_km2": 0, "minimum_hours": 0}
        record, assignment = tracked(tmp_path, masks, tracking, cuts=[5])
        event = painted(record, assignment.event)
        expected = _fused(masks)
        assert np.array_equal(event > 0, masks > 0)
        pairs = {(a, b) for a, b in zip(event.flat, expected.flat, strict=True)}
        assert len(pairs) == np.unique(event).size == np.unique(expected).size, f"{seed=}"


def _fused(masks):
    """Return a label for each cell: components of steps, joined where two share a cell."""
    parent, label = {}, np.zeros(masks.shape, int)

    def root(a):
        while parent[a] != a:
            a = parent[a]
        return a

    number = 0
    for step, mask in enumerate(masks):
        for component in flood_fill(mask, pole_wrap=False):
            number += 1
            parent[number] = number
            for row, column in component:
                label[step, row, column] = number
                if step and masks[step - 1, row, column] == mask[row, column]:
                    parent[root(label[step - 1, row, column])] = root(number)
    return np.vectorize(lambda a: root(a) if a else 0)(label)


def test_new_year_cuts_nothing_wherever_it_falls(tmp_path):
    rules = [SMALL | {"rule": rule, "gap_hours": 9, "pole_wrap": False} for rule in DEFAULTS]
    for seed in range(5):
        masks = random_masks(seed)
        (tmp_path / f"whole{seed}").mkdir()
        whole, _ = tracked(tmp_path / f"whole{seed}", masks)
        for cuts in ([1], [3, 7], list(range(1, 12))):
            record, _ = tracked(tmp_path, masks, cuts=cuts)
            for tracking in (read_tracking(rule, CLASSES) for rule in rules):
                expected, found = assign(whole, tracking), assign(record, tracking)
                assert np.array_equal(found.event, expected.event), f"{seed=} {cuts=} {tracking}"
                assert np.array_equal(found.main, expected.main)
                assert np.unique(expected.event).size > 5


def moving_discs(grid, tracks, radius_km=400.0):
    """Return masks of discs; each track is a list of (lat, lon) or None by step."""
    masks = np.zeros((max(map(len, tracks)), *grid.shape), np.int8)
    for track in tracks:
        for step, place in enumerate(track):
            if place is not None:
                masks[step] = np.maximum(masks[step], disc(grid, *place, radius_km))
    return masks


def events_of(record, assignment):
    table = event_table(record, assignment, object_table(record, assignment))
    return [{name: values[k] for name, values in table.items()} for k in range(table["event"].size)]


GRID = global_grid(91, 180)  # 2°: a disc of 400 km has about 10 cells


def test_a_merge_of_two_goes_on_as_the_larger_overlap(tmp_path):
    """The larger disc stands still; a smaller one drifts into it from the west."""
    large = [(20.0, 100.0)] * 16
    small = [(20.0, 76.0 + 1.5 * step) for step in range(16)]
    masks = np.maximum(moving_discs(GRID, [large], 700), moving_discs(GRID, [small], 400))
    one, other = sorted(events_of(*tracked(tmp_path, masks)), key=lambda row: row["genesis_lon"])
    assert one["genesis_lon"] == pytest.approx(76.0, abs=1.0)
    assert (one["children"], other["parents"]) == ([other["event"]], [one["event"]])
    assert (one["parents"], other["children"]) == ([], [])
    assert other["steps"] == 16
    assert one["steps"] < 12


def test_a_split_into_three_leaves_one_going_on_and_two_born(tmp_path):
    """A disc for 6 steps, then one piece staying and two leaving to the west and to the east."""
    whole = moving_discs(GRID, [[(0.0, 180.0)] * 6], 1200)
    stay = moving_discs(GRID, [[(0.0, 180.0)] * 8], 500)
    leave = [[(0.0, 180.0 + way * (10.0 + step)) for step in range(8)] for way in (-1, 1)]
    masks = np.concatenate([whole, np.maximum(stay, moving_discs(GRID, leave, 400))])
    rows = events_of(*tracked(tmp_path, masks))
    (first,) = [row for row in rows if row["steps"] == 14]
    born = [row for row in rows if row["steps"] == 8]
    assert len(rows) == 3
    assert [row["parents"] for row in born] == [[first["event"]]] * 2
    assert first["children"] == sorted(row["event"] for row in born)


def test_a_short_branch_is_a_fragment_of_the_event_it_left(tmp_path):
    masks = moving_discs(GRID, [[(0.0, 180.0)] * 12], 900)
    piece = moving_discs(GRID, [[(0.0, 194.0 + step) for step in range(2)]], 300)
    masks[5] = np.maximum(masks[5], disc(GRID, 0.0, 190.5, 500))  # a nose, which then breaks off
    masks[6:8] = np.maximum(masks[6:8], piece)
    record, assignment = tracked(tmp_path, masks, {"minimum_area_km2": 100_000})
    (row,) = events_of(record, assignment)
    assert (assignment.event == row["event"]).all()
    assert (~assignment.main).sum() == 2
    seen = sightings(object_table(record, assignment), record.grid)
    assert seen["lon"][6:8] == pytest.approx(180.0)  # fragments do not pull the track about
    assert row["children"] == []


@pytest.mark.parametrize(("lost", "events"), [(1, 1), (2, 2)])
def test_a_storm_may_be_out_of_sight_for_as_long_as_gap_hours(tmp_path, lost, events):
    """Default 6 hours from one sighting to the next: one step may lack it, two may not."""
    track = [(15.0, 140.0 - 0.5 * step) for step in range(6 + lost + 6)]
    track[6 : 6 + lost] = [None] * lost
    rows = events_of(*tracked(tmp_path, moving_discs(GRID, [track])))
    assert len(rows) == events
    assert rows[0]["start"] == "2000-01-01T00:00:00"
    if events == 1:
        assert rows[0]["steps"] == 12
        assert rows[0]["lifetime_h"] == 36.0


@pytest.mark.parametrize("rule", ["graph", "climatenet", "components"])
@pytest.mark.parametrize("cuts", [[], [6]])
def test_a_missing_step_cuts_nothing(tmp_path, rule, cuts):
    tracking = {"rule": rule, "minimum_pixels": 2}
    masks = moving_discs(GRID, [[(15.0, 140.0 - 0.5 * step) for step in range(13)]])
    hours = np.delete(3.0 * np.arange(13), 6)
    (row,) = events_of(*tracked(tmp_path, np.delete(masks, 6, axis=0), tracking, cuts, hours=hours))
    assert row["lifetime_h"] == 36.0


def test_a_missing_year_links_nothing(tmp_path):
    masks = moving_discs(GRID, [[(15.0, 140.0)] * 12])
    hours = 3.0 * np.arange(12) + np.where(np.arange(12) < 6, 0, 8760)
    rows = events_of(*tracked(tmp_path, masks, {}, [6], hours=hours))
    assert [row["start"][:4] for row in rows] == ["2000", "2001"]


def test_ids_stay_when_years_are_added_before_and_after(tmp_path):
    """Three files of 40 steps; what lies within the middle one has the same ID however read."""
    masks = random_masks(7, shape=(120, 10, 16), density=0.25)
    tracking = SMALL | {"minimum_hours": 9}
    _, whole = tracked(tmp_path, masks, tracking, cuts=[40, 80])
    both = painted(tracked(tmp_path, masks, tracking, cuts=[40, 80])[0], whole.event)
    for first, last in ((40, 80), (0, 80), (40, 120)):
        part = masks[first:last]
        record, assignment = tracked(tmp_path, part, tracking, first_hour=3.0 * first)
        events = painted(record, assignment.event)
        inside = set(np.unique(both[44:76])) - set(np.unique(both[:43])) - set(np.unique(both[77:]))
        assert len(inside) > 5
        for identifier in inside - {0}:
            there = both[first:last] == identifier
            assert np.array_equal(events == identifier, there)


def test_nothing_is_joined_over_the_pole(tmp_path):
    """Two discs on opposite sides of the north pole and one at the south pole, all on end rows."""
    grid = global_grid(91, 180)
    masks = np.zeros((6, 91, 180), np.int8)
    masks[:, 85:, 10:30] = masks[:, 85:, 100:120] = masks[:, :6, 10:30] = 2
    tracking = {"minimum_area_km2": 1000}
    rows = events_of(*tracked(tmp_path, masks, tracking, grid=grid))
    assert len(rows) == 3
    joined = events_of(*tracked(tmp_path, masks, tracking | {"pole_wrap": True}, grid=grid))
    assert len(joined) == 2


def test_thresholds_in_km2_mean_the_same_on_a_fine_and_a_coarse_grid(tmp_path):
    """Discs of 215 and 290 km about the threshold (200,000 km² is a cap of 252 km)."""
    for shape in ((361, 720), (181, 360)):
        grid = global_grid(*shape)
        for lat in (10.0, 50.0):
            small, large = [(lat, 30.0)] * 6, [(-lat, 200.0)] * 6
            masks = moving_discs(grid, [small], 215) + moving_discs(grid, [large], 290)
            (row,) = events_of(*tracked(tmp_path, masks, {}))
            assert row["genesis_lat"] == pytest.approx(-lat, abs=0.1)


@pytest.mark.parametrize("rule", ["graph", "climatenet", "components"])
def test_no_step_one_step_empty_and_full_maps(tmp_path, rule):
    tracking = {"rule": rule, "minimum_hours": 0}
    for masks, events in (
        (np.zeros((0, 20, 40)), 0),
        (np.zeros((3, 20, 40)), 0),
        (np.full((1, 20, 40), 2), 1),
        (np.full((4, 20, 40), 1), 1),
    ):
        record, assignment = tracked(tmp_path, masks, tracking)
        assert len(events_of(record, assignment)) == events


def test_main_branches_take_links_by_descending_overlap():
    """Against the sentence of the docstring, taken literally, on random links with ties."""
    random = np.random.default_rng(0)
    for _ in range(100):
        later = random.integers(1, 30, 60)
        earlier = (later * random.random(60)).astype(int)
        earlier, later = np.unique(np.stack([earlier, later]), axis=1)
        area = random.integers(1, 6, later.size).astype(float)
        expected, taken = np.arange(30), set()
        for _, a, b in sorted(zip(-area, earlier.tolist(), later.tolist(), strict=True)):
            if ("from", a) not in taken and ("to", b) not in taken:
                taken |= {("from", a), ("to", b)}
                expected[b] = a
        links = Links(earlier, later, later, area, later)
        assert np.array_equal(main_branches(links, 30), expected)


def test_more_births_a_day_than_ids_are_refused(tmp_path):
    """Specks on every third cell of every third row: 3,000 objects a step, all lasting 12 hours."""
    masks = np.zeros((5, 180, 450), np.int8)
    masks[:, ::3, ::3] = 1
    with pytest.raises(BadInput, match=r"objects of 2000-01-01 .* raise minimum_area_km2"):
        tracked(tmp_path, masks, {"minimum_area_km2": 0})
    record, assignment = tracked(tmp_path, masks, {"rule": "climatenet", "minimum_pixels": 2})
    assert not assignment.event.any()
    assert record.count == 5 * 60 * 150
