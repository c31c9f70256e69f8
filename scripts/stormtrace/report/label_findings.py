"""What is told of the labels that models learn from: `check_labels.py`'s findings."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any


def describe_labels(paths: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield a row a folder of labels: its name, what is in it, and each problem found."""
    for path in paths:
        findings = json.loads(Path(path).read_text(encoding="utf-8"))
        for folder, facts in findings["folders"].items():
            experts = facts.get("experts") or {}
            yield {
                "title": f"{Path(path).stem}, {Path(folder).name}",
                "files": facts["files"],
                "times": facts["times"],
                "span": f"{facts['first'][:10]} – {facts['last'][:10]}",
                "shares": {name: 100 * share for name, share in facts["area_share"].items()},
                "experts": experts.get("iou", {}),
                "problems": [f"{p['file']}: {p['detail']}" for p in facts["problems"]],
            }
