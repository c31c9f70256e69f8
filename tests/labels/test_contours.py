"""ClimateContours: the published fill, where pixels are on Earth, and what is dropped."""

from xml.etree import ElementTree

import numpy as np
import pytest
import shapely
from PIL import Image

from annotation_files import AR, TC, imported, labels, write_contours
from real_data import real_data
from stormtrace.errors import BadInput
from stormtrace.grids import make_grid

GRID = make_grid({"nlat": 18, "nlon": 36})
BLOCK = {
    "format": "climatecontours",
    "classes": {"ar": AR, "tc": TC},
    "times": {"pattern": "data-{year}-{month}-{day}-01-{step}", "step_hours": 3},
}
SQUARE = [(4, 3), (8, 3), (8, 6), (4, 6)]


def test_pixels_lie_where_the_picture_shows_them(tmp_path):
    """Row 0 is 90 N, column 0 is 180 W. Columns 4 … 8 of 10° are 140 W … 100 W, rows 3 … 6 of
    180/17° are 58.2 N … 26.5 N; the outline itself belongs to a polygon."""
    path = write_contours(tmp_path / "a.xml", [("ar0", "Low", 0, "x", SQUARE)], GRID.shape)
    store = imported(GRID, {**BLOCK, "files": path})
    codes, sure = store.read(("2000-01-01 00:00:00", "7"))
    lat, lon = GRID.points
    inside = (lat > 26) & (lat < 59) & (lon >= 220) & (lon <= 260)
    np.testing.assert_array_equal(codes, np.where(inside, 2, 0))
    assert (sure[inside] == np.float32(0.33)).all() and (sure[~inside] == 1).all()


def test_what_is_dropped_is_counted(tmp_path):
    objects = [
        ("ar0", "High", 0, "inference_generated", SQUARE),
        ("ar1", "High", 1, "x", SQUARE),
        ("tc2", "High", 0, "x", [(40, 2), (44, 2), (44, 5)]),
        ("fr3", "High", 0, "x", SQUARE),
        ("tc4", "High", 0, "x", []),
        ("tc5", "High", 0, "x", [(20, 9), (20, 9)]),
    ]
    path = write_contours(tmp_path / "a.xml", objects, GRID.shape)
    record = imported(GRID, {**BLOCK, "files": path, "minimum_area_km2": 2e6}).record
    assert record.dropped == {
        "deleted": 1,
        "off the map": 1,
        "unknown class": 1,
        "no area": 1,
        "too small": 1,  # one cell of 10° at 4° S is 1.3 million km²
    }
    assert record.shapes == 2 - 1 and record.proposed == 1
    assert record.details["deleted"] == [f"{path}, object 1 (ar1)"]


def test_the_second_class_drawn_does_not_win_by_its_place_in_the_file(tmp_path):
    both = [("tc0", "High", 0, "x", SQUARE), ("ar1", "High", 0, "x", SQUARE)]
    for number, objects in enumerate([both, both[::-1]]):
        path = write_contours(tmp_path / f"{number}.xml", objects, GRID.shape)
        store = imported(GRID, {**BLOCK, "files": path})
        assert set(np.unique(labels(store, annotator="7"))) == {0, 1}  # TC, the first of `labels`
        assert store.record.overlapping_cells == 20
        store = imported(GRID, {**BLOCK, "files": path}, overlap=[AR])
        assert set(np.unique(labels(store, annotator="7"))) == {0, 2}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<annotation>", "is not XML"),
        ("<other/>", "is <other>"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><annotation>&b;</annotation>', "declares a document type"),
        ("<annotation><imagesize><nrows>-1</nrows></imagesize></annotation>", "nrows is '-1'"),
    ],
)
def test_other_files_are_refused_by_name(tmp_path, text, message):
    (tmp_path / "a.xml").write_text(text)
    with pytest.raises(BadInput, match=message):
        imported(GRID, {**BLOCK, "files": str(tmp_path / "a.xml")})


def test_a_word_of_confidence_without_a_number_is_refused(tmp_path):
    path = write_contours(tmp_path / "a.xml", [("ar0", "Sure", 0, "x", SQUARE)], GRID.shape)
    with pytest.raises(BadInput, match="a confidence of 'Sure', but `confidence` has Low, Medium"):
        imported(GRID, {**BLOCK, "files": path})
    store = imported(GRID, {**BLOCK, "files": path, "confidence": {"Sure": 0.9}})
    assert store.read(("2000-01-01 00:00:00", "7"))[1].min() == np.float32(0.9)


def test_the_same_annotator_twice_is_refused_as_the_message_advises(tmp_path):
    for name in ("a.xml", "b.xml"):
        write_contours(tmp_path / name, [("ar0", "Low", 0, "x", SQUARE)], GRID.shape)
    with pytest.raises(BadInput, match=r"2000-01-01 00:00:00 was labelled twice by '7', .*b\.xml"):
        imported(GRID, {**BLOCK, "files": str(tmp_path / "*.xml")})
    two = [{**BLOCK, "files": str(tmp_path / f"{who}.xml"), "annotator": who} for who in ("a", "b")]
    assert len(imported(GRID, *two).labellings) == 2


@pytest.fixture(scope="module")
def real():
    """The labels of the first real file, on its own grid, and its picture of vapour transport."""
    grid = make_grid({"nlat": 768, "nlon": 1152})
    path = real_data("climatecontours/Annotations__data-2000-01-01-01-1.xml")
    found = {
        fill: imported(grid, {**BLOCK, "files": str(path), "fill": fill})
        for fill in ("outline", "centres")
    }
    return {fill: labels(store, annotator="155") for fill, store in found.items()}, found


def test_rivers_of_a_real_file_lie_where_its_picture_is_bright(real):
    """Mean brightness of the picture of transport inside the rivers: 86, against 59 upside down."""
    picture = Image.open(real_data("climatecontours/Images__ivt__data-2000-01-01-01-1.jpg"))
    grey = np.array(picture.convert("L"), float)
    rivers = np.roll(real[0]["outline"] == 2, 576, axis=1)[::-1]
    assert grey[rivers].mean() == pytest.approx(86, abs=1)
    assert grey[rivers[::-1]].mean() == pytest.approx(59, abs=1)


def test_the_published_fill_adds_the_outline_to_what_lies_inside(real):
    """Shapely as the judge of which centres of pixels lie inside."""
    codes, stores = real
    found = {fill: np.roll(one, 576, axis=1)[::-1] for fill, one in codes.items()}
    path = real_data("climatecontours/Annotations__data-2000-01-01-01-1.xml")
    cyclones = np.zeros((768, 1152), bool)
    for word, code in (("tc", 1), ("ar", 2)):
        polygons = []
        for item in ElementTree.parse(path).iter("object"):
            if item.findtext("name").startswith(word):
                points = [(int(p.findtext("x")), int(p.findtext("y"))) for p in item.iter("pt")]
                polygons.append(shapely.make_valid(shapely.Polygon(points)))
        drawn = shapely.union_all(polygons)
        shapely.prepare(drawn)
        inside = shapely.contains_xy(drawn, *np.meshgrid(np.arange(1152), np.arange(768)))
        for fill, widest in (("centres", 1e-9), ("outline", 0.8)):
            other = ~cyclones & (found[fill] == code) != (inside & ~cyclones)
            rows, columns = np.nonzero(other)
            away = shapely.distance(drawn.boundary, shapely.points(columns, rows))
            assert other.any() and away.max() < widest  # on the outline, or crossed by it
        assert (found["outline"] == code)[inside & ~cyclones].all()
        cyclones |= found["outline"] == 1
    assert stores["outline"].record.shapes == 14 and not stores["outline"].record.dropped
