r"""Mean and standard deviation of each field over a folder of samples, in one pass.

    python scripts/compute_statistics.py --samples results/samples/cesm-historical/mini/2000 \
        --fields TMQ U850 V850 PSL --output results/statistics/cesm-historical/mini/2000.json

Of a folder of labelled samples every file counts, also several of one time.
"""

from pathlib import Path

from stormtrace import commandline
from stormtrace.formats.json_files import write_json
from stormtrace.formats.samples import units_in
from stormtrace.grids import make_grid
from stormtrace.prepare.statistics import (
    check_on_grid,
    sample_paths,
    statistics_of,
    statistics_of_maps,
)
from stormtrace.prepare.years_of_samples import (
    add_sample_flags,
    open_year,
    origin_of,
    units_of,
    years_in,
)
from stormtrace.provenance import provenance


def main() -> None:
    """Parse the flags and write the statistics."""
    parser = commandline.parser(__doc__)
    add_sample_flags(parser, many=False)
    parser.add_argument("--fields", nargs="+", required=True, help="fields of the samples")
    parser.add_argument(
        "--grid", type=commandline.from_json, help="the grid the samples must be on, JSON"
    )
    parser.add_argument(
        "--exclude",
        type=commandline.from_json,
        default=[],
        help="names of labelled samples to leave out, JSON or @file",
    )
    parser.add_argument("--output", type=Path, required=True, help="statistics of the folder, JSON")
    args = parser.parse_args()

    year = years_in(args)[0]
    what = f"statistics of {year}"
    if isinstance(year, Path):
        paths = sample_paths(year, args.exclude)
        if args.grid is not None:
            check_on_grid(paths[0], make_grid(args.grid))
        watched = commandline.progress(paths, what, len(paths))
        steps, fields = statistics_of(watched, args.fields)
        units = units_in(paths[0], args.fields)
    else:
        made = open_year(year, args.fields)
        watched = commandline.progress(made.paths, what, len(made.paths))
        maps = (made.read([path]).values[0] for path in watched)
        steps, fields = statistics_of_maps(
            (made.grid, zip(args.fields, values, strict=True)) for values in maps
        )
        units = units_of(made, args.fields)
    made_of = provenance(**origin_of(args), excluded=args.exclude)
    result = {"steps": steps, "units": units, "fields": fields, "provenance": made_of}
    write_json(args.output, result, indent=1)


if __name__ == "__main__":
    commandline.run(main)
