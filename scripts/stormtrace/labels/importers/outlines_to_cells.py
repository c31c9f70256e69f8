"""Outlines of annotations to the pixels they cover, by a rule that is stated.

Pixel (row, column) is the square from `column` to `column + 1` and `row` to `row + 1`, its centre
at + 0.5, in all tools but ClimateContours, whose points are whole pixels.
"""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from stormtrace.labels.importers.annotation import Mask

#: `outline`: Pillow's polygon with its outline, the published rule of ClimateContours. `centres`:
#: pixels whose centre lies inside.
Fill = Literal["outline", "centres"]

Points = NDArray[np.float64]


def polygon_cells(points: Points, size: tuple[int, int], fill: Fill) -> Mask:
    """Return the pixels of a polygon, (height, width); points: (n, 2) x, y in pixels."""
    if fill == "outline":
        return _with_outline(points, size)
    from skimage.draw import polygon

    cells = np.zeros(size, bool)
    if len(points) > 2:
        cells[polygon(points[:, 1] - 0.5, points[:, 0] - 0.5, size)] = True
    return cells


def _with_outline(points: Points, size: tuple[int, int]) -> Mask:
    from PIL import Image, ImageDraw

    image = Image.new("1", (size[1], size[0]))
    if len(points) > 1:
        ImageDraw.Draw(image).polygon([tuple(map(float, p)) for p in points], fill=1, outline=1)
    return np.array(image, bool)


def rectangle_points(
    corner: Sequence[float], size: Sequence[float], clockwise_degrees: float
) -> Points:
    """Return the corners, (4, 2), of a rectangle turned about its top left one, in pixels."""
    width, height = size
    corners = np.array([[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]])
    return _turned(corners, clockwise_degrees) + np.asarray(corner, float)


def ellipse_cells(
    centre: Sequence[float],
    radii: Sequence[float],
    clockwise_degrees: float,
    size: tuple[int, int],
) -> Mask:
    """Return the pixels whose centres lie in an ellipse turned about its centre, in pixels."""
    y, x = np.ogrid[: size[0], : size[1]]
    across, down = x + 0.5 - centre[0], y + 0.5 - centre[1]
    angle = math.radians(clockwise_degrees)
    along = across * math.cos(angle) + down * math.sin(angle)
    aside = down * math.cos(angle) - across * math.sin(angle)
    return np.asarray((along / radii[0]) ** 2 + (aside / radii[1]) ** 2 <= 1)


def lies_outside(points: Points, size: tuple[int, int]) -> bool:
    """Whether a polygon lies wholly beside the picture, as far as its box tells."""
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    return bool(right < 0 or bottom < 0 or left > size[1] or top > size[0])


def _turned(points: Points, clockwise_degrees: float) -> Points:
    angle = math.radians(clockwise_degrees)  # y points down, so this turns clockwise
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    return np.asarray(points @ turn)
