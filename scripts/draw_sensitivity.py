"""Draw many experiments side by side with one scale, and their differences from the first.

python scripts/draw_sensitivity.py --frequency results/frequency/{a,b}/frequency.nc \
    --titles '["Four fields", "Two fields"]' --title "Input fields" \
    --output results/figures/sensitivity
"""

from stormtrace.commandline import from_json, parser, run
from stormtrace.errors import BadInput
from stormtrace.figures.maps import use_style
from stormtrace.figures.panels import save
from stormtrace.figures.sensitivity_figures import draw_sensitivity, read_annual
from stormtrace.files import writing


def main() -> None:
    """Parse flags, draw, save."""
    arguments = parser(__doc__)
    arguments.add_argument("--frequency", nargs="+", required=True, help="one file an experiment")
    arguments.add_argument(
        "--titles", type=from_json, required=True, help="JSON list (or @file): one an experiment"
    )
    arguments.add_argument("--title", default="", help="of all figures")
    arguments.add_argument("--output", required=True, help="folder, replaced if it exists")
    flags = arguments.parse_args()
    if len(flags.frequency) != len(set(flags.titles)):
        raise BadInput(
            f"{len(flags.frequency)} files want as many different titles, found {flags.titles}"
        )
    use_style()
    maps = map(read_annual, flags.frequency)
    experiments = dict(zip(flags.titles, maps, strict=True))
    with writing(flags.output) as folder:
        folder.mkdir()
        for name, figure in draw_sensitivity(experiments, flags.title):
            save(figure, folder, name)


if __name__ == "__main__":
    run(main)
