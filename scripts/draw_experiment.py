r"""Draw the maps and lines of one experiment, PNG and PDF, into a folder.

python scripts/draw_experiment.py --frequency results/frequency/control/frequency.nc \
    --events results/events/control --title "Control" --output results/figures/control \
    --regions '{"North Pacific": [120, 250, 10, 65]}' --coasts '{"California": [235, 243, 32, 42]}'
"""

import itertools
from pathlib import Path

from stormtrace import commandline
from stormtrace.climate.frequency import COUNTED, open_frequency
from stormtrace.figures import printing
from stormtrace.figures.experiment_figures import draw_event_figures, draw_frequency_figures


def main() -> None:
    """Parse flags, draw, save."""
    parser = commandline.parser(__doc__)
    parser.add_argument("--frequency", required=True, help="frequency.nc of the experiment")
    parser.add_argument("--events", type=Path, help="its folder of events (optional)")
    parser.add_argument("--title", required=True, help="title of the experiment")
    for name, use in (("regions", "drawn larger"), ("coasts", "followed by month")):
        parser.add_argument(
            f"--{name}",
            type=commandline.from_json,
            default={},
            help=f"{use}; JSON: name -> [west, east, south, north]",
        )
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
    printer = printing.printing(args)
    with open_frequency(args.frequency, args.classes, args.of) as frequency:
        figures = itertools.chain(
            draw_frequency_figures(frequency, args.title, args.regions),
            draw_event_figures(frequency, args.events, args.title, args.coasts),
        )
        printer.save_all(figures, args.output)


if __name__ == "__main__":
    commandline.run(main)
