"""Write the tracked atmospheric rivers of one year as an ARTMIP catalogue file.

    python scripts/export_artmip.py --mask results/masks/control/2000.nc \
        --objects results/events/control/objects/2000.nc --events results/events/control \
        --output results/artmip/control/CESM.ar_tag.Stormtrace.3hr.20000101-20001231.nc

`ar_binary_tag` (time, lat, lon) is 1 where a tracked atmospheric river is. With --all it is 1
wherever the mask says so, tracked or not.
"""

from pathlib import Path

import numpy as np

from stormtrace.classes import AR
from stormtrace.commandline import parser, progress, run
from stormtrace.files import writing
from stormtrace.formats.masks import open_masks
from stormtrace.provenance import provenance
from stormtrace.track.painted import create_masks, same_times
from stormtrace.track.pixels import EventPixels


def main() -> None:
    """Read the flags, write the file."""
    flags = parser(__doc__)
    flags.add_argument("--mask", type=Path, required=True, help="masks of the year")
    flags.add_argument("--objects", type=Path, required=True, help="objects of the year")
    flags.add_argument("--events", type=Path, required=True, help="folder of the linked events")
    flags.add_argument("--output", type=Path, required=True, help="file to write")
    flags.add_argument("--algorithm", default="Stormtrace", help="name in the catalogue")
    flags.add_argument("--all", action="store_true", help="also rivers of no event")
    args = flags.parse_args()

    pixels = EventPixels(args.objects, args.events)
    attributes = same_times(args.mask, pixels) | provenance([args.mask, args.objects])
    attributes |= {"algorithm": args.algorithm, "tracked_only": str(not args.all)}
    about = {
        "long_name": "atmospheric river binary tag",
        "flag_values": np.array([0, 1], np.int8),
        "flag_meanings": "no_atmospheric_river atmospheric_river",
    }
    masks = (mask == AR for block in open_masks(args.mask).blocks() for mask in block)
    tags = enumerate(masks) if args.all else pixels.tags(AR)
    with (
        writing(args.output) as partial,
        create_masks(partial, pixels, "ar_binary_tag", np.int8, about, attributes) as file,
    ):
        for step, tag in progress(tags, "steps", pixels.time.size):
            file["ar_binary_tag"][step] = tag


if __name__ == "__main__":
    run(main)
