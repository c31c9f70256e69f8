"""Paint the tracked events of one year: a map of event IDs for each step.

    python scripts/paint_events.py --mask results/masks/control/2000.nc \
        --objects results/events/control/objects/2000.nc --events results/events/control \
        --output results/events/control/painted/2000.nc

The IDs are those of events.parquet; 0 is where no event is.
"""

from pathlib import Path

import numpy as np

from stormtrace.commandline import parser, progress, run
from stormtrace.files import writing
from stormtrace.provenance import provenance
from stormtrace.track.painted import create_masks, same_times
from stormtrace.track.pixels import EventPixels


def main() -> None:
    """Read the flags, paint the events, write the file."""
    flags = parser(__doc__)
    flags.add_argument("--mask", type=Path, required=True, help="masks of the year")
    flags.add_argument("--objects", type=Path, required=True, help="objects of the year")
    flags.add_argument("--events", type=Path, required=True, help="folder of the linked events")
    flags.add_argument("--output", type=Path, required=True, help="file to write")
    args = flags.parse_args()

    pixels = EventPixels(args.objects, args.events)
    attributes = same_times(args.mask, pixels) | provenance([args.mask, args.objects])
    dtype = np.int32 if pixels.highest <= np.iinfo(np.int32).max else np.int64
    about = {"long_name": "event", "comment": "0: no event; see events.parquet"}
    with (
        writing(args.output) as partial,
        create_masks(partial, pixels, "event", dtype, about, attributes) as file,
    ):
        for step, events in progress(pixels.arrays(), "steps", pixels.time.size):
            file["event"][step] = events


if __name__ == "__main__":
    run(main)
