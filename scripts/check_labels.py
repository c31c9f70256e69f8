"""Look through labelled samples before trusting them.

    python scripts/check_labels.py --samples climatenet/train climatenet/test \
--output results/labels/climatenet.json

Tells files, times, labellings a time, shares of the classes, how far experts agree, and problems:
codes off the list, times that do not match names, pieces hard to believe, dates that a folder named
before has too. Nothing is changed: leave files out with `exclude:` of the dataset.
"""

import json
from pathlib import Path
from typing import Any

from stormtrace import commandline
from stormtrace.classes import LABELS
from stormtrace.files import write_text
from stormtrace.provenance import provenance


def main() -> None:
    """Parse the flags and check."""
    parser = commandline.parser(__doc__)
    parser.add_argument("--samples", type=Path, nargs="+", required=True, help="folders")
    parser.add_argument("--output", type=Path, required=True, help="findings, JSON")
    parser.add_argument(
        "--labels", type=commandline.from_json, default=LABELS, help="names of the classes, JSON"
    )
    parser.add_argument(
        "--exclude", type=commandline.from_json, default=[], help="file names to leave out, JSON"
    )
    flags = parser.parse_args()

    from stormtrace.formats.labelled import LabelledFile, list_labelled
    from stormtrace.formats.samples import netcdf_files
    from stormtrace.labels.quality import check_labels

    excluded = set(flags.exclude)
    listed: dict[str, list[LabelledFile]] = {}
    for folder in flags.samples:
        here = {path.name for path in netcdf_files(folder)}
        listed[str(folder)] = list_labelled(folder, excluded & here)
    folders: dict[str, Any] = {}
    for name, files in listed.items():
        earlier = {one: listed[one] for one in folders}
        folders[name] = check_labels(files, flags.labels, earlier)
    result = {
        "labels": list(flags.labels),
        "folders": folders,
        "excluded": sorted(excluded),
        "provenance": provenance(),
    }
    write_text(flags.output, json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    commandline.run(main)
