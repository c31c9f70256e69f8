from pathlib import Path

import netCDF4
import numpy as np
import pytest

from mock_raw import Cesm, Merra2
from stormtrace.errors import BadInput
from stormtrace.prepare.check import check_study
from stormtrace.prepare.dataset import make_dataset
from stormtrace.prepare.mesh.mesh_reading import dataset_mesh
from stormtrace.prepare.plan import make_plans
from stormtrace.prepare.raw.calendar_time import HOUR

PSL = {"PSL": {"take": "PSL"}}


def plan(raw, year=2000, **changes):
    return make_plans(make_dataset(raw.spec(**changes)), year)


def starts(plans):
    return [each.calendar.text(second) for each in plans for second in each.start]


@pytest.mark.parametrize("stamps", ["start", "end", "middle", "instant"])
def test_years_are_cut_at_the_right_step(tmp_path, stamps):
    raw = Cesm(tmp_path, "2000-12-31", 16, stamps)
    raw.write_all()
    for year, day in ((2000, "2000-12-31"), (2001, "2001-01-01")):
        found = starts(plan(raw, year))
        assert found == [f"{day} {hour:02d}:00" for hour in range(0, 24, 3)]


def test_last_interval_of_a_year_may_lie_in_the_next_years_file(tmp_path):
    """CAM's historical run: the end stamp 2001-01-01 00:00 opens the file of 2001."""
    first = Cesm(tmp_path, "2000-12-31", 7, "end")
    first.write("PSL")
    second = Cesm(tmp_path, "2000-12-31 21:00", 9, "end")
    second.write("PSL", file_name="case.cam.h2.PSL.2001010100Z-2001010121Z.nc")
    spec = {"part": {"period": ["2000-12-31", "2001-01-02"]}, "fields": PSL}
    assert starts(plan(first, 2000, **spec))[-1] == "2000-12-31 21:00"
    assert starts(plan(first, 2001, **spec))[0] == "2001-01-01 00:00"


def test_parts_with_different_stamps_meet_without_a_double_step(tmp_path):
    """Historical (end) and RCP (start) joined naively have 2006-01-01 00:00 twice."""
    old = Cesm(tmp_path / "old", "2005-12-31", 8, "end")
    new = Cesm(tmp_path / "new", "2006-01-01", 8, "start")
    parts = []
    for raw, period in ((old, ["2005-12-31", "2006-01-01"]), (new, ["2006-01-01", "2006-01-02"])):
        raw.write("PSL")
        parts.append({**raw.spec()["parts"][0], "period": period})
    dataset = make_dataset({"name": "both", "source": "cesm", "parts": parts, "fields": PSL})
    found = starts(make_plans(dataset, 2005)) + starts(make_plans(dataset, 2006))
    assert len(found) == len(set(found)) == 16 and found == sorted(found)


def test_overlapping_parts_are_refused(tmp_path):
    raw = Cesm(tmp_path)
    raw.write("PSL")
    part = raw.spec()["parts"][0]
    dataset = make_dataset(
        {"name": "twice", "source": "cesm", "parts": [part, part], "fields": PSL}
    )
    with pytest.raises(BadInput, match="periods of its parts overlap in 2000"):
        make_plans(dataset, 2000)


def test_missing_steps_are_refused_or_skipped(tmp_path):
    raw = Cesm(tmp_path)
    gappy = np.delete(raw.starts() + raw.step, [2, 3])
    raw.steps, raw.bounds = 6, False
    raw.write("PSL", stamp=gappy, file_name="case.cam.h2.PSL.2000.nc")
    raw.steps, raw.bounds = 8, True
    keys = {"fields": PSL, "part": {"stamps": "end"}}
    with pytest.raises(
        BadInput, match=r"of 8 steps .* PSL lacks 2 \(2000-01-01 06:00 … 2000-01-01 09:00\)"
    ):
        plan(raw, **keys)
    (skipping,) = plan(raw, missing_steps="skip", **keys)
    assert skipping.start.size == 6 and skipping.skipped == 2


def test_partner_of_another_year_is_refused(tmp_path):
    raw, late = Cesm(tmp_path), Cesm(tmp_path, "2001-01-01")
    raw.write("Q")
    late.write("PS", file_name=raw.name("PS"))
    with pytest.raises(BadInput, match=r"PS\.2000010100Z.*its times go from 2001-01-01"):
        plan(raw, fields={"TMQ": {"integrate": "Q"}})
    late.write("PS", file_name="case.cam.h2.PS.2000.nc")
    (tmp_path / raw.name("PS")).unlink()
    with pytest.raises(BadInput, match="of 8 steps expected in 2000 PS lacks 8"):
        plan(raw, fields={"TMQ": {"integrate": "Q"}})


def test_a_mean_is_not_paired_with_an_instant(tmp_path):
    raw = Cesm(tmp_path, stamps="end")
    raw.write("Q")
    Cesm(tmp_path, stamps="instant").write("PS")
    with pytest.raises(BadInput, match=r"means over 3 h of Q, but .* instants of PS"):
        plan(raw, fields={"TMQ": {"integrate": "Q"}})


def test_history_tapes_whose_names_do_not_tell_the_variable(tmp_path):
    """Q is on h1, its PS on h2, and one pattern finds both: each is taken from where it is."""
    raw = Cesm(tmp_path)
    for tape, name in (("h1", "Q"), ("h2", "PS"), ("h3", "PSL")):
        raw.write(name, file_name=f"case.cam.{tape}.2000-01-01-00000.nc")
    part = {"files": f"{tmp_path}/case.cam.h?.{{year}}*.nc"}
    fields = {"PSL": {"take": "PSL"}, "TMQ": {"integrate": "Q"}}
    (found,) = plan(raw, fields=fields, part=part)
    tapes = {source.variable: records.paths for source, records in found.records.items()}
    assert {name: Path(path).name[9:11] for name, (path,) in tapes.items()} == {
        "Q": "h1", "PS": "h2", "PSL": "h3",
    }  # fmt: skip
    assert dataset_mesh(found.dataset).size == raw.lat.size
    findings = check_study([raw.spec(fields=fields, part=part)], workers=1)
    assert [(each.variable, each.files, each.steps, each.problems) for each in findings] == [
        *((name, 1, 8, ()) for name in ("PSL", "Q", "PS")),
        ("(trial)", 3, 2, ()),
    ]
    nowhere = {"TMQ": {"take": "TMQ"}}
    with pytest.raises(BadInput, match=r"cam\.h1.* has no variable TMQ; it has .*Q"):
        plan(raw, fields=nowhere, part=part)
    (finding,) = check_study([raw.spec(fields=nowhere, part=part)], workers=1)
    assert finding.files == 0 and "has no variable TMQ" in finding.problems[0]


def test_means_and_instants_in_one_file(tmp_path):
    """Each variable's cell_methods tell, also beside the bounds that they share."""
    raw = Cesm(tmp_path, form="NETCDF4")
    path = raw.write("PSL")
    with netCDF4.Dataset(path, "a") as file:
        file["PSL"].cell_methods = "time: mean"
        for name, how in (("TS", "area: mean time: point"), ("TX", "time: maximum")):
            file.createVariable(name, "f4", ("time", "ncol")).cell_methods = how
    part = {"period": ["2000-01-01 03:00", "2000-01-02 00:00"], "files": str(path)}
    fields = {name: {"take": name} for name in ("PSL", "TS", "TX")}
    (found,) = plan(raw, fields=fields, part=part)
    records = {source.variable: each.record.ravel() for source, each in found.records.items()}
    np.testing.assert_array_equal(records["PSL"], np.arange(1, 8))
    np.testing.assert_array_equal(records["TS"], np.arange(7))
    np.testing.assert_array_equal(records["TX"], np.arange(1, 8))
    assert {source.variable: each.span for source, each in found.records.items()} == {
        "PSL": 3 * HOUR, "TS": 0, "TX": 3 * HOUR,
    }  # fmt: skip


def test_missing_file_and_missing_variable(tmp_path):
    raw = Cesm(tmp_path)
    raw.write("Q")
    with pytest.raises(BadInput, match=r"no file near 2000 for PS: nothing matches .*\.PS\."):
        plan(raw, fields={"TMQ": {"integrate": "Q"}})
    raw.write("PSL", file_name=raw.name("PS"))
    with pytest.raises(BadInput, match="has no variable PS; it has"):
        plan(raw, fields={"TMQ": {"integrate": "Q"}})


def test_one_time_in_two_files_is_refused(tmp_path):
    raw = Cesm(tmp_path)
    raw.write("PSL")
    raw.write("PSL", file_name="case.cam.h5.PSL.2000.nc")
    with pytest.raises(
        BadInput, match=r"PSL at 2000-01-01 00:00 is in both .*h2.* and .*h5.*8 such"
    ):
        plan(raw, fields=PSL)


def test_times_between_the_steps_are_refused(tmp_path):
    raw = Cesm(tmp_path, stamps="middle", bounds=False)
    raw.write("PSL")
    with pytest.raises(BadInput, match=r"2000-01-01 01:30 is in the middle.*stamps: middle"):
        plan(raw, fields=PSL)
    assert len(starts(plan(raw, fields=PSL, part={"stamps": "middle"}))) == 8


def test_steps_longer_than_the_datasets_are_refused(tmp_path):
    raw = Cesm(tmp_path, step=6 * HOUR, steps=4)
    raw.write("PSL")
    with pytest.raises(BadInput, match=r"comes every 6 h \(.*\), which makes no steps of 3 h"):
        plan(raw, fields=PSL)


def test_several_calendars_are_refused(tmp_path):
    raw = Cesm(tmp_path)
    raw.write("Q")
    Cesm(tmp_path, calendar="standard").write("PS")
    with pytest.raises(BadInput, match=r"several calendars: noleap .* standard"):
        plan(raw, fields={"TMQ": {"integrate": "Q"}})


def test_hourly_means_become_three_hourly(tmp_path):
    raw = Merra2(tmp_path)
    raw.write({"SLP": np.zeros((24, 19, 36))})
    for sampling, records in (("mean", [[0, 1, 2], [3, 4, 5]]), ("instant", [[0], [3]])):
        (found,) = plan(raw, fields={"PSL": {"take": "SLP"}}, sampling=sampling)
        (records_of,) = found.records.values()
        np.testing.assert_array_equal(records_of.record[:2], records)
        assert found.start.size == 8


def test_files_without_times_count_on(tmp_path):
    for year, records in ((1980, 5), (1981, 3)):
        with netCDF4.Dataset(tmp_path / f"IWV_{year}.nc", "w") as file:
            file.createDimension("record", records)
            for name, size in (("lat", 3), ("lon", 4)):
                file.createDimension(name, size)
                file.createVariable(name, "f8", (name,))[:] = 10.0 * np.arange(size)
            file.createVariable("IWV", "f4", ("record", "lat", "lon"))[:] = 1
    spec = {
        "name": "artmip",
        "source": "merra2",
        "parts": [{"period": ["1980-01-01", "1980-01-02"], "files": f"{tmp_path}/IWV_*.nc"}],
        "fields": {"TMQ": {"take": "IWV"}},
        "time": {"start": "1980-01-01", "step_hours": 3},
    }
    (found,) = make_plans(make_dataset(spec), 1980)
    (records,) = found.records.values()
    np.testing.assert_array_equal(records.file.ravel(), [0, 0, 0, 0, 0, 1, 1, 1])
    np.testing.assert_array_equal(records.record.ravel(), [0, 1, 2, 3, 4, 0, 1, 2])

    part = {"period": ["1981-01-01", "1981-01-01 09:00"], "files": f"{tmp_path}/IWV_{{year}}.nc"}
    yearly = {**spec, "parts": [part], "time": {"start": "{year}-01-01", "step_hours": 3}}
    assert starts(make_plans(make_dataset(yearly), 1981)) == [
        f"1981-01-01 0{hour}:00" for hour in (0, 3, 6)
    ]

    with pytest.raises(BadInput, match=r"has no time coordinate along record.*key time"):
        make_plans(make_dataset({**spec, "time": None}), 1980)


def test_year_outside_all_periods(tmp_path):
    raw = Cesm(tmp_path)
    raw.write("PSL")
    with pytest.raises(BadInput, match="has no step in 1999; its periods: 2000-01-01 to"):
        plan(raw, 1999, fields=PSL)


def test_files_of_one_instant_tell_their_distance_together(tmp_path):
    for hour in range(6):
        raw = Cesm(
            tmp_path, start=f"2000-01-01 {hour:02d}:00", steps=1, stamps="instant", bounds=False
        )
        raw.write("PSL", file_name=f"case.cam.h2.PSL.2000-01-01-{hour * HOUR:05d}.nc")
    part = {"period": ["2000-01-01", "2000-01-01 06:00"]}
    for sampling, expected in (("mean", [[0, 1, 2], [3, 4, 5]]), ("instant", [[0], [3]])):
        (found,) = plan(raw, fields=PSL, part=part, sampling=sampling)
        (records,) = found.records.values()
        assert records.file.tolist() == expected
