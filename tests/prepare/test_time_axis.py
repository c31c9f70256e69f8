import dataclasses

import netCDF4
import numpy as np
import pytest

from mock_raw import Cesm, Merra2
from stormtrace.errors import BadInput
from stormtrace.prepare.raw.calendar_time import HOUR
from stormtrace.prepare.raw.raw_formats import open_raw_file
from stormtrace.prepare.raw.time_axis import counted_axis, read_time_axis, settled


def axis_of(path, stamps=None, cell_methods=None, name="PSL"):
    """Return the times of a variable, as if its attribute cell_methods were another."""
    with open_raw_file(path) as opened:
        source = opened[name]
        if cell_methods is not None:
            attributes = {**source.attributes, "cell_methods": cell_methods}
            source = dataclasses.replace(source, attributes=attributes)
        return read_time_axis(opened, source, "time", stamps)


def text(axis):
    return [axis.calendar.text(second) for second in axis.start[[0, -1]]]


@pytest.mark.parametrize("stamps", ["start", "end", "middle", "instant"])
@pytest.mark.parametrize("told", [True, False])
def test_bounds_say_what_stamps_mark(tmp_path, stamps, told):
    raw = Cesm(tmp_path, stamps=stamps)
    axis = axis_of(raw.write("PSL"), stamps if told else None)
    assert text(axis) == ["2000-01-01 00:00", "2000-01-01 21:00"]
    assert (axis.spacing, axis.span) == (3 * HOUR, 0 if stamps == "instant" else 3 * HOUR)
    assert axis.method == ("point" if stamps == "instant" else "mean")


@pytest.mark.parametrize("stamps", ["start", "end", "middle", "instant"])
def test_without_bounds_the_configuration_says(tmp_path, stamps):
    raw = Cesm(tmp_path, stamps=stamps, bounds=False)
    assert text(axis_of(raw.write("PSL"), stamps)) == ["2000-01-01 00:00", "2000-01-01 21:00"]


def test_single_mean_without_bounds_waits_for_its_neighbours(tmp_path):
    raw = Cesm(tmp_path, stamps="end", bounds=False, steps=1)
    axis = axis_of(raw.write("PSL"), "end")
    assert axis.span is None and text(axis)[0] == "2000-01-01 03:00"
    assert text(settled(axis, 3 * HOUR))[0] == "2000-01-01 00:00"


def test_configuration_against_bounds_is_refused(tmp_path):
    path = Cesm(tmp_path, stamps="end").write("PSL")
    with pytest.raises(BadInput, match=r"stamps: start.*bounds say end.*leave `stamps` out"):
        axis_of(path, "start")


def test_bounds_beside_instants(tmp_path):
    """CAM writes them, and no cell_methods (CESM 3: time: instantaneous); means have theirs."""
    path = Cesm(tmp_path, stamps="end").write("PSL")
    for methods, stamps in ((None, "instant"), ("time: point", None), ("time: point", "instant")):
        axis = axis_of(path, stamps, methods)
        assert text(axis) == ["2000-01-01 03:00", "2000-01-02 00:00"] and axis.instant
    for methods, stamps in ((None, None), ("time: mean", None), ("time: mean", "end")):
        axis = axis_of(path, stamps, methods)
        assert text(axis)[0] == "2000-01-01 00:00" and not axis.instant
    with pytest.raises(BadInput, match=r"stamps: instant.*a mean over time.*stamps: start"):
        axis_of(path, "instant", "time: mean")
    with pytest.raises(BadInput, match=r"stamps: end.*cell_methods.*of instants"):
        axis_of(path, "end", "time: point")
    with netCDF4.Dataset(path, "a") as file:
        file.source = "CAM"
    assert axis_of(path).doubt and not axis_of(path, "end").doubt


def test_first_record_of_a_run_has_no_width(tmp_path):
    """It is the initial state, not the mean of the three hours before."""
    raw = Cesm(tmp_path, stamps="end")
    path = raw.write("PSL")
    with netCDF4.Dataset(path, "a") as file:
        file["time_bnds"][0] = file["time"][0]
    axis = axis_of(path)
    assert text(axis) == ["2000-01-01 03:00", "2000-01-01 21:00"] and axis.span == 3 * HOUR
    np.testing.assert_array_equal(axis.records, np.arange(1, 8))


def test_merra2_hourly_means_are_stamped_half_past(tmp_path):
    raw = Merra2(tmp_path)
    axis = axis_of(raw.write({"SLP": np.zeros((24, 19, 36))}), name="SLP")
    assert text(axis) == ["2000-01-01 00:00", "2000-01-01 23:00"]
    assert axis.spacing == axis.span == HOUR and not axis.instant


def test_merra2_instants_are_as_stamped(tmp_path):
    raw = Merra2(tmp_path, records=8, step=3 * HOUR, first=0)
    axis = axis_of(raw.write({"SLP": np.zeros((8, 19, 36))}), name="SLP")
    assert text(axis) == ["2000-01-01 00:00", "2000-01-01 21:00"] and axis.instant


@pytest.mark.parametrize(("order", "word"), [([0, 1, 1, 2], "twice"), ([0, 2, 1, 3], "before")])
def test_times_must_ascend(tmp_path, order, word):
    raw = Cesm(tmp_path, steps=4, bounds=False)
    stamp = raw.starts()[0] + 3 * HOUR * np.array(order)
    path = raw.write("PSL", stamp=stamp)
    with pytest.raises(BadInput, match=f"must ascend.*{word}.*1 such"):
        axis_of(path, "end")


def test_no_records(tmp_path):
    path = Cesm(tmp_path, steps=0).write("PSL", values=np.zeros((0, 866)), file_name="empty.nc")
    with pytest.raises(BadInput, match="holds no times"):
        axis_of(path)


def test_counted_times():
    axis = counted_axis("a.nc", 9, "1980-01-01", 3 * HOUR, "standard")
    assert text(axis) == ["1980-01-01 00:00", "1980-01-02 00:00"]
