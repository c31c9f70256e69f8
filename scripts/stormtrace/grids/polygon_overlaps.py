"""How much of each polygon lies in each other polygon: areas on the sphere, exactly.

Both are convex with great circles for edges, so the part of one inside another is found by cutting
it with the plane of each edge in turn (Sutherland & Hodgman 1974, on the sphere). Only pairs whose
surrounding circles touch are cut.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from stormtrace.compiled import compiled

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

#: Polygons whose neighbours are looked up at a time.
BATCH = 50_000

#: Overlaps up to this share of the target polygon are rounding.
NOTHING = 1e-12


def polygon_overlaps(source: Floats, target: Floats) -> sparse.csr_matrix:
    """Return the areas (m, n), steradians, that targets (m, k, 3) share with sources (n, l, 3).

    Corners are unit vectors, counterclockwise; fewer corners than k or l repeat the last.
    """
    from scipy.spatial import cKDTree  # slow to import, and few need it

    (source_middle, source_reach), (target_middle, target_reach) = _circle(source), _circle(target)
    tree = cKDTree(source_middle)
    parts = []
    for first in range(0, len(target), BATCH):
        some = slice(first, first + BATCH)
        reach = target_reach[some] + source_reach.max()
        near = tree.query_ball_point(target_middle[some], reach)
        row = first + np.repeat(np.arange(len(near)), [len(one) for one in near])
        col = np.concatenate([np.asarray(one, np.int64) for one in near])
        away = np.linalg.norm(target_middle[row] - source_middle[col], axis=1)
        kept = away <= target_reach[row] + source_reach[col]
        row, col = row[kept], col[kept]
        area = _shared_areas(source, target, col, row)
        parts.append((row[area > 0], col[area > 0], area[area > 0]))
    row, col, area = (np.concatenate(each) for each in zip(*parts, strict=True))
    return sparse.csr_matrix((area, (row, col)), shape=(len(target), len(source)))


def _circle(corners: Floats) -> tuple[Floats, Floats]:
    """Return the middle of each polygon (n, 3) and the chord to its farthest corner (n,)."""
    middle = corners.mean(axis=1)
    middle /= np.linalg.norm(middle, axis=1, keepdims=True)
    return middle, np.linalg.norm(corners - middle[:, None], axis=2).max(axis=1)


@compiled
def _shared_areas(source: Floats, target: Floats, col: Integers, row: Integers) -> Floats:
    """Return the area that source polygon `col` and target polygon `row` share, pair by pair."""
    room = source.shape[1] + target.shape[1]
    here, there = np.empty((room, 3)), np.empty((room, 3))
    normal, areas = np.empty(3), np.empty(len(row))
    for pair in range(len(row)):
        count = source.shape[1]
        here[:count] = source[col[pair]]
        outline = target[row[pair]]
        for edge in range(len(outline)):
            _cross(outline[edge], outline[(edge + 1) % len(outline)], normal)
            if _dot(normal, normal) > 0:
                count = _cut(here, count, normal, there)
                here, there = there, here
        area = _area(here, count)
        areas[pair] = area if area > NOTHING * _area(outline, len(outline)) else 0.0
    return areas


@compiled
def _cut(polygon: Floats, count: int, normal: Floats, kept: Floats) -> int:
    """Write the part of a polygon left of a plane to `kept`; return its number of corners."""
    found = 0
    for index in range(count):
        one, other = polygon[index], polygon[(index + 1) % count]
        here, there = _dot(one, normal), _dot(other, normal)
        if here >= 0:
            kept[found] = one
            found += 1
        if (here > 0 > there) or (here < 0 < there):
            share = here / (here - there)
            for axis in range(3):
                kept[found, axis] = one[axis] + (other[axis] - one[axis]) * share
            kept[found] /= np.sqrt(_dot(kept[found], kept[found]))
            found += 1
    return found


@compiled
def _area(polygon: Floats, count: int) -> float:
    """Return the area of one polygon (`polygons.polygon_areas`), 0 of fewer than three corners."""
    total = 0.0
    first, across = polygon[0], np.empty(3)
    for index in range(1, count - 1):
        b, c = polygon[index], polygon[index + 1]
        _cross(b - first, c - first, across)
        cosines = _dot(first, b) + _dot(b, c) + _dot(c, first)
        total += 2.0 * np.arctan2(_dot(first, across), 1.0 + cosines)
    return total


@compiled
def _dot(a: Floats, b: Floats) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@compiled
def _cross(a: Floats, b: Floats, out: Floats) -> None:
    out[0] = a[1] * b[2] - a[2] * b[1]
    out[1] = a[2] * b[0] - a[0] * b[2]
    out[2] = a[0] * b[1] - a[1] * b[0]
