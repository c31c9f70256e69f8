r"""Write the tracked atmospheric rivers of one year as an ARTMIP catalogue file.

    python scripts/export_artmip.py --mask results/masks/control/2000.nc \
        --objects results/events/control/objects/2000.nc --events results/events/control \
        --output results/artmip/control/CESM.ar_tag.Stormtrace.3hr.20000101-20001231.nc

`ar_binary_tag` (time, lat, lon) is 1 where a tracked atmospheric river is. With --all it is 1
wherever the mask has the class, tracked or not.
"""

from pathlib import Path

import numpy as np

from stormtrace import commandline
from stormtrace.classes import FeatureClass
from stormtrace.errors import BadInput
from stormtrace.formats.event_maps import ARTMIP_TAG, event_map_file
from stormtrace.formats.masks import MaskFile, open_masks
from stormtrace.provenance import provenance
from stormtrace.track.pixels import EventPixels

#: The class of ARTMIP's catalogue.
RIVER = "atmospheric_river"


def main() -> None:
    """Parse the flags, write the file."""
    parser = commandline.parser(__doc__)
    parser.add_argument("--mask", type=Path, required=True, help="masks of the year")
    parser.add_argument("--objects", type=Path, required=True, help="objects of the year")
    parser.add_argument("--events", type=Path, required=True, help="folder of the linked events")
    parser.add_argument("--output", type=Path, required=True, help="file to write")
    parser.add_argument("--algorithm", default="Stormtrace", help="name in the catalogue")
    parser.add_argument("--all", action="store_true", help="also rivers of no event")
    commandline.add_classes(parser)
    args = parser.parse_args()

    masks = open_masks(args.mask, args.classes)
    code = river_of(masks).code
    pixels = EventPixels(args.objects, args.events, args.classes)
    pixels.check_masks(masks)
    attributes = masks.attributes | provenance([args.mask, args.objects])
    attributes |= {"title": "Atmospheric rivers", "algorithm": args.algorithm}
    attributes["tracked_only"] = str(not args.all)
    about = {
        "long_name": "atmospheric river binary tag",
        "flag_values": np.array([0, 1], np.int8),
        "flag_meanings": "no_atmospheric_river atmospheric_river",
    }
    every_mask = (mask == code for block in masks.blocks() for mask in block)
    tags = enumerate(every_mask) if args.all else pixels.tags(code)
    with event_map_file(args.output, masks, ARTMIP_TAG, np.int8, about, attributes) as variable:
        for step, tag in commandline.progress(tags, "steps", pixels.time.size):
            variable[step] = tag


def river_of(masks: MaskFile) -> FeatureClass:
    """Return the class of atmospheric rivers, whatever its code; raises BadInput if none."""
    found = [feature for feature in masks.classes.features if feature.flag == RIVER]
    if not found:
        raise BadInput(
            f"{masks.path} has no class {RIVER}, which ARTMIP's catalogue is made of; its classes "
            f"are {', '.join(masks.classes.flags)}: name the class so in the model's labels"
        )
    return found[0]


if __name__ == "__main__":
    commandline.run(main)
