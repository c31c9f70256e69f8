"""WEBKNOSSOS' annotations: a zip of an NML and, in zips of their own, layers of voxels.

Times are planes of the volume (`axes`), read some at a time; their numbers are the keys of the
table of times.
"""

import io
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np

from stormtrace.errors import BadInput
from stormtrace.formats.xml_files import read_xml
from stormtrace.labels.annotation_blocks import AnnotationFiles
from stormtrace.labels.importers.annotation import Annotation, Shape, layer_shapes
from stormtrace.labels.importers.chunked_volumes import Volume
from stormtrace.labels.importers.volumes import open_volume

#: Planes read at a time: as many as a chunk of WEBKNOSSOS is thick.
PLANES = 32

#: Most bytes of one layer, which is held in memory, compressed.
LARGEST_LAYER = 2**32


def read_webknossos(
    path: Path, block: AnnotationFiles, size: tuple[int, int], planes: int
) -> Iterator[Annotation]:
    """Yield an annotation for every plane that was looked at.

    size: (rows, columns) of the pictures; planes: how many the table has.
    """
    with _open_zip(path) as outer:
        nml = read_xml(path, _member(outer, ".nml", path))
        layers = dict(_layers(outer, nml, path))
    user = next(
        (one.get("content", "") for one in nml.iter("meta") if one.get("name") == "username"), ""
    )
    axis = block.axes.index("time")
    wanted = sorted(_planes(block, nml, layers, axis, planes, path))
    if outside := [plane for plane in wanted if not 0 <= plane < planes]:
        raise BadInput(
            f"{path} is about the times {outside[0]} … {outside[-1]}, but the table has {planes}: "
            "give the table of its own dataset"
        )
    segments = {
        volume.get("name", ""): {
            one.get("id", ""): one.get("name", "") for one in volume.iter("segment")
        }
        for volume in nml.iter("volume")
    }
    for some in _blocks(wanted):
        slabs = {name: _slab(volume, block, some, size) for name, volume in layers.items()}
        for plane in some:
            shapes: list[Shape] = []
            for name, slab in slabs.items():
                codes = slab[plane - some[0]]
                shapes += layer_shapes(codes, partial(_words, name, segments[name]))
            yield Annotation(f"{path}, plane {plane}", str(plane), user, size, shapes)


def _words(layer: str, segments: dict[str, str], code: int) -> tuple[str, ...]:
    named = segments.get(str(code))
    return (f"{layer}/{code}", *([named] if named else []), layer, str(code))


def _layers(outer: zipfile.ZipFile, nml: Element, path: Path) -> Iterator[tuple[str, Volume]]:
    found = list(nml.iter("volume"))
    if not found:
        raise BadInput(f"{path} has no volume layer: its annotation is of a skeleton alone")
    for volume in found:
        name, location = volume.get("name", ""), volume.get("location")
        if location is None or location not in outer.namelist():
            raise BadInput(
                f"{path}: the voxels of the layer {name!r} are not in it"
                f"{'' if location is None else f' ({location})'}: download the annotation again, "
                "with its volume data"
            )
        if outer.getinfo(location).file_size > LARGEST_LAYER:
            raise BadInput(f"{path}: the layer {name!r} unpacks to over 4 GiB: split the task")
        yield name, open_volume(io.BytesIO(outer.read(location)), f"{path}, {location}")


def _planes(
    block: AnnotationFiles,
    nml: Element,
    layers: dict[str, Volume],
    axis: int,
    planes: int,
    path: Path,
) -> set[int]:
    if block.planes == "all":
        return set(range(planes))
    if block.planes == "labelled":
        return {plane for volume in layers.values() for plane in volume.planes(axis)}
    boxes = list(nml.iter("taskBoundingBox")) or list(nml.iter("userBoundingBox"))
    if not boxes:
        raise BadInput(
            f"{path} has no bounding box that says which times were looked at: say `planes: "
            "labelled` (those with voxels) or `planes: all` (all of the table)"
        )
    side = ("width", "height", "depth")[axis]
    corner = f"topLeft{'XYZ'[axis]}"
    spans = [(int(box.get(corner, 0)), int(box.get(side, 0))) for box in boxes]
    return {plane for first, length in spans for plane in range(first, first + length)}


def _blocks(wanted: list[int]) -> Iterator[list[int]]:
    """Yield planes, ascending, that lie in one layer of chunks."""
    start = 0
    for i in range(1, len(wanted) + 1):
        if i == len(wanted) or wanted[i] // PLANES != wanted[start] // PLANES:
            yield wanted[start:i]
            start = i


def _slab(
    volume: Volume, block: AnnotationFiles, planes: list[int], size: tuple[int, int]
) -> np.ndarray:
    """Return the voxels from the first to the last of some planes, (times, rows, columns)."""
    extent = {"time": planes[-1] - planes[0] + 1, "lat": size[0], "lon": size[1]}
    first = {"time": planes[0], "lat": 0, "lon": 0}
    voxels = volume.read(
        tuple(first[name] for name in block.axes), tuple(extent[name] for name in block.axes)
    )
    return voxels.transpose([block.axes.index(name) for name in ("time", "lat", "lon")])


def _open_zip(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except FileNotFoundError as error:
        raise BadInput(f"{path} is not there") from error
    except (OSError, zipfile.BadZipFile) as error:
        raise BadInput(f"{path} is no zip ({error}): download the annotation again") from error


def _member(archive: zipfile.ZipFile, ending: str, path: Path) -> bytes:
    names = [name for name in archive.namelist() if name.endswith(ending)]
    if len(names) != 1:
        raise BadInput(f"{path} has {len(names)} files *{ending}, expected one: an annotation's")
    return archive.read(names[0])
