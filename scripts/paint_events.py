r"""Paint the tracked events of one year: a map of event IDs for each step.

    python scripts/paint_events.py --mask results/masks/control/2000.nc \
        --objects results/events/control/objects/2000.nc --events results/events/control \
        --output results/events/control/painted/2000.nc

The IDs are those of events.parquet; 0 is where no event is.
"""

from pathlib import Path

import numpy as np

from stormtrace import commandline
from stormtrace.formats.event_maps import event_map_file
from stormtrace.formats.masks import open_masks
from stormtrace.provenance import provenance
from stormtrace.track.pixels import EventPixels


def main() -> None:
    """Parse the flags, paint the events, write the file."""
    parser = commandline.parser(__doc__)
    parser.add_argument("--mask", type=Path, required=True, help="masks of the year")
    parser.add_argument("--objects", type=Path, required=True, help="objects of the year")
    parser.add_argument("--events", type=Path, required=True, help="folder of the linked events")
    parser.add_argument("--output", type=Path, required=True, help="file to write")
    commandline.add_classes(parser)
    args = parser.parse_args()

    masks, pixels = (
        open_masks(args.mask, args.classes),
        EventPixels(args.objects, args.events, args.classes),
    )
    pixels.check_masks(masks)
    attributes = masks.attributes | provenance([args.mask, args.objects])
    attributes["title"] = "Tracked events"
    dtype = np.int32 if pixels.highest <= np.iinfo(np.int32).max else np.int64
    about = {"long_name": "identifier of the event", "comment": "0: no event; see events.parquet"}
    with event_map_file(args.output, masks, "event", dtype, about, attributes) as variable:
        for step, events in commandline.progress(pixels.arrays(), "steps", pixels.time.size):
            variable[step] = events


if __name__ == "__main__":
    commandline.run(main)
