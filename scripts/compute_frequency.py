r"""Count masks and tracked events of all years, by month, class and cell.

    python scripts/compute_frequency.py --masks results/masks/control/2*.nc \
        --objects results/events/control/objects/2*.nc --events results/events/control \
        --output results/frequency/control/frequency.nc

In how many steps of each month each class covers each cell; the same of events, and where these
begin and end; where a class is a line (a front), in how many steps it enters the cell.
"""

from pathlib import Path

from stormtrace import commandline
from stormtrace.climate.all_years import compute_frequency
from stormtrace.climate.event_counting import TrackedEvents
from stormtrace.errors import BadInput
from stormtrace.provenance import provenance


def main() -> None:
    """Parse the flags, count, write."""
    parser = commandline.parser(__doc__)
    parser.add_argument("--masks", nargs="+", required=True, help="masks, one file a year")
    commandline.add_periods(
        parser,
        "of each file the experiment's period, END not included: steps are missing only "
        "within it; as often as there are masks",
    )
    parser.add_argument("--objects", nargs="*", default=[], help="objects of the same years")
    parser.add_argument("--events", type=Path, help="folder of the events linked from them")
    parser.add_argument("--output", type=Path, required=True, help="the frequency file, netCDF")
    commandline.add_classes(parser)
    args = parser.parse_args()
    if bool(args.objects) != bool(args.events):
        raise BadInput("--objects and --events belong together: give both or neither")
    if args.period and len(args.period) != len(args.masks):
        raise BadInput(
            f"expected a --period for each of the {len(args.masks)} --masks, or none; found "
            f"{len(args.period)}"
        )
    inputs, events = [*args.masks, *args.objects], None
    if args.events:
        events = TrackedEvents(args.objects, args.events, args.classes)
        inputs.append(args.events / "objects.parquet")
    made_of = provenance(inputs)
    compute_frequency(args.masks, args.output, made_of, args.period, events, args.classes)


if __name__ == "__main__":
    commandline.run(main)
