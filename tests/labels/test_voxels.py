"""WEBKNOSSOS' zips and ClimateNetLarge's netCDF: real volumes, and layers that overlap."""

import hashlib
import io
import zipfile

import netCDF4
import numpy as np
import pytest

from annotation_files import AR, BE, TC, imported, labels, write_annotation_zip, write_table
from real_data import real_data
from stormtrace.errors import BadInput
from stormtrace.grids import make_grid
from stormtrace.labels.importers.volumes import open_volume

GRID = make_grid({"nlat": 12, "nlon": 20, "poles": False})
LABELS = ["Background", TC, AR, BE]


def volume_of(name, location="data_Volume.zip"):
    with zipfile.ZipFile(real_data(f"webknossos/{name}.zip")) as outer:
        return open_volume(io.BytesIO(outer.read(location)), name)


def test_a_real_zarr3_volume_whose_order_is_f():
    """64,576 voxels of segment 1 in x 3316 … 3983, y 3420 … 3783, z 1024, the NML's anchor in it."""
    volume = volume_of("l4_sample__explorational__suser__94b271")
    voxels = volume.read((3072, 3072, 1023), (1024, 1024, 3))
    assert np.unique(voxels).tolist() == [0, 1] and (voxels == 1).sum() == 64_576
    spans = [(one.min() + first, one.max() + first)
             for one, first in zip(np.nonzero(voxels), (3072, 3072, 1023), strict=True)]  # fmt: skip
    assert spans == [(3316, 3983), (3420, 3783), (1024, 1024)]
    assert voxels[3395 - 3072, 3761 - 3072, 1] == 1
    assert volume.planes(2) == {1024}
    part = volume.read((3300, 3500, 1024), (77, 131, 1))  # across the borders of chunks
    np.testing.assert_array_equal(part[:, :, 0], voxels[228:305, 428:559, 1])


@pytest.mark.parametrize(
    ("location", "digest"),
    [("data_0_Volume_2.zip", "45024194348185bc"), ("data_1_Volume.zip", "d25ca03dcdea707f")],
)
def test_real_wkw_volumes_are_as_the_library_wkw_reads_them(location, digest):
    """wkw 1.1.24 reads voxels (0, 0, 0) … (1024, 1024, 32) with these digests."""
    voxels = volume_of("multi_volume_example_CREMI", location).read((0, 0, 0), (1024, 1024, 32))
    assert hashlib.sha256(np.ascontiguousarray(voxels).tobytes()).hexdigest()[:16] == digest


def block(path, table, **more):
    return {"format": "webknossos", "files": str(path), "classes": {"*": AR},
            "times": {"table": table}, **more}  # fmt: skip


@pytest.fixture
def table(tmp_path):
    times = [f"2000-01-{day:02d}T00:00:00.000000000" for day in (3, 1, 2, 9, 5)]
    return write_table(tmp_path / "dates.txt", times)


def test_planes_are_times_of_the_table_and_rows_go_from_north_to_south(tmp_path, table):
    voxels = np.zeros((5, 12, 20))
    voxels[1, 0, 3] = voxels[2, 11, 19] = 7
    path = write_annotation_zip(tmp_path / "a.zip", {"AR": voxels}, boxes=[(1, 0, 0, 3, 12, 20)])
    store = imported(GRID, block(path, table))
    assert sorted(time for time, _ in store.labellings) == [
        "2000-01-01 00:00:00", "2000-01-02 00:00:00", "2000-01-09 00:00:00",
    ]  # fmt: skip
    first, second, third = (labels(store, f"2000-01-0{d} 00:00:00", "anna") for d in (1, 2, 9))
    assert np.argwhere(first).tolist() == [[11, 3]] and np.argwhere(second).tolist() == [[0, 19]]
    assert not third.any()  # looked at, and nothing seen


def test_layers_overlap_by_a_stated_priority(tmp_path, table):
    ar, tc, be = (np.zeros((5, 12, 20)) for _ in range(3))
    ar[0, 2:8], tc[0, 4:6, 5:9], be[0, 5:10, :8] = 1, 1, 1
    path = write_annotation_zip(
        tmp_path / "a.zip", {"AR": ar, "TC": tc, "BE": be}, boxes=[(0, 0, 0, 1, 12, 20)]
    )
    own = block(path, table, classes={"AR": AR, "TC": TC, "BE": BE})
    picture = np.zeros((12, 20), int)
    for layer, code in ((be, 3), (ar, 2), (tc, 1)):
        picture[layer[0] > 0] = code
    store = imported(GRID, own, labels=LABELS)
    np.testing.assert_array_equal(labels(store, "2000-01-03 00:00:00", "anna")[::-1], picture)
    for layer, code in ((ar, 2), (be, 3)):
        picture[layer[0] > 0] = code
    store = imported(GRID, own, labels=LABELS, overlap=["Blocking", AR])
    np.testing.assert_array_equal(labels(store, "2000-01-03 00:00:00", "anna")[::-1], picture)
    assert store.record.overlapping_cells > 0


def test_segments_may_be_classes_and_axes_may_stand_otherwise(tmp_path, table):
    """x is longitude, y latitude, z time: as pictures are stacked in a volume."""
    voxels = np.zeros((20, 12, 5))
    voxels[4, 2, 3], voxels[5, 2, 3], voxels[6, 2, 3] = 1, 2, 9
    path = write_annotation_zip(
        tmp_path / "a.zip", {"Volume": voxels}, segments='<segment id="2" name="river"/>'
    )
    own = block(path, table, classes={"Volume/1": TC, "river": AR}, axes=["lon", "lat", "time"],
                planes="labelled")  # fmt: skip
    store = imported(GRID, own)
    assert list(store.labellings) == [("2000-01-09 00:00:00", "anna")]
    codes = labels(store, "2000-01-09 00:00:00", "anna")
    assert codes[9, 4:7].tolist() == [1, 2, 0] and (codes > 0).sum() == 2
    assert store.record.dropped == {"unknown class": 1}


def test_which_times_were_looked_at_is_said_not_guessed(tmp_path, table):
    path = real_data("webknossos/empty_volume_annotation.zip")
    with pytest.raises(
        BadInput, match=r"has no bounding box .*`planes: labelled`.* or `planes: all`"
    ):
        imported(GRID, block(path, table))
    with pytest.raises(BadInput, match="hold no annotation of any time"):
        imported(GRID, block(path, table, planes="labelled"))
    store = imported(GRID, block(path, table, planes="all"))
    assert len(store.labellings) == 5
    assert not any(store.read(key)[0].any() for key in store.labellings)


def test_an_archive_without_voxels_is_empty_and_one_that_is_missing_is_refused(tmp_path, table):
    times = [f"2000-{1 + day // 28:02d}-{1 + day % 28:02d}" for day in range(300)]
    long = write_table(tmp_path / "long.txt", times)
    path = real_data("webknossos/bounding-boxes-example.zip")
    with pytest.raises(BadInput, match=r"about the times 371 … 3261, but the table has 300"):
        imported(GRID, block(path, long))
    store = imported(GRID, block(path, long, planes="all"))
    assert len(store.labellings) == 300
    missing = real_data("webknossos/nml_with_volumes.zip")
    with pytest.raises(
        BadInput, match="voxels of the layer 'segmentation' are not in it: download"
    ):
        imported(GRID, block(missing, table, planes="all"))


def test_damaged_zips_are_refused(tmp_path, table):
    path = tmp_path / "a.zip"
    path.write_bytes(b"not a zip")
    with pytest.raises(BadInput, match="is no zip"):
        imported(GRID, block(path, table))
    with zipfile.ZipFile(path, "w") as outer:
        outer.writestr("readme.txt", "")
    with pytest.raises(BadInput, match="has 0 files"):
        imported(GRID, block(path, table))


# --- ClimateNetLarge ------------------------------------------------------------------------------


def write_large(path, layers, *, annotators=("a", "b"), time="time", times=(10.0,), lat=None):
    """Write netCDF as ClimateNetLarge: label(time, annotator, latitude, longitude), descending."""
    path.parent.mkdir(exist_ok=True)
    lat = GRID.lat[::-1] if lat is None else lat
    with netCDF4.Dataset(path, "w") as nc:
        sizes = {time: len(times), "annotator": len(annotators), "latitude": 12, "longitude": 20}
        for name, size in sizes.items():
            nc.createDimension(name, size)
        nc.createVariable("latitude", "f4", ("latitude",))[:] = lat
        nc.createVariable("longitude", "f4", ("longitude",))[:] = GRID.lon
        nc.createVariable(time, "i8", (time,))[:] = times
        nc[time].units, nc[time].calendar = "hours since 1990-10-01", "proleptic_gregorian"
        nc.createVariable("annotator", str, ("annotator",))[:] = np.array(annotators, object)
        nc.createVariable("label", "i1", tuple(sizes))[:] = layers
    return str(path)


def test_layers_of_two_annotators_in_files_of_their_own(tmp_path):
    """AR and TC of one time lie in two folders; latitude descends; both become one labelling."""
    ar, tc = (np.zeros((1, 2, 12, 20)) for _ in range(2))
    ar[0, 0, 1:4], ar[0, 1, 1:3], tc[0, 0, 3:5, 7:9] = 1, 1, 1
    files = [write_large(tmp_path / "AR" / "t.nc", ar), write_large(tmp_path / "TC" / "t.nc", tc)]
    own = {"format": "climatenetlarge", "files": files, "classes": {"AR": AR, "TC": TC}}
    store = imported(GRID, own)
    first, second = (labels(store, "1990-10-01 10:00:00", who) for who in "ab")
    expected = np.where(tc[0, 0] > 0, 1, 2 * ar[0, 0])
    np.testing.assert_array_equal(first[::-1], expected)
    np.testing.assert_array_equal(second[::-1], 2 * ar[0, 1])
    assert store.record.overlapping_cells == 2
    again = write_large(tmp_path / "AR" / "again.nc", ar)
    with pytest.raises(
        BadInput, match="1990-10-01 10:00:00 was labelled twice by 'a', Atmospheric"
    ):
        imported(GRID, {**own, "files": [*files, again]})


def test_many_times_a_file_and_a_grid_of_another_spacing(tmp_path):
    """Each cell of the coarser grid takes the label that its centre lies in; ts is their time."""
    coarse = make_grid({"nlat": 4, "nlon": 5, "poles": False, "first_lon": 0})
    voxels = np.random.default_rng(0).integers(0, 2, (3, 1, 12, 20))
    path = write_large(
        tmp_path / "AR" / "t.nc", voxels, annotators=["x"], time="ts", times=(0, 5, 30)
    )
    own = {"format": "climatenetlarge", "files": path, "classes": {"AR": AR}}
    store = imported(coarse, own)
    codes = labels(store, "1990-10-02 06:00:00", "x")
    # Rows of 45° hold three of 15°, the centre in the middle one; columns of 72° hold 4 of 18°,
    # and the centres coincide with those of columns 0, 4, 8 ….
    np.testing.assert_array_equal(codes, 2 * voxels[2, 0, ::-1][1::3, ::4])


def test_the_real_reference_grid_descends_and_its_dates_are_a_table():
    from stormtrace.labels.annotation_blocks import LabelTimes
    from stormtrace.labels.importers.annotation import Axes
    from stormtrace.labels.label_times import Timer
    from stormtrace.labels.placing import place_axes

    with netCDF4.Dataset(real_data("climatenetlarge/reference.nc")) as nc:
        axes = Axes(*(np.asarray(nc[name][:], float) for name in ("latitude", "longitude")))
    assert axes.lat[0] == 90 and axes.lat.size == 721
    placement = place_axes(axes, make_grid({"nlat": 721, "nlon": 1440}), "reference")
    assert placement.rows.tolist() == list(range(720, -1, -1))
    assert placement.columns.tolist() == list(range(1440))
    timer = Timer(LabelTimes(table=str(real_data("climatenetlarge/dates_0.txt"))))
    assert timer.count == 5000
    assert timer.find("2", "x")[0].startswith("2010-06-22T07:00")
