"""Dimensions besides time, levels and points: chosen in the configuration, or refused by name."""

import netCDF4
import numpy as np
import pytest

from level_files import (
    PS,
    derive,
    write,
)
from stormtrace.errors import BadInput


def members(values, name="number", dimensions=None, attributes=None):
    """PSL + 100 × the index along a further dimension; its coordinate has `values`."""
    dimensions = dimensions or ("time", name, "lat", "lon")
    psl = 1e5 + 100.0 * np.arange(len(values))[:, None, None] + PS[:, None] / 100
    order = ["time", name, "lat", "lon"]
    found = {"PSL": (dimensions, psl.transpose([order.index(each) for each in dimensions]), {})}
    return found | ({name: ((name,), np.array(values), attributes or {})} if values[0] is not None else {})  # fmt: skip


PSL = {"fields": {"PSL": {"take": "PSL"}}}


def check_member(fields, index):
    expected = (1e5 + 100.0 * index + PS / 100).reshape(2, -1)
    np.testing.assert_allclose(fields["PSL"], expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("found", "select", "index"),
    [
        (members([0, 1, 2]), {"number": 1}, 1),
        (members([0.0, 1.0, 2.0]), {"number": 2}, 2),
        (members([1, 5], "expver"), {"expver": "0005"}, 1),
        (members(["r1i1p1f1", "r10i1p1f1"], "member_id"), {"member_id": "r10i1p1f1"}, 1),
        (members([3, 4], "realization", ("realization", "time", "lat", "lon")), {"realization": 4.0}, 1),
        (members([3, 4], "ens", ("time", "lat", "lon", "ens")), {"ens": 4}, 1),
        (members([None, None, None], "member"), {"member": 2}, 2),
        (members([85000.0, 50000.0], "plev", attributes={"units": "Pa"}), {"plev": 50000}, 1),
    ],
    ids=["int", "float", "expver", "text", "first", "last", "no coordinate", "a level"],
)  # fmt: skip
def test_a_further_dimension_is_chosen(tmp_path, found, select, index):
    write(tmp_path / "x.nc", found)
    check_member(derive(tmp_path / "x.nc", **PSL, select=select), index)


def test_a_member_in_characters(tmp_path):
    """netCDF-3 has text as rows of characters."""
    names = np.array([list("r1"), list("r2")], "S1")
    found = members([None, None], "member") | {"member": (("member", "length"), names, {})}
    write(tmp_path / "x.nc", found)
    check_member(derive(tmp_path / "x.nc", **PSL, select={"member": "r2"}), 1)


@pytest.mark.parametrize("points", [True, False], ids=["with points", "without"])
def test_a_further_dimension_not_chosen_is_refused_by_name(tmp_path, points):
    write(tmp_path / "x.nc", members([0, 1, 2]))
    if not points:
        with netCDF4.Dataset(tmp_path / "x.nc", "a") as nc:
            nc.renameVariable("lat", "rows")
            nc.renameVariable("lon", "columns")
            for name in ("rows", "columns"):
                del nc[name].units
    message = r"dimension number \(3 values: 0, 1, 2\) .* select: {number: 0}"
    with pytest.raises(BadInput, match=message):
        derive(tmp_path / "x.nc", **PSL)
    with pytest.raises(BadInput, match=r"number of PSL has no 7; it has 0, 1, 2: correct"):
        derive(tmp_path / "x.nc", **PSL, select={"number": 7})


def test_a_file_of_another_member_is_refused(tmp_path):
    """A scalar coordinate: the file has one member, and not the one that is asked for."""
    found = {"PSL": (("time", "lat", "lon"), 1e5 + PS / 100, {}), "number": ((), 0, {})}
    write(tmp_path / "x.nc", found)
    check_member(derive(tmp_path / "x.nc", **PSL, select={"number": 0}), 0)
    with pytest.raises(BadInput, match=r"number of PSL has no 3; it has 0"):
        derive(tmp_path / "x.nc", **PSL, select={"number": 3})


@pytest.mark.parametrize("kind", ["scalar", "along time"])
def test_expver_as_text_is_no_dimension(tmp_path, kind):
    """CDS since 2024: a string, or one for each valid_time."""
    found = members([0])
    values, dimensions = ("0001", ()) if kind == "scalar" else (["0001", "0005"], ("time",))
    write(tmp_path / "x.nc", found | {"expver": (dimensions, np.array(values), {})})
    check_member(derive(tmp_path / "x.nc", **PSL), 0)


def test_times_of_the_other_expver_are_holes(tmp_path):
    """Recent months: expver 1 ends where 5 begins; what is missing is told, not filled."""
    found = members([1, 5], "expver")
    found["PSL"][1][1, 0], found["PSL"][1][0, 1] = np.nan, np.nan
    write(tmp_path / "x.nc", found)
    with pytest.raises(BadInput, match=r"PSL, .* 24 of 24 values missing .*2000-01-01 06:00"):
        derive(tmp_path / "x.nc", **PSL, select={"expver": 1})
    with pytest.raises(BadInput, match=r"06:00 has .*: the raw file is empty there"):
        derive(tmp_path / "x.nc", **PSL, select={"expver": 1}, holes="nearest")
