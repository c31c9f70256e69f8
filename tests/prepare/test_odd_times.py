"""Times of many hands: the right step, interval and method, or one true sentence.

PSL of record i is 100000 + i Pa everywhere, so that every value tells the record it comes from.
"""

import netCDF4
import numpy as np
import pytest

from stormtrace.errors import BadInput
from stormtrace.grids import make_grid
from stormtrace.prepare.check import check_study
from stormtrace.prepare.dataset import make_dataset
from stormtrace.prepare.fields import derive_blocks
from stormtrace.prepare.mesh.mesh_reading import dataset_mesh
from stormtrace.prepare.plan import make_plans
from stormtrace.prepare.raw.calendar_time import HOUR
from stormtrace.prepare.regridding.makers import own_matrix
from stormtrace.prepare.sample_making import make_samples

LAT, LON = np.linspace(-90, 90, 7), np.arange(0, 360, 45.0)
UNITS = "hours since 2000-01-01 00:00:00"


def write(
    path,
    hours,
    methods=None,
    bounds=None,
    bounds_name="time_bnds",
    units=UNITS,
    calendar="noleap",
    first=0,
    kind="f8",
    edit=None,
):
    """Write PSL at `hours`, record i being 100000 + first + i; bounds: (n, 2) or None."""
    path.parent.mkdir(parents=True, exist_ok=True)
    hours = np.asarray(hours)
    with netCDF4.Dataset(path, "w") as nc:
        for name, values, axis in (("lat", LAT, "degrees_north"), ("lon", LON, "degrees_east")):
            nc.createDimension(name, values.size)
            nc.createVariable(name, "f8", (name,))[:] = values
            nc[name].units = axis
        nc.createDimension("time", None)
        nc.createVariable("time", kind, ("time",))[:] = hours
        nc["time"].setncatts({"units": units, "calendar": calendar})
        nc.createVariable("PSL", "f4", ("time", "lat", "lon"))[:] = (
            100000.0 + first + np.arange(hours.size)[:, None, None]
        )
        nc["PSL"].units = "Pa"
        if methods:
            nc["PSL"].cell_methods = methods
        if bounds is not None:
            nc["time"].bounds = "time_bnds"
            bounds = np.asarray(bounds)
            dims = tuple(f"n{axis}" for axis in range(1, bounds.ndim))
            for name, size in zip(dims, bounds.shape[1:], strict=True):
                nc.createDimension(name, size)
            nc.createVariable(bounds_name, "f8", ("time", *dims))[:] = bounds
        if edit:
            edit(nc)
    return path


def spec(files, begin="2000-01-01", end="2000-01-02", stamps=None, **keys):
    part = {"period": [begin, end], "files": str(files)} | ({"stamps": stamps} if stamps else {})
    fields = {"fields": {"PSL": {"take": "PSL"}}}
    return {"name": "odd", "source": "cesm", "parts": [part], **fields, **keys}


def steps(block, year=2000):
    """Return {start: value}, the method and the hours of the interval; check must agree."""
    dataset = make_dataset(block)
    try:
        plans = make_plans(dataset, year)
    except BadInput as error:
        problems = [text for row in check_study([block], 1) for text in row.problems]
        assert problems, f"check said nothing of: {error}"
        raise
    mesh, found = dataset_mesh(dataset), {}
    for plan in plans:
        (records,) = plan.records.values()
        for derived in derive_blocks(dataset, plan, mesh, 8):
            for row, step in zip(derived.fields["PSL"], derived.steps, strict=True):
                found[plan.calendar.text(plan.start[step])] = float(row[0]) - 100000
    assert not [text for row in check_study([block], 1) for text in row.problems]
    return found, records.method, records.span / HOUR


def means(count, width=3.0, every=3.0):
    """Return end stamps and bounds of means, hours since 2000-01-01."""
    end = every * (np.arange(count) + 1)
    return end, np.stack([end - width, end], axis=1)


def at(*hours, day="2000-01-01"):
    return [f"{day} {hour:02d}:00" for hour in hours]


EIGHT = at(*range(0, 24, 3))


# ------------------------------------------------------------------------- bounds


def test_bounds_that_hold_their_stamps_are_believed(tmp_path):
    """Also where a stamp is neither start, middle nor end."""
    end, bounds = means(8)
    found = steps(spec(write(tmp_path / "a.nc", end - 0.5, "time: mean", bounds)))
    assert found == (dict(zip(EIGHT, range(8), strict=True)), "mean", 3.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bounds": None}, "a mean over time by its `cell_methods`, but time has no bounds"),
        ({"bounds_name": "time_bound"}, "has the bounds time_bnds, which the file does not have"),
        ({"bounds": means(8)[1] + 24 * 365}, "00 is not in its interval, 2001-01-01 00:00 to"),
        ({"bounds": np.zeros((8, 3))}, r"which are \(8, 3\), not \(8, 2\)"),
        ({"bounds": np.zeros((8, 2, 2))}, r"which are \(8, 2, 2\), not \(8, 2\)"),
        ({"bounds": np.full((8, 2), 9.97e36)}, "hold values that are no times"),
        ({"bounds": np.repeat(means(8)[0][:, None], 2, 1)}, "have no width"),
    ],
    ids=["none", "nowhere", "stale", "three", "corners", "fill", "no width"],
)
def test_means_with_bad_bounds_are_refused_until_stamps_are_told(tmp_path, change, message):
    """They never become instants (xarray #2565, #521); `stamps: end` is advice that works."""
    end, bounds = means(8)
    path = write(tmp_path / "a.nc", end, "time: mean", **{"bounds": bounds, **change})
    with pytest.raises(BadInput, match=f"{message}.*`stamps: start"):
        steps(spec(path))
    found = steps(spec(path, stamps="end"))
    assert found == (dict(zip(EIGHT, range(8), strict=True)), "mean", 3.0)
    with pytest.raises(BadInput, match=r"stamps: instant.*a mean over time: say `stamps: start"):
        steps(spec(path, stamps="instant"))


def test_stale_bounds_of_an_hour_make_no_three(tmp_path):
    """Bounds of another month, of hourly means every three hours: `stamps` alone would make them
    means of three; without the bounds it is what the user says."""
    end, _, bounds = reversed_means(8)
    path = write(tmp_path / "a.nc", end, "time: mean", bounds + 31 * 24)
    with pytest.raises(BadInput, match="They are 1 h wide, but the records 3 h apart"):
        steps(spec(path, stamps="end"))


def test_bounds_of_three_days_ago_without_cell_methods(tmp_path):
    end, bounds = means(8)
    path = write(tmp_path / "a.nc", end, None, bounds - 72)
    with pytest.raises(BadInput, match="is not in its interval"):
        steps(spec(path))
    assert steps(spec(path, end="2000-01-01 21:00", begin="2000-01-01 03:00", stamps="instant"))


def test_the_initial_state_is_no_mean(tmp_path):
    """CAM's first record, nstep 0: bounds of no width; it never stands for the hours before."""
    hours = 3.0 * np.arange(9)
    bounds = np.stack([np.maximum(hours - 3, 0), hours], 1)
    path = write(tmp_path / "a.nc", hours, "time: mean", bounds)
    assert steps(spec(path)) == (dict(zip(EIGHT, range(1, 9), strict=True)), "mean", 3.0)
    with pytest.raises(BadInput, match=r"lacks 1 \(1999-12-31 21:00"):
        steps(spec(path, "1999-12-31 21:00"), 1999)


def test_hours_written_every_three_stay_hours(tmp_path):
    """The mean of 02-03 h at 03 h …: a sample of one hour, never of three."""
    path = write(tmp_path / "a.nc", *reversed_means(8))
    found = steps(spec(path))
    assert found == (dict(zip(at(*range(2, 24, 3)), range(8), strict=True)), "mean", 1.0)
    with pytest.raises(BadInput, match=r"every 3 h, but is of 1 h.*`sampling: instant`"):
        steps(spec(path, step_hours=6))
    found = steps(spec(path, step_hours=6, sampling="instant"))
    assert found == (dict(zip(at(2, 8, 14, 20), (0, 2, 4, 6), strict=True)), "mean", 1.0)


def reversed_means(count):
    end, bounds = means(count, width=1.0)
    return end, "time: mean", bounds


def test_bounds_of_several_widths_are_refused(tmp_path):
    end, bounds = means(8)
    bounds[4:, 0] += 2
    with pytest.raises(BadInput, match="are 1 to 3 h wide"):
        steps(spec(write(tmp_path / "a.nc", end, "time: mean", bounds)))


def test_a_climatology_is_no_series(tmp_path):
    def edit(nc):
        nc["time"].climatology = "climatology_bounds"

    with pytest.raises(BadInput, match="climatology, not of a series"):
        steps(spec(write(tmp_path / "a.nc", means(8)[0], edit=edit)))


# ------------------------------------------------------------- tapes, files of one record


@pytest.mark.parametrize(
    ("hours", "methods", "bounds"),
    [
        ([24.0], "time: mean", [[0.0, 24.0]]),
        ([12.0, 36.0, 60.0], "time: point", None),
        ([9.0], "time: maximum", [[6.0, 9.0]]),
        ([9.0], "time: mean", [[8.0, 9.0]]),
    ],
    ids=["daily mean", "daily instants", "maximum", "hour"],
)
def test_another_tape_fills_no_gap(tmp_path, hours, methods, bounds):
    """The three-hourly tape lacks 06-09 h; nothing else has it."""
    end, own = means(8)
    instants = methods == "time: point"
    kept = np.delete(np.arange(8), 4 if instants else 2)
    stamp = end - 3 if instants else end
    how = ("time: point", None) if instants else ("time: mean", own[kept])
    write(tmp_path / "x.h2.nc", stamp[kept], *how)
    write(tmp_path / "x.h1.nc", hours, methods, bounds)
    with pytest.raises(BadInput, match=r"PSL is of several kinds.*h1\.nc.*make `files` narrower"):
        steps(spec(tmp_path / "x.h?.nc"))
    with pytest.raises(BadInput, match="PSL lacks 1"):
        steps(spec(tmp_path / "x.h2.nc"))


def test_a_tape_that_ends_before_does_not_matter(tmp_path):
    end, bounds = means(8)
    write(tmp_path / "x.1999.nc", [-24.0], "time: mean", [[-48.0, -24.0]])
    write(tmp_path / "x.2000.nc", end, "time: mean", bounds)
    assert len(steps(spec(tmp_path / "x.*.nc"))[0]) == 8


def test_means_of_one_record_a_file_and_no_bounds(tmp_path):
    """Their distance is their length; of one alone nobody knows it."""
    for index, end in enumerate(means(8)[0]):
        write(tmp_path / f"x.{index}.nc", [end], "time: mean", first=index)
    with pytest.raises(BadInput, match=r"time has no bounds: say .*`stamps: start \| end"):
        steps(spec(tmp_path / "x.*.nc"))
    found = steps(spec(tmp_path / "x.*.nc", stamps="end"))
    assert found == (dict(zip(EIGHT, range(8), strict=True)), "mean", 3.0)
    with pytest.raises(BadInput, match="nothing says how long its interval is"):
        steps(spec(tmp_path / "x.0.nc", stamps="end"))


def test_a_mean_alone_with_bounds(tmp_path):
    path = write(tmp_path / "a.nc", [12.0], "area: time: mean", [[0.0, 24.0]])
    assert steps(spec(path, step_hours=24)) == ({"2000-01-01 00:00": 0.0}, "mean", 24.0)


# ------------------------------------------------------------------------ cell methods


@pytest.mark.parametrize(
    ("methods", "kept", "value"),
    [
        ("time: mean", "mean", 1.0),
        ("area: mean time: minimum", "minimum", 0.0),
        ("time: maximum (interval: 30 minutes)", "maximum", 2.0),
        ("time: sum", "sum", 200003.0),  # of 100000, 100001, 100002, less 100000
    ],
)
def test_methods_are_kept(tmp_path, methods, kept, value):
    """Three hours make a step: a minimum of minima, a maximum of maxima, a sum of sums."""
    path = write(tmp_path / "a.nc", *with_method(24, methods))
    fields = {"X": {"take": "PSL"}}
    dataset = make_dataset(spec(path) | {"fields": fields})
    (plan,) = make_plans(dataset, 2000)
    (records,) = plan.records.values()
    (block, *_) = derive_blocks(dataset, plan, dataset_mesh(dataset), 8)
    assert (records.method, records.span) == (kept, 3 * HOUR)
    assert float(block.fields["X"][0][0]) - 100000 == value
    single = steps(spec(path, step_hours=1))
    assert single[1:] == (kept, 1.0) and single[0]["2000-01-01 05:00"] == 5.0


def with_method(count, methods):
    end, bounds = means(count, 1.0, 1.0)
    return end, methods, bounds


def test_a_deviation_is_not_averaged(tmp_path):
    path = write(tmp_path / "a.nc", *with_method(24, "time: standard_deviation"))
    with pytest.raises(BadInput, match=r"standard_deviation over time.*`sampling: instant`"):
        steps(spec(path))
    assert steps(spec(path, sampling="instant"))[1:] == ("standard_deviation", 1.0)


def test_grib_says_its_method_too(tmp_path):
    def edit(nc):
        nc["PSL"].GRIB_stepType = "accum"

    path = write(tmp_path / "a.nc", np.arange(1.0, 25.0), edit=edit)
    with pytest.raises(BadInput, match="PSL is a sum over time"):
        steps(spec(path, step_hours=1))
    found = steps(spec(path, step_hours=1, stamps="end"))
    assert found[1:] == ("sum", 1.0) and found[0]["2000-01-01 05:00"] == 5.0


# ------------------------------------------------------------------------ offsets


@pytest.mark.parametrize(
    ("first", "every"), [(3, 6), (6, 12), (12, 24), (1, 3)], ids=["03 09", "06 18", "noon", "01 04"]
)
def test_instants_at_other_hours(tmp_path, first, every):
    """NorESM's 03, 09, 15, 21 h; 06 and 18 h; noon: the steps are where the files are."""
    hours = np.arange(first, 48, every)
    path = write(tmp_path / "a.nc", hours, "area: mean time: point")
    found, method, span = steps(spec(path, end="2000-01-03", step_hours=every))
    assert list(found) == [f"2000-01-{1 + h // 24:02d} {h % 24:02d}:00" for h in hours]
    assert list(found.values()) == list(range(hours.size)) and (method, span) == ("point", 0.0)
    later = spec(path, f"2000-01-01 {first:02d}:00", "2000-01-03", step_hours=every)
    assert steps(later)[0] == found


def test_nobody_guesses_what_stamps_half_way_mark(tmp_path):
    """01:30, 04:30 … may be MERRA-2's tavg3, noon a daily mean: both ways of the advice work."""
    path = write(tmp_path / "a.nc", 1.5 + 3 * np.arange(8))
    with pytest.raises(BadInput, match=r"`stamps: middle`.*`stamps: instant`"):
        steps(spec(path))
    assert steps(spec(path, stamps="middle"))[0] == dict(zip(EIGHT, range(8), strict=True))
    found = steps(spec(path, stamps="instant"))
    assert list(found[0])[:2] == ["2000-01-01 01:30", "2000-01-01 04:30"] and found[2] == 0


def test_variables_with_other_hours_are_refused(tmp_path):
    write(tmp_path / "psl.nc", 3 + 6 * np.arange(4), "time: point")
    write(tmp_path / "ts.nc", 6 * np.arange(4), "time: point")
    block = spec(tmp_path / "psl.nc", step_hours=6)
    block["fields"]["TS"] = {"take": "PSL", "files": f"{tmp_path}/ts.nc"}
    with pytest.raises(BadInput, match=r"psl\.nc, but .*ts\.nc: no steps of 6 h start with both"):
        make_plans(make_dataset(block), 2000)
    problems = [text for row in check_study([block], 1) for text in row.problems]
    assert len(problems) == 1 and "no steps of 6 h start with both" in problems[0]


def test_steps_follow_the_coarsest_variable(tmp_path):
    """TS every 3 h from midnight has what PSL at 03, 09, 15, 21 h needs."""
    write(tmp_path / "psl.nc", 3 + 6 * np.arange(4), "time: point")
    write(tmp_path / "ts.nc", 3 * np.arange(8), "time: point")
    block = spec(tmp_path / "ts.nc", step_hours=6, sampling="instant")
    block["fields"]["TS"] = {"take": "PSL", "files": f"{tmp_path}/psl.nc"}
    (plan,) = make_plans(make_dataset(block), 2000)
    assert [plan.calendar.text(second) for second in plan.start] == at(3, 9, 15, 21)
    assert [each.record.ravel().tolist() for each in plan.records.values()] == [
        [1, 3, 5, 7], [0, 1, 2, 3],
    ]  # fmt: skip


def test_parts_must_start_their_steps_alike(tmp_path):
    """Instants at 00, 06 … in one year and at 03, 09 … in the next are of two datasets."""
    blocks = []
    for year, first in ((2000, 0), (2001, 365 * 24 + 3)):
        path = write(tmp_path / f"{year}.nc", first + 6 * np.arange(4), "time: point")
        blocks.append(spec(path, f"{year}-01-01", f"{year}-01-02", step_hours=6))
    both = {**blocks[0], "parts": [part for block in blocks for part in block["parts"]]}
    (problem,) = [text for row in check_study([both], 1) for text in row.problems]
    assert "parts start 0 and 3 h after multiples of 6 h: make them two datasets" in problem


def test_a_record_off_the_steps_is_refused(tmp_path):
    hours = 3.0 * np.arange(8)
    hours[5] += 1
    with pytest.raises(
        BadInput, match=r"every 2 h \(2000-01-01 16:00, then 2000-01-01 18:00\), which makes"
    ):
        steps(spec(write(tmp_path / "a.nc", hours, "time: point")))


def test_intervals_of_several_lengths_make_no_sample(tmp_path):
    write(tmp_path / "psl.nc", *reversed_means(8))
    end, bounds = means(8)
    write(tmp_path / "ts.nc", end, "time: mean", bounds)
    block = spec(tmp_path / "psl.nc")
    block["fields"]["TS"] = {"take": "PSL", "files": f"{tmp_path}/ts.nc"}
    with pytest.raises(BadInput, match="a sample is of one interval"):
        make_plans(make_dataset(block), 2000)
    assert any("one interval" in text for row in check_study([block], 1) for text in row.problems)


# ---------------------------------------------------------------- kinds of coordinates


def test_absolute_times(tmp_path):
    """19851231.9583 is 23:00; ICON and CDO write them so."""
    hours = 20000101 + np.arange(8) / 8
    path = write(tmp_path / "a.nc", hours, units="day as %Y%m%d.%f", calendar="proleptic_gregorian")
    assert steps(spec(path))[0] == dict(zip(EIGHT, range(8), strict=True))


@pytest.mark.parametrize(
    ("units", "an_hour"),
    [("Hours Since 2000-01-01", 1), ("nanoseconds since 2000-01-01", 3600 * 10**9)],
)
def test_units_as_others_write_them(tmp_path, units, an_hour):
    """The file's times count, too, where a clock is said: once this file was said to have none."""
    hours = np.arange(3, 27, 3)
    path = write(tmp_path / "a.nc", hours * an_hour, units=units, kind="i8")
    clock = {"start": "2000-01-01", "step_hours": 3}
    for more in ({}, {"time": clock}):
        found = steps(spec(path, "2000-01-01 03:00", "2000-01-02", **more))[0]
        assert found == dict(zip(EIGHT[1:], range(7), strict=True))


def test_a_single_number_is_the_time_of_the_file(tmp_path):
    """No dimension of time, and the start of the forecast beside it."""
    for index, name in enumerate("abcdefgh"):
        with netCDF4.Dataset(tmp_path / f"{name}.nc", "w") as nc:
            for axis, values in (("lat", LAT), ("lon", LON)):
                nc.createDimension(axis, values.size)
                nc.createVariable(axis, "f8", (axis,))[:] = values
            nc.createVariable("PSL", "f4", ("lat", "lon"))[:] = 100000.0 + index
            for time, hour in (("reftime", 0), ("forecast_reference_time", 0), ("time", 3 * index)):
                nc.createVariable(time, "f8", ())[...] = hour
                nc[time].units = UNITS
            nc["forecast_reference_time"].standard_name = "forecast_reference_time"
    assert steps(spec(tmp_path / "?.nc"))[0] == dict(zip(EIGHT, range(8), strict=True))


def test_a_single_mean_with_bounds_has_no_dimension_of_time(tmp_path):
    path = without_times(tmp_path / "a.nc", (), ())
    with netCDF4.Dataset(path, "a") as nc:
        nc["PSL"].cell_methods = "time: mean"
        nc.createDimension("bnds", 2)
        nc.createVariable("time", "f8", ())[...] = 12.0
        nc["time"].setncatts({"units": UNITS, "bounds": "time_bnds"})
        nc.createVariable("time_bnds", "f8", ("bnds",))[:] = [0, 24]
    assert steps(spec(path, step_hours=24)) == ({"2000-01-01 00:00": 0.0}, "mean", 24.0)


def test_when_forecasts_began_is_not_when_they_are_for(tmp_path):
    """cfgrib's `time` with `step` and `valid_time`; without the last it is refused."""

    def edit(nc, valid=True):
        nc["time"].long_name = "initial time of forecast"
        nc.createVariable("step", "f8", ())[...] = 6
        if valid:
            nc.createVariable("valid_time", "f8", ("time",))[:] = nc["time"][:] + 6
            nc["valid_time"].setncatts({"units": UNITS, "calendar": "noleap"})

    hours = 3.0 * np.arange(8) - 6
    path = write(tmp_path / "a.nc", hours, edit=edit)
    assert steps(spec(path))[0] == dict(zip(EIGHT, range(8), strict=True))
    path = write(tmp_path / "b.nc", hours, edit=lambda nc: edit(nc, valid=False))
    with pytest.raises(BadInput, match="when forecasts began"):
        steps(spec(path))


def test_packed_and_missing_times(tmp_path):
    """NCO packs coordinates, too."""

    def pack(nc):
        nc["time"].setncatts({"scale_factor": 3.0, "add_offset": 0.0})

    path = write(tmp_path / "a.nc", np.arange(8), kind="i2", edit=pack)
    # netCDF4 scales what it writes only after the attributes are set: stored are 0 … 7.
    assert steps(spec(path))[0] == dict(zip(EIGHT, range(8), strict=True))

    def lose(nc):
        nc["time"].missing_value = np.int32(9)

    path = write(tmp_path / "b.nc", 3 * np.arange(8), kind="i4", edit=lose)
    with pytest.raises(BadInput, match="time of record 4 is missing"):
        steps(spec(path))


def test_times_written_by_wrf(tmp_path):
    def edit(nc):
        nc.createDimension("DateStrLen", 19)
        texts = [f"2000-01-01_{hour:02d}:00:00" for hour in range(0, 24, 3)]
        nc.createVariable("Times", "S1", ("time", "DateStrLen"))[:] = netCDF4.stringtochar(
            np.array(texts, "S19")
        )
        del nc["time"].units

    path = write(tmp_path / "a.nc", np.arange(8), edit=edit)
    assert steps(spec(path))[0] == dict(zip(EIGHT, range(8), strict=True))


def test_30_february(tmp_path):
    """A period may end on it, or begin; noleap has no such day."""
    hours = (30 + 27) * 24 + 6 * np.arange(16)  # from 28 February on, four days of 360_day
    path = write(tmp_path / "a.nc", hours, "time: point", calendar="360_day")
    found = steps(spec(path, "2000-02-29", "2000-02-30", step_hours=6))[0]
    assert list(found) == at(0, 6, 12, 18, day="2000-02-29")
    found = steps(spec(path, "2000-02-30", "2000-03-01", step_hours=6))[0]
    assert found == dict(zip(at(0, 6, 12, 18, day="2000-02-30"), range(8, 12), strict=True))
    path = write(tmp_path / "b.nc", hours, "time: point")
    with pytest.raises(BadInput, match="'2000-02-30' is not a date of the noleap calendar") as told:
        steps(spec(path, "2000-02-28", "2000-02-30", step_hours=6))
    for word in ("`period` is [2000-02-28, 2000-02-30]", str(path), "give days of that calendar"):
        assert word in str(told.value)


# ------------------------------------------------------------------------ names


def test_rda_names_and_folders(tmp_path):
    """NCAR's ERA5: a folder a month, first_last in the name, {year} in both."""
    name = "{0}01/e5.oper.an.sfc.128_137_tcwv.ll025sc.{0}010100_{0}013123.nc"
    for year, first in ((1999, -365 * 24), (2000, 0)):
        hours = first + np.arange(31 * 24)
        write(tmp_path / name.format(year), hours, units=UNITS, kind="i4", first=0)
    pattern = f"{tmp_path}/{{year}}*/e5.oper.an.sfc.128_137_tcwv.ll025sc.{{year}}*.nc"
    found, method, _ = steps(spec(pattern, end="2000-02-01", sampling="instant"))
    assert len(found) == 248 and found["2000-01-01 03:00"] == 3.0 and method == "point"


def test_names_can_be_left_alone(tmp_path):
    path = write(tmp_path / "x.2005010100Z-2005013121Z.nc", 3.0 * np.arange(8))
    with pytest.raises(BadInput, match=r"its name says.*`dates_in_names: ignore`"):
        steps(spec(path))
    assert len(steps(spec(path, dates_in_names="ignore"))[0]) == 8


def test_files_of_several_years(tmp_path):
    """CMIP's, named by their first year: the advice to leave {year} out works."""
    write(tmp_path / "psl_200001010000-200112312100.nc", 3.0 * np.arange(2 * 365 * 8))
    pattern = f"{tmp_path}/psl_{{year}}*.nc"
    block = spec(pattern, "2001-07-01", "2001-07-02")
    with pytest.raises(BadInput, match=r"near 2003.*1 of other years.*write \* for \{year\}"):
        steps(
            {**block, "parts": [{"period": ["2003-07-01", "2003-07-02"], "files": pattern}]}, 2003
        )
    block["parts"][0]["files"] = pattern.replace("{year}", "*")
    first = 181 * 8  # records of January to June
    assert list(steps(block, 2001)[0].values()) == list(range(365 * 8 + first, 365 * 8 + first + 8))


def test_the_last_mean_of_a_year_lies_in_the_next_year_s_file_of_its_kind(tmp_path):
    """Rain and pressure have files of their own, found by one pattern: both have a first one."""
    for day, hours in (
        ("19991231", [3 * n - 24 for n in range(1, 8)]),
        ("20000101", range(0, 24, 3)),
    ):
        write(tmp_path / f"m.{day}.p.nc", hours, first=0 if day < "2" else 7)
        write(tmp_path / f"m.{day}.o.nc", hours, edit=lambda nc: nc.renameVariable("PSL", "O3"))
    block = spec(f"{tmp_path}/m.{{year}}*.nc", "1999-12-31", "2000-01-01", "end")
    assert steps(block, 1999)[0] == dict(
        zip(at(*range(0, 24, 3), day="1999-12-31"), range(8), strict=True)
    )
    block["missing_steps"] = "skip"
    assert len(steps(block, 1999)[0]) == 8


# ------------------------------------------------------------- files without times


def without_times(path, dims, sizes):
    with netCDF4.Dataset(path, "w") as nc:
        for axis, values in (("lat", LAT), ("lon", LON)):
            nc.createDimension(axis, values.size)
            nc.createVariable(axis, "f8", (axis,))[:] = values
        for name, size in zip(dims, sizes, strict=True):
            nc.createDimension(name, size)
        nc.createVariable("PSL", "f4", (*dims, "lat", "lon"))[:] = 100000.0 + np.arange(
            int(np.prod(sizes))
        ).reshape(*sizes, 1, 1)
    return path


@pytest.mark.parametrize("dimension", ["z", "height", "lev", "bottom_top"])
def test_a_level_is_no_time(tmp_path, dimension):
    """Following the advice for files without times made 60 levels 60 times."""
    path = without_times(tmp_path / "a.nc", (dimension,), (8,))
    clock = {"start": "2000-01-01", "step_hours": 3}
    with pytest.raises(BadInput, match=r"select: \{|no time coordinate"):
        steps(spec(path))
    with pytest.raises(BadInput, match=rf"has a dimension {dimension}|has 8 levels|lacks 7"):
        steps(spec(path, time=clock))


def test_a_dimension_that_counts_times_is_named(tmp_path):
    path = without_times(tmp_path / "a.nc", ("nt",), (8,))
    clock = {"start": "2000-01-01", "step_hours": 3, "calendar": "noleap"}
    with pytest.raises(BadInput, match=r"if it counts times, name it in time: \{dimension: nt\}"):
        steps(spec(path, time=clock))
    found = steps(spec(path, time={**clock, "dimension": "nt"}))
    assert found == (dict(zip(EIGHT, range(8), strict=True)), "point", 0.0)


def test_means_without_times_stay_means(tmp_path):
    path = without_times(tmp_path / "a.nc", ("time",), (8,))
    with netCDF4.Dataset(path, "a") as nc:
        nc["PSL"].cell_methods = "time: mean"
    clock = {"start": "2000-01-01", "step_hours": 3}
    assert steps(spec(path, time=clock))[1:] == ("mean", 3.0)


# ------------------------------------------------------------------------ samples


@pytest.mark.parametrize(
    ("block", "said"),
    [
        (with_method(24, "time: minimum"), ("time: minimum", [[3.0, 6.0]])),
        (reversed_means(8), ("time: mean", [[5.0, 6.0]])),
    ],
    ids=["minima", "hours every three"],
)
def test_samples_say_what_they_are(tmp_path, block, said):
    """The second sample: three hours of hourly minima, or the hour of 05-06 h."""
    end, methods, bounds = block
    path = write(tmp_path / "a.nc", end, methods, bounds)
    dataset, grid = make_dataset(spec(path)), make_grid({"nlat": 7, "nlon": 8})
    mesh = dataset_mesh(dataset)
    matrix, _ = own_matrix(mesh, grid, "bilinear")
    assert make_samples(dataset, mesh, grid, matrix, 2000, tmp_path / "2000") == 8
    with netCDF4.Dataset(sorted((tmp_path / "2000").iterdir())[1]) as nc:
        assert (nc["PSL"].cell_methods, nc["time_bnds"][:].tolist()) == said
        assert nc["time"][0] == said[1][0][0]
