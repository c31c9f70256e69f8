"""A user's segmentation network: what it is asked, and what becomes of its answers.

The stub's answer is known: of a box, the pixels in it whose red is above a threshold; else nothing.
Its encoder hands the picture on, 36 pixels wide as the square, so that nothing is resized.
"""

import logging

import numpy as np
import pytest

from campaign_files import GRID, campaign_of, field_source, made, write_detections
from onnx_files import node, write_network
from stormtrace.classes import CLIMATENET_LABELS, Classes
from stormtrace.errors import BadInput
from stormtrace.labels.brush_rle import decode_brush
from stormtrace.labels.campaigns.assistance import MEAN, STD, Assistant
from stormtrace.labels.campaigns.campaign_block import Assistance

pytest.importorskip("openvino")

NY, NX = GRID.shape
RED = 100.0
FEATURE = Classes.of_labels(CLIMATENET_LABELS)["AR"]


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """An encoder and a decoder with the names of Segment Anything's."""
    folder = tmp_path_factory.mktemp("onnx")
    square = (1, 3, NX, NX)
    encoder = write_network(
        folder / "encoder.onnx",
        [node("Identity", ["x"], "image_embeddings")],
        {"x": square},
        {"image_embeddings": square},
    )
    nodes = [
        node("Gather", ["point_coords", "first"], "from", axis=1),
        node("Gather", ["point_coords", "second"], "to", axis=1),
        *(
            node("Gather", [corner, number], f"{corner}_{axis}", axis=1)
            for corner in ("from", "to")
            for axis, number in (("x", "first"), ("y", "second"))
        ),
        node("Sub", ["across", "from_x"], "a"), node("Sub", ["to_x", "across"], "b"),
        node("Sub", ["down", "from_y"], "c"), node("Sub", ["to_y", "down"], "d"),
        node("Slice", ["image_embeddings", "starts", "ends", "axes"], "red"),
        node("Sub", ["red", "threshold"], "bright"),
        node("ReduceSum", ["point_labels"], "kinds", keepdims=0),
        node("Sub", ["kinds", "five"], "off"), node("Abs", ["off"], "wrong"),
        node("Sub", ["half", "wrong"], "is_box"),
        node("Min", ["a", "b", "c", "d", "bright", "is_box"], "inside"),
        node("Concat", ["everything", "inside"], "masks", axis=1),
        node("Identity", ["scores"], "iou_predictions"),
    ]  # fmt: skip
    constants = {
        "first": np.int64(0), "second": np.int64(1),
        "across": np.arange(NX, dtype="f4").reshape(1, 1, 1, NX) + np.float32(0.5),
        "down": np.arange(NY, dtype="f4").reshape(1, 1, NY, 1) + np.float32(0.5),
        "starts": np.array([0, 0], "i8"), "ends": np.array([1, NY], "i8"),
        "axes": np.array([1, 2], "i8"),
        "threshold": np.float32((RED - MEAN[0]) / STD[0]), "five": np.float32(5),
        "half": np.float32(0.5), "everything": np.ones((1, 1, NY, NX), "f4"),
        "scores": np.array([[0.1, 0.9]], "f4"),
    }  # fmt: skip
    points = {"point_coords": (1, 2, 2), "point_labels": (1, 2)}
    answers = {"masks": (1, 2, NY, NX), "iou_predictions": (1, 2)}
    decoder = write_network(
        folder / "decoder.onnx", nodes, {"image_embeddings": square, **points}, answers, constants
    )
    return {"encoder": encoder, "decoder": decoder}


@pytest.fixture
def picture():
    return np.random.default_rng(0).integers(0, 256, (NY, NX, 3), dtype=np.uint8)


def test_a_box_becomes_a_mask(pair, picture):
    """An object over both ends of the picture is two boxes."""
    mask = np.zeros((NY, NX), bool)
    mask[3, 2:9] = mask[3:8, 5] = True
    mask[10:13, :2] = mask[11, -3:] = True
    boxes = np.zeros((NY, NX), bool)
    boxes[3:8, 2:9] = boxes[10:13, :2] = boxes[11, -3:] = True
    assistant = Assistant.load(Assistance(**pair))
    ((feature, drawn),) = assistant.improve(picture, iter([(FEATURE, mask)]))
    np.testing.assert_array_equal(drawn, boxes & (picture[..., 0] > RED))
    assert feature is FEATURE and (assistant.asked, assistant.kept) == (1, 0)


def test_where_it_finds_nothing_the_object_stays(pair, picture, caplog):
    """A point is another question, to which the stub has no answer."""
    mask = np.zeros((NY, NX), bool)
    mask[3:6, 2:9] = True
    assistant = Assistant.load(Assistance(prompt="point", **pair))
    ((_, drawn),) = assistant.improve(picture, iter([(FEATURE, mask)]))
    np.testing.assert_array_equal(drawn, mask)
    with caplog.at_level(logging.WARNING):
        assistant.report()
    assert "1 objects, of which 1 kept their own cells" in caplog.text


def test_pre_annotations_are_the_network_s(tmp_path, pair):
    """The picture that it sees is that of the field, in its colours."""
    detections, _ = write_detections(tmp_path)
    campaign = campaign_of(annotate="control", times=1, assist={**pair, "field": "PSL"})
    _, (task,) = made(tmp_path, field_source(tmp_path), campaign, detections=detections)
    from PIL import Image

    name = task["data"]["pages"][2].rpartition("/")[2]
    with Image.open(tmp_path / "first" / "pictures" / name) as image:
        bright = np.array(image.convert("RGB"))[..., 0] > RED
    assert task["predictions"][0]["model_version"] == "control with assistance"
    drawn = [
        decode_brush(one["value"]["rle"], (NY, NX), "") > 0
        for one in task["predictions"][0]["result"]
    ]
    within = [mask for mask in drawn if not (mask & ~bright).any()]
    assert len(within) > len(drawn) / 2  # of the others the network found nothing


def test_other_networks_are_refused(tmp_path, pair):
    def load(**changes):
        Assistant.load(Assistance(**{**pair, **changes}))

    with pytest.raises(BadInput, match=r"none\.onnx is not there"):
        load(encoder=str(tmp_path / "none.onnx"))
    (tmp_path / "text.onnx").write_text("not a network")
    with pytest.raises(BadInput, match=r"text\.onnx is no ONNX network that can be run"):
        load(decoder=str(tmp_path / "text.onnx"))
    with pytest.raises(BadInput, match="an encoder takes one picture"):
        load(encoder=pair["decoder"])
    other = write_network(
        tmp_path / "other.onnx",
        [node("Identity", ["z"], "masks")],
        {"z": (1, 1)},
        {"masks": (1, 1)},
    )
    with pytest.raises(BadInput, match="wants z; known are image_embeddings"):
        load(decoder=other)
