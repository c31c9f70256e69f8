"""Report in a job's log that its script was killed, and which key asks for more memory.

    python scripts/report_kill.py --code 137 --memory 2000 --log results/logs/train/four.log

The rules run it when a script fails: one that the kernel kills can say nothing itself. It ends with
the exit code it is given, and adds nothing where the script has given its reason.
"""

import os
import sys
from pathlib import Path

from stormtrace import commandline, memory
from stormtrace.study.jobs import tail_of


def main() -> None:
    """Add a line to the log if the script was killed."""
    parser = commandline.parser(__doc__)
    parser.add_argument("--code", type=int, required=True, help="exit code of the script")
    parser.add_argument("--memory", required=True, help="MB that the rule asked for")
    parser.add_argument("--log", type=Path, required=True, help="log of the job")
    args = parser.parse_args()
    if args.code == memory.KILLED or memory.OF_KILLED.search(tail_of(args.log)):
        os.environ |= {"STORMTRACE_MEMORY": args.memory, "STORMTRACE_LOG": str(args.log)}
        with args.log.open("a", encoding="utf-8") as log:
            log.write(f"error: {memory.killed()}\n")
    sys.exit(args.code)


if __name__ == "__main__":
    main()
