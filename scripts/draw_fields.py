"""Draw the input fields of one time with the outlines of what was found, PNG and PDF.

python scripts/draw_fields.py --sample results/samples/…/cesm.2000-01-05-00000.nc \
    --mask results/masks/control/2000.nc --fields TMQ U850 V850 PSL --output results/figures/fields
"""

from pathlib import Path

import cftime
import netCDF4
import numpy as np

from stormtrace.climate.counting import read_dates
from stormtrace.commandline import parser, run
from stormtrace.errors import BadInput
from stormtrace.files import writing
from stormtrace.formats.counts import read_features, read_grid


def main() -> None:
    """Parse flags, find the sample's time in the masks, draw, save."""
    arguments = parser(__doc__)
    arguments.add_argument("--sample", type=Path, required=True, help="fields at one time")
    arguments.add_argument("--mask", type=Path, required=True, help="masks of that year")
    arguments.add_argument("--fields", nargs="+", default=["TMQ", "U850", "V850", "PSL"])
    arguments.add_argument("--title", default="What the network sees, and what it finds")
    arguments.add_argument("--output", type=Path, required=True, help="folder, replaced")
    flags = arguments.parse_args()
    date, values = read_sample(flags.sample, flags.fields)

    from stormtrace.figures.label_figures import draw_fields
    from stormtrace.figures.maps import use_style
    from stormtrace.figures.panels import save

    use_style()
    with netCDF4.Dataset(flags.mask) as nc, writing(flags.output) as folder:
        nc.set_auto_mask(False)
        folder.mkdir()
        grid, features = read_grid(nc), read_features(nc, "mask")
        mask = nc["mask"][find_time(nc, date, flags.mask)]
        codes = dict(zip(features.names, features.codes, strict=True))
        for name, figure in draw_fields(grid, values, mask, codes, flags.title, str(date)):
            save(figure, folder, name)


def read_sample(path: Path, fields: list[str]) -> tuple[cftime.datetime, dict[str, np.ndarray]]:
    """Return a sample's date and its fields, (lat, lon) each."""
    with netCDF4.Dataset(path) as nc:
        missing = [name for name in fields if name not in nc.variables]
        if missing:
            raise BadInput(f"{path} lacks {missing}; choose among its fields with --fields")
        values = {name: np.ma.filled(np.squeeze(nc[name][:]), np.nan) for name in fields}
        return read_dates(nc)[0], values


def find_time(nc: netCDF4.Dataset, date: cftime.datetime, path: Path) -> int:
    """Return the index of a date in an open mask file."""
    found = np.flatnonzero(read_dates(nc) == date)
    if found.size != 1:
        raise BadInput(f"{path} has no mask at {date}: give the masks of the sample's year")
    return int(found[0])


if __name__ == "__main__":
    run(main)
