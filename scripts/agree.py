r"""Hold masks and events of several experiments against each other, by cell and by event.

    python scripts/agree.py --members @results/blocks/members-of-rivers.json --name rivers \
        --output results/agreement/rivers

`--members` is a list of `{experiment, class, masks, objects, events}`: files of all years, and the
folder of linked events. Writes `{output}.json` (what pairs share by region and season, with lags,
and how many events are found) and `{output}.nc` (steps with each member, with both of a pair, with
at least so many members, by season). Members on different grids meet on the coarsest. `--sums` are
counts of all years by `count_agreement.py` with the same flags; without, all is counted here.
"""

from pathlib import Path

from stormtrace import commandline
from stormtrace.verification.agreement_files import write_agreement
from stormtrace.verification.agreement_flags import add_agreement_flags, asked_of


def main() -> None:
    """Parse the flags, count, write."""
    parser = commandline.parser(__doc__)
    add_agreement_flags(parser)
    parser.add_argument(
        "--event-overlap", type=float, default=0.1, help="share of an event that must be marked"
    )
    parser.add_argument(
        "--sums", type=Path, nargs="*", default=[], help="of count_agreement.py, all years"
    )
    parser.add_argument("--output", type=Path, required=True, help="files without their ending")
    args = parser.parse_args()
    write_agreement(
        asked_of(args),
        args.output,
        args.classes,
        event_overlap=args.event_overlap,
        sums=args.sums,
    )


if __name__ == "__main__":
    commandline.run(main)
