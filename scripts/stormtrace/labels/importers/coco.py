"""COCO's JSON: polygons in pixels, and run lengths down the columns of the picture."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from stormtrace.errors import BadInput
from stormtrace.labels.annotation_blocks import AnnotationFiles
from stormtrace.labels.importers.annotation import Annotation, Dropped, Mask, Shape
from stormtrace.labels.importers.outlines_to_cells import lies_outside, polygon_cells
from stormtrace.labels.importers.pictures import read_other_json


def read_coco(path: Path, block: AnnotationFiles) -> Iterator[Annotation | Dropped]:
    """Yield an annotation for every picture of a file; those without objects are empty."""
    content = read_other_json(path)
    if not isinstance(content, dict) or not {"images", "annotations", "categories"} <= set(content):
        raise BadInput(f"{path} is not COCO: `images`, `annotations`, `categories` are expected")
    names = {key: str(one["name"]) for key, one in _by_id(content, "categories", path).items()}
    drawn: dict[str, list[Mapping[str, Any]]] = {}
    for one in content["annotations"]:
        drawn.setdefault(str(one["image_id"]), []).append(one)
    for key, image in _by_id(content, "images", path).items():
        where = f"{path}, image {key}"
        objects = drawn.pop(key, [])
        if image.get("deleted"):
            yield Dropped("deleted", where)
            continue
        yield _annotation(image, objects, names, block, where)
    for image_id, objects in drawn.items():
        for one in objects:
            yield Dropped("no picture", f"{path}, object {one.get('id')} of image {image_id}")


def _by_id(content: Mapping[str, Any], table: str, path: Path) -> dict[str, Mapping[str, Any]]:
    """Return the entries of a table by their ids, which some tools write as text.

    Raises:
        BadInput: two have one id, so that objects could be of either.

    """
    found: dict[str, Mapping[str, Any]] = {}
    for one in content[table]:
        if found.setdefault(str(one["id"]), one) != one:
            raise BadInput(
                f"{path}: two of `{table}` have the id {one['id']}, so it is not known which an "
                "object belongs to: number them anew where files were joined, or give both files"
            )
    return found


def _annotation(
    image: Mapping[str, Any],
    objects: list[Mapping[str, Any]],
    names: Mapping[str, str],
    block: AnnotationFiles,
    where: str,
) -> Annotation:
    size = (int(image["height"]), int(image["width"]))
    shapes, dropped = [], []
    for one in objects:
        place = f"{where}, object {one.get('id')}"
        outlines = one.get("segmentation")
        if not outlines:
            dropped.append(Dropped("no area", place))
        elif isinstance(outlines, list) and all(
            lies_outside(np.reshape(outline, (-1, 2)), size) for outline in outlines
        ):
            dropped.append(Dropped("off the map", place))
        else:
            category = str(one["category_id"])
            words = tuple(dict.fromkeys((names.get(category, category), category)))
            sure = (one.get("attributes") or {}).get("confidence", one.get("score"))
            shapes.append(Shape(words, _cells(outlines, size, block, place), sure))
    return Annotation(where, str(image["file_name"]), "", size, shapes, dropped)


def _cells(outlines: Any, size: tuple[int, int], block: AnnotationFiles, where: str) -> Any:
    def cells() -> Mask:
        if isinstance(outlines, dict):
            return _from_runs(outlines, size, where)
        mask = np.zeros(size, bool)
        for outline in outlines:
            points = np.reshape(np.asarray(outline, float), (-1, 2))
            mask |= polygon_cells(points, size, block.fill or "centres")
        return mask

    return cells


def _from_runs(runs: Mapping[str, Any], size: tuple[int, int], where: str) -> Mask:
    counts = runs["counts"]
    lengths = np.array(_uncompressed(counts) if isinstance(counts, str) else counts, np.int64)
    if tuple(runs["size"]) != size or lengths.sum() != size[0] * size[1] or (lengths < 0).any():
        raise BadInput(
            f"{where}: run lengths of {runs['size']} add up to {int(lengths.sum())} pixels, but "
            f"the picture is {size}: export it again"
        )
    values = np.repeat(np.arange(lengths.size) % 2 == 1, lengths)
    return values.reshape(size[1], size[0]).T


def _uncompressed(text: str) -> list[int]:
    """Return the counts in COCO's text: 5 bits a character, those after the second as differences.

    As its reference implementation (pycocotools, rleFrString) reads them.
    """
    counts: list[int] = []
    at = 0
    while at < len(text):
        number, shift, more = 0, 0, True
        while more:
            digit = ord(text[at]) - 48
            number |= (digit & 0x1F) << shift
            more, shift, at = bool(digit & 0x20), shift + 5, at + 1
            if not more and digit & 0x10:
                number -= 1 << shift
        counts.append(number + counts[-2] if len(counts) > 2 else number)
    return counts
