"""Draw the input fields of one time with the outlines of what was found, PNG and PDF.

python scripts/draw_fields.py --sample results/samples/…/cesm.2000-01-05-00000.nc \
    --mask results/masks/control/2000.nc --fields TMQ U850 V850 PSL --output results/figures/fields
"""

from pathlib import Path

import cftime
import netCDF4
import numpy as np

from stormtrace import commandline
from stormtrace.errors import BadInput
from stormtrace.files import writing
from stormtrace.formats.mask_steps import dates_of, reading_steps
from stormtrace.formats.masks import MaskFile, open_masks


def main() -> None:
    """Parse flags, find the sample's time in the masks, draw, save."""
    parser = commandline.parser(__doc__)
    parser.add_argument("--sample", type=Path, required=True, help="fields at one time")
    parser.add_argument("--mask", type=Path, required=True, help="masks of that year")
    parser.add_argument("--fields", nargs="+", default=["TMQ", "U850", "V850", "PSL"])
    parser.add_argument("--title", default="Input fields and detections", help="of the figures")
    parser.add_argument("--output", type=Path, required=True, help="folder, replaced")
    commandline.add_classes(parser)
    args = parser.parse_args()
    date, values = read_sample(args.sample, args.fields)

    from stormtrace.figures.label_figures import draw_fields
    from stormtrace.figures.maps import use_style
    from stormtrace.figures.panels import save

    use_style()
    masks = open_masks(args.mask, args.classes)
    step = find_time(masks, date)
    with reading_steps(masks) as steps:
        mask = steps.masks(step, step + 1)[0]
    with writing(args.output) as folder:
        folder.mkdir()
        figures = draw_fields(masks.grid, values, mask, masks.classes, args.title, str(date))
        for name, figure in figures:
            save(figure, folder, name)


def read_sample(path: Path, fields: list[str]) -> tuple[cftime.datetime, dict[str, np.ndarray]]:
    """Return a sample's date and its fields, one map each."""
    with netCDF4.Dataset(path) as nc:
        missing = [name for name in fields if name not in nc.variables]
        if missing:
            raise BadInput(f"{path} lacks {missing}; choose among its fields with --fields")
        values = {name: np.ma.filled(np.squeeze(nc[name][:]), np.nan) for name in fields}
        time = nc["time"]
        return np.atleast_1d(cftime.num2date(time[:], time.units, time.calendar))[0], values


def find_time(masks: MaskFile, date: cftime.datetime) -> int:
    """Return the index of a date in a mask file."""
    found = np.flatnonzero(dates_of(masks) == date)
    if found.size != 1:
        raise BadInput(f"{masks.path} has no mask at {date}: give the masks of the sample's year")
    return int(found[0])


if __name__ == "__main__":
    commandline.run(main)
