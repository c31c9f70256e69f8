r"""Draw many experiments side by side with one scale, and their differences from the first.

python scripts/draw_sensitivity.py --frequency results/frequency/{a,b}/frequency.nc \
    --titles '["Four fields", "Two fields"]' --title "Input fields" \
    --output results/figures/sensitivity
"""

from stormtrace import commandline
from stormtrace.climate.frequency import COUNTED
from stormtrace.errors import BadInput
from stormtrace.figures import printing
from stormtrace.figures.sensitivity_figures import draw_sensitivity, read_whole_record


def main() -> None:
    """Parse flags, draw, save."""
    parser = commandline.parser(__doc__)
    parser.add_argument("--frequency", nargs="+", required=True, help="one file an experiment")
    parser.add_argument(
        "--titles",
        type=commandline.from_json,
        required=True,
        help="JSON list (or @file): one an experiment",
    )
    parser.add_argument("--title", default="", help="of all figures")
    parser.add_argument(
        "--of",
        choices=COUNTED,
        default="masks",
        help="frequencies of every detection, or of tracked events alone",
    )
    parser.add_argument("--output", required=True, help="folder, replaced if it exists")
    printing.add_flags(parser)
    commandline.add_classes(parser)
    args = parser.parse_args()
    if len(args.frequency) != len(set(args.titles)):
        raise BadInput(
            f"{len(args.frequency)} files need that number of different titles; found {args.titles}"
        )
    printer = printing.printing(args)
    maps = [read_whole_record(path, args.classes, args.of) for path in args.frequency]
    experiments = dict(zip(args.titles, maps, strict=True))
    printer.save_all(draw_sensitivity(experiments, args.title), args.output)


if __name__ == "__main__":
    commandline.run(main)
