r"""Draw the input fields of one time with the outlines of what was found, PNG and PDF.

python scripts/draw_fields.py --sample results/samples/…/cesm.2000-01-05-00000.nc \
    --mask results/masks/control/2000.nc --fields TMQ U850 V850 PSL --output results/figures/fields
"""

import bisect
from pathlib import Path

import cftime
import numpy as np

from stormtrace import commandline
from stormtrace.errors import BadInput
from stormtrace.figures import printing
from stormtrace.formats.mask_steps import dates_of, reading_steps
from stormtrace.formats.masks import MaskFile, open_masks
from stormtrace.formats.netcdf import variable
from stormtrace.formats.samples import opening_sample, read_fields


def main() -> None:
    """Parse flags, find the sample's time in the masks, draw, save."""
    parser = commandline.parser(__doc__)
    parser.add_argument("--sample", type=Path, required=True, help="fields at one time")
    parser.add_argument("--mask", type=Path, required=True, help="masks of that year")
    parser.add_argument(
        "--fields",
        nargs="+",
        default=["TMQ", "U850", "V850", "PSL"],
        help="fields of the sample to draw, a panel each",
    )
    parser.add_argument("--title", default="Input fields and detections", help="of the figures")
    parser.add_argument("--output", type=Path, required=True, help="folder, replaced")
    printing.add_flags(parser)
    commandline.add_classes(parser)
    args = parser.parse_args()
    masks = open_masks(args.mask, args.classes)
    check_there(args.sample)
    date = date_of(args.sample)
    values = read_fields(args.sample, args.fields, masks.grid)

    from stormtrace.figures.label_figures import draw_fields

    printer = printing.printing(args)
    step = find_time(masks, date)
    with reading_steps(masks) as steps:
        mask = steps.masks(step, step + 1)[0]
    moment = date.strftime("%Y-%m-%d %H:%M")
    figures = draw_fields(masks.grid, values, mask, masks.classes, args.title, moment)
    printer.save_all(figures, args.output)


def check_there(sample: Path) -> None:
    """Refuse (BadInput) a sample that is not there: its time is none of the steps."""
    if sample.exists():
        return
    names = sorted(path.name for path in sample.parent.glob("*.nc"))
    place = bisect.bisect(names, sample.name)
    near = " and ".join(names[max(place - 1, 0) : place + 1]) or "none"
    raise BadInput(
        f"{sample} is not there: the dataset has no step at this time; the nearest samples are"
        f" {near}: choose a time of theirs, in the study's `snapshots`"
    )


def date_of(sample: Path) -> cftime.datetime:
    """Return the date of a sample."""
    with opening_sample(sample) as nc:
        time = variable(nc, "time")
        return np.atleast_1d(cftime.num2date(time[:], time.units, time.calendar))[0]


def find_time(masks: MaskFile, date: cftime.datetime) -> int:
    """Return the index of a date in a mask file."""
    found = np.flatnonzero(dates_of(masks) == date)
    if found.size != 1:
        raise BadInput(f"{masks.path} has no mask at {date}: give the masks of the sample's year")
    return int(found[0])


if __name__ == "__main__":
    commandline.run(main)
