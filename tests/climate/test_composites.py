import numpy as np
import pytest

from make_results import MINI, dates_between, write_masks, write_samples
from script_runs import run_forked
from stormtrace.climate.composites import compose_fields, read_composites, split_change
from stormtrace.errors import BadInput
from stormtrace.grids import make_grid

AR, TC = "atmospheric_river", "tropical_cyclone"


def make(folder, rain_in, every=4, missing=None, units="mm/day", factor=1.0, grid=MINI):
    """40 steps: rain 1 everywhere, `rain_in` where an AR is: one row, every fourth step."""
    dates = dates_between((2001, 1, 1), (2001, 1, 6), "noleap")

    def mask_of(step, _date):
        mask = np.zeros(grid.shape, np.int8)
        mask[5] = 2 * (step % every == 0)
        return mask

    def fields_of(step, date):
        rain = np.where(mask_of(step, date) == 2, rain_in, 1.0).astype(np.float32)
        if step == missing:
            rain[5, 3] = np.nan
        return {"PRECT": rain * np.float32(factor)}

    mask = write_masks(folder / "masks.nc", 2001, dates, mask_of, grid)
    samples = write_samples(folder / "samples", dates, fields_of, grid, units=units)
    compose_fields(mask, samples, ["PRECT"], folder / "c.nc", {})
    return folder / "c.nc"


def test_means_and_shares_by_hand(tmp_path):
    """In the row: 10 steps with 5 mm/day and 30 with 1: the AR brings 50 of 80, 62.5 %."""
    one = read_composites([make(tmp_path, 5.0)], "PRECT")
    assert one.units == "mm/day"
    np.testing.assert_allclose(one.mean(AR)[5], 5.0)
    np.testing.assert_allclose(one.mean("all")[5], 2.0)
    np.testing.assert_allclose(one.share(AR)[5], 62.5)
    np.testing.assert_allclose(one.presence(AR)[5], 0.25)
    assert np.isnan(one.mean(AR)[4]).all()  # never there: unknown, not zero
    assert (one.share(AR)[4] == 0).all()
    assert (one.steps[TC] == 0).all()


def test_years_add_up_and_other_seasons_are_empty(tmp_path):
    path = make(tmp_path, 5.0)
    twice = read_composites([path, path], "PRECT", "DJF")
    np.testing.assert_allclose(twice.mean(AR)[5], 5.0)
    assert twice.steps["all"].max() == 80
    assert read_composites([path], "PRECT", "JJA").steps["all"].max() == 0


def test_years_in_other_units_are_not_added_up(tmp_path):
    """Of a field that composites do not convert; mm d-1 is another spelling of mm/day."""
    names = {"one": "mm/day", "two": "mm d-1", "other": "kg m-2 s-1"}
    for name in names:
        (tmp_path / name).mkdir()
    one, two, other = (make(tmp_path / name, 5.0, units=unit) for name, unit in names.items())
    assert read_composites([one, two], "PRECT").steps["all"].max() == 80
    with pytest.raises(BadInput, match=r"other/c.nc: PRECT is in 'kg m-2 s-1', but in 'mm/day'"):
        read_composites([one, other], "PRECT")


def test_a_change_is_of_the_same_units_and_cells(tmp_path):
    """Rivers bring 5 and then 6 mm/day in a quarter of the steps, the latter as kg m-2 s-1."""
    turned = make_grid({"nlat": 19, "nlon": 36, "first_lon": -180})
    others = {
        "first": {"rain_in": 5.0},
        "second": {"rain_in": 6.0, "units": "kg m-2 s-1", "factor": 1 / 86400},
        "kelvin": {"rain_in": 6.0, "units": "K"},
        "turned": {"rain_in": 6.0, "grid": turned},
    }
    for name in others:
        (tmp_path / name).mkdir()
    first, second, kelvin, elsewhere = (
        read_composites([make(tmp_path / name, **one)], "PRECT") for name, one in others.items()
    )
    parts = split_change(first, second, AR)
    np.testing.assert_allclose(parts["total"][5], 0.25, rtol=1e-5)
    np.testing.assert_allclose(parts["intensity"][5], 0.25, rtol=1e-5)
    with pytest.raises(BadInput, match=r"in 'K' cannot be subtracted from others in 'mm/day'"):
        split_change(first, kelvin, AR)
    with pytest.raises(BadInput, match="not of the same cells"):
        split_change(first, elsewhere, AR)


def test_missing_values_count_nowhere(tmp_path):
    one = read_composites([make(tmp_path, 5.0, missing=4)], "PRECT")  # an AR step
    assert one.steps["all"][5, 3] == 39
    assert one.steps[AR][5, 3] == 9
    assert one.mean(AR)[5, 3] == pytest.approx(5.0)


def test_the_split_of_a_change_is_exact_and_as_derived(tmp_path):
    """First: f = 1/4, I = 5. Second: f = 1/2, I = 8.

    Δf·I₁ = 1.25, f₁·ΔI = 0.75, Δf·ΔI = 0.75; together 0.5·8 − 0.25·5 = 2.75.
    """
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    first = read_composites([make(tmp_path / "a", 5.0, 4)], "PRECT")
    second = read_composites([make(tmp_path / "b", 8.0, 2)], "PRECT")
    split = {key: values[5, 0] for key, values in split_change(first, second, AR).items()}
    assert split == pytest.approx(
        {"total": 2.75, "frequency": 1.25, "intensity": 0.75, "both": 0.75}
    )
    maps = split_change(first, second, AR)
    np.testing.assert_allclose(
        maps["frequency"] + maps["intensity"] + maps["both"], maps["total"], atol=1e-12
    )
    absent = split_change(first, second, TC)
    assert all((values == 0).all() for values in absent.values())


def test_the_scripts_make_and_draw(tmp_path):
    make(tmp_path, 5.0)
    flags = [
        ["compose_fields", "--samples", tmp_path / "samples", "--mask", tmp_path / "masks.nc",
         "--fields", "PRECT", "--output", tmp_path / "out.nc"],
        ["draw_composite", "--composites", tmp_path / "out.nc",
         "--field", "PRECT", "--title", "Made", "--output", tmp_path / "figures"],
        ["draw_composite", "--composites", tmp_path / "out.nc", "--second", tmp_path / "out.nc",
         "--field", "PRECT", "--title", "Made", "--output", tmp_path / "change"],
    ]  # fmt: skip
    for script, *rest in flags:
        run_forked(script, *rest)
    names = {path.stem for path in (tmp_path / "figures").glob("*.pdf")}
    assert {"ar-PRECT-composite", "ar-PRECT-share"} <= names
    changes = {path.stem for path in (tmp_path / "change").glob("*.pdf")}
    assert "ar-PRECT-split" in changes and not changes & names  # of the change, and of it alone


def test_a_mask_without_its_sample_is_refused(tmp_path):
    make(tmp_path, 5.0)
    next(iter(sorted((tmp_path / "samples").glob("*")))).unlink()
    with pytest.raises(BadInput, match=r"no sample \*\.2001-01-01-00000\.nc"):
        compose_fields(
            tmp_path / "masks.nc", tmp_path / "samples", ["PRECT"], tmp_path / "x.nc", {}
        )
    with pytest.raises(BadInput, match=r"has no \['SNOW'\]"):
        compose_fields(tmp_path / "masks.nc", tmp_path / "samples", ["SNOW"], tmp_path / "x.nc", {})
