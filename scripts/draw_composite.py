"""Draw composites of a field, PNG and PDF; with --second also why they differ.

python scripts/draw_composite.py --composites results/composites/control/*.nc --field PRECT \
    --title "Control" --output results/figures/composites/control

Means while each class is present and shares of the total, annual and by season. --second takes the
composites of another experiment: its change against the first is split into a part from frequency,
one from intensity, and one from both.
"""

from stormtrace.climate.comparison import SEASONS
from stormtrace.climate.composites import read_composites
from stormtrace.commandline import parser, run
from stormtrace.figures.composite_figures import draw_composites, draw_split
from stormtrace.figures.maps import use_style
from stormtrace.figures.panels import save
from stormtrace.files import writing


def main() -> None:
    """Parse flags, draw, save."""
    arguments = parser(__doc__)
    arguments.add_argument("--composites", nargs="+", required=True, help="one file a year")
    arguments.add_argument("--second", nargs="+", default=[], help="those of another experiment")
    arguments.add_argument("--field", required=True)
    arguments.add_argument("--title", required=True)
    arguments.add_argument("--output", required=True, help="folder, replaced if it exists")
    flags = arguments.parse_args()
    use_style()
    with writing(flags.output) as folder:
        folder.mkdir()
        read = {p: read_composites(flags.composites, flags.field, p) for p in SEASONS}
        seasons = {p: one for p, one in read.items() if one.steps["all"].any()}
        for name, figure in draw_composites(seasons, flags.field, flags.title):
            save(figure, folder, name)
        if flags.second:
            second = read_composites(flags.second, flags.field)
            for name, figure in draw_split(read["annual"], second, flags.field, flags.title):
                save(figure, folder, name)


if __name__ == "__main__":
    run(main)
