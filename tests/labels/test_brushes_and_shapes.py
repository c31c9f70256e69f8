"""Label Studio and COCO against the SDK's decoder, shapely, pycocotools; pictures of codes."""

import hashlib
import json

import numpy as np
import pytest
import shapely
from PIL import Image
from shapely.affinity import rotate

from annotation_files import AR, TC, entry_of, imported, labels, region, task, write_json
from real_data import real_data
from stormtrace.errors import BadInput
from stormtrace.grids import make_grid
from stormtrace.labels.brush_rle import decode_brush, encode_brush
from stormtrace.labels.importers.coco import _from_runs
from stormtrace.labels.importers.label_studio import read_label_studio

GRID = make_grid({"nlat": 40, "nlon": 60, "poles": False})
TIME = "2000-01-01 00:00:00"
TIMES = {"pattern": "data-{year}-{month}-{day}-{seconds}"}
STUDIO = {"format": "label-studio", "classes": {"River": AR, "Storm": TC}, "times": TIMES}


def digest(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:16]


def on_picture(codes):
    """Class codes as the picture has them: north up."""
    return codes[::-1]


def centres(shape, size):
    """Pixels whose centre lies in a polygon, by shapely."""
    x, y = np.meshgrid(np.arange(size[1]) + 0.5, np.arange(size[0]) + 0.5)
    return shapely.contains_xy(shape, x, y)


# --- brushes --------------------------------------------------------------------------------------


def test_brushes_of_real_exports_are_those_of_the_sdk():
    """label-studio-sdk 2.1's `decode_rle` gives alpha with these digests."""
    new = json.loads(real_data("label_studio/ls_image_tools_all_shapes.json").read_text())
    old = json.loads(real_data("label_studio/ls_brush_old_no_size.json").read_text())
    brush = next(one for one in new["annotations"][0]["result"] if one["type"] == "brush")
    alpha = decode_brush(brush["value"]["rle"], (2802, 2242), "new")
    assert ((alpha > 0).sum(), (alpha >= 128).sum()) == (59_413, 57_608)
    assert digest(alpha) == "0d0aa6cddfce4cfe"
    brush = old["annotations"][0]["result"][0]
    assert digest(decode_brush(brush["value"]["rle"], (2802, 2242), "old")) == "ecec1e3d5b9089f2"


@pytest.mark.parametrize("share", [0.0, 0.001, 0.4, 1.0])
def test_a_mask_comes_back_as_it_was(share):
    mask = np.random.default_rng(3).random((301, 517)) < share
    alpha = decode_brush(encode_brush(mask), mask.shape, "mask")
    np.testing.assert_array_equal(alpha, np.where(mask, 255, 0))


def test_the_sdk_s_stream_of_a_small_mask():
    """What label-studio-sdk 2.1's `mask2rle` writes of rows 3 … 8, columns 4 … 10 of 20 × 30."""
    mask = np.zeros((20, 30), bool)
    mask[3:9, 4:11] = True
    stream = bytes.fromhex(
        "00000960391bff017700c37ff96c030dffe5b00c37ff96c030dffe5b00c37ff96c030dfff0573000"
    )
    np.testing.assert_array_equal(decode_brush(list(stream), mask.shape, "sdk") > 0, mask)


@pytest.mark.parametrize("cut", [slice(0, 3), slice(0, 40), slice(5, None)])
def test_damaged_brushes_are_refused(cut):
    stream = encode_brush(np.random.default_rng(1).random((30, 40)) < 0.5)
    with pytest.raises(BadInput, match="task 5: its brush"):
        decode_brush(stream[cut], (30, 40), "task 5")
    with pytest.raises(BadInput, match="4800 values, but a picture of 40 × 31"):
        decode_brush(stream, (31, 40), "task 5")


# --- shapes of Label Studio -----------------------------------------------------------------------

SIZE = (40, 60)
PER_CENT = (100 / 60, 100 / 40)


def test_polygons_rectangles_and_ellipses_by_the_centres_of_pixels(tmp_path):
    """Judged by shapely: a triangle, a rectangle turned by 30° about its corner, an ellipse."""
    triangle = [(5.2, 3.1), (20.4, 6.7), (9.9, 18.3)]
    box = rotate(shapely.box(35.3, 4.2, 50.1, 9.7), 30, origin=(35.3, 4.2))
    ellipse = rotate(
        shapely.affinity.scale(shapely.Point(30.2, 29.6).buffer(1, 400), 14.1, 5.3), 20
    )
    across, down = PER_CENT
    results = [
        region("polygon", {"points": [(x * across, y * down) for x, y in triangle]}, "River", SIZE),
        region(
            "rectangle",
            {"x": 35.3 * across, "y": 4.2 * down, "width": 14.8 * across, "height": 5.5 * down,
             "rotation": 30},
            "River", SIZE, "b",
        ),
        region(
            "ellipse",
            {"x": 30.2 * across, "y": 29.6 * down, "radiusX": 14.1 * across,
             "radiusY": 5.3 * down, "rotation": 20},
            "Storm", SIZE, "c",
        ),
    ]  # fmt: skip
    path = write_json(tmp_path / "a.json", [task(results)])
    codes = on_picture(labels(imported(GRID, {**STUDIO, "files": path}), TIME, "1"))
    rivers = centres(shapely.Polygon(triangle), SIZE) | centres(box, SIZE)
    np.testing.assert_array_equal(codes == 2, rivers)
    np.testing.assert_array_equal(codes == 1, centres(ellipse, SIZE))


def test_a_shape_and_its_label_may_be_two_results_of_one_id(tmp_path):
    """As Label Studio writes shapes of a general <Labels>; what is chosen for it has its id, too."""
    mask = np.zeros(SIZE, bool)
    mask[10:20, 5:25] = True
    brush = {"format": "rle", "rle": encode_brush(mask)}
    size = {"original_height": SIZE[0], "original_width": SIZE[1]}
    results = [
        {"id": "a", "type": "brush", "value": brush, **size},
        {
            "id": "a",
            "type": "labels",
            "value": {**brush, "labels": ["Storm"]},
            "origin": "prediction",
            **size,
        },
        {"id": "a", "type": "choices", "from_name": "confidence", "value": {"choices": ["Low"]}},
        {"from_id": "a", "to_id": "b", "type": "relation"},
    ]
    path = write_json(tmp_path / "a.json", [task(results)])
    store = imported(GRID, {**STUDIO, "files": path})
    codes, sure = store.read((TIME, "1"))
    assert store.record.proposed == 1  # a pre-annotation that nobody changed
    np.testing.assert_array_equal(on_picture(codes) == 1, mask)
    np.testing.assert_array_equal(on_picture(sure), np.where(mask, np.float32(0.33), 1))


def test_the_real_export_with_all_shapes_is_read(tmp_path):
    """Brush, two rectangles, ellipse and polygon; keypoints have no area, relations no shape."""
    path = real_data("label_studio/ls_image_tools_all_shapes.json")
    content = json.loads(path.read_text()) | {"data": {"image": "data-2000-01-01-00000.png"}}
    write_json(tmp_path / "a.json", content)
    grid = make_grid({"nlat": 1401, "nlon": 1121, "poles": False})  # half the picture's pixels
    block = {
        **STUDIO,
        "files": str(tmp_path / "a.json"),
        "classes": {"Planet": AR, "Moonwalker": TC},
    }
    store = imported(grid, block)
    codes = labels(store, TIME)
    assert store.record.shapes == 7 and store.record.dropped == {"no area": 3}
    assert set(np.unique(codes)) == {0, 1, 2}


def test_annotators_without_objects_and_cancelled_ones(tmp_path):
    two = task([], annotator={"id": 3, "email": "anna@example.org"})
    two["annotations"].append({"id": 2, "completed_by": 4, "was_cancelled": True, "result": []})
    unlabelled = {"id": 6, "data": {"image": "data-2000-01-02-00000.png"}, "annotations": []}
    path = write_json(tmp_path / "a.json", [two, unlabelled])
    store = imported(GRID, {**STUDIO, "files": path})
    assert list(store.labellings) == [(TIME, "anna@example.org")]
    assert not labels(store, TIME, "anna@example.org").any()
    assert store.record.dropped == {"cancelled": 1}


def test_an_old_export_takes_its_size_from_the_picture_or_is_refused(tmp_path):
    mask = np.zeros(SIZE, bool)
    mask[3:9] = True
    result = region("brush", {"format": "rle", "rle": encode_brush(mask)}, "River", SIZE)
    del result["original_width"], result["original_height"]
    block = {**STUDIO, "files": write_json(tmp_path / "a.json", [task([result])])}
    with pytest.raises(BadInput, match=r"no original_width.*say `images:`, the folder"):
        imported(GRID, block)
    Image.new("L", SIZE[::-1]).save(tmp_path / "data-2000-01-01-00000.png")
    store = imported(GRID, {**block, "images": str(tmp_path)})
    np.testing.assert_array_equal(on_picture(labels(store, TIME, "1")) == 2, mask)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"result": []}, "is no task of Label Studio"),
        ([{"id": 1, "image": "a", "brush": []}], "has no `annotations`: export .* not JSON-MIN"),
        ([task([{"type": "brush", "image_rotation": 90, "id": "a"}])], "turned by 90°"),
        ([{"id": 1, "annotations": [{"result": []}], "data": {}}], "does not say its picture"),
        ([task([region("polygon", {}, "River", SIZE)])], "is not of the form 'label-studio'"),
        ([task([region("rectangle", {"x": 0, "y": 0, "width": 9, "height": 9}, "Rain", SIZE)])],
         "no shape has one of the words in `classes`"),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_refused_by_place(tmp_path, content, message):
    path = write_json(tmp_path / "a.json", content)
    with pytest.raises(BadInput, match=message):
        imported(GRID, {**STUDIO, "files": path})


@pytest.mark.parametrize(
    ("name", "count"),
    [("rect_polygon", 2), ("polygons", 1), ("rotated_rectangles", 25)],
)
def test_real_exports_are_read_to_their_shapes(name, count):
    """Each covers pixels: of rectangles as many as their sides say, to half their outline."""
    block = entry_of({**STUDIO, "files": "x"}).annotations[0]
    path = real_data(f"label_studio/ls_export_{name}.json")
    found = list(read_label_studio(path, block))
    shapes = [(one.size, shape.cells()) for one in found for shape in one.shapes]
    assert len(shapes) == count
    tasks = json.loads(path.read_text())
    values = [r["value"] for t in tasks for a in t["annotations"] for r in a["result"]]
    boxes = [value for value in values if "rectanglelabels" in value]
    for (size, cells), value in zip(shapes, boxes, strict=False):
        width, height = value["width"] * size[1] / 100, value["height"] * size[0] / 100
        assert cells.sum() == pytest.approx(width * height, abs=width + height)


# --- COCO -----------------------------------------------------------------------------------------

COCO = {"format": "coco", "classes": {"River": AR, "2": TC}, "times": TIMES}
BITS = [
    "1000111", "1011010", "1010000", "0111011", "1110010", "0011000", "0001010", "1101000",
    "0100000",
]  # fmt: skip


def coco(annotations, size=SIZE, **image):
    picture = {
        "id": 4,
        "file_name": "data-2000-01-01-00000.png",
        "height": size[0],
        "width": size[1],
    }
    return {
        "images": [picture | image],
        "categories": [{"id": 1, "name": "River"}, {"id": 2, "name": "Storm"}],
        "annotations": [{"image_id": 4, **one} for one in annotations],
    }


def test_run_lengths_of_coco_are_pycocotools(tmp_path):
    """pycocotools 2.0 writes these bits, (9, 7), as this text; by hand, down the columns, too."""
    bits = np.array([[int(bit) for bit in row] for row in BITS], bool)
    runs = {"size": [9, 7], "counts": "031N1021N0O33LM0020N71I00O10003"}
    np.testing.assert_array_equal(_from_runs(runs, (9, 7), "a"), bits)
    flat = bits.T.ravel().astype(int)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flat, [2]])))
    runs["counts"] = np.diff(np.concatenate([[0], edges])).tolist()
    np.testing.assert_array_equal(_from_runs(runs, (9, 7), "a"), bits)
    runs["counts"][0] += 1
    with pytest.raises(BadInput, match="add up to 64 pixels, but the picture is"):
        _from_runs(runs, (9, 7), "a")


def test_coco_polygons_scores_and_what_is_dropped(tmp_path):
    corners = [3.2, 4.1, 20.7, 5.5, 12.3, 17.9]
    objects = [
        {"id": 1, "category_id": 1, "segmentation": [corners], "score": 0.7},
        {"id": 2, "category_id": 2, "segmentation": []},
        {"id": 3, "category_id": 2, "segmentation": [[70, 3, 80, 3, 80, 9]]},
    ]
    path = write_json(tmp_path / "a.json", coco(objects))
    store = imported(GRID, {**COCO, "files": path})
    codes, sure = store.read((TIME, ""))
    expected = centres(shapely.Polygon(np.reshape(corners, (-1, 2))), SIZE)
    np.testing.assert_array_equal(on_picture(codes) == 2, expected)
    assert sure[codes == 2].min() == sure[codes == 2].max() == np.float32(0.7)
    assert store.record.dropped == {"no area": 1, "off the map": 1}


@pytest.mark.parametrize("table", ["images", "categories"])
def test_coco_files_joined_with_ids_twice_are_refused(tmp_path, table):
    """The objects of both were the first picture's, and the second an empty label."""
    square = [{"id": 1, "category_id": "2", "segmentation": [[4, 4, 9, 4, 9, 9]]}]
    content = coco(square)
    content[table].append({**content[table][0]})  # the same again does no harm
    content["annotations"][0]["image_id"] = str(content["images"][0]["id"])
    path = write_json(tmp_path / "a.json", content)
    assert (labels(imported(GRID, {**COCO, "files": path}), TIME) == 1).any()
    content[table].append({**content[table][0], "file_name": "b.png", "name": "other"})
    write_json(tmp_path / "a.json", content)
    with pytest.raises(BadInput, match=f"two of `{table}` have the id"):
        imported(GRID, {**COCO, "files": path})


@pytest.mark.parametrize(
    "wrong",
    [
        [[3.2, 4.1, 20.7, 5.5, 12.3]],  # an x without its y
        [["a", 4, 20, 5, 12, 9]],
        {"size": [*SIZE], "counts": "031N1o"},  # cut off
    ],
)
def test_coco_that_is_damaged_is_refused_in_one_sentence(tmp_path, wrong):
    objects = [{"id": 1, "category_id": 1, "segmentation": wrong}]
    path = write_json(tmp_path / "a.json", coco(objects))
    with pytest.raises(BadInput, match=r"is not of the form 'coco' \(.*export it again"):
        imported(GRID, {**COCO, "files": path})


def test_the_real_coco_file_is_read(tmp_path):
    """Pixels of each object against the area of its own polygons, by shapely."""
    content = json.loads(real_data("label_studio/coco_polygons.json").read_text())
    one = next(image for image in content["images"] if image["id"] == 0)
    grid = make_grid({"nlat": one["height"] // 9, "nlon": 447, "poles": False})
    content["images"] = [one | {"width": 4023, "height": 9 * grid.shape[0],
                                "file_name": "data-2000-01-01-00000.png"}]  # fmt: skip
    block = {**COCO, "files": write_json(tmp_path / "a.json", content),
             "classes": {"Class_1": AR, "Class_2": TC}}  # fmt: skip
    store = imported(grid, block)
    own = [a for a in content["annotations"] if a["image_id"] == 0]
    polygons = [
        shapely.Polygon(np.reshape(outline, (-1, 2))) for a in own for outline in a["segmentation"]
    ]
    area = shapely.union_all([shapely.make_valid(one) for one in polygons]).area / 81
    assert (labels(store, TIME) > 0).sum() == pytest.approx(area, rel=0.02)


# --- pictures of codes ----------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["png", "npy"])
def test_pictures_of_codes_come_back_as_they_were(tmp_path, ending):
    codes = np.random.default_rng(2).integers(0, 3, SIZE).astype(np.uint8)
    path = tmp_path / f"data-2000-01-01-00000.{ending}"
    if ending == "png":
        Image.fromarray(codes).save(path)
    else:
        np.save(path, codes)
    block = {
        "format": "pixels",
        "files": str(path),
        "classes": {"1": "TC", "2": AR},
        "times": TIMES,
    }
    np.testing.assert_array_equal(on_picture(labels(imported(GRID, block), TIME)), codes)


def test_other_pictures_are_refused(tmp_path):
    block = {"format": "pixels", "classes": {"1": TC}, "times": TIMES}
    Image.new("RGB", SIZE[::-1]).save(tmp_path / "data-2000-01-01-00000.png")
    with pytest.raises(BadInput, match="has the colours of RGB"):
        imported(GRID, {**block, "files": str(tmp_path / "*.png")})
    np.save(tmp_path / "data-2000-01-01-00000.npy", np.array([{"a": 1}], object))
    with pytest.raises(BadInput, match="is no array of numpy"):
        imported(GRID, {**block, "files": str(tmp_path / "*.npy")})
    np.save(tmp_path / "data-2000-01-01-00000.npy", np.zeros((3, 40, 60), np.int8))
    with pytest.raises(BadInput, match=r"is int8 \(3, 40, 60\); expected one map"):
        imported(GRID, {**block, "files": str(tmp_path / "*.npy")})
