"""Voxels in Zarr 3 as WEBKNOSSOS writes them: (channel, x, y, z), one channel.

Its order "F" is [3, 2, 1, 0], a form that zarr-python 3.1 refuses.
"""

import json
import re
import zipfile
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.labels.importers.chunked_volumes import ChunkedVolume, Triple, Volume, check_chunk


@dataclass(frozen=True)
class _ZarrCodec:
    """Chunks of Zarr 3 as WEBKNOSSOS writes them: bytes, perhaps transposed, perhaps compressed."""

    shape: Triple
    dtype: np.dtype
    order: Triple
    compressor: str | None
    where: str

    def decode(self, content: bytes, place: Triple) -> NDArray[np.integer]:
        """Return the voxels of a chunk, (x, y, z); its axis of channels, of one, is dropped."""
        raw = _decompressed(content, self.compressor, f"{self.where}, chunk {place}")
        stored = np.frombuffer(raw, self.dtype)
        if stored.size != np.prod(self.shape):
            raise BadInput(f"{self.where}, chunk {place} is damaged: download it again")
        turned = stored.reshape([self.shape[axis] for axis in self.order])
        return turned.transpose(np.argsort(self.order))[0]


def open_zarr(archive: zipfile.ZipFile, names: list[str], where: str) -> Volume:
    """Return the voxels of the finest array in a zip."""
    arrays = {}
    for name in names:
        if name.endswith("/zarr.json"):
            about = json.loads(archive.read(name))
            if about.get("node_type") == "array":
                arrays[name.removesuffix("zarr.json")] = about
    finest = next((one for one in arrays if one.rstrip("/").split("/")[-1] in ("1", "1-1-1")), None)
    if finest is None:
        raise BadInput(f"{where} has no voxels at magnification 1; it has {', '.join(arrays)}")
    about = arrays[finest]
    codec = _zarr_codec(about, where)
    separator = about["chunk_key_encoding"].get("configuration", {}).get("separator", "/")
    pattern = re.compile(re.escape(f"{finest}c") + 4 * (re.escape(separator) + r"(\d+)"))
    chunks = {
        tuple(map(int, match.groups()[1:])): archive.read(name)
        for name in names
        if (match := pattern.fullmatch(name))
    }
    return ChunkedVolume(chunks, codec.shape[1:], codec.dtype, codec)


def _zarr_codec(about: dict, where: str) -> _ZarrCodec:
    shape = tuple(about["chunk_grid"]["configuration"]["chunk_shape"])
    dtype, order, compressor = np.dtype(about["data_type"]), tuple(range(len(shape))), None
    check_chunk(shape, dtype, where)
    if len(shape) != 4 or shape[0] != 1 or about.get("fill_value", 0) != 0:
        raise BadInput(f"{where}: chunks of {shape}, expected one channel, x, y and z")
    for codec in about["codecs"]:
        name, how = codec["name"], codec.get("configuration", {})
        if name == "transpose":
            said = how["order"]
            order = {"F": order[::-1], "C": order}.get(said if isinstance(said, str) else "", said)
        elif name == "bytes":
            dtype = dtype.newbyteorder({"big": ">"}.get(how.get("endian", "little"), "<"))
        elif name in ("blosc", "zstd", "gzip"):
            compressor = name
        else:
            raise BadInput(f"{where}: voxels are coded as {name}, which is not known here")
    return _ZarrCodec(shape, dtype, tuple(order), compressor, where)


def _decompressed(content: bytes, compressor: str | None, where: str) -> bytes:
    import numcodecs

    if compressor is None:
        return content
    known = {"blosc": numcodecs.Blosc, "zstd": numcodecs.Zstd, "gzip": numcodecs.GZip}
    try:
        return bytes(known[compressor]().decode(content))
    except (RuntimeError, ValueError, OSError) as error:
        raise BadInput(f"{where} is damaged ({error}): download the annotation again") from error
