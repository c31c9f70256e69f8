"""Label Studio's JSON: brushes, polygons, rectangles and ellipses, in per cent of the picture.

A region may stand in several results that share an id: its shape, its labels, what was chosen for
it. What stands alone belongs to the whole picture.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from stormtrace.errors import BadInput
from stormtrace.labels.annotation_blocks import AnnotationFiles
from stormtrace.labels.brush_rle import decode_brush
from stormtrace.labels.importers.annotation import Annotation, Dropped, Mask, Shape
from stormtrace.labels.importers.outlines_to_cells import (
    ellipse_cells,
    lies_outside,
    polygon_cells,
    rectangle_points,
)
from stormtrace.labels.importers.pictures import picture_size, read_other_json

#: Name of the control, of each region or of the picture, that says how sure the annotator is.
CONFIDENCE = "confidence"

#: The origin of a region that a pre-annotation had and nobody changed.
PROPOSED = "prediction"

SHAPES = ("brush", "polygon", "rectangle", "ellipse")


@dataclass
class _Region:
    """What the results of one id say together."""

    kind: str = ""
    value: dict[str, Any] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    confidence: str | float | None = None
    size: tuple[int, int] | None = None
    is_proposed: bool = False


def read_label_studio(path: Path, block: AnnotationFiles) -> Iterator[Annotation | Dropped]:
    """Yield every annotation of every task of an export; tasks nobody labelled have none."""
    content = read_other_json(path)
    tasks = content if isinstance(content, list) else [content]
    for number, task in enumerate(tasks):
        where = f"{path}, task {task.get('id', number) if isinstance(task, dict) else number}"
        if not isinstance(task, dict) or "result" in task:
            raise BadInput(f"{where} is no task of Label Studio: export the project as JSON")
        if not {"annotations", "completions"} & task.keys():
            raise BadInput(
                f"{where} has no `annotations`: export the project as JSON, not JSON-MIN"
            )
        for index, one in enumerate(task.get("annotations") or task.get("completions") or ()):
            place = f"{where}, annotation {one.get('id', index)}"
            if one.get("was_cancelled"):
                yield Dropped("cancelled", place)
            else:
                yield _annotation(path, block, task, one, place)


def _annotation(
    path: Path, block: AnnotationFiles, task: Mapping[str, Any], one: Mapping[str, Any], where: str
) -> Annotation:
    key = _picture(task, where)
    regions = _regions(one.get("result", ()), where)
    whole = next((r.confidence for r in regions if not r.kind and r.confidence is not None), None)
    size: tuple[int, int] | None = next((r.size for r in regions if r.size), None)
    shapes, dropped = [], []
    for region in regions:
        if not region.kind:
            continue
        if region.kind not in SHAPES:
            dropped.append(Dropped("no area", f"{where} ({region.kind})"))
            continue
        size = region.size or size or _size_of_picture(key, path, block, where)
        if region.size not in (None, size):
            raise BadInput(f"{where}: regions are of pictures of {size} and {region.size} pixels")
        if _is_outside(region, size):
            dropped.append(Dropped("off the map", f"{where} ({', '.join(region.words)})"))
            continue
        words = tuple(region.words) or ("no label",)
        sure = whole if region.confidence is None else region.confidence
        shapes.append(Shape(words, _cells(region, size, block, where), sure))
    proposed = sum(region.is_proposed and bool(region.kind) for region in regions)
    who = _annotator(one)
    return Annotation(where, key, who, size or (0, 0), shapes, dropped, proposed=proposed)


def _regions(results: Any, where: str) -> list[_Region]:
    regions: dict[str, _Region] = {}
    for number, result in enumerate(results):
        kind = str(result.get("type", ""))
        if kind == "relation":
            continue
        if result.get("image_rotation"):
            raise BadInput(
                f"{where}: a picture was turned by {result['image_rotation']}° while it was "
                "labelled: turn it back in Label Studio and export again"
            )
        region = regions.setdefault(str(result.get("id", f"result {number}")), _Region())
        value = result.get("value", {})
        region.is_proposed = region.is_proposed or result.get("origin") == PROPOSED
        if {"original_width", "original_height"} <= result.keys():
            region.size = (int(result["original_height"]), int(result["original_width"]))
        if kind in ("choices", "rating"):
            if result.get("from_name") == CONFIDENCE:
                chosen = value.get(kind)
                region.confidence = chosen[0] if isinstance(chosen, list) else str(chosen)
            continue
        region.words += value.get(kind, []) if kind.endswith("labels") else []
        if kind != "labels":
            region.kind = kind.removesuffix("labels")
            region.value = value
    return list(regions.values())


def _cells(region: _Region, size: tuple[int, int], block: AnnotationFiles, where: str) -> Any:
    value, fill = region.value, block.fill or "centres"

    def cells() -> Mask:
        if region.kind == "brush":
            if value.get("format", "rle") != "rle":
                raise BadInput(f"{where}: a brush in the format {value['format']!r}, expected rle")
            return decode_brush(value["rle"], size, where) >= block.brush_threshold
        if region.kind == "ellipse":
            radii = _pixels(value, ("radiusX", "radiusY"), size)
            centre = _pixels(value, ("x", "y"), size)
            return ellipse_cells(centre, radii, value.get("rotation", 0), size)
        return polygon_cells(_outline(region, size), size, fill)

    return cells


def _outline(region: _Region, size: tuple[int, int]) -> Any:
    """Return the corners of a polygon or a rectangle, in pixels, (n, 2)."""
    if region.kind == "polygon":
        return np.asarray(region.value["points"], float) * (size[1] / 100, size[0] / 100)
    corner = _pixels(region.value, ("x", "y"), size)
    sides = _pixels(region.value, ("width", "height"), size)
    return rectangle_points(corner, sides, region.value.get("rotation", 0))


def _is_outside(region: _Region, size: tuple[int, int]) -> bool:
    if region.kind in ("polygon", "rectangle"):
        return lies_outside(_outline(region, size), size)
    return False


def _pixels(
    value: Mapping[str, float], keys: tuple[str, str], size: tuple[int, int]
) -> tuple[float, float]:
    """Return a pair (across, down) that is in per cent of the picture, in pixels."""
    return value[keys[0]] * size[1] / 100, value[keys[1]] * size[0] / 100


def _picture(task: Mapping[str, Any], where: str) -> str:
    """Return the name of a task's picture."""
    texts = {key: one for key, one in (task.get("data") or {}).items() if isinstance(one, str)}
    named = texts.get("image") or (next(iter(texts.values())) if len(texts) == 1 else None)
    named = named or task.get("file_upload") or task.get("task_path")
    if not named:
        raise BadInput(f"{where} does not say its picture: `image` of its data is expected")
    return str(named)


def _size_of_picture(key: str, path: Path, block: AnnotationFiles, where: str) -> tuple[int, int]:
    try:
        return picture_size(PurePosixPath(key.partition("?")[0]).name, block.images)
    except BadInput as error:
        raise BadInput(
            f"{where} has no original_width and original_height, as old exports, and {error}: say "
            "`images:`, the folder of the pictures, or export again with a newer Label Studio"
        ) from error


def _annotator(one: Mapping[str, Any]) -> str:
    by = one.get("completed_by")
    if isinstance(by, dict):
        by = by.get("email") or by.get("id")
    by = by if by is not None else one.get("created_username", "")
    return str(by).strip()
