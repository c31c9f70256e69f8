r"""Check every raw file of a study: what is there, missing, inconsistent. Headers only.

    python scripts/check_raw.py --output results/raw_files.txt \\
        --datasets '[{"name": "cesm-historical", "source": "cesm", "parts": [{"period":
                      ["2000-01-01", "2006-01-01"], "files": "raw/*.{variable}.{year}*.nc"}]}]'

Prints the table, too. Exits with 0 whatever is wrong, unless --strict.
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
    parser.add_argument("--datasets", type=commandline.from_json, required=True)
    parser.add_argument("--output", type=Path, required=True, help="the table, as text")
    parser.add_argument(
        "--threads", type=commandline.positive, default=8, help="files read at a time"
    )
    parser.add_argument("--strict", action="store_true", help="exit with 1 if anything is wrong")
    args = parser.parse_args()

    findings = check_study(args.datasets, args.threads)
    text = table(findings)
    sys.stdout.write(text)
    write_text(args.output, text)
    if args.strict and any(finding.problems or finding.missing for finding in findings):
        sys.exit(1)


if __name__ == "__main__":
    commandline.run(main)
