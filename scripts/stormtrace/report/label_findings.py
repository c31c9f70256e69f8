"""Labels on the page: `check_labels.py`'s findings."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from stormtrace.formats.json_files import read_json
from stormtrace.report.contents import LabelFolder


def describe_labels(paths: Iterable[str]) -> Iterator[LabelFolder]:
    """Yield each folder of labels: what is in it, and each problem found."""
    for path in paths:
        findings = read_json(path, "check_labels.py")
        for folder, facts in findings["folders"].items():
            experts = (facts.get("experts") or {}).get("iou", {})
            names = list(facts["area_share"])[1:]  # the background is first
            ignored = facts.get("ignored_share")
            unseen = f", {100 * ignored:.0f} % of the area not labelled" if ignored else ""
            yield LabelFolder(
                title=f"{Path(path).stem}, {Path(folder).name}{unseen}",
                files=facts["files"],
                times=facts["times"],
                span=f"{facts['first'][:10]} – {facts['last'][:10]}",
                shares={name: 100 * facts["area_share"][name] for name in names},
                experts={name: experts.get(name) for name in names},
                doubts=facts.get("doubts", []),
                problems=[f"{p['file']}: {p['detail']}" for p in facts["problems"]],
            )
