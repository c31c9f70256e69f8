import netCDF4
import numpy as np
import pytest

from make_results import MINI, write_frequency
from stormtrace.climate.comparison import compare_files
from stormtrace.errors import BadInput
from stormtrace.formats.comparison_maps import read_comparison
from stormtrace.formats.regional_differences import read_regional
from stormtrace.grids import make_grid
from stormtrace.grids.remapping import area_mean

AR = "atmospheric_river"


def counts(years, seed, more=0.0, grid=MINI):
    rng = np.random.default_rng(seed)
    return {y: rng.binomial(100, 0.2 + more, (12, 2, *grid.shape)) for y in years}


def test_a_thing_minus_itself_is_zero_and_not_significant(tmp_path):
    path = write_frequency(tmp_path / "a.nc", counts(range(2000, 2006), 0))
    comparison = compare_files(path, path, tmp_path / "c.nc", {"comparison": "self"})
    assert comparison.tested
    assert (comparison.fields["difference"] == 0).all()
    assert (np.nan_to_num(comparison.fields["significant"]) == 0).all()


def test_second_minus_first_by_hand_and_from_the_file(tmp_path):
    first = write_frequency(tmp_path / "a.nc", counts(range(2000, 2006), 0), experiment="a")
    second = write_frequency(tmp_path / "b.nc", counts(range(2090, 2096), 1, 0.3), experiment="b")
    compare_files(first, second, tmp_path / "c.nc", {"comparison": "warming"})
    comparison = read_comparison(tmp_path / "c.nc")
    difference = comparison.get("difference", AR, "annual")
    assert difference.mean() == pytest.approx(30, abs=0.5)  # 20 % to 50 %
    assert (comparison.get("significant", AR, "annual") == 1).all()
    assert comparison.attributes["second_experiment"] == "b"


def test_records_of_unlike_months_are_doubted(tmp_path, caplog):
    whole = counts(range(2000, 2006), 0)
    summer = np.isin(np.arange(12), (5, 6, 7)) * 100
    of_summer = {y: values * (summer > 0)[:, None, None, None] for y, values in whole.items()}
    first = write_frequency(tmp_path / "a.nc", whole)
    second = write_frequency(tmp_path / "b.nc", of_summer, summer)
    compare_files(first, first, tmp_path / "c.nc", {})
    assert "time steps in" not in caplog.text
    compare_files(first, second, tmp_path / "c.nc", {})
    assert "the second in Jun, Jul, Aug: what differs over all steps" in caplog.text


def test_means_over_regions_have_intervals_by_year(tmp_path):
    """North of 20° N the second has 30, 40 … 80 % in six years, the first 20 % in all.

    Elsewhere both have 20 %. Student's interval of the mean of n = 6 years is ± t s / √n with
    s = 18.71 points and t = 2.23 (2 n − 2 = 10 degrees of freedom): ± 17.0 about 35 points. The
    bootstrap's has the shape of six values, and 1000 draws of them.
    """
    north = MINI.lat > 20
    made = {
        year: np.where(north[:, None], 30 + 10 * number, 20) * np.ones((12, 2, *MINI.shape), int)
        for number, year in enumerate(range(2000, 2006))
    }
    flat = {year: np.full((12, 2, *MINI.shape), 20) for year in made}
    sides = [write_frequency(tmp_path / f"{n}.nc", one) for n, one in enumerate((flat, made))]
    boxes = {"north": [-180, 180, 25, 90], "south": [100, 120, -60, 0], "nowhere": [0, 1, 1, 2]}
    compare_files(*sides, tmp_path / "c.nc", {}, None, tmp_path / "c.csv", regions=boxes)
    rows = {
        one.region: one
        for one in read_regional(tmp_path / "c.csv")
        if (one.feature, one.period) == ("AR", "annual")
    }
    assert set(rows) == {"all", "north", "south"}  # the grid has no cell in a box so small
    found = rows["north"]
    assert (found.first, found.second, found.difference) == pytest.approx((20, 55, 35))
    assert found.low == pytest.approx(35 - 17.0, abs=2.0)
    assert found.high == pytest.approx(35 + 17.0, abs=2.0)
    assert (rows["south"].difference, rows["south"].low, rows["south"].high) == (0, 0, 0)
    share = MINI.area[north].sum() / MINI.area.sum()
    assert rows["all"].difference == pytest.approx(35 * share, rel=1e-5)

    # A part of the globe with 30 %: of a region the cells count that both cover.
    part = make_grid({"box": [0, 90, 0, 90], "step": 5})
    third = {year: np.full((12, 2, *part.shape), 30) for year in made}
    sides[1] = write_frequency(tmp_path / "part.nc", third, grid=part)
    compare_files(*sides, tmp_path / "d.nc", {}, None, tmp_path / "d.csv", regions=boxes)
    means = {one.region: (one.first, one.second) for one in read_regional(tmp_path / "d.csv")}
    assert means == {"all": (20, 30), "north": (20, 30)}


def test_other_grids_meet_on_the_coarser_with_the_same_global_mean(tmp_path):
    fine = make_grid({"nlat": 37, "nlon": 72, "first_lon": -180})
    first = write_frequency(tmp_path / "a.nc", counts(range(2000, 2006), 0))
    second = write_frequency(tmp_path / "b.nc", counts(range(2000, 2006), 1, 0.1, fine), grid=fine)
    for one, two in ((first, second), (second, first)):
        comparison = compare_files(one, two, tmp_path / "c.nc", {})
        assert comparison.grid.shape == MINI.shape
    regridded = comparison.get("first", AR, "annual")
    truth = sum(
        values[:, 1].sum(axis=0) for values in counts(range(2000, 2006), 1, 0.1, fine).values()
    )
    assert area_mean(regridded, MINI) == pytest.approx(
        area_mean(100 * truth / 7200, fine), rel=1e-6
    )


def test_few_years_are_not_tested(tmp_path):
    path = write_frequency(tmp_path / "a.nc", counts((2000, 2001), 0))
    comparison = compare_files(path, path, tmp_path / "c.nc", {})
    assert not comparison.tested
    assert np.isnan(comparison.fields["significant"]).all()


def test_the_five_winters_of_four_years_are_not_tested(tmp_path):
    """The first is a January and February, the last a December; other seasons were not tested."""
    sides = [
        write_frequency(tmp_path / f"{seed}.nc", counts(range(2000, 2004), seed, seed / 10))
        for seed in (0, 1)
    ]
    rows = tmp_path / "c.csv"
    comparison = compare_files(*sides, tmp_path / "c.nc", {}, None, rows)
    assert not comparison.tested
    assert {row.low for row in read_regional(rows)} == {None}


def test_events_are_compared_where_the_masks_are_the_same(tmp_path):
    """Half of the detections are in events by one rule, all by the other: 10 % become 20 %."""
    made = {2000: np.full((12, 2, *MINI.shape), 20)}
    half = write_frequency(tmp_path / "a.nc", made, events=0.5)
    all_of_them = write_frequency(tmp_path / "b.nc", made, events=1)
    difference = {}
    for of in ("masks", "events"):
        compare_files(half, all_of_them, tmp_path / "c.nc", {}, of=of)
        comparison = read_comparison(tmp_path / "c.nc")
        assert comparison.attributes["counted_from"] == of
        difference[of] = comparison.get("difference", AR, "annual")
    assert (difference["masks"] == 0).all()
    np.testing.assert_allclose(difference["events"], 10)
    untracked = write_frequency(tmp_path / "d.nc", made)
    with pytest.raises(BadInput, match="events"):
        compare_files(half, untracked, tmp_path / "c.nc", {}, of="events")


def test_years_of_which_no_entry_is_known_are_no_years_of_a_rate(tmp_path):
    """Of seven years whose entries are known in five or four: with five tested, with four not.

    Steps that follow none say nothing of entries; years of such steps, drawn alone, were a rate of
    nothing by nothing.
    """
    table = {"front": {"short": "FR", "kind": "line"}}
    sides = []
    for name, known in (("five", 5), ("seven", 7), ("four", 4)):
        made = {
            year: values[:, :1] for year, values in counts(range(2000, 2007), 7 + known).items()
        }
        path = write_frequency(tmp_path / f"{name}.nc", made, classes=("front",), entries=0.5)
        with netCDF4.Dataset(path, "a") as nc:
            for variable in ("entry_steps", "entries"):
                nc[variable][12 * known :] = 0
        sides.append(path)
    five, seven, four = sides
    for other, tested in ((five, True), (four, False)):
        rows = tmp_path / "c.csv"
        comparison = compare_files(other, seven, tmp_path / "c.nc", {}, table, rows)
        p_value = comparison.get("crossing_rate_p_value", "front", "annual")
        assert np.isfinite(p_value).all() == tested
        for row in read_regional(rows):
            if (row.quantity, row.period) == ("crossing rate", "annual"):
                assert (row.low is not None) == tested
                assert not tested or row.low < row.difference < row.high
