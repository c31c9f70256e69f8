"""Detections over a field, step by step, as a film: painted by numpy, encoded by ffmpeg."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from stormtrace.classes import Classes
from stormtrace.errors import BadInput
from stormtrace.figures.colours import blend, line_colour
from stormtrace.grids import Grid
from stormtrace.land import coastlines

Picture = NDArray[np.uint8]

#: From dry to moist, dark, so that coloured outlines stand out on it.
MOISTURE = ("#0b1016", "#15202b", "#23394a", "#3b5f72", "#6b929c", "#a9c4c4", "#e8efe9")

#: Pixels: grids with fewer columns are enlarged by a whole factor.
SMALLEST_WIDTH = 1000

#: Pixels of the strip under the map that holds the date.
STRIP = 34


@dataclass(frozen=True)
class Painter:
    """What is the same in all frames of one grid: the grid's own cells, the last row on top.

    rows, columns: for each row and column of pixels the grid's index.
    coast: (height, width), pixels on a coastline. colours: (256, 3).
    """

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    coast: NDArray[np.bool_]
    colours: Picture
    low: float
    high: float

    def paint(
        self, field: NDArray[np.float32], mask: NDArray[np.int8], marks: dict[int, Picture]
    ) -> Picture:
        """Return one frame, (height, width, 3): field, coasts, outlines of each class code."""
        scaled = np.nan_to_num((field - self.low) * (255.0 / (self.high - self.low)))
        index = np.clip(scaled, 0, 255).astype(np.uint8)[::-1]
        if index.shape != self.coast.shape:
            enlarged = Image.fromarray(index).resize(
                self.coast.shape[::-1], Image.Resampling.BILINEAR
            )
            index = np.asarray(enlarged)
        frame = self.colours.take(index, axis=0)
        pixels = frame.reshape(-1, 3)
        pixels[np.flatnonzero(self.coast)] = (165, 172, 176)
        shown = mask.take(self.rows, 0).take(self.columns, 1)
        edge = _edges(shown)
        for code, colour in marks.items():
            inside = shown == code
            pixels[np.flatnonzero(inside & edge)] = colour
            faint = np.flatnonzero(inside & ~edge)
            pixels[faint] = (pixels[faint].astype(np.uint16) * 3 + colour) // 4
        return frame


def make_painter(grid: Grid, low: float, high: float) -> Painter:
    """Prepare to paint fields on a grid between two values."""
    factor = max(1, -(-SMALLEST_WIDTH // grid.shape[1]))
    height, width = (size * factor // 2 * 2 for size in grid.shape)
    rows = np.arange(height) // factor
    return Painter(
        rows=(grid.shape[0] - 1 - rows).astype(np.intp),
        columns=(np.arange(width) // factor).astype(np.intp),
        coast=_draw_coast(grid, height, width),
        colours=np.rint(255 * blend(MOISTURE, 256)).astype(np.uint8),
        low=low,
        high=high,
    )


def range_of(maps: Iterable[NDArray[np.float32]]) -> tuple[float, float]:
    """Return the values between which some maps of a film lie, but for one cell in a hundred."""
    values = [np.percentile(one, (0.5, 99.5)) for one in maps]
    if not values:
        return 0.0, 1.0  # there is no step: `write_film` says so
    low, high = float(np.min(values)), float(np.max(values))
    return (low, high) if high > low else (low, low + 1.0)


def _draw_coast(grid: Grid, height: int, width: int) -> NDArray[np.bool_]:
    """Return the pixels of a picture of the grid's cells that lie on a coastline."""
    image = Image.new("1", (width, height))
    draw = ImageDraw.Draw(image)
    nlat, nlon = grid.shape
    for line in coastlines("coarse"):
        row, column = grid.locate(line[:, 1], line[:, 0])
        x, y = (column + 0.5) / nlon * width, (nlat - 0.5 - row) / nlat * height
        jumps = ~(np.abs(np.diff(x)) < width / 3)  # round the globe, or off the grid
        for piece in np.split(np.column_stack([x, y]), np.flatnonzero(jumps) + 1):
            if len(piece) > 1:
                draw.line([tuple(point) for point in piece], fill=1)
    return np.array(image, bool)


def _edges(shown: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Return the pixels whose class is not that of a neighbour two pixels away."""
    edge = np.zeros(shown.shape, bool)
    for step in (1, 2):
        across = shown[:, step:] != shown[:, :-step]
        along = shown[step:] != shown[:-step]
        edge[:, step:] |= across
        edge[:, :-step] |= across
        edge[step:] |= along
        edge[:-step] |= along
    return edge


def label_frame(frame: Picture, text: str) -> Picture:
    """Return a frame with a strip under it that gives the date."""
    strip = Image.new("RGB", (frame.shape[1], STRIP), "#0b1016")
    font = ImageFont.load_default(size=17)
    ImageDraw.Draw(strip).text((12, 7), text, fill="#e6e9eb", font=font)
    return np.concatenate([frame, np.asarray(strip)])


def marks_of(classes: Classes) -> dict[int, Picture]:
    """Return the colour of each class's outline, by code: the one for a dark page."""
    colours = {feature.code: line_colour(feature, dark=True) for feature in classes.features}
    return {
        code: np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)], np.uint8)
        for code, colour in colours.items()
    }


def write_film(path: Path, frames: Iterator[Picture], frames_a_second: int) -> int:
    """Encode frames as H.264 (MP4) or VP9 (WebM), which browsers play; return their number."""
    import imageio_ffmpeg

    codecs = {".mp4": "libx264", ".webm": "libvpx-vp9"}
    if path.suffix not in codecs:
        raise BadInput(f"a film must be .mp4 or .webm, found {path.name}")
    first = next(frames, None)
    if first is None:
        raise BadInput("there is no step to animate: choose another month")
    options = ["-preset", "veryfast", "-crf", "24", "-movflags", "+faststart"]
    height, width = first.shape[:2]
    writer = imageio_ffmpeg.write_frames(
        str(path),
        (width, height),
        fps=frames_a_second,
        codec=codecs[path.suffix],
        macro_block_size=2,
        ffmpeg_log_level="error",
        output_params=options if path.suffix == ".mp4" else ["-crf", "34", "-b:v", "0"],
    )
    writer.send(None)
    count = 0
    for frame in _chain(first, frames):
        writer.send(np.ascontiguousarray(frame))
        count += 1
    writer.close()
    return count


def _chain(first: Picture, others: Iterator[Picture]) -> Iterator[Picture]:
    yield first
    yield from others
