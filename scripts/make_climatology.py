r"""Fit a mean and harmonics of the year to fields of samples, cell by cell.

    python scripts/make_climatology.py --samples results/samples/era5/fv0.23x0.31/2000 \
        results/samples/era5/fv0.23x0.31/2001 --fields Z500 --harmonics 6 \
        --output results/climatology/era5/fv0.23x0.31/6.nc

make_samples.py subtracts it where a field is an anomaly.
"""

from pathlib import Path

from stormtrace import commandline
from stormtrace.formats.climatologies import write_climatology
from stormtrace.prepare.climatology_fitting import fit_climatology
from stormtrace.prepare.years_of_samples import add_sample_flags, open_year, origin_of, years_in
from stormtrace.provenance import provenance


def main() -> None:
    """Parse the flags, fit and write."""
    parser = commandline.parser(__doc__)
    add_sample_flags(parser)
    parser.add_argument("--fields", nargs="+", required=True, help="fields of the samples")
    parser.add_argument(
        "--harmonics", type=int, default=4, help="harmonics of the year besides the mean"
    )
    parser.add_argument("--output", type=Path, required=True, help="the climatology, netCDF")
    args = parser.parse_args()

    years = years_in(args)
    watched = commandline.progress(years, "years", len(years))
    grid, fields = fit_climatology(watched, args.fields, args.harmonics)
    first = open_year(years[0], args.fields)
    units = {name: first.attributes(name).get("units", "1") for name in args.fields}
    made_of = provenance(**origin_of(args), harmonics=args.harmonics)
    write_climatology(args.output, grid, fields, units, made_of)


if __name__ == "__main__":
    commandline.run(main)
