"""Maps made small enough for the page, and exact enough to be read off it.

A map becomes whole multiples of a step, the first column and then differences along each row,
low bytes before high bytes, deflated, in base64. The page undoes it with `DecompressionStream`.
"""

import base64
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.climate.series import nice_step
from stormtrace.land import coastlines, is_land
from stormtrace.report.raster import View

#: Stands for NaN; differences then wrap round 16 bits, which undoes itself.
MISSING = -32768


def pack(values: NDArray[np.floating], digits: int = 3000) -> dict[str, Any]:
    """Return ``{step, data}`` of a map; at least `digits` steps up to its largest value."""
    finite = values[np.isfinite(values)]
    largest = float(np.abs(finite).max()) if finite.size else 1.0
    step = nice_step(largest / digits / 2.5)
    whole = np.where(np.isfinite(values), np.rint(np.nan_to_num(values) / step), MISSING)
    return {"step": step, "data": _deflate(whole.astype(np.int16))}


def unpack(packed: dict[str, Any], shape: tuple[int, int]) -> NDArray[np.float64]:
    """Undo `pack`, as the page does."""
    raw = np.frombuffer(zlib.decompress(base64.b64decode(packed["data"])), np.uint8)
    low, high = raw.reshape(2, -1).astype(np.uint16)
    differences = (low | high << 8).astype(np.uint16).reshape(shape)
    whole = np.cumsum(differences, axis=1, dtype=np.uint16).view(np.int16)
    return np.where(whole == MISSING, np.nan, whole * packed["step"])


def _deflate(whole: NDArray[np.int16]) -> str:
    unsigned = whole.view(np.uint16)
    differences = unsigned.copy()
    differences[:, 1:] -= unsigned[:, :-1]
    planes = np.concatenate([(differences & 255).ravel(), (differences >> 8).ravel()])
    return _text(planes.astype(np.uint8))


def pack_bits(flags: NDArray[np.bool_]) -> str:
    """Return a yes-or-no map as text, eight cells a byte."""
    return _text(np.packbits(flags.ravel(), bitorder="little"))


def pack_land(view: View) -> dict[str, Any]:
    """Return the page's coastlines (hundredths of a degree) and its land as a yes-or-no map.

    Half a degree and coarse coastlines for the globe, a quarter of a degree and fine ones else.
    """
    is_globe = view.projection == "equal-earth"
    west, east, south, north = (-180.0, 180.0, -90.0, 90.0) if is_globe else view.box
    step = 0.5 if is_globe else 0.25
    rows, columns = (int(np.ceil(extent / step)) for extent in (north - south, east - west))
    lat = south + (np.arange(rows) + 0.5) * (north - south) / rows
    lon = west + (np.arange(columns) + 0.5) * (east - west) / columns
    lines = coastlines("coarse" if is_globe else "fine")
    lines = [line for line in lines if _touches(line, (west, east, south, north))]
    points = np.rint(np.concatenate([*lines, np.empty((0, 2))]) * 100).astype(np.int16)
    return {
        "points": _text(points.view(np.uint8)),
        "lengths": [len(line) for line in lines],
        "land": pack_bits(is_land(lat[:, None], lon[None, :])),
        "shape": [rows, columns],
        "box": [west, east, south, north],
    }


def _touches(line: NDArray[np.float64], box: tuple[float, float, float, float]) -> bool:
    """Whether a line has a point in the box or within a degree of it."""
    west, east, south, north = box
    lon, lat = line.T
    inside = ((lon - west + 1.0) % 360.0 <= east - west + 2.0) | (east - west >= 358.0)
    return bool((inside & (lat >= south - 1.0) & (lat <= north + 1.0)).any())


def _text(array: NDArray[np.uint8]) -> str:
    return base64.b64encode(zlib.compress(array.tobytes(), 9)).decode("ascii")
