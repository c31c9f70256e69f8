r"""Hold masks and events of several experiments against each other, by cell and by event.

    python scripts/agree.py --members @results/blocks/members-of-rivers.json --name rivers \
        --output results/agreement/rivers

`--members` is a list of `{experiment, class, masks, objects, events}`: files of all years, and the
folder of linked events. Writes `{output}.json` (what pairs share by region and season, with lags,
and how many events are found) and `{output}.nc` (steps with each member, with both of a pair, with
at least so many members, by season). Members on different grids meet on the coarsest.
"""

from pathlib import Path

from stormtrace import commandline
from stormtrace.verification.agreement_files import Asked, write_agreement


def main() -> None:
    """Parse the flags, count, write."""
    parser = commandline.parser(__doc__)
    parser.add_argument(
        "--members", type=commandline.from_json, required=True, help="what is compared, JSON"
    )
    parser.add_argument(
        "--regions", type=commandline.from_json, default={}, help="name -> box, JSON"
    )
    parser.add_argument("--lags", type=float, nargs="+", default=[0.0], help="hours")
    parser.add_argument("--of", choices=("masks", "events"), default="masks", help="cells of what")
    parser.add_argument(
        "--event-overlap", type=float, default=0.1, help="share of an event that must be marked"
    )
    parser.add_argument(
        "--catalogues", type=commandline.from_json, default={}, help="tables of events, JSON"
    )
    parser.add_argument("--radius", type=float, default=200.0, help="km, to a catalogue's points")
    parser.add_argument("--name", required=True, help="name of the agreement, kept in the files")
    parser.add_argument("--output", type=Path, required=True, help="files without their ending")
    commandline.add_classes(parser)
    args = parser.parse_args()
    asked = Asked(
        name=args.name,
        members=args.members,
        regions=args.regions,
        catalogues=args.catalogues,
        lags_h=args.lags,
        of=args.of,
        event_overlap=args.event_overlap,
        radius_km=args.radius,
    )
    write_agreement(asked, args.output, args.classes)


if __name__ == "__main__":
    commandline.run(main)
