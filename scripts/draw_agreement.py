r"""Draw the maps of an agreement, PNG and PDF, into a folder: consensus, and one while another.

python scripts/draw_agreement.py --maps results/agreement/rivers.nc --title "Three methods" \
    --names '["CGNet", "IVT > 250", "ARTMIP"]' --output results/figures/agreements/rivers
"""

from stormtrace import commandline
from stormtrace.errors import BadInput
from stormtrace.figures import printing
from stormtrace.figures.agreement_figures import draw_agreement_figures
from stormtrace.formats.agreement_maps import read_agreement_maps


def main() -> None:
    """Parse flags, draw, save."""
    parser = commandline.parser(__doc__)
    parser.add_argument("--maps", required=True, help="netCDF that agree.py wrote")
    parser.add_argument("--title", required=True, help="title of the agreement")
    parser.add_argument(
        "--names", type=commandline.from_json, required=True, help="what members are called, JSON"
    )
    parser.add_argument("--output", required=True, help="folder, replaced if it exists")
    printing.add_flags(parser)
    args = parser.parse_args()
    printer = printing.printing(args)
    maps = read_agreement_maps(args.maps)
    if len(args.names) != len(maps.members):
        raise BadInput(
            f"--names has {len(args.names)} names; {args.maps} has {len(maps.members)} members: "
            f"{', '.join(maps.members)}"
        )
    printer.save_all(draw_agreement_figures(maps, args.title, args.names), args.output)


if __name__ == "__main__":
    commandline.run(main)
