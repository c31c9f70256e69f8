"""Whether masks agree and go together: cases worked out by hand, and a plain count of random ones."""

import itertools
import json
import re
from dataclasses import replace

import netCDF4
import numpy as np
import pytest
import scipy.stats

from cf_compliance import cf_findings
from mask_files import write_mask_file
from script_runs import run_forked
from stormtrace import results
from stormtrace.blocks import read_block
from stormtrace.classes import CLIMATENET_LABELS
from stormtrace.errors import BadInput
from stormtrace.formats.json_files import read_json
from stormtrace.formats.masks import open_masks
from stormtrace.formats.objects import ObjectsWriter
from stormtrace.formats.tables import write_tables
from stormtrace.grids import make_grid
from stormtrace.prepare.raw.calendar_time import Calendar
from stormtrace.track.events import event_table, object_table
from stormtrace.track.joining import read_record
from stormtrace.track.object_finding import ObjectTables, find_objects
from stormtrace.track.rules import assign
from stormtrace.track.tracking import labelling_keys, read_tracking
from stormtrace.verification.agreement_files import Asked, write_agreement, write_year
from stormtrace.verification.catalogue_entry import Catalogue
from stormtrace.verification.catalogues import read_catalogue
from stormtrace.verification.together import Step, add_up, count_together, no_bits
from track_files import random_masks

TRACKING = {"minimum_area_km2": 0, "minimum_hours": 0}
GRID = make_grid({"nlat": 18, "nlon": 36})
RIVER = 2


def member(folder, name, masks, years=(2000,), grid=GRID, labels=CLIMATENET_LABELS, **facts):
    """Write and track masks, of one year or (years, steps, …); return what `agree.py` takes."""
    by_year = [masks] if len(years) == 1 else masks
    given = {"grid": grid, "labels": labels} | facts
    files = [
        write_mask_file(folder / f"{name}-{year}.nc", part, year=year,
                        **({"units": f"hours since {year}-01-01"} | given))
        for year, part in zip(years, by_year, strict=True)
    ]  # fmt: skip
    return tracked_member(folder, name, files, "AR" if labels is CLIMATENET_LABELS else labels[1])


def tracked_member(folder, name, masks, short="AR", tracking=TRACKING):
    """Track files of masks, one a year, and return what `agree.py` takes."""
    files = {"masks": [], "objects": []}
    for path in masks:
        opened = open_masks(path)
        target = folder / f"{name}-{opened.path.stem}-objects.nc"
        about = opened.attributes | {"labelling": json.dumps(labelling_keys(tracking))}
        with ObjectsWriter(target, opened, about) as writer:
            tables = ObjectTables(opened.grid)
            for step in find_objects(opened, **labelling_keys(tracking)):
                writer.append(tables.block([step], {}))
        files["masks"].append(str(path))
        files["objects"].append(str(target))
    record = read_record(files["objects"])
    assignment = assign(record, read_tracking(tracking, record.classes))
    objects = object_table(record, assignment)
    (folder / name).mkdir()
    write_tables(folder / name, "objects", objects, record.classes, {})
    events = event_table(record, assignment, objects)
    write_tables(folder / name, "events", events, record.classes, {})
    return {"experiment": name, "class": short, "events": str(folder / name), **files}


def agree(folder, members, *flags, code=0):
    words = ["--members", json.dumps(members), "--name", "both", *flags]
    said = run_forked("agree", *words, "--output", folder / "both", status=code)
    return read_json(folder / "both.json", "agree.py") if code == 0 else said


def boxes(*columns, steps=4, rows=slice(4, 8)):
    """Return masks with a river in the given columns, one slice for all steps or one a step."""
    masks = np.zeros((steps, *GRID.shape), np.int8)
    for step, mask in enumerate(masks):
        mask[rows, columns[step % len(columns)]] = RIVER
    return masks


def test_a_member_agrees_with_itself_and_not_with_what_lies_elsewhere(tmp_path):
    here = boxes(slice(2, 10))
    members = [
        member(tmp_path, "control", here),
        member(tmp_path, "again", here),
        member(tmp_path, "apart", boxes(slice(20, 28))),
    ]
    found = agree(tmp_path, members)
    itself, apart, _ = found["regions"]["all"]["annual"]["pairs"]
    assert (itself["iou"], itself["first_in_second"], itself["second_in_first"]) == (1, 1, 1)
    assert (apart["iou"], apart["first_in_second"], apart["second_in_first"]) == (0, 0, 0)
    assert apart["by_chance"] == {"first_in_second": 0, "second_in_first": 0}
    # Half of what anyone marks is marked by one member, half by two, none by all.
    assert found["regions"]["all"]["annual"]["consensus"] == pytest.approx([0.5, 0.5, 0.0])
    events = {(one["of"], one["by"]): one for one in found["events"]}
    assert events[0, 1]["share"] == 1 and events[0, 2]["share"] == 0
    assert events[0, 1]["events"] == 1 and events[0, 1]["seasons"]["DJF"]["events"] == 1
    assert found["regions"]["all"]["JJA"]["pairs"][0]["iou"] is None
    assert itself["iou_interval"] is None  # of one year


def test_a_case_by_hand(tmp_path):
    """Columns 2–9 (8 of them) and 6–17 (12): 4 shared, 16 marked by either, in the same rows.

    Half of the first lies in the second, a third of the second in the first. Both stand still: by
    chance, knowing where each is how often, it is as much. In the western half (columns 0–8 by
    their centres, 0 … 80° E) are 7 of the first, 3 of the second, all of them shared.
    """
    members = [
        member(tmp_path, "first", boxes(slice(2, 10))),
        member(tmp_path, "second", boxes(slice(6, 18))),
    ]
    west = json.dumps({"west": [0, 80, -90, 90], "nowhere": [0.1, 0.2, 0.1, 0.2]})
    found = agree(tmp_path, members, "--regions", west)
    (pair,) = found["regions"]["all"]["annual"]["pairs"]
    assert pair["iou"] == pytest.approx(4 / 16)
    assert pair["first_in_second"] == pytest.approx(1 / 2)
    assert pair["second_in_first"] == pytest.approx(1 / 3)
    assert pair["by_chance"]["first_in_second"] == pytest.approx(1 / 2)
    area = GRID.area[4:8].sum() / GRID.shape[1]  # of one column of the box
    each = 100 * area / GRID.area.sum()
    assert pair["frequency_first"] == pytest.approx(8 * each)
    assert pair["difference"] == pytest.approx(4 * each)
    assert set(found["regions"]) == {"all", "west"}
    (pair,) = found["regions"]["west"]["annual"]["pairs"]
    assert (pair["first_in_second"], pair["second_in_first"]) == (pytest.approx(3 / 7), 1)
    with netCDF4.Dataset(tmp_path / "both.nc") as nc:
        assert nc["steps"][:].tolist() == [4, 0, 0, 0]
        assert nc["count"][0, 1, 5, 16] == 4 and nc["count"][0, 0, 5, 16] == 0
        assert nc["both"][0, 0, 5].tolist() == [4 if 6 <= k < 10 else 0 for k in range(36)]
        assert nc["at_least"][0, 0, 5].sum() == 16 * 4 and nc["at_least"][0, 1, 5].sum() == 4 * 4
    assert cf_findings(tmp_path / "both.nc") == []
    maps = results.open_agreement(tmp_path / "both.nc").sel(season="DJF")
    pair = maps.both.sel(first="AR@second", second="AR@first")
    assert pair[5].values.tolist() == [100 if 6 <= k < 10 else 0 for k in range(36)]
    table = results.open_agreement_scores(tmp_path / "both.json").set_index(["region", "period"])
    row = table.loc[("west", "annual")]
    assert (row["first"], row["second"]) == ("AR@first", "AR@second")
    assert row.first_in_second == pytest.approx(3 / 7) and np.isnan(row.iou_low)


def test_an_event_is_found_from_the_share_that_is_asked_for(tmp_path):
    members = [
        member(tmp_path, "first", boxes(slice(2, 10))),
        member(tmp_path, "second", boxes(slice(6, 18))),
    ]
    for least, hits in ((0.3, [1, 1]), (0.4, [1, 0]), (0.6, [0, 0])):
        found = agree(tmp_path, members, "--event-overlap", least)
        assert [one["found"] for one in found["events"]] == hits


def test_a_shift_in_time_is_found_at_its_lag(tmp_path):
    """The second is the first two steps later: 6 h. Over New Year, too."""
    moving = np.concatenate([boxes(slice(3 * k, 3 * k + 3), steps=1) for k in range(10)])
    late = np.concatenate([np.zeros_like(moving[:2]), moving[:-2]])
    halves = [moving[:5], moving[5:]], [late[:5], late[5:]]
    hours = -15.0 + 3.0 * np.arange(5)
    members = []
    for name, (old, new) in zip(("early", "late"), halves, strict=True):
        one = member(tmp_path, name, old, hours=hours, units="hours since 2001-01-01")
        (tmp_path / name).rename(tmp_path / f"{name}-old")
        two = member(tmp_path, name, new, years=(2001,))
        members.append(two | {key: one[key] + two[key] for key in ("masks", "objects")})
    # events.parquet of both years together
    found = None
    for one in members:
        link = ["--objects", *one["objects"], "--tracking", json.dumps(TRACKING)]
        run_forked("link_events", *link, "--experiment", "x", "--output", one["events"])
    found = agree(tmp_path, members, "--lags", -6, 3, 6, 9)
    shares = {
        pair["lag_h"]: (pair["first_in_second"], pair["steps"])
        for pair in found["regions"]["all"]["annual"]["pairs"]
    }
    assert shares == {-6: (0, 8), 0: (0, 10), 3: (0, 9), 6: (1, 8), 9: (0, 7)}
    for lag in (1.5, 30):
        with pytest.raises(
            BadInput, match=f"no two common steps .* are {lag} h apart; they are 3 h"
        ):
            write_agreement(Asked("x", members, {}, {}, lags_h=(lag,)), tmp_path / "x")


def test_years_that_are_counted_alone_add_up(tmp_path):
    """An event, lags and a catalogue over New Year; a member that begins a year early."""
    rng = np.random.default_rng(5)
    members = []
    for name, years in (("one", (1999, 2000, 2001)), ("two", (2000, 2001))):
        masks = np.zeros((len(years), 4, *GRID.shape), np.int8)
        masks[..., 4:8, 2:9] = RIVER  # stands still
        masks[rng.random(masks.shape) < 0.1] = RIVER
        files = [
            write_mask_file(tmp_path / f"{name}-{year}.nc", part, year=year, grid=GRID,
                            labels=CLIMATENET_LABELS, units=f"hours since {year + 1}-01-01",
                            hours=np.arange(-12.0, 0, 3) if year < 2001 else np.arange(-8760.0, -8748, 3))
            for year, part in zip(years, masks, strict=True)
        ]  # fmt: skip
        members.append(tracked_member(tmp_path, name, files))
    points = f"id,when,lat,lon\nA,2000123118,{GRID.lat[5]},40\nA,2001010103,{GRID.lat[5]},40\n"
    (tmp_path / "points.csv").write_text(points)
    columns = {"event": "id", "time": "when", "lat": "lat", "lon": "lon"}
    block = {"file": str(tmp_path / "points.csv"), "columns": columns, "time_format": "%Y%m%d%H"}
    asked = Asked(
        name="both",
        members=members,
        regions={"west": [0, 80, -90, 90]},
        catalogues={"points": block},
        lags_h=(-6, 3, 6),
    )
    files = [tmp_path / f"sums-{year}.nc" for year in (2000, 2001)]

    def both_ways(asked):
        write_agreement(asked, tmp_path / "whole")
        for year, path in zip((2000, 2001), files, strict=True):
            write_year(asked, year, path)
        write_agreement(asked, tmp_path / "merged", sums=files)
        made = [read_json(tmp_path / f"{one}.json", "agree.py") for one in ("whole", "merged")]
        for one in made:
            one.pop("provenance")
            one.pop("digest", None)
        assert flat(made[1]) == pytest.approx(flat(made[0]), rel=1e-12)
        return made[0]

    both_ways(replace(asked, lags_h=()))
    whole = both_ways(asked)
    assert whole["steps"] == 8 and whole["members"][0]["steps_left_out"] == 4
    pairs = whole["regions"]["all"]["annual"]["pairs"]
    # Of eight steps seven have a partner 3 h later, one of them in the next year.
    assert {pair["lag_h"]: pair["steps"] for pair in pairs} == {-6: 6, 0: 8, 3: 7, 6: 6}
    assert whole["catalogues"][0]["position"]["found"] == 2
    with (
        netCDF4.Dataset(tmp_path / "whole.nc") as one,
        netCDF4.Dataset(tmp_path / "merged.nc") as other,
    ):
        for name in ("count", "both", "at_least", "steps"):
            assert one[name][:].sum() and np.array_equal(one[name][:], other[name][:])
    with pytest.raises(BadInput, match="4 steps, but the members have 8"):
        write_agreement(asked, tmp_path / "part", sums=files[:1])
    with pytest.raises(BadInput, match=r"sums-2000\.nc is not a count of these members"):
        write_agreement(replace(asked, lags_h=(3,)), tmp_path / "part", sums=files)


def cut(folder, name, masks, *ends):
    """Write and track masks in files that end before the steps `ends`."""
    files = [
        write_mask_file(folder / f"{name}-{first}.nc", masks[first:last], year=2000 + number,
                        grid=GRID, labels=CLIMATENET_LABELS, units="hours since 2000-12-31 12:00",
                        hours=np.arange(first, last) * 3)
        for number, (first, last) in enumerate(itertools.pairwise([0, *ends]))
    ]  # fmt: skip
    return tracked_member(folder, name, files)


def test_files_may_be_cut_anywhere_and_given_in_any_order(tmp_path):
    """Common times, lags and events over the ends of files, which two members have elsewhere."""
    rng = np.random.default_rng(7)
    masks = np.where(rng.random((2, 9, *GRID.shape)) < 0.2, RIVER, 0).astype(np.int8)
    found = []
    for number, ends in enumerate([((9,), (9,)), ((4, 9), (2, 7, 9)), ((1, 9), (8, 9))]):
        folder = tmp_path / str(number)
        folder.mkdir()
        members = [cut(folder, n, m, *e) for n, m, e in zip("ab", masks, ends, strict=True)]
        for one in members:
            one["masks"].reverse()
            one["objects"].reverse()
        found.append(agree(folder, members, "--lags", -6, 3, 21))
        for name in ("provenance", "digest"):
            found[-1].pop(name, None)
    assert flat(found[1]) == pytest.approx(flat(found[0]), rel=1e-12)
    assert flat(found[2]) == pytest.approx(flat(found[0]), rel=1e-12)
    assert {pair["steps"] for pair in found[0]["regions"]["all"]["annual"]["pairs"]} == {9, 8, 7, 2}
    with pytest.raises(BadInput, match=r"no two common steps .* are 27 h apart; they are 3 h"):
        write_agreement(Asked("x", members, {}, {}, lags_h=(27,)), tmp_path / "x")
    twice = members[0] | {name: members[0][name] * 2 for name in ("masks", "objects")}
    with pytest.raises(BadInput, match="of a have times in common: give each time once"):
        write_agreement(Asked("x", [twice, members[1]], {}, {}), tmp_path / "x")


def test_sums_of_other_events_are_refused(tmp_path):
    members = [member(tmp_path, name, boxes(slice(2, 10))) for name in "ab"]
    asked = Asked("x", members, {}, {})
    write_year(asked, 2000, tmp_path / "sums.nc")
    write_agreement(asked, tmp_path / "x", sums=[tmp_path / "sums.nc"])
    tracking = json.dumps(TRACKING | {"minimum_hours": 240})
    flags = ["--objects", *members[0]["objects"], "--tracking", tracking, "--experiment", "x"]
    run_forked("link_events", *flags, "--output", members[0]["events"])
    with pytest.raises(BadInput, match="is not a count of these members, events"):
        write_agreement(asked, tmp_path / "x", sums=[tmp_path / "sums.nc"])


def test_what_is_too_small_is_of_no_event(tmp_path):
    """A river; then one cell of where it was, too small to be tracked, that the other marks, too."""
    masks = np.zeros((2, *GRID.shape), np.int8)
    masks[0, 4:8, 2:10] = masks[1, 5, 5] = RIVER
    file = write_mask_file(tmp_path / "m.nc", masks, year=2000, grid=GRID)
    river = tracked_member(tmp_path, "river", [file], tracking=TRACKING | {"minimum_area_km2": 4e6})
    masks[0] = 0
    members = [river, member(tmp_path, "cell", masks)]
    write_agreement(Asked("x", members, {}, {}), tmp_path / "x", event_overlap=1e-9)
    one, other = read_json(tmp_path / "x.json", "agree.py")["events"]
    assert (one["events"], one["found"], other["events"], other["found"]) == (1, 0, 1, 1)


def test_events_side_by_side_are_told_apart():
    """As they may be on a coarser grid: four cells of a row, of both members; two and two of the
    first's events, of the second's one in the last three."""
    bits, events = no_bits(GRID.shape), np.zeros((2, *GRID.shape), np.int32)
    bits[5, 30:34] = 3
    events[0, 5, 30:34], events[1, 5, 31:34] = [1, 1, 2, 2], 1
    step = Step(0, 2000, 1, bits, events)
    found = count_together([step], GRID, {"all": np.ones(GRID.shape, bool)}, [2000], 2, [2, 1])
    assert found.inside / GRID.area[5, 0] == pytest.approx(np.array([[2, 2], [2, 2], [3, 3]]))
    assert found.at_least[0, 1, 5].tolist() == [1 if 30 <= k < 34 else 0 for k in range(36)]


def test_years_stay_apart_when_they_are_added_up():
    steps = []
    for year in (2000, 2001):
        bits = no_bits(GRID.shape)
        bits[5, : year - 1990] = 3
        steps.append(Step(year, year, 1, bits, np.zeros((2, *GRID.shape), np.int32)))
    regions = {"all": np.ones(GRID.shape, bool)}
    whole = count_together(steps, GRID, regions, [2000, 2001], 2, [0, 0])
    parts = [count_together([one], GRID, regions, [one.year], 2, [0, 0]) for one in steps]
    merged = add_up(reversed(parts))
    assert merged.years == whole.years
    assert np.array_equal(merged.both, whole.both) and (whole.both[:, 0, 0, 0, 0, 1] > 0).all()
    assert np.array_equal(merged.cells, whole.cells)


def flat(content, path=""):
    """Return path -> value of all numbers and words of a JSON document."""
    if isinstance(content, dict | list):
        pairs = content.items() if isinstance(content, dict) else enumerate(content)
        return {
            key: one for name, value in pairs for key, one in flat(value, f"{path}/{name}").items()
        }
    return {path: content}


def test_random_masks_against_a_plain_count(tmp_path):
    """Three members, six years: sums, chance and intervals as numpy has them."""
    years = range(2000, 2006)
    rng = np.random.default_rng(1)
    names = ("a", "b", "c")
    every = {name: [random_masks(10 * k + y, (3, *GRID.shape)) for y in range(6)]
             for k, name in enumerate(names)}  # fmt: skip
    members = [member(tmp_path, name, every[name], years) for name in names]
    found = agree(tmp_path, members, "--of", "masks")
    box = np.broadcast_to(GRID.area, (6, 3, *GRID.shape))
    marked = {name: np.array(every[name]) == RIVER for name in names}
    pairs = found["regions"]["all"]["annual"]["pairs"]
    for pair in pairs:
        one, two = (marked[names[pair[side]]] for side in ("first", "second"))
        assert pair["iou"] == pytest.approx(box[one & two].sum() / box[one | two].sum())
        assert pair["first_in_second"] == pytest.approx(box[one & two].sum() / box[one].sum())
        counts = [side.sum(axis=(0, 1)) for side in (one, two)]
        chance = (GRID.area * counts[0] * counts[1]).sum() / 18 / (GRID.area * counts[0]).sum()
        assert pair["by_chance"]["first_in_second"] == pytest.approx(chance)
        low, high = pair["iou_interval"]
        assert low < pair["iou"] < high
        drawn = rng.integers(0, 6, (2000, 6))
        inner, outer = ((box * both).sum(axis=(1, 2, 3)) for both in (one & two, one | two))
        again = inner[drawn].sum(axis=1) / outer[drawn].sum(axis=1)
        # Six years: √(6/5) · t₅/z as wide (Hesterberg).
        wide = np.sqrt(6 / 5) * scipy.stats.t.ppf(0.975, 5) / scipy.stats.norm.ppf(0.975)
        tails = pair["iou"] + wide * (np.quantile(again, (0.025, 0.975)) - pair["iou"])
        assert [low, high] == pytest.approx(tails, abs=0.01)
    number = sum(marked[name].astype(int) for name in names)
    by_number = [box[number == k].sum() / box[number > 0].sum() for k in (1, 2, 3)]
    assert found["regions"]["all"]["annual"]["consensus"] == pytest.approx(by_number)
    with netCDF4.Dataset(tmp_path / "both.nc") as nc:
        for k in range(3):
            assert np.array_equal(nc["at_least"][0, k], (number > k).sum(axis=(0, 1)))


@pytest.mark.parametrize(("count", "has_intervals"), [(4, False), (5, True)])
def test_the_five_winters_of_four_years_have_no_intervals(tmp_path, count, has_intervals):
    """A January and a December a year: the first and the last winter are parts of one."""
    years = range(2000, 2000 + count)
    masks = [random_masks(y, (4, *GRID.shape)) for y in years]
    files = [
        write_mask_file(tmp_path / f"{y}.nc", part, year=y, grid=GRID, labels=CLIMATENET_LABELS,
                        units=f"hours since {y}-01-01", hours=np.array([0.0, 3, 8040, 8043]))
        for y, part in zip(years, masks, strict=True)
    ]  # fmt: skip
    members = [tracked_member(tmp_path, name, files) for name in ("a", "b")]
    found = agree(tmp_path, members, "--of", "masks")["regions"]["all"]
    pairs = [found[period]["pairs"][0] for period in ("annual", "DJF")]
    assert [bool(pair["frequency_first_interval"]) for pair in pairs] == [has_intervals] * 2


def test_members_on_other_grids_meet_on_the_coarsest(tmp_path):
    """Cells of 5° whose halves are marked, by 10° ones that are marked: as if on one grid.

    A line one cell wide, less than half a coarse cell, is there where it passes the centre.
    """
    fine = make_grid({"nlat": 72, "nlon": 144, "poles": False, "first_lon": 1.25})
    coarse = make_grid({"nlat": 36, "nlon": 72, "poles": False, "first_lon": 2.5})
    large = np.zeros((2, *coarse.shape), np.int8)
    large[:, 10:20, 10:20] = RIVER
    small = np.repeat(np.repeat(large, 2, axis=1), 2, axis=2)
    members = [
        member(tmp_path, "fine", small, grid=fine),
        member(tmp_path, "coarse", large, grid=coarse),
    ]
    found = agree(tmp_path, members)
    assert found["regions"]["all"]["annual"]["pairs"][0]["iou"] == 1
    assert [one["regridded"] for one in found["members"]] == [True, False]
    assert [one["share"] for one in found["events"]] == [1, 1]


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"calendar": "360_day"}, "different calendars"),
        ({"units": "hours since 2010-01-01"}, "no time in common"),
        ({"labels": ["Background", "Front"]}, "has no class 'AR'"),
    ],
)
def test_what_has_no_common_times_or_class_is_refused(tmp_path, facts, said):
    members = [member(tmp_path, "one", boxes(slice(2, 10)))]
    masks = (boxes(slice(2, 10)) > 0).astype(np.int8)
    members.append(member(tmp_path, "other", masks, **facts) | {"class": "AR"})
    assert said in agree(tmp_path, members, code=1)


def test_steps_that_a_member_lacks_are_left_out_and_counted(tmp_path):
    members = [
        member(tmp_path, "all", boxes(slice(2, 10))),
        member(tmp_path, "some", boxes(slice(2, 10), steps=3), hours=[0, 6, 9]),
    ]
    found = agree(tmp_path, members)
    assert found["steps"] == 3
    assert [one["steps_left_out"] for one in found["members"]] == [1, 0]


# --- catalogues ---------------------------------------------------------------------------------

PIKART = """id,when,clat,clon,axlat,axlon,lflat,lflon
A,2000010100,{inside},50,"[{inside}, {inside}]","[30, 80]",,
A,2000010106,{inside},50,,,{inside},95
B,2000010100,45,200,,,nan,nan
C,2010010100,0,0,,,,
"""

POSITIONS = {"event": "id", "time": "when", "lat": "clat", "lon": "clon"}


def catalogue(folder, text, **more):
    (folder / "pikart.csv").write_text(text)
    columns = {"event": "id", "time": "when", "lat": "clat", "lon": "clon", "axis_lat": "axlat",
               "axis_lon": "axlon", "landfall_lat": "lflat", "landfall_lon": "lflon"}  # fmt: skip
    block = {"file": str(folder / "pikart.csv"), "columns": columns, "time_format": "%Y%m%d%H"}
    return ["--catalogues", json.dumps({"pikart": block | more})]


def test_a_catalogue_by_hand(tmp_path):
    """Rows at 0 and 6 h; the river covers 20 … 90° E, and a second one that the catalogue lacks.

    Position: A is found twice, B not: 2 of 3 points, 1 of 2 events. C lies in another year. Its
    axis: both points. Landfall at 95° E, 5° (some 400 km) from the last marked centre: found within
    500 km, not within 100. The member has two events, one of which is near a point.
    """
    river = boxes(slice(2, 10))
    river[:, 12:14, 30:33] = RIVER
    members = [member(tmp_path, "one", river), member(tmp_path, "two", boxes(slice(20, 22)))]
    text = PIKART.format(inside=f"{GRID.lat[5]:.4f}")
    for radius, landfalls in ((500, 1), (100, 0)):
        found = agree(tmp_path, members, *catalogue(tmp_path, text), "--radius", radius)
        one, two = found["catalogues"]
        assert (one["catalogue"], one["member"], two["member"]) == ("pikart", 0, 1)
        position = one["position"]
        assert (position["points"], position["found"], position["left_out"]) == (3, 2, 1)
        assert (position["events"], position["events_found"]) == (2, 1)
        assert (one["axis"]["points"], one["axis"]["found"]) == (2, 2)
        assert (one["landfall"]["points"], one["landfall"]["found"]) == (1, landfalls)
        assert (one["member_events"], one["not_in_catalogue"]) == (2, 1)
        assert one["false_alarm_ratio"] == 0.5
        assert two["position"]["found"] == 0 and two["false_alarm_ratio"] == 1


@pytest.mark.parametrize(
    ("text", "more", "said"),
    [
        (PIKART.replace("clat,", "latitude,"), {}, "has no columns clat"),
        (PIKART.replace("2000010106", "2000-01-01"), {}, "row 3: when is '2000-01-01'"),
        (PIKART.replace("45,200", "145,200"), {}, "row 4: clat 145, clon 200 is no place"),
        (PIKART.replace('"[30, 80]"', '"[30]"'), {}, "2 values of axlat, 1 of axlon"),
        (PIKART.replace("45,200", "south,200"), {}, "clat is 'south', expected a number"),
        ("id,when,clat,clon,axlat,axlon,lflat,lflon\n", {}, "has no rows"),
        (PIKART, {"file": "/nowhere.csv"}, "there is no catalogue /nowhere.csv"),
        (
            PIKART.replace("45,200", '"45,5","200,5"'),
            {},
            "row 4: clat is '45,5', expected one number",
        ),
        (PIKART.replace("B,2000", ",2000"), {}, "row 4: no id, and so in 1 rows"),
        (PIKART.replace("B,2000010100", "B,"), {}, "row 4: when is '', expected %Y%m%d%H"),
        (PIKART.replace("B,2000010100", "B,"), {}, "add it, or leave the row out"),
        (PIKART.replace(",", ";"), {}, "separate them by commas, not ';'"),
        (PIKART.replace("lflat,", "clat,"), {"columns": POSITIONS}, "has two columns clat"),
        ("PAR1", {}, "is Parquet, but a catalogue is CSV"),
        (PIKART, {"time_format": "%Y%m%d%H %Z"}, "correct `time_format`"),
    ],
)
def test_a_catalogue_that_cannot_be_understood_is_refused(tmp_path, text, more, said):
    block = json.loads(catalogue(tmp_path, text.format(inside=20), **more)[1])["pikart"]
    with pytest.raises(BadInput, match=re.escape(said)):
        read_catalogue("pikart", read_block(Catalogue, block, "catalogues.pikart"), "noleap")


def positions(folder, *rows, **more):
    """Return flags of a catalogue of positions alone."""
    text = "\n".join(["id,when,clat,clon", *rows])
    return catalogue(folder, text, **{"columns": POSITIONS, "time_format": None} | more)


def times_of(folder, calendar, *times, **more):
    """Return the times of a catalogue as text."""
    rows = [f"A{number},{time},45,200" for number, time in enumerate(times)]
    block = json.loads(positions(folder, *rows, **more)[1])["pikart"]
    table = read_catalogue("pikart", read_block(Catalogue, block, "catalogues.pikart"), calendar)
    return [Calendar(calendar).text(one) for one in table.points["position"].seconds]


@pytest.mark.parametrize("hours", [(0, 9, 24, 45), (0, 6, 9, 12, 18)])
def test_points_count_at_all_steps_of_the_members(tmp_path, hours):
    """Rare times that share no distance, and one between those of every six hours."""
    here = boxes(slice(2, 10), steps=16)
    members = [member(tmp_path, "one", here), member(tmp_path, "two", here)]
    lat = f"{GRID.lat[5]:.4f}"
    rows = [f"{hour},2000-01-{1 + hour // 24:02d} {hour % 24:02d}:00,{lat},50" for hour in hours]
    found = agree(tmp_path, members, *positions(tmp_path, *rows))["catalogues"][0]
    assert (found["position"]["points"], found["position"]["left_out"]) == (len(hours), 0)


def test_a_rare_catalogue_looks_at_every_step_it_could_have(tmp_path):
    """Times at 0, 9, 24 and 45 h: the second event of the member, at 3 and 6 h, could be there."""
    river = boxes(slice(2, 10), steps=16)
    river[1:3, 12:14, 30:33] = RIVER
    members = [member(tmp_path, "one", river), member(tmp_path, "two", river)]
    rows = [f"{day}{hour},2000-01-{day} {hour}:00,{GRID.lat[5]:.4f},50"
            for day, hour in (("01", "00"), ("01", "09"), ("02", "00"), ("02", "21"))]  # fmt: skip
    found = agree(tmp_path, members, *positions(tmp_path, *rows))["catalogues"][0]
    assert (found["member_events"], found["not_in_catalogue"]) == (2, 1)


def test_a_row_at_an_odd_time_is_no_look_at_all_else(tmp_path):
    """A river of one step, at 9 h, when the catalogue of every six hours has a single other row."""
    river = boxes(slice(2, 10), steps=16)
    river[3, 12:14, 30:33] = RIVER
    members = [member(tmp_path, "one", river), member(tmp_path, "two", river)]
    times = ["01 00", "01 06", "01 09", "01 12", "01 18", "02 00", "02 06"]
    rows = [f"A,2000-01-{time}:00,{GRID.lat[5]:.4f},50" for time in times]
    found = agree(tmp_path, members, *positions(tmp_path, *rows))["catalogues"][0]
    assert (found["member_events"], found["position"]["found"]) == (1, 7)


def test_points_outside_the_grid_are_left_out(tmp_path):
    region = make_grid({"box": [0, 120, 20, 70], "step": 10})
    masks = np.zeros((4, *region.shape), np.int8)
    masks[:, 2:4, 2:8] = RIVER
    members = [member(tmp_path, name, masks, grid=region) for name in ("one", "two")]
    rows = ["A,2000-01-01,45,45", "B,2000-01-01,-40,200", "C,2000-01-01,25,115"]
    found = agree(tmp_path, members, *positions(tmp_path, *rows))["catalogues"][0]["position"]
    assert (found["points"], found["left_out"], found["found"]) == (2, 1, 1)
    said = agree(tmp_path, members, *positions(tmp_path, rows[1]), code=1)
    assert "0 of 1 points are on the grid" in said


@pytest.mark.parametrize("when", ["1980-01-01 00:00", "2000-01-01 00:30"])
def test_a_catalogue_without_a_common_time_is_refused(tmp_path, when):
    members = [member(tmp_path, name, boxes(slice(2, 10))) for name in ("one", "two")]
    said = agree(tmp_path, members, *positions(tmp_path, f"A,{when},45,50"), code=1)
    assert f"its times are {when} … {when}, and 1 of 1 points are on the grid" in said


@pytest.mark.parametrize(("radius", "warned"), [(800, True), (810, False)])
def test_a_radius_within_a_cell_is_doubted(tmp_path, caplog, radius, warned):
    """A cell at the equator is 10.6° × 10°, 1,177 × 1,112 km; of a square as large, 809 km are half
    its diagonal (on the sphere 807).
    """
    members = [member(tmp_path, name, boxes(slice(2, 10))) for name in ("one", "two")]
    block = json.loads(positions(tmp_path, "A,2000-01-01,45,45")[1])
    asked = Asked("both", members, {}, block, radius_km=radius)
    write_agreement(asked, tmp_path / "both")
    assert ("radius_km: 800 km is less than the 807 km" in caplog.text) == warned


def test_rows_that_come_again_count_once_and_those_without_a_place_not(tmp_path):
    members = [member(tmp_path, name, boxes(slice(2, 10))) for name in ("one", "two")]
    hit, missed = f"A,2000-01-01,{GRID.lat[5]:.4f},50", "B,2000-01-01,-40,200"
    rows = [hit, hit, missed, hit, "C,2000-01-01 06:00,NA,NA", "D,2000-01-01 06:00,null,None"]
    found = agree(tmp_path, members, *positions(tmp_path, *rows))["catalogues"][0]["position"]
    assert (found["points"], found["found"], found["share"]) == (2, 1, 0.5)


def test_zones_of_time_are_taken_off(tmp_path):
    times = ("2000-01-01T06:00+01:00", "1999-12-31 22:30:00-0130", "2000-01-01 06:00Z")
    assert times_of(tmp_path, "noleap", *times) == [
        "2000-01-01 00:00", "2000-01-01 05:00", "2000-01-01 06:00"
    ]  # fmt: skip
    form = {"time_format": "%d.%m.%Y %H:%M %z"}
    assert times_of(tmp_path, "360_day", "01.03.2000 01:00 +0300", **form) == ["2000-02-30 22:00"]


def test_times_are_dates_of_the_calendar_of_the_members(tmp_path, caplog):
    """30 February is one of 360-day years; 29 February, which was observed, none of 365-day ones."""
    form = {"time_format": "%Y%m%d%H"}
    assert times_of(tmp_path, "360_day", "2000023006", **form) == ["2000-02-30 06:00"]
    assert times_of(tmp_path, "noleap", "2000022906", "2000030106", **form) == ["2000-03-01 06:00"]
    assert "1 rows are left out, of dates that the noleap calendar" in caplog.text
    with pytest.raises(BadInput, match="row 2: when is '2000023006'"):
        times_of(tmp_path, "noleap", "2000023006", **form)
