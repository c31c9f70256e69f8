r"""Animate a year or a month of detections over a field, as a film a browser plays.

python scripts/animate.py --samples results/samples/cesm-historical/fv0.23x0.31/2000 \
    --mask results/masks/control/2000.nc --month 1 --output results/animations/control-2000-01.mp4
"""

from collections.abc import Iterator
from pathlib import Path

from stormtrace import commandline
from stormtrace.climate.sample_files import sample_at
from stormtrace.figures.animation import (
    Picture,
    label_frame,
    make_painter,
    marks_of,
    range_of,
    write_film,
)
from stormtrace.files import writing
from stormtrace.formats.mask_steps import dates_of, reading_steps
from stormtrace.formats.masks import MaskFile, open_masks
from stormtrace.formats.samples import read_fields, samples_by_time

#: Colours of every film of water vapour, kg m-2, so that films can be compared.
RANGES = {"TMQ": (0.0, 65.0)}


def main() -> None:
    """Parse flags, paint, encode."""
    parser = commandline.parser(__doc__)
    parser.add_argument("--samples", type=Path, required=True, help="folder of the year")
    parser.add_argument("--mask", type=Path, required=True, help="masks of the year")
    parser.add_argument("--month", type=int, choices=range(1, 13), help="the whole year without")
    parser.add_argument(
        "--field", default="TMQ", help="field of the samples to film the masks over"
    )
    parser.add_argument(
        "--range",
        nargs=2,
        type=float,
        metavar=("LOW", "HIGH"),
        help="of the colours; of water vapour 0 to 65, of other fields what the samples hold",
    )
    parser.add_argument(
        "--frames-a-second", type=commandline.positive, default=12, help="steps shown in a second"
    )
    parser.add_argument("--output", type=Path, required=True, help=".mp4 or .webm")
    commandline.add_classes(parser)
    args = parser.parse_args()
    with writing(args.output) as partial:
        film = partial.with_name(f"{partial.name}{args.output.suffix}")
        try:
            masks = open_masks(args.mask, args.classes)
            frames = paint(args.samples, masks, args.month, args.field, args.range)
            count = write_film(film, frames, args.frames_a_second)
            film.replace(partial)
        finally:
            film.unlink(missing_ok=True)
        size = partial.stat().st_size / 1e6
    commandline.log.info("%s: %d frames, %.1f MB", args.output, count, size)


def paint(
    samples: Path,
    masks: MaskFile,
    month: int | None,
    field: str,
    limits: tuple[float, float] | None,
) -> Iterator[Picture]:
    """Yield the frames of a month (or a year), one a mask. limits: of the colours."""
    dates, files = dates_of(masks), samples_by_time(samples)
    chosen = [step for step, date in enumerate(dates) if month in (None, date.month)]
    limits = limits or RANGES.get(field.upper())
    if limits is None:
        some = [chosen[len(chosen) * part // 4] for part in range(4)] if chosen else []
        limits = range_of(
            read_fields(sample_at(files, dates[step]), [field], masks.grid)[field] for step in some
        )
    painter, marks = make_painter(masks.grid, *limits), marks_of(masks.classes)
    with reading_steps(masks) as steps:
        for step in commandline.progress(chosen, "frames", len(chosen)):
            values = read_fields(sample_at(files, dates[step]), [field], masks.grid)
            frame = painter.paint(values[field], steps.masks(step, step + 1)[0], marks)
            yield label_frame(frame, f"{dates[step]:%Y-%m-%d  %H:%M}   {field}")


if __name__ == "__main__":
    commandline.run(main)
