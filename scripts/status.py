"""Show how far the study is: experiments × stages, what runs, what failed, what is left.

    python scripts/status.py --configfile config/casper/config.yaml

Run it where Snakemake runs, at any time; it reads files alone and asks no scheduler. A cell counts
what is done of what is needed; +2 are running, ~8 wait in the queue, !1 failed last time. `left` is
the work that remains, in hours of jobs, from the times that jobs of the same rule have taken; an
experiment's row counts what it shares with others too, the last row counts it once.
"""

from pathlib import Path

from stormtrace import commandline
from stormtrace.study import progress

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Print the table, and under it what runs and what failed."""
    parser = commandline.parser(__doc__)
    parser.add_argument(
        "--configfile", type=Path, nargs="*", default=[], help="as given to snakemake"
    )
    parser.add_argument(
        "--directory", type=Path, default=Path(), help="where snakemake runs (default: here)"
    )
    flags = parser.parse_args()

    study = progress.load_study(ROOT, flags.configfile)
    jobs = progress.jobs_in(flags.directory)
    seconds = {
        stage: progress.mean_seconds(flags.directory, rule)
        for stage, rule in progress.STAGES.items()
    }
    needed = {name: progress.outputs(study, name) for name in study.experiments}
    everything = {
        stage: sorted({path for paths in needed.values() for path in paths[stage]})
        for stage in progress.STAGES
    }
    rows = [["experiment", *progress.STAGES, "left"]]
    for name, paths in [*needed.items(), ("all", everything)]:
        rows.append([name, *cells(paths, jobs, flags.directory)])
        rows[-1].append(left(paths, seconds, flags.directory))
    print(aligned(rows))
    print(summary(jobs, flags.directory))


def cells(paths: dict[str, list[str]], jobs: progress.Jobs, folder: Path) -> list[str]:
    """Return the cells of one row."""
    row = []
    for needed in paths.values():
        missing = [path for path in needed if not (folder / path).exists()]
        cell = f"{len(needed) - len(missing)}/{len(needed)}" if needed else "–"
        at_work = [path for path in needed if path in jobs.running]
        for mark, among in (("+", at_work), ("~", jobs.queued), ("!", jobs.failed)):
            count = sum(path in among for path in (at_work if mark == "+" else missing))
            cell += f" {mark}{count}" if count else ""
        row.append(cell)
    return row


def left(paths: dict[str, list[str]], seconds: dict[str, float | None], folder: Path) -> str:
    """Return the hours of jobs that remain; ≥ where a stage has not been timed yet."""
    total, unknown = 0.0, False
    for stage, needed in paths.items():
        missing = sum(not (folder / path).exists() for path in needed)
        total += missing * (seconds[stage] or 0)
        unknown |= bool(missing) and seconds[stage] is None
    return ("≥ " if unknown else "") + f"{total / 3600:.1f} h"


def aligned(rows: list[list[str]]) -> str:
    """Return a table as text."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return "\n".join([lines[0], "─" * (sum(widths) + 2 * len(widths) - 2), *lines[1:]])


def summary(jobs: progress.Jobs, folder: Path) -> str:
    """Return what is running, with its last word, and what failed, with its log."""
    lines = [f"\n{len(jobs.running)} outputs being made, {len(jobs.queued)} queued"]
    for path, log in sorted(jobs.running.items()):
        word = progress.last_word(folder / log if log else None)
        if word:
            lines.append(f"  {path}: {word}")
    for path, log in sorted(jobs.failed.items()):
        if not (folder / path).exists():
            lines.append(f"  failed: {path}" + (f", see {log}" if log else ""))
    return "\n".join(lines)


if __name__ == "__main__":
    commandline.run(main)
