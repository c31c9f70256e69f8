r"""Check every raw file of a study: what is there, missing, inconsistent.

    python scripts/check_raw.py --output results/raw_files.txt \
        --datasets '[{"name": "cesm-historical", "source": "cesm", "parts": [{"period":
                      ["2000-01-01", "2006-01-01"], "files": "raw/*.{variable}.{year}*.nc"}]}]'

All headers are read; where nothing is wrong with them, the mesh, the regridding matrices to --grids
and the first and last step of each year are made as the jobs make them. Prints the table, too.
Exits with 0 whatever is wrong, unless --strict.
"""

import sys
from pathlib import Path

from stormtrace import commandline
from stormtrace.files import write_text
from stormtrace.prepare.check import check_study
from stormtrace.prepare.findings import table


def main() -> None:
    """Parse the flags, check, and print."""
    parser = commandline.parser(__doc__)
    parser.add_argument(
        "--datasets",
        type=commandline.from_json,
        required=True,
        help="blocks of the study's `datasets:`, a JSON list, or @file",
    )
    parser.add_argument(
        "--grids",
        type=commandline.from_json,
        default={},
        help="the grids that each dataset's samples are wanted on, JSON: {dataset: [grid, …]}",
    )
    parser.add_argument(
        "--all-steps", action="store_true", help="read every step, not only the first and last"
    )
    parser.add_argument("--output", type=Path, required=True, help="the table, as text")
    parser.add_argument(
        "--threads", type=commandline.positive, default=8, help="files read at a time"
    )
    parser.add_argument("--strict", action="store_true", help="exit with 1 if anything is wrong")
    args = parser.parse_args()

    findings = check_study(args.datasets, args.threads, args.grids, args.all_steps)
    text = table(findings)
    sys.stdout.write(text)
    write_text(args.output, text, at_once=True)  # also where it ends with 1
    if args.strict and any(finding.problems or finding.missing for finding in findings):
        sys.exit(1)


if __name__ == "__main__":
    commandline.run(main)
