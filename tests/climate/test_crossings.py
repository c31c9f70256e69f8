"""Crossing rates: entries of lines into cells, counted once however long a front stays."""

from collections import defaultdict
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest

from make_results import MINI, dates_between, write_masks
from stormtrace import results
from stormtrace.climate.all_years import compute_frequency
from stormtrace.climate.comparison import compare_files
from stormtrace.climate.counting import count_masks
from stormtrace.climate.event_counting import TrackedEvents
from stormtrace.climate.frequency import open_frequency
from stormtrace.errors import BadInput
from stormtrace.figures.comparison_figures import draw_comparison_figures
from stormtrace.figures.experiment_figures import draw_frequency_figures
from stormtrace.formats.regional_differences import read_regional
from stormtrace.grids import box_cells
from track_files import write_events, write_objects

FRONTS = ("Cold Front", "Warm Front", "Dust")
ANY = {"Any Front": {"union_of": ["Cold Front", "warm_front", "Stationary Front"]}}


def names_of(figures):
    """Names of figures, each closed when it is drawn."""
    names = set()
    for name, figure in figures:
        plt.close(figure)
        names.add(name)
    return names


def plain_entries(masks, code, follows):
    """Entries of a class, by numpy alone: present, absent one step earlier, nothing after a gap."""
    present = masks == code
    return (present[1:] & ~present[:-1] & follows[1:, None, None]).sum(axis=0)


def moving(per_step, width=3):
    """A cold front: a meridional line of `width` cells that moves `per_step` cells a step."""

    def mask_of(step, _date):
        mask = np.zeros(MINI.shape, np.int8)
        mask[4:15, (step * per_step + np.arange(width)) % MINI.shape[1]] = 1
        mask[0] = 3  # dust everywhere in the south, always
        return mask

    return mask_of


def test_a_line_at_constant_speed_crosses_as_often_as_it_comes_round(tmp_path):
    """36 cells of longitude, one cell a step of 3 h: round in 108 h, 168 / 108 = 1.556 a week.

    It is 3 cells wide, so over a cell for 3 of 36 steps: 8.33 % of the time. Of 721 steps 720 follow
    another, 20 whole rounds: every cell of the line's rows is entered 20 times in 12.857 weeks.
    """
    dates = dates_between((2001, 1, 1), (2001, 4, 1), "noleap")
    dates.append(dates_between((2001, 4, 1), (2001, 4, 2), "noleap")[0])
    masks = write_masks(tmp_path / "2001.nc", 2001, dates, moving(1), classes=FRONTS)
    path = tmp_path / "f.nc"
    compute_frequency([masks], path, {})
    with open_frequency(path) as frequency:
        assert [one.short for one in frequency.crossed] == ["CF", "WF"]
        rate = frequency.crossing_rate("CF")
        per_cent = frequency.per_cent("CF")
        assert frequency.weeks() == pytest.approx(720 * 3 / 168)
        assert not frequency.crossing_rate("WF").any()
        assert np.isnan(frequency.crossing_rate("CF", "SON")).all()
    assert rate[4:15] == pytest.approx(np.full((11, 36), 168 / 108))
    assert not np.delete(rate, range(4, 15), axis=0).any()
    assert per_cent[4:15].mean() == pytest.approx(100 * 3 / 36, rel=2e-3)
    opened = results.open_frequency(path)
    at = {"period": "annual", "feature": "CF"}
    np.testing.assert_array_equal(opened.crossing_rate.sel(at), rate)
    assert np.isnan(opened.crossing_rate.sel(period="annual", feature="Dust")).all()
    assert (count_masks(masks).fields["entries"][:, 2] == -1).all()


def test_a_front_that_stays_has_crossed_once_and_a_gap_hides_what_came(tmp_path):
    """From the second step on it stays. Ten steps are lost in which it may have gone and come."""
    dates = dates_between((2001, 1, 1), (2001, 2, 1), "noleap")
    del dates[100:110]

    def mask_of(step, _date):
        mask = np.zeros(MINI.shape, np.int8)
        mask[5, 5] = step >= 1  # enters once
        mask[6, 6] = step >= 100  # is there after the gap: nobody saw it come
        mask[7, 7] = step == 101  # enters after the gap
        mask[8, 8] = 1  # is there from the first step on
        return mask

    masks = write_masks(tmp_path / "m.nc", 2001, dates, mask_of, classes=FRONTS)
    counts = count_masks(masks, ("2001-01-01", "2001-02-01"))
    entries = counts.fields["entries"][0, 0]
    assert [int(entries[n, n]) for n in (5, 6, 7, 8)] == [1, 0, 1, 0]
    assert counts.steps[0] == 238 and counts.entry_steps[0] == 236
    assert counts.expected_steps[0] == 248


def test_any_front_is_entered_once_where_one_front_follows_another(tmp_path, caplog):
    """A warm front of 2 cells, and a cold one of 3 right behind it, one cell a step, round in 108 h.

    Each enters a cell once a round, 1.556 times a week, and so does any front: the cold one comes
    when the warm one has not left. Of any front 5 of 36 steps, of the cold one 3, of the warm one 2.
    """

    def mask_of(step, date):
        mask = moving(1)(step, date)
        mask[4:15, (step + 3 + np.arange(2)) % MINI.shape[1]] = 2
        return mask

    dates = dates_between((2001, 1, 1), (2001, 4, 1), "noleap")
    masks = write_masks(tmp_path / "2001.nc", 2001, dates, mask_of, classes=FRONTS)
    compute_frequency([masks], tmp_path / "any.nc", {}, table=ANY)
    opened = results.open_frequency(tmp_path / "any.nc")  # knows its union by itself
    assert opened.feature.values.tolist() == ["CF", "WF", "Dust", "AF"]
    at = {"period": "annual", "lat": opened.lat[4:15]}
    rates = opened.crossing_rate.sel(at).mean(("lat", "lon")).values
    assert rates == pytest.approx([168 / 108, 168 / 108, np.nan, 168 / 108], rel=0.01, nan_ok=True)
    shares = opened.frequency.sel(at).mean(("lat", "lon")).values
    assert shares == pytest.approx([300 / 36, 200 / 36, 0, 500 / 36], rel=0.01)
    with open_frequency(tmp_path / "any.nc", ANY) as frequency:
        union = frequency.classes["AF"]
        assert (union.kind, union.union_of) == ("line", ("cold_front", "warm_front"))
        assert union.code not in frequency.classes.of_masks.codes

    of_one = {"Any Front": {"union_of": ["Cold Front", "Stationary Front"]}}
    compute_frequency([masks], tmp_path / "one.nc", {}, table=of_one)
    compare_files(tmp_path / "any.nc", tmp_path / "one.nc", tmp_path / "d.nc", {})
    assert "Any Front is the union of cold_front, warm_front in the first" in caplog.text
    with pytest.raises(BadInput, match="the union dust is called as a class of the masks"):
        count_masks(masks, table={"dust": {"union_of": ["Cold Front", "Warm Front"]}})


def test_masks_and_events_are_counted_as_plain_numpy_counts_them(tmp_path):
    """Noise of four classes with gaps: masks, and tracked events when everything is tracked."""
    rng = np.random.default_rng(5)
    dates = dates_between((2001, 1, 28), (2001, 2, 6), "noleap")
    gone = {9, 30, 31}
    kept = [date for step, date in enumerate(dates) if step not in gone]
    coarse = rng.choice([0, 1, 2, 3], (len(kept), 7, 12), p=[0.5, 0.2, 0.2, 0.1])
    made = coarse.repeat(3, axis=1)[:, :19].repeat(3, axis=2).astype(np.int8)
    masks = write_masks(
        tmp_path / "2001.nc", 2001, kept, lambda step, _date: made[step], classes=FRONTS
    )
    gaps = [(after - before).total_seconds() for before, after in pairwise(kept)]
    follows = np.array([False] + [gap == 3 * 3600 for gap in gaps])
    counts = count_masks(masks, table=ANY)
    objects = write_objects(tmp_path / "objects.nc", masks)
    write_events(tmp_path, [objects], {"rule": "components", "minimum_hours": 0})
    tracked = defaultdict(list)
    for _, name, values in TrackedEvents([objects], tmp_path).months(counts):
        tracked[name].append(values)
    assert counts.entry_steps.sum() == follows.sum()
    months = np.array([date.month for date in kept])
    either = np.where(made == 3, 0, np.minimum(made, 1))
    for position, (of, code) in {0: (made, 1), 1: (made, 2), 3: (either, 1)}.items():
        for month in (1, 2):
            covered = (of[months == month] == code).sum(axis=0)
            for counted in (counts.fields, tracked):
                np.testing.assert_array_equal(counted["count"][month - 1][position], covered)
            expected = plain_entries(of, code, follows & (months == month))
            np.testing.assert_array_equal(counts.fields["entries"][month - 1, position], expected)
            np.testing.assert_array_equal(tracked["entries"][month - 1][position], expected)


def test_areas_alone_have_no_entries(tmp_path):
    dates = dates_between((2001, 4, 1), (2001, 4, 3), "noleap")
    masks = write_masks(tmp_path / "m.nc", 2001, dates, moving(1), classes=("A", "B", "C"))
    counts = count_masks(masks)
    assert set(counts.fields) == {"count"} and counts.entry_steps is None
    table = {"A": {"kind": "line"}}  # a study's own line
    compute_frequency([masks], tmp_path / "f.nc", {}, table=table)
    with open_frequency(tmp_path / "f.nc") as frequency:  # the file knows its kinds by itself
        assert [one.name for one in frequency.crossed] == ["A"]


def test_crossing_rates_are_compared_and_drawn(tmp_path):
    """Twice as fast, 28 days: 2 · 168 / 108 crossings a week instead of 168 / 108."""
    sides = []
    for speed in (1, 2):
        masks = [
            write_masks(
                tmp_path / f"{speed}-{year}.nc", year,
                dates_between((year, 1, 1), (year, 1, 29), "noleap"), moving(speed), classes=FRONTS,
            )
            for year in range(2001, 2006)
        ]  # fmt: skip
        sides.append(tmp_path / f"{speed}-f.nc")
        compute_frequency(masks, sides[-1], {})
    box = {"over the date line": [160, 200, -30, 10]}
    table = tmp_path / "c.csv"
    comparison = compare_files(*sides, tmp_path / "c.nc", {}, None, table, regions=box)
    rows = {
        (row.quantity, row.feature, row.region): row
        for row in read_regional(table)
        if row.period == "DJF"
    }
    assert ("crossing rate", "Dust", "all") not in rows and ("frequency", "Dust", "all") in rows
    inside = box_cells(MINI, [160, 200, -30, 10])
    for region, cells in (("all", np.ones_like(inside)), ("over the date line", inside)):
        row = rows["crossing rate", "CF", region]
        for side, found in (("first", row.first), ("second", row.second)):
            rate = comparison.get(f"crossing_rate_{side}", "CF", "DJF")[cells]
            assert found == pytest.approx(np.average(rate, weights=MINI.area[cells]), rel=1e-5)
        assert row.difference == pytest.approx(row.second - row.first, rel=1e-4)
        assert row.low == row.high == row.difference  # each year is like the others
    change = comparison.get("crossing_rate_difference", "CF", "DJF")[4:15]
    assert change.mean() == pytest.approx(168 / 108, rel=0.03)
    assert (comparison.get("crossing_rate_significant", "CF", "DJF")[4:15] == 1).all()
    assert np.isnan(comparison.get("crossing_rate_difference", "Dust", "annual")).all()
    opened = results.open_comparison(tmp_path / "c.nc")
    assert "crossing_rate_first" in opened
    names = names_of(draw_comparison_figures(comparison, "Twice as fast"))
    assert {"cf-crossings-both", "cf-crossings-difference"} <= names
    assert not any(name.startswith("dust-crossings") for name in names)
    with open_frequency(sides[0]) as frequency:
        names = names_of(draw_frequency_figures(frequency, "Made", {}))
    assert "cf-crossings" in names and "dust-crossings" not in names
