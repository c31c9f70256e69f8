"""ClimateContours: LabelMe's XML, polygons in whole pixels; `ar0`, `tc3` are class and number."""

import re
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np

from stormtrace.errors import BadInput
from stormtrace.formats.xml_files import read_xml
from stormtrace.labels.annotation_blocks import AnnotationFiles
from stormtrace.labels.importers.annotation import Annotation, Annotations, Dropped, Shape
from stormtrace.labels.importers.outlines_to_cells import Points, lies_outside, polygon_cells

#: The user name of polygons that a network proposed and an expert let stand.
PROPOSED = "inference_generated"


def read_climatecontours(path: Path, block: AnnotationFiles) -> Annotations:
    """Yield the one annotation of a file."""
    root = read_xml(path)
    if root.tag != "annotation":
        raise BadInput(f"{path} is <{root.tag}>; ClimateContours' files are <annotation>")
    size = (_whole(root, "imagesize/nrows", path), _whole(root, "imagesize/ncols", path))
    shapes, dropped, proposed = [], [], 0
    for number, item in enumerate(root.iter("object")):
        name, where = _text(item, "name"), f"{path}, object {number}"
        if _text(item, "deleted") == "1":
            dropped.append(Dropped("deleted", f"{where} ({name})"))
            continue
        polygon = item.find("polygon")
        points = np.empty((0, 2)) if polygon is None else _points(polygon, where)
        if not len(points):
            dropped.append(Dropped("no area", f"{where} ({name})"))
        elif lies_outside(points, size):
            dropped.append(Dropped("off the map", f"{where} ({name})"))
        else:
            shapes.append(_shape(item, name, points, size, block))
            proposed += _text(item, "polygon/username") == PROPOSED
    key = _text(root, "filename") or path.name
    session = _text(root, "session_id")
    yield Annotation(str(path), key, session, size, shapes, dropped, proposed=proposed)


def _shape(
    item: Element, name: str, points: Points, size: tuple[int, int], block: AnnotationFiles
) -> Shape:
    word, fill = re.sub(r"\d+$", "", name), block.fill or "outline"
    corners = points if fill == "outline" else points + 0.5  # its points are centres of pixels
    return Shape(
        tuple(dict.fromkeys((word, name))),
        lambda: polygon_cells(corners, size, fill),
        _text(item, "confidence") or None,
    )


def _points(polygon: Element, where: str) -> Points:
    try:
        return np.array([[float(_text(p, axis)) for axis in "xy"] for p in polygon.iter("pt")])
    except ValueError as error:
        raise BadInput(f"{where}: a point is no number ({error}): correct the file") from error


def _whole(root: Element, tag: str, path: Path) -> int:
    text = _text(root, tag)
    if not text.isdecimal() or not 0 < int(text) <= 40_000:
        raise BadInput(f"{path}: {tag} is {text!r}, expected the picture's size in pixels")
    return int(text)


def _text(item: Element, tag: str) -> str:
    return (item.findtext(tag) or "").strip()
