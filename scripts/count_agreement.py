r"""Count, for one year, where and when masks of several experiments mark the same cells.

    python scripts/count_agreement.py --members @results/blocks/members-of-rivers.json \
        --year 2001 --output results/agreement/rivers/2001.nc

The flags are those of `agree.py`, which adds the years up (`--sums`). Of the year before, steps are
read that have a partner at a lag; files of other years are left alone.
"""

from pathlib import Path

from stormtrace import commandline
from stormtrace.verification.agreement_files import write_year
from stormtrace.verification.agreement_flags import add_agreement_flags, asked_of


def main() -> None:
    """Parse the flags, count, write."""
    parser = commandline.parser(__doc__)
    add_agreement_flags(parser)
    parser.add_argument("--year", type=int, required=True, help="that is counted")
    parser.add_argument("--output", type=Path, required=True, help="sums of the year, netCDF")
    args = parser.parse_args()
    write_year(asked_of(args), args.year, args.output, args.classes)


if __name__ == "__main__":
    commandline.run(main)
