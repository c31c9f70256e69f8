"""Files as others publish them, generated in exactly their layouts, held against each other.

Rivers of ARTMIP's tier 1 (names, types and attributes of its data format), of TempestExtremes'
StitchBlobs (as its genuine output is) and of PIKART's eulerian files, on MERRA-2's grid; tables of events
as ARtracks' and PIKART's scripts write them.
"""

import netCDF4
import numpy as np
import pytest
from test_agreement import tracked_member

from stormtrace.blocks import read_block
from stormtrace.detect.adoption import adopt_masks
from stormtrace.detect.recipes import AdoptedMasks
from stormtrace.errors import BadInput
from stormtrace.formats.json_files import read_json
from stormtrace.formats.masks import open_masks
from stormtrace.grids import make_grid
from stormtrace.verification.agreement_files import Asked, write_agreement
from stormtrace.verification.catalogue_entry import Catalogue
from stormtrace.verification.catalogue_meetings import Meeting
from stormtrace.verification.catalogues import read_catalogue

MERRA2 = make_grid({"nlat": 361, "nlon": 576, "first_lon": -180})
LAT = np.linspace(-90, 90, 361)
LON = -180 + 0.625 * np.arange(576)
LON[288] = -5.9e-13  # MERRA-2's zero
STEPS = 4
#: A river of 5° × 25° that moves 2.5° east a step, and one over the date line.
RIVERS = np.zeros((STEPS, 361, 576), np.int8)
for _step in range(STEPS):
    RIVERS[_step, 250:261, 60 + 4 * _step : 100 + 4 * _step] = 1
    RIVERS[_step, 100:110, np.r_[560:576, 0:20]] = 2


def coordinates(nc, units, values, calendar, kind="f8"):
    for name, axis, standard in (("lat", LAT, "latitude"), ("lon", LON, "longitude")):
        nc.createDimension(name, axis.size)
        nc.createVariable(name, "f8", (name,))[:] = axis
        where = "degrees_north" if name == "lat" else "degrees_east"
        nc[name].setncatts({"standard_name": standard, "long_name": standard, "units": where})
    nc.createDimension("time", len(values))
    time = nc.createVariable("time", kind, ("time",))
    time.setncatts({"long_name": "time", "units": units, "calendar": calendar})
    time[:] = values


def artmip(folder):
    """`<dataset>.ar_tag.<algorithm>.<hours>.<dates>.nc4`: byte, minutes, description, scheme, version."""
    with netCDF4.Dataset(
        folder / "MERRA2.ar_tag.Mattingly_v2.3hourly.20000101_20001231.nc4", "w"
    ) as nc:
        minutes = 180 * np.arange(STEPS)
        coordinates(nc, "minutes since 2000-01-01 00:00:00", minutes, "standard", "i8")
        tag = nc.createVariable(
            "ar_binary_tag", "i1", ("time", "lat", "lon"), zlib=True, complevel=1
        )
        tag.setncatts({"description": "binary indicator of atmospheric river",
                       "scheme": "Mattingly", "version": "2.0"})  # fmt: skip
        tag[:] = RIVERS > 0
    return {"files": f"{folder}/MERRA2.ar_tag.Mattingly_v2.3hourly.{{year}}*.nc4",
            "variable": "ar_binary_tag", "tag": "Atmospheric River"}  # fmt: skip


def stitchblobs(folder):
    """StitchBlobs of TempestExtremes, run on DetectBlobs' tags of MERRA-2 with --in_list, --out_list.

    As its own ncdump shows: netCDF-4, all in one piece, time in double with long_name and the
    calendar that CF means where the input said none; every file counts from the first one's date,
    and blobs have the same number in all.
    """
    for number in range(2):
        with netCDF4.Dataset(folder / f"blobs.2000.{number}.nc", "w") as nc:
            own = slice(number * STEPS // 2, (number + 1) * STEPS // 2)
            minutes = 180 * np.arange(STEPS)[own]
            coordinates(nc, "minutes since 2000-01-01 00:00:00", minutes, "standard")
            ids = nc.createVariable("object_id", "i4", ("time", "lat", "lon"), contiguous=True)
            ids[:] = RIVERS[own].astype(np.int32)
    return {"files": f"{folder}/blobs.{{year}}.*.nc", "variable": "object_id",
            "tag": "Atmospheric River"}  # fmt: skip


def pikart(folder):
    """`ar_mask(time, lat, lon)`: hours since 1940, a year a file; north is first."""
    name = "PIKART_V1.1_eulerian_MERRA2_0p5deg_0p625deg_3hr_2000.nc"
    with netCDF4.Dataset(folder / name, "w") as nc:
        first = (np.datetime64("2000-01-01T00") - np.datetime64("1940-01-01T00")).astype(int)
        coordinates(nc, "hours since 1940-01-01 00:00:00", first + 3 * np.arange(STEPS), "standard")
        nc["lat"][:] = LAT[::-1]
        mask = nc.createVariable("ar_mask", "i1", ("time", "lat", "lon"), zlib=True)
        mask[:] = RIVERS[:, ::-1] > 0
    return {"files": f"{folder}/PIKART_*_eulerian_MERRA2_*_{{year}}.nc", "variable": "ar_mask",
            "tag": "Atmospheric River"}  # fmt: skip


def adopted(folder, block, name):
    output = folder / f"{name}-2000.nc"
    adopt_masks(
        read_block(AdoptedMasks, {"name": name, **block}, "masks"), MERRA2, output, year=2000,
        periods=[["2000-01-01", "2000-01-01 12:00"]], step_hours=3.0,
        attributes={"experiment": name, "detector": name},
    )  # fmt: skip
    return open_masks(output)


#: ARtracks' ar.csv: an index first, no axes; x from −180°.
ARTRACKS = """,id,time,centroid_y,centroid_x,width,is_relaxed,trackid,lf_lon,lf_lat,lf_ivt,Africa
0,1,2000-01-01 00:00:00,37.5,-130.0,500.2,False,17,-121.9,37.5,600.1,0.0
1,2,2000-01-01 00:00:00,-37.5,175.0,500.2,True,18,,,,0.0
2,1,2000-01-01 06:00:00,37.5,-125.0,500.2,False,17,,,,0.0
3,1,2000-01-01 06:00:00,0.0,60.0,500.2,False,19,,,,0.0
"""

#: PIKART's yearly CSV: arrays as numpy prints them, over several lines of a cell.
PIKART = """time,trackid,cent_lon,cent_lat,axis_lon,axis_lat,lf_lon,lf_lat
2000-01-01 00:00:00,5,-130.0,37.5,"[-140. -139.375 -138.75
 -130. ]","[37.5 37.5 37.5
 37.5]",nan,nan
2000-01-01 06:00:00,6,60.0,0.0,"[60. 61.]","[0. 0.]",,
"""
TABLES = {
    "artracks": (ARTRACKS, {"event": "trackid", "time": "time", "lat": "centroid_y",
                            "lon": "centroid_x", "landfall_lat": "lf_lat", "landfall_lon": "lf_lon"}),
    "pikart": (PIKART, {"event": "trackid", "time": "time", "lat": "cent_lat", "lon": "cent_lon",
                        "axis_lat": "axis_lat", "axis_lon": "axis_lon",
                        "landfall_lat": "lf_lat", "landfall_lon": "lf_lon"}),
}  # fmt: skip


def test_three_layouts_of_masks_and_two_of_tables(tmp_path):
    """The same rivers agree in all; ARtracks' points lie in them but for one on the equator (3 of
    4), its landfall a cell from the river; PIKART's axis in the river, its second event not.
    """
    members = []
    for made in (artmip, stitchblobs, pikart):
        masks = adopted(tmp_path, made(tmp_path), made.__name__)
        np.testing.assert_array_equal(np.concatenate(list(masks.blocks())), RIVERS > 0)
        members.append(tracked_member(tmp_path, made.__name__, [masks.path]))
    catalogues = {}
    for name, (text, columns) in TABLES.items():
        (tmp_path / f"{name}.csv").write_text(text)
        catalogues[name] = {"file": str(tmp_path / f"{name}.csv"), "columns": columns}
    write_agreement(Asked("all", members, {}, catalogues), tmp_path / "all")
    found = read_json(tmp_path / "all.json", "agree.py")
    assert found["steps"] == STEPS
    pairs = found["regions"]["all"]["annual"]["pairs"]
    assert [pair["iou"] for pair in pairs] == [1.0] * 3
    assert all(one["share"] == 1.0 and one["events"] == 2 for one in found["events"])
    by_name = {one["catalogue"]: one for one in found["catalogues"] if one["member"] == 1}
    theirs = by_name["artracks"]
    assert (theirs["position"]["points"], theirs["position"]["found"]) == (4, 3)
    assert (theirs["landfall"]["points"], theirs["landfall"]["found"]) == (1, 1)
    assert theirs["false_alarm_ratio"] == 0.0
    theirs = by_name["pikart"]
    assert (theirs["axis"]["points"], theirs["axis"]["found"]) == (6, 4)
    assert (theirs["position"]["events"], theirs["position"]["events_found"]) == (2, 1)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("PIKART_V1.0_lagrangian_ERA5_0p5deg_6hr_2000.nc", b"\x89HDF\r\n\x1a\n", "is netCDF, but a catalogue is a table"),
        ("ar.pkl", b"\x80\x04\x95\x00\x01\xff\xfe", "is no CSV that can be read|has no columns"),
        ("ar.csv", ARTRACKS.replace("centroid_y", "lat").encode(), "has no columns centroid_y; it has"),
        ("ar.csv", ARTRACKS.replace("06:00:00,37.5", "06:00:00,north").encode(), "row 4: centroid_y is 'north'"),
    ],
)  # fmt: skip
def test_other_tables_are_refused_in_one_sentence(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    block = {"file": str(tmp_path / name), "columns": TABLES["artracks"][1]}
    with pytest.raises(BadInput, match=said) as caught:
        read_catalogue("theirs", read_block(Catalogue, block, "catalogues.theirs"), "standard")
    assert "\n" not in str(caught.value)


def test_numbers_that_begin_again_and_a_stray_time(tmp_path, caplog):
    """IPART tracks year by year, each from 0. The catalogue looks each 6 h, but for one row at 19 h:
    what a member has at 3 h it has not missed. A river at 6 h is near no point: missed.
    """
    rows = [f"0,2000-01-01 {hour:02d}:00:00,0,0" for hour in (0, 6, 12, 18, 19)]
    rows += ["0,2000-02-01 00:00:00,10,10", "1,2000-01-01 00:00:00,5,5"]
    (tmp_path / "a.csv").write_text("\n".join(["id,time,lat,lon", *rows]) + "\n")
    columns = {"event": "id", "time": "time", "lat": "lat", "lon": "lon"}
    block = {"file": str(tmp_path / "a.csv"), "columns": columns}
    table = read_catalogue("ipart", read_block(Catalogue, block, "catalogues.ipart"), "standard")
    assert table.names == ["0", "0", "1"] and "comes again after more than 10 days" in caplog.text
    grid = make_grid({"nlat": 19, "nlon": 36})
    one = Meeting(table, grid, 200.0, 2)
    start = int(table.points["position"].seconds[0])
    far = np.zeros(grid.shape, bool)
    far[0] = True  # the south pole
    for hour, event in ((3, 1), (6, 2)):
        one.add(start + 3600 * hour, far, far.astype(np.int32) * event)
    found = one.scores(np.random.default_rng(0))
    assert (found["member_events"], found["not_in_catalogue"]) == (1, 1)
    assert (found["position"]["points"], found["position"]["left_out"]) == (1, 6)
    (tmp_path / "a.csv").write_text("id,time,lat,lon\n0,2000-01-01 00:00:00,,\n")
    with pytest.raises(BadInput, match="no row has a lat and lon: correct `columns`"):
        read_catalogue("ipart", read_block(Catalogue, block, "catalogues.ipart"), "standard")


def test_artmips_own_domain_masks_have_no_time(tmp_path):
    """`MERRA2.ar_mask.<algorithm>.nc4` says where a method looks: no masks of steps."""
    with netCDF4.Dataset(tmp_path / "MERRA2.ar_mask.Mattingly.nc4", "w") as nc:
        coordinates(nc, "hours since 2000-01-01", [0], "standard")
        nc.createVariable("ar_binary_mask", "i1", ("lat", "lon"))[:] = 1
    block = {"files": f"{tmp_path}/MERRA2.ar_mask.*.nc4", "variable": "ar_binary_mask",
             "tag": "Atmospheric River"}  # fmt: skip
    with pytest.raises(BadInput, match=r"has no dimension with a time coordinate"):
        adopted(tmp_path, block, "domain")


def test_lists_over_several_lines_in_a_large_table(tmp_path):
    """2 MB, more than is parsed at once: each cell of 400 numbers is whole."""
    cell = "[" + "\n ".join(" ".join(["37.5"] * 20) for _ in range(20)) + "]"
    rows = [f'2000-01-01 00:00:00,{k},-130.0,37.5,"{cell}","{cell}",,' for k in range(500)]
    (tmp_path / "pikart.csv").write_text("\n".join([PIKART.splitlines()[0], *rows]) + "\n")
    block = {"file": str(tmp_path / "pikart.csv"), "columns": TABLES["pikart"][1]}
    table = read_catalogue("p", read_block(Catalogue, block, "catalogues.p"), "standard")
    assert (len(table.names), table.points["axis"].lat.size) == (500, 500 * 400)
