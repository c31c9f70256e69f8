"""Make `land.npz` from Natural Earth, as the npm package `world-atlas` carries it.

    npm pack world-atlas@2 && tar xf world-atlas-2*.tgz
    python scripts/stormtrace/data/convert_natural_earth.py package scripts/stormtrace/data/land.npz

`coarse` and `fine` (1:110m and 1:50m) are coastlines in hundredths of a degree, int16 (point, 2),
lines one after another; `…_starts` is where each begins. `land` is the share of each 0.25° cell
that is land, in per cent, uint8 (720, 1440), from 90 S and 180 W, after the 1:50m polygons.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

OVERSAMPLING = 8


def decode_arcs(topology: dict[str, Any]) -> list[NDArray[np.float64]]:
    """Undo TopoJSON's delta coding and quantization: one (point, 2) array in degrees an arc."""
    scale, translate = (np.array(topology["transform"][key]) for key in ("scale", "translate"))
    return [np.cumsum(np.array(arc), axis=0) * scale + translate for arc in topology["arcs"]]


def join_ring(arcs: list[NDArray[np.float64]], indices: list[int]) -> NDArray[np.float64]:
    """Join arcs into one ring; a negative index ~i is arc i backwards."""
    pieces = [arcs[i] if i >= 0 else arcs[~i][::-1] for i in indices]
    return np.concatenate([pieces[0], *(piece[1:] for piece in pieces[1:])])


def rings_of(topology: dict[str, Any]) -> list[NDArray[np.float64]]:
    """Return all rings of the object `land`, holes included."""
    arcs = decode_arcs(topology)
    rings = []
    for geometry in topology["objects"]["land"]["geometries"]:
        polygons = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
        rings += [join_ring(arcs, ring) for polygon in polygons for ring in polygon]
    return rings


def coastlines(rings: list[NDArray[np.float64]]) -> tuple[NDArray[np.int16], NDArray[np.int32]]:
    """Cut rings where they follow the map's edge (180°, the south pole) instead of a coast."""
    lines = []
    for ring in rings:
        on_edge = (np.abs(np.abs(ring[:, 0]) - 180) < 0.01) | (ring[:, 1] < -89.9)
        jumps = np.abs(np.diff(ring[:, 0])) > 180
        false = (on_edge[1:] & on_edge[:-1]) | jumps
        lines += [line for line in np.split(ring, np.flatnonzero(false) + 1) if len(line) > 1]
    points = [np.rint(line * 100).astype(np.int16) for line in lines]
    kept = [p[np.r_[True, (np.diff(p, axis=0) != 0).any(axis=1)]] for p in points]
    kept = [line for line in kept if len(line) > 1]
    starts = np.cumsum([0, *map(len, kept)])[:-1]
    return np.concatenate(kept), starts.astype(np.int32)


def land_share(rings: list[NDArray[np.float64]]) -> NDArray[np.uint8]:
    """Return per cent of land in each 0.25° cell; a hole (the Caspian Sea) takes land away."""
    image = Image.new("L", (1440 * OVERSAMPLING, 720 * OVERSAMPLING))
    draw = ImageDraw.Draw(image)
    unwrapped = [unwrap(ring) for ring in rings]
    for ring in sorted(unwrapped, key=lambda ring: -abs(_signed_area(ring))):
        for turn in (-360, 0, 360):
            pixels = (ring + np.array([180 + turn, 90])) * 4 * OVERSAMPLING
            draw.polygon([tuple(p) for p in pixels], fill=1 if _signed_area(ring) < 0 else 0)
    fine = np.asarray(image, np.float32).reshape(720, OVERSAMPLING, 1440, OVERSAMPLING)
    return np.rint(100 * fine.mean(axis=(1, 3))).astype(np.uint8)


def unwrap(ring: NDArray[np.float64]) -> NDArray[np.float64]:
    """Make longitudes continuous; a ring round the pole (Antarctica) is closed over it."""
    lon = np.unwrap(ring[:, 0], period=360)
    ring = np.column_stack([lon, ring[:, 1]])
    if abs(lon[-1] - lon[0]) > 180:
        pole = [[lon[-1], -90.0], [lon[0], -90.0], ring[0]]
        ring = np.concatenate([ring, pole])
    return ring


def _signed_area(ring: NDArray[np.float64]) -> float:
    """Shoelace: negative for a ring drawn clockwise, as land is here."""
    x, y = ring.T
    return float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]) / 2)


def main(package: Path, output: Path) -> None:
    """Convert."""
    arrays: dict[str, NDArray[Any]] = {}
    for name, file in (("coarse", "land-110m.json"), ("fine", "land-50m.json")):
        rings = rings_of(json.loads((package / file).read_text()))
        arrays[name], arrays[f"{name}_starts"] = coastlines(rings)
    arrays["land"] = land_share(rings)
    np.savez_compressed(output, allow_pickle=False, **arrays)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
