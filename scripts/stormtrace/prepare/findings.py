"""Findings of the check of raw files, and how they are printed: a table, then the problems."""

from collections.abc import Sequence
from dataclasses import dataclass

COLUMNS = (
    "dataset",
    "period",
    "variable",
    "files",
    "first",
    "last",
    "steps",
    "missing",
    "problems",
)
#: Problems of one variable that are printed in full.
SHOWN = 5


@dataclass(frozen=True)
class Finding:
    """What was found of one raw variable in one part of a dataset (or in a labelled folder)."""

    dataset: str
    period: str
    variable: str
    files: int
    first: str = "-"
    last: str = "-"
    steps: int = 0
    missing: int = 0
    problems: tuple[str, ...] = ()

    @property
    def row(self) -> tuple[str, ...]:
        """The cells of the table."""
        problems = str(len(self.problems)) if self.problems else "-"
        missing = str(self.missing) if self.missing else "-"
        counts = (str(self.files), self.first, self.last, str(self.steps), missing, problems)
        return (self.dataset, self.period, self.variable, *counts)


def table(findings: Sequence[Finding]) -> str:
    """Return the findings as text: one table, then the problems in full."""
    rows = [COLUMNS, *(finding.row for finding in findings)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    for finding in findings:
        if finding.problems:
            lines.append(f"\n{finding.dataset} {finding.period} {finding.variable}:")
            lines += [f"  - {problem}" for problem in finding.problems[:SHOWN]]
            if len(finding.problems) > SHOWN:
                lines.append(f"  … and {len(finding.problems) - SHOWN} more")
    wrong = sum(bool(finding.problems or finding.missing) for finding in findings)
    lines.append(
        f"\n{wrong} of {len(findings)} rows need attention." if wrong else "\nAll is there."
    )
    return "\n".join(lines) + "\n"
