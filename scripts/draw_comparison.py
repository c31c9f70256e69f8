"""Draw the maps of one comparison, PNG and PDF, into a folder.

python scripts/draw_comparison.py --comparison results/comparisons/warming.nc \
    --title "Warming" --output results/figures/warming
"""

from stormtrace.climate.comparison import read_comparison
from stormtrace.commandline import parser, run
from stormtrace.figures.comparison_figures import draw_comparison_figures
from stormtrace.figures.maps import use_style
from stormtrace.figures.panels import save
from stormtrace.files import writing


def main() -> None:
    """Parse flags, draw, save."""
    arguments = parser(__doc__)
    arguments.add_argument("--comparison", required=True, help="what compare.py wrote")
    arguments.add_argument("--title", required=True)
    arguments.add_argument("--output", required=True, help="folder, replaced if it exists")
    flags = arguments.parse_args()
    use_style()
    with writing(flags.output) as folder:
        folder.mkdir()
        comparison = read_comparison(flags.comparison)
        for name, figure in draw_comparison_figures(comparison, flags.title):
            save(figure, folder, name)


if __name__ == "__main__":
    run(main)
