import cftime
import netCDF4
import numpy as np
import pytest

from make_results import MINI, dates_between, write_masks
from stormtrace import results
from stormtrace.climate.all_years import compute_frequency
from stormtrace.climate.counting import count_masks
from stormtrace.climate.event_counting import TrackedEvents
from stormtrace.climate.frequency import open_frequency
from stormtrace.climate.seasons import expected_steps
from stormtrace.errors import BadInput
from stormtrace.figures.experiment_figures import draw_frequency_figures
from track_files import write_events, write_objects

PLAIN = {"rule": "components", "minimum_hours": 0, "minimum_area_km2": 0}
AR, TC = "atmospheric_river", "tropical_cyclone"


def stripes(step, _date):
    """AR in one cell every third step; TC in another cell always; nothing elsewhere."""
    mask = np.zeros(MINI.shape, np.int8)
    mask[5, 7] = 2 if step % 3 == 0 else 0
    mask[0, 0] = 1
    return mask


def test_every_third_step_is_a_third(tmp_path):
    # 30 days x 8 steps = 240 steps, of which 80 are divisible by three: 33.33 %.
    dates = dates_between((2001, 4, 1), (2001, 5, 1), "noleap")
    counts = count_masks(write_masks(tmp_path / "2001.nc", 2001, dates, stripes))
    assert counts.classes.flags == (TC, AR)
    assert counts.steps.tolist() == [0, 0, 0, 240] + [0] * 8
    ar, tc = counts.fields["count"][3, 1], counts.fields["count"][3, 0]
    assert 100 * ar[5, 7] / 240 == pytest.approx(100 / 3)
    assert ar.sum() == 80  # class 2 counts once, and only where it is
    assert tc[0, 0] == 240
    assert tc.sum() == 240


def add_agreement(masks, members, agreement):
    """Make masks those of an ensemble; agreement: one number a step."""
    with netCDF4.Dataset(masks, "a") as nc:
        nc.members = np.int32(members)
        nc.createVariable("agreement", "u1", ("time", "lat", "lon"))
        nc["agreement"][:] = agreement[:, None, None]


def test_how_many_members_of_an_ensemble_agree(tmp_path):
    """Of three members one is alone at every sixth step, an AR step: 40 of the 80 of April.

    ARs: (40 · 2 + 40 · 3) / (3 · 80) = 5/6; TCs, always there: (40 · 2 + 200 · 3) / (3 · 240) = 17/18.
    """
    dates = dates_between((2001, 4, 1), (2001, 5, 1), "noleap")
    masks = write_masks(tmp_path / "2001.nc", 2001, dates, stripes)
    add_agreement(masks, 3, np.where(np.arange(240) % 6 == 0, 2, 3))
    compute_frequency([masks], tmp_path / "frequency.nc", {})
    with open_frequency(tmp_path / "frequency.nc") as frequency:
        ar, tc = frequency.agreement(AR), frequency.agreement(TC, "MAM")
        assert np.isnan(frequency.agreement(AR, "DJF")).all()
        names = [name for name, _ in draw_frequency_figures(frequency, "Three", {})]
    assert ar[5, 7] == pytest.approx(100 * 5 / 6)
    assert tc[0, 0] == pytest.approx(100 * 17 / 18)
    assert np.isfinite(ar).sum() == np.isfinite(tc).sum() == 1  # elsewhere nothing is found
    assert names == ["tc-frequency", "tc-agreement", "ar-frequency", "ar-agreement"]
    opened = results.open_frequency(tmp_path / "frequency.nc").agreement
    np.testing.assert_array_equal(opened.sel(period="annual", feature="AR"), ar)


def test_years_of_different_ensembles_are_not_joined(tmp_path):
    for year, members in ((2001, 3), (2002, 5)):
        dates = dates_between((year, 4, 1), (year, 4, 2), "noleap")
        masks = write_masks(tmp_path / f"{year}.nc", year, dates, stripes)
        add_agreement(masks, members, np.full(8, members))
    both = [tmp_path / "2001.nc", tmp_path / "2002.nc"]
    with pytest.raises(BadInput, match=r"another number of members .* expected 3, found 5"):
        compute_frequency(both, tmp_path / "frequency.nc", {})


def test_month_lengths_in_both_calendars():
    noleap = expected_steps(2000, "noleap", 3)
    gregorian = expected_steps(2000, "standard", 3)
    assert noleap.sum() == 2920
    assert gregorian.sum() == 2928
    assert noleap[1] == 28 * 8
    assert gregorian[1] == 29 * 8


def test_expected_steps_know_every_day_of_the_calendar():
    # 25, 26, 27, 28 and 29 February of 360 days, eight 3-hourly steps each.
    steps = expected_steps(2000, "360_day", 3, ("2000-02-25", "2000-02-30"))
    assert steps.tolist() == [0, 40] + 10 * [0]
    with pytest.raises(BadInput, match="'2001-02-30' is not a date of the noleap calendar"):
        expected_steps(2001, "noleap", 3, ("2001-02-25", "2001-02-30"))


def test_expected_steps_know_the_period():
    steps = expected_steps(2000, "noleap", 3, ("2000-12-28", "2001-01-04"))
    assert steps.tolist() == [0] * 11 + [4 * 8]
    assert expected_steps(2001, "noleap", 3, ("2000-12-28", "2001-01-04"))[0] == 3 * 8


def test_expected_steps_start_where_the_masks_do():
    """Steps at 03, 09, 15 and 21 h: from 12:00 on the last of December there are two."""
    first = cftime.datetime(2000, 1, 1, 3, calendar="noleap")
    steps = expected_steps(2000, "noleap", 6, ("2000-12-31 12:00", "2001-01-01"), first)
    assert steps[-1] == 2 and steps.sum() == 2
    steps = expected_steps(2000, "noleap", 6, ("2000-01-01 04:00", "2000-01-02 03:00"), first)
    assert steps[0] == 3  # 09, 15 and 21 h
    assert expected_steps(2000, "noleap", 6, None, first).tolist() == [
        4 * days for days in (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    ]


def test_missing_steps_are_counted_not_diluted(tmp_path):
    dates = dates_between((2001, 1, 1), (2001, 2, 1), "noleap")
    del dates[10:20]
    counts = count_masks(
        write_masks(tmp_path / "2001.nc", 2001, dates, stripes), ("2001-01-01", "2001-02-01")
    )
    assert counts.expected_steps[0] - counts.steps[0] == 10
    assert counts.fields["count"][0, 0, 0, 0] == counts.steps[0]  # always there: 100 %


def test_leap_day_counts_in_february(tmp_path):
    dates = dates_between((2000, 2, 1), (2000, 3, 2), "standard")
    path = write_masks(tmp_path / "2000.nc", 2000, dates, stripes, calendar="standard")
    assert count_masks(path).steps[:3].tolist() == [0, 29 * 8, 8]


def test_one_file_or_many_give_the_same(tmp_path):
    """Two years merged equal the plain sum over all masks."""
    rng = np.random.default_rng(42)
    masks = {year: rng.integers(0, 3, (80, *MINI.shape)).astype(np.int8) for year in (2000, 2001)}
    for year, values in masks.items():
        dates = dates_between((year, 1, 25), (year, 2, 4), "noleap")
        write_masks(tmp_path / f"{year}.nc", year, dates, lambda s, _, v=values: v[s])
    compute_frequency([tmp_path / "2001.nc", tmp_path / "2000.nc"], tmp_path / "f.nc", {})
    everything = np.concatenate(list(masks.values()))
    with open_frequency(tmp_path / "f.nc") as frequency:
        assert frequency.years.tolist() == [2000, 2001]
        for code, name in ((1, TC), (2, AR)):
            truth = (everything == code).sum(axis=0)
            np.testing.assert_array_equal(frequency.total("count", name), truth)
            np.testing.assert_allclose(frequency.per_cent(name, "DJF"), 100 * truth / 160)
        assert np.isnan(frequency.per_cent(AR, "JJA")).all()  # no steps: unknown, not zero


def test_december_opens_the_winter(tmp_path):
    for year, months in ((2000, (1, 12)), (2001, (2,))):
        dates = [d for m in months for d in dates_between((year, m, 1), (year, m, 5), "noleap")]
        write_masks(tmp_path / f"{year}.nc", year, dates, stripes)
    compute_frequency([tmp_path / "2000.nc", tmp_path / "2001.nc"], tmp_path / "f.nc", {})
    with open_frequency(tmp_path / "f.nc") as frequency:
        years, steps, maps = frequency.by_year(TC, "DJF")
        counts = [int(one[0, 0]) for one in maps]
    assert years.tolist() == [2000, 2001]
    assert steps.tolist() == [32, 64]
    assert counts == [32, 64]


def test_counts_survive_the_file(tmp_path):
    dates = dates_between((2001, 1, 1), (2001, 1, 5), "noleap")
    masks = write_masks(tmp_path / "m.nc", 2001, dates, stripes)
    compute_frequency([masks], tmp_path / "f.nc", {"history": "x"})
    with netCDF4.Dataset(tmp_path / "f.nc") as nc:
        np.testing.assert_array_equal(nc["count"][:], count_masks(masks).fields["count"])
        assert (nc.experiment, nc.history) == ("made", "x")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("code", r"codes must be among \[0, 1, 2\].*holds \[-127\]"),
        ("twice", "must be finite and ascend"),
        ("year", "should hold times of 2002, but holds 2001"),
        ("empty", "holds no time step"),
    ],
)
def test_bad_masks_are_refused(tmp_path, change, message):
    dates = dates_between((2001, 1, 1), (2001, 1, 5), "noleap")
    if change == "twice":
        dates[3] = dates[2]

    def mask_of(step, date):
        mask = stripes(step, date)
        if change == "code" and step == 30:
            mask[2, 2] = -127
        return mask

    year = 2002 if change == "year" else 2001
    path = write_masks(tmp_path / "m.nc", year, [] if change == "empty" else dates, mask_of)
    with pytest.raises(BadInput, match=message):
        count_masks(path)


def test_years_twice_or_of_another_experiment_are_refused(tmp_path):
    dates = dates_between((2001, 1, 1), (2001, 1, 5), "noleap")
    path = write_masks(tmp_path / "m.nc", 2001, dates, stripes)
    with pytest.raises(BadInput, match="both hold masks of 2001"):
        compute_frequency([path, path], tmp_path / "f.nc", {})
    dates = dates_between((2002, 1, 1), (2002, 1, 5), "noleap")
    other = write_masks(tmp_path / "o.nc", 2002, dates, stripes, experiment="other")
    with pytest.raises(BadInput, match=r"another experiment .* expected made, found other"):
        compute_frequency([path, other], tmp_path / "f.nc", {})


def wandering(step, _date):
    """A disc for twenty steps at a time, somewhere else each time, and a speck at its first step."""
    mask = np.zeros(MINI.shape, np.int8)
    life, age = divmod(step, 20)
    west = (9 * life) % 20 + age // 4  # at each new life five columns east or fifteen west
    mask[6:9, west : west + 4] = 2
    mask[14, 3] = 1 if age == 0 else 0
    return mask


def test_events_are_counted_where_they_are_begin_and_end(tmp_path):
    """By the plainest rule every object is of an event, which begins where its disc does.

    720 steps of January to March 2000 and 728 of October to December 2001: at 8 steps a day and 20
    a life most turns of a month lie within one.
    """
    spans = {2000: ((2000, 1, 1), (2000, 4, 1)), 2001: ((2001, 10, 1), (2001, 12, 31))}
    masks = {
        year: write_masks(tmp_path / f"{year}.nc", year, dates_between(*span, "noleap"), wandering)
        for year, span in spans.items()
    }
    objects = [write_objects(tmp_path / f"o{year}.nc", path) for year, path in masks.items()]
    write_events(tmp_path, objects, PLAIN)
    files = list(masks.values())
    events = TrackedEvents(objects, tmp_path)
    compute_frequency(files, tmp_path / "f.nc", {}, events=events)
    with netCDF4.Dataset(tmp_path / "f.nc") as nc:
        np.testing.assert_array_equal(nc["event_count"][:], nc["count"][:])
        for position, (year, span) in enumerate(spans.items()):
            dates = dates_between(*span, "noleap")
            for name, age in (("genesis", 0), ("termination", 19)):
                expected = np.zeros((12, 2, *MINI.shape), np.int16)
                for step, date in enumerate(dates):
                    mask = wandering(step, date)
                    is_last = step == len(dates) - 1 and name == "termination"
                    if step % 20 == age or is_last:
                        expected[date.month - 1, 1] += mask == 2
                    expected[date.month - 1, 0] += mask == 1  # born and gone at once
                found = nc[name][12 * position : 12 * position + 12]
                np.testing.assert_array_equal(found, expected, err_msg=f"{year} {name}")

    events = TrackedEvents(objects[:1], tmp_path)
    with pytest.raises(BadInput, match=r"masks of .2000, 2001., and objects of .2000."):
        compute_frequency(files, tmp_path / "no.nc", {}, events=events)
    with pytest.raises(BadInput, match="both hold objects of 2000"):
        TrackedEvents([objects[0], objects[0]], tmp_path)


def test_events_of_other_masks_are_refused(tmp_path):
    dates = dates_between((2001, 1, 1), (2001, 1, 11), "noleap")
    whole = write_masks(tmp_path / "whole.nc", 2001, dates, wandering)
    short = write_masks(tmp_path / "short.nc", 2001, dates[:-8], wandering)
    objects = [write_objects(tmp_path / "objects.nc", short)]
    events = TrackedEvents(objects, write_events(tmp_path, objects, PLAIN))
    with pytest.raises(BadInput, match=r"is of .72, 0.*and counts of its masks of .80, 0"):
        compute_frequency([whole], tmp_path / "f.nc", {}, events=events)
    assert not (tmp_path / "f.nc").exists()
