"""Fields as pictures for labelling: a pixel a cell, north up, in colours of a stated range."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.grids import Grid
from stormtrace.labels.campaigns.field_scales import FieldScale
from stormtrace.land import is_land

#: Colours of a picture; the same again, shaded, for cells along coasts.
COLOURS = 127

#: Colour of what is missing.
MISSING = (128, 128, 128)

#: How far the colour of a coast is from the cell's own, to black, or to white where that is dark.
SHADE, DARK = 0.4, 90.0


class FieldPainter:
    """Draws one field: (ny, nx) on a grid to a PNG with a palette.

    Raises:
        BadInput: matplotlib has no such colour map.

    """

    def __init__(self, scale: FieldScale, coast: NDArray[np.bool_]) -> None:
        self.scale, self.coast = scale, coast[::-1]
        self.palette = _palette(scale.colours)

    def picture(self, values: NDArray[np.floating]) -> Any:
        """Return the image of a field, its first row the northernmost."""
        from PIL import Image

        image = Image.fromarray(self.numbers(values))
        image.putpalette(self.palette.tobytes())
        return image

    def numbers(self, values: NDArray[np.floating]) -> NDArray[np.uint8]:
        """Return the number of each pixel's colour in the palette, north up."""
        north_up = values[::-1]
        share = (north_up - self.scale.low) / (self.scale.high - self.scale.low)
        known = np.isfinite(share)
        number = np.clip(np.floor(np.where(known, share, 0.0) * COLOURS), 0, COLOURS - 1)
        drawn = np.where(known, number, COLOURS).astype(np.uint8)
        drawn[self.coast] += COLOURS + 1
        return drawn

    def rgb(self, values: NDArray[np.floating]) -> NDArray[np.uint8]:
        """Return the colours of a picture, (ny, nx, 3), north up."""
        return self.palette[self.numbers(values)]

    def write(self, path: Path, values: NDArray[np.floating]) -> None:
        """Write the picture of a field."""
        self.picture(values).save(path, format="PNG", compress_level=3)

    def ramp(self, steps: int = 9) -> list[str]:
        """Return some colours from lowest to highest, "#rrggbb", for a legend."""
        places = np.linspace(0, COLOURS - 1, steps).round().astype(int)
        return ["#" + "".join(f"{one:02x}" for one in self.palette[at]) for at in places]


def coast_cells(grid: Grid) -> NDArray[np.bool_]:
    """Return the cells of land that have sea beside them, of the grid's shape."""
    land = is_land(*grid.points)
    inland = land.copy()
    for axis in (0, 1):
        for shift in (-1, 1):
            beside = np.roll(land, shift, axis)
            if axis == 0 or not grid.wraps:  # no neighbour beyond the edge
                edge = [slice(None), slice(None)]
                edge[axis] = slice(0, 1) if shift == 1 else slice(-1, None)
                beside[tuple(edge)] = land[tuple(edge)]
            inland &= beside
    return land & ~inland


def _palette(name: str) -> NDArray[np.uint8]:
    """Return 256 colours, uint8 (256, 3): the map's, the missing, and both again but shaded."""
    from matplotlib import colormaps

    from stormtrace.blocks import did_you_mean

    if name not in colormaps:
        raise BadInput(f"colours: matplotlib has no {name!r}{did_you_mean(name, colormaps)}")
    shown = colormaps[name]((np.arange(COLOURS) + 0.5) / COLOURS)[:, :3] * 255
    plain = np.vstack([shown, [MISSING]])
    lightness = plain @ (0.299, 0.587, 0.114)
    towards = np.where(lightness < DARK, 255.0, 0.0)[:, np.newaxis]
    shaded = plain + SHADE * (towards - plain)
    return np.vstack([plain, shaded]).round().astype(np.uint8)
