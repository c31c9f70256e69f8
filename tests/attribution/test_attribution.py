"""Shares worked out by hand: inside, near, in none; of all and of extremes; and their change."""

from pathlib import Path

import numpy as np
import pytest

from make_results import MINI, dates_between, write_masks, write_samples
from stormtrace.attribution.changes import changes
from stormtrace.attribution.extremes import Extremes
from stormtrace.attribution.near import Reach
from stormtrace.attribution.regional_sums import regional_sums
from stormtrace.attribution.shares import shares
from stormtrace.attribution.threshold_fitting import fit_thresholds
from stormtrace.attribution.yearly_sums import Year, attribute_year
from stormtrace.climate.composites import read_composites
from stormtrace.errors import BadInput
from stormtrace.formats.extreme_thresholds import read_thresholds, write_thresholds
from stormtrace.prepare.years_of_samples import OpenedYears

AR, TC, NONE, ALL = "atmospheric_river", "tropical_cyclone", "none", "all"
RAIN = {"units": "mm/day", "cell_methods": "time: mean"}
ROW = 5


def ar_every_fourth(step, _date=None):
    """A river along one row at every fourth step."""
    mask = np.zeros(MINI.shape, np.int8)
    mask[ROW] = 2 * (step % 4 == 0)
    return mask


def rain_of(step, _date=None):
    """1 mm/day; in the river 5, and 50 in every twentieth step (also a river's)."""
    rain = np.where(ar_every_fourth(step) == 2, 5.0, 1.0).astype(np.float32)
    if step % 20 == 0:
        rain[ROW] = 50.0
    return {"PRECT": rain}


def make(
    folder,
    year=2001,
    fields_of=rain_of,
    mask_of=ar_every_fourth,
    days=10,
    starts=((1, 1),),
    **about,
):
    """Eight steps a day from each of `starts` (month, day): 80 steps of a January."""
    dates = [
        date
        for month, day in starts
        for date in dates_between((year, month, day), (year, month, day + days), "noleap")
    ]
    folder.mkdir(exist_ok=True)
    mask = write_masks(folder / f"masks-{year}.nc", year, dates, mask_of)
    about = {**RAIN, **about}
    samples = write_samples(folder / f"samples-{year}", dates, fields_of, **about)
    return mask, samples


def attribute(folder, made, extremes=None, reach=None, **beside):
    """Return the file of sums."""
    mask, samples = made
    thresholds = None
    if extremes is not None:
        grid, found = fit_thresholds(OpenedYears([samples], ["PRECT"]), "PRECT", extremes)
        thresholds = folder / "extremes.nc"
        write_thresholds(thresholds, found, grid, {})
    output = folder / f"sums-{samples.name}.nc"
    year = Year(mask, samples, "PRECT", thresholds, reach, **beside)
    attribute_year(year, output, {})
    return output


def test_shares_of_total_and_of_extremes_by_hand(tmp_path):
    """In the row, of 80 steps: 4 river steps of 50, 16 of 5, 60 dry ones of 1.

    Total 200 + 80 + 60 = 340, the river's 280: 82.35 %. The 90th percentile of 80 values lies
    between ranks 71 and 72 (of 0 … 79): both 5, so that only the 50s are above: 100 % the river's.
    """
    extremes = Extremes((90.0,), "steps")
    path = attribute(tmp_path, make(tmp_path), extremes)
    total = read_composites([path], "PRECT")
    assert total.units == "mm/day"
    np.testing.assert_allclose(total.share(AR)[ROW], 100 * 280 / 340)
    np.testing.assert_allclose(total.share(AR)[ROW] + total.share(NONE)[ROW], 100, rtol=1e-12)
    assert (total.share(NONE)[ROW + 1] == 100).all() and (total.share(TC)[ROW] == 0).all()
    above = read_composites([path], "PRECT_p90")
    assert (above.share(AR)[ROW] == 100).all() and (above.steps[ALL][ROW] == 4).all()
    assert (above.steps[ALL][ROW + 1] == 0).all()  # always 1: nothing is above its percentile
    limits = read_thresholds(tmp_path / "extremes.nc", MINI)
    assert (limits.values[0, 0, ROW] == 5).all() and (limits.counts == 80).all()


def test_wet_steps_are_counted_without_the_dry(tmp_path):
    """Wet from 2 mm/day: 20 values in the row, of which the 75th percentile is 5; none elsewhere."""
    attribute(tmp_path, make(tmp_path), Extremes((75.0,), "wet steps", 2.0))
    limits = read_thresholds(tmp_path / "extremes.nc", MINI)
    assert (limits.counts[0, ROW] == 20).all() and (limits.values[0, 0, ROW] == 5).all()
    assert np.isnan(limits.values[0, 0, ROW + 1]).all()


def test_seasons_without_samples_have_no_percentiles(tmp_path):
    """Of a January: as above in DJF, which the plan lets pass, too."""
    path = attribute(tmp_path, make(tmp_path), Extremes((90.0,), "steps", by="season"))
    above = read_composites([path], "PRECT_p90")
    assert (above.share(AR)[ROW] == 100).all() and (above.steps[ALL][ROW] == 4).all()
    limits = read_thresholds(tmp_path / "extremes.nc", MINI)
    assert (limits.values[0, 0, ROW] == 5).all() and np.isnan(limits.values[0, 1:]).all()
    assert (limits.counts[0] == 80).all() and (limits.counts[1:] == 0).all()


def test_days_are_extreme_as_a_whole(tmp_path):
    """A day has 8 steps: two of a river. 50 falls at steps 0, 20, 40, 60: days 0, 2, 5, 7.

    Those days have 50 + 5 + 6 = 61, the others 10 + 6 = 16: daily means 7.625 and 2. Above the
    50th percentile, (2 + 7.625·0)…: of ten values six are 2, so it is 2. The extreme days bring
    4 · 61, of which the river 4 · 55.
    """
    path = attribute(tmp_path, make(tmp_path), Extremes((50.0,), "days"))
    above = read_composites([path], "PRECT_p50")
    np.testing.assert_allclose(above.share(AR)[ROW], 100 * 55 / 61)
    assert (above.steps[ALL][ROW] == 32).all()


def test_units_and_intervals(tmp_path):
    """m s-1, kg m-2 s-1 and metres summed within the step are the same rain."""
    factors = {
        ("m s-1", "mean"): 1e-3 / 86400,
        ("kg m-2 s-1", "mean"): 1 / 86400,
        ("m", "sum"): 1e-3 * 3 / 24,
        ("kg m-2", "sum"): 3 / 24,
    }
    for number, ((units, method), factor) in enumerate(factors.items()):

        def fields(step, date, factor=factor):
            return {"PRECT": rain_of(step)["PRECT"] * np.float32(factor)}

        folder = tmp_path / str(number)
        made = make(folder, fields_of=fields, units=units, cell_methods=f"time: {method}")
        total = read_composites([attribute(folder, made)], "PRECT")
        assert total.units == "mm/day"
        np.testing.assert_allclose(total.sums[ALL][ROW], 340, rtol=1e-5)


def test_extremes_of_years_in_several_units(tmp_path):
    """A year in mm/day and one in kg m-2 s-1: percentiles are of both years' mm/day."""
    rng = np.random.default_rng(3)
    rain = {year: rng.gamma(0.5, 6.0, (80, *MINI.shape)) for year in (2001, 2002)}
    made = []
    for (year, values), (units, factor) in zip(
        rain.items(), {"mm/day": 1.0, "kg m-2 s-1": 1 / 86400}.items(), strict=True
    ):

        def fields(step, _date, values=values, factor=factor):
            return {"PRECT": (values[step] * factor).astype(np.float32)}

        made.append(make(tmp_path, year, fields, units=units)[1])
    extremes = Extremes((90.0,), "steps")
    _, found = fit_thresholds(OpenedYears(made, ["PRECT"]), "PRECT", extremes)
    expected = np.percentile(np.concatenate(list(rain.values())), 90, axis=0)
    np.testing.assert_allclose(found.values[0, 0], expected, rtol=1e-5)


def test_one_value_above_a_percentile_is_enough(tmp_path):
    """Of 2, 3, 4, 5, 6 the 80th percentile is 5.2, and exactly one is above; of four, none is."""

    def fields(step, _date):
        rain = np.zeros(MINI.shape, np.float32)
        rain[0], rain[1] = (2 + step if step < wet else 0 for wet in (5, 4))
        return {"PRECT": rain}

    _, samples = make(tmp_path, fields_of=fields)
    folders = OpenedYears([samples], ["PRECT"])
    _, found = fit_thresholds(folders, "PRECT", Extremes((80.0,), "wet steps", 1.0))
    np.testing.assert_allclose(found.values[0, 0, 0], 5.2, rtol=1e-6)
    assert (found.counts[0, 1] == 4).all() and np.isnan(found.values[0, 0, 1]).all()


def test_near_in_space_and_time(tmp_path):
    """On 10° the rows beside are 1112 km away; a lag of 3 h makes three of four steps the river's."""
    made = make(tmp_path)
    near = attribute(tmp_path, made, reach={"AR": Reach(km=1150.0)})
    total = read_composites([near], "PRECT")
    assert (total.share(AR)[ROW - 1] == 25).all() and (total.share(AR)[ROW - 2] == 0).all()
    late = attribute(tmp_path, made, reach={"AR": Reach(hours=3.0)})
    total = read_composites([late], "PRECT")
    # Steps 0, 1, 3, 4, 5, 7, …: the river's 20, and the 20 after and the 19 (of 80) before one.
    np.testing.assert_allclose(total.share(AR)[ROW], 100 * (280 + 20 + 19) / 340)


def test_a_lag_reaches_over_the_turn_of_the_year(tmp_path):
    """The last step of December is 3 h before a river on 1 January 00:00."""
    dates = dates_between((2000, 12, 31), (2001, 1, 1), "noleap")
    before = write_masks(tmp_path / "b.nc", 2000, dates, lambda *_: np.zeros(MINI.shape, np.int8))
    samples = write_samples(tmp_path / "s", dates, rain_of, **RAIN)
    after, _ = make(tmp_path)
    path = attribute(tmp_path, (before, samples), reach={"AR": Reach(hours=3.0)}, after=after)
    assert (read_composites([path], "PRECT").steps[AR][ROW] == 1).all()


def years(folder, brings, every=4, first=2001, count=5, starts=((1, 1),)):
    """Some years; the river's rain differs from year to year about `brings`."""
    paths = []
    for number in range(count):

        def mask_of(step, _date):
            mask = np.zeros(MINI.shape, np.int8)
            mask[ROW] = 2 * (step % every == 0)
            return mask

        def fields(step, date, number=number, mask_of=mask_of):
            heavy = brings * (0.9 + 0.05 * number)
            return {"PRECT": np.where(mask_of(step, date) == 2, heavy, 1.0).astype(np.float32)}

        made = make(folder, first + number, fields, mask_of, days=2, starts=starts)
        paths.append(attribute(folder, made))
    return regional_sums(paths, "PRECT", [], {"row": [0, 360, -45, -35]})


def test_tables_by_region_season_and_year(tmp_path):
    """In the row (16 steps a year, 4 of a river): 4 · 5 of 4 · 5 + 12 of 1: 62.5 %."""
    found = shares(years(tmp_path, 5.0))
    row = found["regions"]["row"]
    assert row["annual"][AR]["total"]["share"] == pytest.approx(62.5, abs=1e-6)
    assert row["annual"][AR]["total"]["steps"] == pytest.approx(25.0)
    assert row["DJF"][AR]["total"]["share"] == pytest.approx(62.5, abs=1e-6)
    assert "JJA" not in row and found["periods"] == ["annual", "DJF"]
    low, high = row["annual"][AR]["total"]["interval"]
    # Years with 4.5 to 5.5 in the river: 60 to 64.7 %.
    assert 60.0 <= low < 62.5 < high <= 64.71
    assert row["annual"][AR]["total"]["mean"] == pytest.approx(20 / 16)
    for place in found["regions"].values():
        disjoint = sum(place["annual"][part]["total"]["share"] for part in (AR, TC, NONE))
        assert disjoint == pytest.approx(100.0, rel=1e-12)
    everywhere = found["years"]["share"][AR]["total"]
    assert found["years"]["year"] == list(range(2001, 2006))
    assert everywhere[0] < everywhere[1] < everywhere[2]
    band = found["bands"].index([-40.0, -35.0])
    assert found["latitude"][band][AR]["total"]["share"] == pytest.approx(62.5, abs=1e-6)


@pytest.mark.parametrize(("count", "has_intervals"), [(4, False), (5, True)])
def test_the_five_winters_of_four_years_have_no_intervals(tmp_path, count, has_intervals):
    """The first is a January, the last a December: the year as a whole has no interval, either."""
    found = years(tmp_path, 5.0, count=count, starts=((1, 1), (12, 1)))
    for place in shares(found)["regions"].values():
        told = [place[period][AR]["total"] for period in ("annual", "DJF")]
        assert [bool(one.get("interval")) for one in told] == [has_intervals] * 2
    for place in changes(found, found)["regions"].values():
        told = [place[period][AR]["total"] for period in ("annual", "DJF")]
        assert ["intervals" in one for one in told] == [has_intervals] * 2


def test_a_change_is_frequency_intensity_and_both(tmp_path):
    """From f = 1/4, I = 5 to f = 1/2, I = 8: 4 − 1.25 = 2.75 = 1.25 + .75 + .75, exactly."""
    first, second = years(tmp_path / "a", 5.0), years(tmp_path / "b", 8.0, every=2)
    one = changes(first, second)["regions"]["row"]["annual"][AR]["total"]
    told = [one[name] for name in ("first", "second", "change", "frequency", "intensity", "both")]
    np.testing.assert_allclose(told, [1.25, 4.0, 2.75, 1.25, 0.75, 0.75], rtol=1e-6)
    assert one["frequency"] + one["intensity"] + one["both"] == pytest.approx(one["change"], 1e-14)
    low, high = one["intervals"]["frequency"]
    assert 0 < low <= 1.25 <= high


def test_a_difference_with_itself_is_nothing(tmp_path):
    same = years(tmp_path, 5.0)
    for place in changes(same, same)["regions"].values():
        for table in place["annual"].values():
            one = table["total"]
            assert [one[n] for n in ("change", "frequency", "intensity", "both")] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("attributes", "says"),
    [
        ({"units": ""}, "PRECT has no units"),
        ({"units": "m s-1", "cell_methods": ""}, "does not say .* what interval"),
        ({"units": "m s-1", "cell_methods": "time: point"}, "is of instants"),
        ({"units": "m", "cell_methods": "time: mean"}, "is a mean .* derive it with {sum: PRECT}"),
        ({"units": "mm/month"}, "units of PRECT, .mm/month., are not understood; expected a rate"),
    ],
)
def test_unknown_units_or_intervals_are_refused(tmp_path, attributes, says):
    with pytest.raises(BadInput, match=says):
        attribute(tmp_path, make(tmp_path, days=1, **attributes))


def test_too_few_values_and_wet_winds_are_refused(tmp_path):
    made = make(tmp_path)
    with pytest.raises(BadInput, match=r"99th percentile of 80 steps .* 500 steps"):
        attribute(tmp_path, made, Extremes((99.0,), "steps"))
    wind = make(tmp_path / "w", units="kg m-1 s-1", cell_methods="time: point")
    with pytest.raises(BadInput, match=r"over wet days, but PRECT .* is no precipitation"):
        attribute(tmp_path, wind, Extremes((50.0,), "wet days"))


def test_masks_of_other_steps_are_refused(tmp_path):
    _, samples = make(tmp_path)
    dates = dates_between((2001, 1, 1), (2001, 1, 3), "noleap", 6)
    mask = write_masks(tmp_path / "m.nc", 2001, dates, ar_every_fourth, step_hours=6)
    with pytest.raises(BadInput, match=r"steps of 6 h, but the samples .* of 3 h"):
        attribute(tmp_path, (mask, samples))


def transported(folder, other):
    """Sums of transport: in the row 12 in a river (20 of 80 steps), else `other`; 7 opposite to it.

    The row beyond the equator has −7 always, whatever the row has; nothing is anywhere else.
    """

    def fields(step, _date):
        values = np.zeros(MINI.shape, np.float32)
        values[ROW] = 12.0 if step % 4 == 0 else other
        values[-1 - ROW] = -7.0
        return {"PRECT": values}

    made = make(folder, fields_of=fields, units="kg m-1 s-1", cell_methods="time: point")
    return [attribute(folder, made)]


@pytest.mark.parametrize(("other", "share"), [(-2.5, 100 * 240 / 90), (-3.0, None), (-4.0, None)])
def test_there_is_no_share_of_what_cancels(tmp_path, other, share):
    """In the row the river brings 20 · 12 = 240, and none of them 60 · other.

    −2.5: 240 − 150 = 90 of 390 is left (23 %), of which the river has 267 %. −3: 60 of 420 (14 %),
    −4: nothing; less than a fifth, so a share would be 400 %, or of nothing. Both hemispheres: 90 of
    the row less 80 · 7 of the other, 470 of 950 either way: enough (−51 %); with −4 560 of 1040.
    """
    paths = transported(tmp_path, other)
    found = shares(regional_sums(paths, "PRECT", [], {"row": [0, 360, -45, -35]}))
    one = found["regions"]["row"]["annual"][AR]["total"]
    band = found["latitude"][found["bands"].index([-40.0, -35.0])][AR]["total"]
    for told in (one, band):
        assert told["share"] == (share and pytest.approx(share, rel=1e-5))
        assert ("cancels" in told) == (share is None)
    assert one["mean"] == pytest.approx(3.0)  # what it brings is known all the same
    everywhere = found["regions"]["everywhere"]["annual"][AR]["total"]["share"]
    assert everywhere == pytest.approx(100 * 240 / (240 + 60 * other - 560), rel=1e-5)
    maps = read_composites(paths, "PRECT").share(AR)
    np.testing.assert_allclose(maps[ROW], np.nan if share is None else share, rtol=1e-5)
    assert (maps[-1 - ROW] == 0).all()


def test_two_hemispheres_cancel(tmp_path):
    """What the row has to one side, 240 + 60 · 5 = 540, the other has less 560: 20 of 1100."""
    found = shares(regional_sums(transported(tmp_path, 5.0), "PRECT", [], {}))
    told = found["regions"]["everywhere"]["annual"][AR]["total"]
    assert told["share"] is None and told["cancels"]
    assert found["years"]["share"][AR]["total"] == [None]
    band = found["latitude"][found["bands"].index([-40.0, -35.0])][AR]["total"]
    assert band["share"] == pytest.approx(100 * 240 / 540, rel=1e-5)


def test_as_many_periods_as_years_or_none():
    """A period more than years would be of none of them, and nothing said."""
    with pytest.raises(BadInput, match="found 1 years and 2 periods"):
        OpenedYears([Path("2000")], ["PRECT"], [["2000-01-01", "2000-02-01"]] * 2)
    with pytest.raises(BadInput, match="there are no samples"):
        OpenedYears([], ["PRECT"])
