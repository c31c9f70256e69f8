r"""Find the objects of one year of masks, and which of them share cells from step to step.

    python scripts/find_objects.py --mask results/masks/control/2000.nc \
        --output results/events/control/objects/2000.nc

With --samples and --fields, every object also gets the maximum, mean and minimum of those fields;
WIND850 is the speed of U850 and V850.
Of --tracking only `connectivity` and `pole_wrap` matter here.
"""

from itertools import islice
from pathlib import Path

from stormtrace import commandline
from stormtrace.errors import BadInput
from stormtrace.files import writing
from stormtrace.formats.masks import open_masks
from stormtrace.formats.objects import ObjectsWriter
from stormtrace.provenance import provenance
from stormtrace.track.intensity import measure_fields, read_samples, units_of
from stormtrace.track.object_finding import ObjectTables, find_objects
from stormtrace.track.tracking import labelling_keys

#: Steps whose objects are written at once.
BLOCK_STEPS = 64


def main() -> None:
    """Parse the flags, find the objects, write the file."""
    parser = commandline.parser(__doc__)
    parser.add_argument("--mask", type=Path, required=True, help="masks of one year")
    parser.add_argument("--output", type=Path, required=True, help="objects file to write")
    parser.add_argument("--samples", type=Path, help="folder of that year's samples")
    parser.add_argument("--fields", nargs="+", default=[], help="fields to measure in objects")
    parser.add_argument(
        "--tracking", type=commandline.from_json, default={}, help="the tracking block, JSON"
    )
    commandline.add_classes(parser)
    args = parser.parse_args()
    if bool(args.samples) != bool(args.fields):
        raise BadInput("--samples and --fields belong together: give both or neither")

    labelling = labelling_keys(args.tracking)
    masks = open_masks(args.mask, args.classes)
    samples = read_samples(args.samples, args.fields, masks) if args.samples else iter(())
    units = units_of(args.samples, args.fields) if args.samples else {}
    steps = commandline.progress(find_objects(masks, **labelling), "steps", masks.time.size)
    attributes = masks.attributes | provenance([args.mask], labelling=labelling)
    tables = ObjectTables(masks.grid)
    with (
        writing(args.output) as partial,
        ObjectsWriter(partial, masks, attributes, units) as objects,
    ):
        while block := list(islice(steps, BLOCK_STEPS)):
            objects.append(tables.block(block, measure_fields(block, samples, masks.grid.area)))


if __name__ == "__main__":
    commandline.run(main)
