r"""Hold an experiment's tropical cyclones against observed storms (IBTrACS).

    python scripts/verify.py --objects results/events/merra2/objects/*.nc \
        --events results/events/merra2 --storms ibtracs.since1980.list.v04r01.csv \
        --output results/verification/merra2.json --maps results/verification/merra2.nc

Writes JSON. `time`: probability of detection, false-alarm ratio, error of position, storms found
and lead at genesis; of all points, and by basin, season, year and observed intensity; with 95 %
intervals by storm. `climatology`: storms a year by basin and month, detected and observed;
`tracks`: how alike the densities of tracks are, of which `--maps` has the maps (netCDF).
`--match climatology` leaves `time` out: a model that runs freely has no weather of a date.
"""

from pathlib import Path

from stormtrace import commandline
from stormtrace.formats.comparison_maps import write_comparison
from stormtrace.formats.json_files import write_json
from stormtrace.provenance import provenance
from stormtrace.verification.experiment import (
    Rules,
    in_climate,
    in_density,
    in_time,
    read_tracked,
)
from stormtrace.verification.observed import AGENCIES, read_storms
from stormtrace.verification.track_density import likeness


def main() -> None:
    """Parse the flags, compare, write."""
    parser = commandline.parser(__doc__)
    parser.add_argument("--objects", nargs="+", required=True, help="objects, one file a year")
    parser.add_argument("--events", type=Path, required=True, help="folder of linked events")
    parser.add_argument("--storms", type=Path, required=True, help="IBTrACS, CSV or netCDF")
    parser.add_argument(
        "--agency", choices=AGENCIES, default="usa", help="whose positions and winds"
    )
    parser.add_argument(
        "--match",
        choices=("time", "climatology"),
        default="time",
        help="points in time too, or climatologies",
    )
    parser.add_argument("--radius", type=float, default=300.0, help="km, at most apart")
    parser.add_argument("--minimum-wind", type=float, default=17.5, help="m/s, of what counts")
    parser.add_argument(
        "--observed-years", type=int, nargs=2, help="first and last year of the climatology"
    )
    parser.add_argument("--output", type=Path, required=True, help="numbers, JSON")
    parser.add_argument("--maps", type=Path, required=True, help="densities of tracks, netCDF")
    commandline.add_classes(parser)
    args = parser.parse_args()
    tracked = read_tracked(args.objects, args.events, args.classes)
    storms = read_storms(args.storms, args.agency)
    for why, count in storms.left_out.items():
        commandline.log.info("%s: %d points left out, %s", args.storms, count, why)
    if not storms.tells_stages:
        commandline.log.warning(
            "%s does not say of any point what stage it is (USA_STATUS or NATURE): all count as"
            " tropical cyclones, extratropical ones and waves too, and as missed where they are not"
            " detected",
            args.storms,
        )
    years = tuple(args.observed_years) if args.observed_years else None
    rules = Rules(args.radius, args.minimum_wind, years)
    is_timed = args.match == "time"
    result = {"time": in_time(tracked, storms, rules)} if is_timed else {}
    result["climatology"] = in_climate(tracked, storms, rules, has_same_days=is_timed)
    density = in_density(tracked, storms, rules, has_same_days=is_timed)
    result["tracks"] = likeness(density, tracked.feature)
    about = {
        "class": tracked.feature.flag,
        "match": args.match,
        "radius_km": rules.radius_km,
        "minimum_wind": rules.minimum_wind,
        "observations": {
            "file": args.storms.name,
            "agency": args.agency,
            "storms": storms.names.size,
            "points": storms.time.size,
            "left_out": dict(storms.left_out),
        },
    }
    made_of = provenance([*args.objects, args.storms])
    sides = {"first_experiment": "observed", "second_experiment": args.output.stem}
    write_comparison(args.maps, density, sides | made_of)
    write_json(args.output, about | result | {"provenance": made_of})


if __name__ == "__main__":
    commandline.run(main)
