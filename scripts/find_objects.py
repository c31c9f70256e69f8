"""Find the objects of one year of masks, and which of them share cells from step to step.

    python scripts/find_objects.py --mask results/masks/control/2000.nc \
        --output results/events/control/objects/2000.nc

With --samples and --fields, every object also gets the maximum, mean and minimum of those fields.
Of --tracking only `connectivity` and `pole_wrap` matter here.
"""

from itertools import islice
from pathlib import Path

from stormtrace.commandline import from_json, parser, progress, run
from stormtrace.errors import BadInput
from stormtrace.files import writing
from stormtrace.formats.masks import open_masks
from stormtrace.formats.objects import ObjectsWriter
from stormtrace.provenance import provenance
from stormtrace.track.intensity import measure_fields, read_samples
from stormtrace.track.object_finding import find_objects
from stormtrace.track.tracking import labelling_keys

BLOCK_STEPS = 64


def main() -> None:
    """Read the flags, find the objects, write the file."""
    flags = parser(__doc__)
    flags.add_argument("--mask", type=Path, required=True, help="masks of one year")
    flags.add_argument("--output", type=Path, required=True, help="objects file to write")
    flags.add_argument("--samples", type=Path, help="folder of that year's samples")
    flags.add_argument("--fields", nargs="+", default=[], help="fields to measure in objects")
    flags.add_argument("--tracking", type=from_json, default={}, help="the tracking block, JSON")
    args = flags.parse_args()
    if bool(args.samples) != bool(args.fields):
        raise BadInput("--samples and --fields belong together: give both or neither")

    labelling = labelling_keys(args.tracking)
    masks = open_masks(args.mask)
    samples = read_samples(args.samples, args.fields, masks) if args.samples else iter(())
    steps = progress(find_objects(masks, **labelling), "steps", masks.time.size)
    attributes = masks.attributes | provenance([args.mask], labelling=labelling)
    with writing(args.output) as partial, ObjectsWriter(partial, masks, attributes) as objects:
        while block := list(islice(steps, BLOCK_STEPS)):
            objects.append(block, measure_fields(block, samples, masks.grid.row_area))


if __name__ == "__main__":
    run(main)
