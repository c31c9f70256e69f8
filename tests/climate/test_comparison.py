import numpy as np
import pytest

from make_results import MINI, write_frequency
from stormtrace.climate.comparison import compare_files
from stormtrace.errors import BadInput
from stormtrace.formats.comparison_maps import read_comparison
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
