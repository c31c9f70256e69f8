"""Animate a year or a month of detections over the water vapour, as a film a browser plays.

python scripts/animate.py --samples results/samples/cesm-historical/fv0.23x0.31/2000 \
    --mask results/masks/control/2000.nc --month 1 --output results/animations/control-2000-01.mp4
"""

from collections.abc import Iterator
from pathlib import Path

import netCDF4
import numpy as np

from stormtrace.climate.counting import read_dates
from stormtrace.climate.sample_files import index_samples, read_field
from stormtrace.commandline import log, parser, positive, progress, run
from stormtrace.figures.animation import Picture, label_frame, make_painter, marks_of, write_film
from stormtrace.files import writing
from stormtrace.formats.counts import read_features, read_grid


def main() -> None:
    """Parse flags, paint, encode."""
    arguments = parser(__doc__)
    arguments.add_argument("--samples", type=Path, required=True, help="folder of the year")
    arguments.add_argument("--mask", type=Path, required=True, help="masks of the year")
    arguments.add_argument("--month", type=int, choices=range(1, 13), help="the whole year without")
    arguments.add_argument("--field", default="TMQ")
    arguments.add_argument("--range", nargs=2, type=float, default=(0.0, 65.0), help="low high")
    arguments.add_argument("--frames-a-second", type=positive, default=12)
    arguments.add_argument("--output", type=Path, required=True, help=".mp4 or .webm")
    flags = arguments.parse_args()
    with writing(flags.output) as partial:
        film = partial.with_name(f"{partial.name}{flags.output.suffix}")
        try:
            frames = paint(flags.samples, flags.mask, flags.month, flags.field, flags.range)
            count = write_film(film, frames, flags.frames_a_second)
            film.replace(partial)
        finally:
            film.unlink(missing_ok=True)
    log.info("%s: %d frames, %.1f MB", flags.output, count, flags.output.stat().st_size / 1e6)


def paint(
    samples: Path, mask: Path, month: int | None, field: str, limits: tuple[float, float]
) -> Iterator[Picture]:
    """Yield the frames of a month (or a year), one a mask."""
    with netCDF4.Dataset(mask) as nc:
        nc.set_auto_mask(False)
        dates, features = read_dates(nc), read_features(nc, "mask")
        painter = make_painter(read_grid(nc), *limits)
        marks = marks_of(features.names, features.codes)
        steps = np.flatnonzero([month in (None, date.month) for date in dates])
        files = index_samples(samples)
        for step in progress(steps, "frames", len(steps)):
            values = read_field(files, dates[step], field)
            frame = painter.paint(values, nc["mask"][step], marks)
            yield label_frame(frame, dates[step].strftime("%Y-%m-%d  %H:%M"))


if __name__ == "__main__":
    run(main)
