r"""Check labelled samples before trusting them.

    python scripts/check_labels.py --samples climatenet/train climatenet/test \
        --output results/labels/climatenet.json

Reports files, times, labellings a time, shares of the classes, how far experts agree, and problems:
codes without a class, times that do not match names, pieces that are hard to believe, dates that an
earlier folder has too; and what an import left out (--imported). Nothing is changed: leave files
out with `exclude:` of the dataset.
"""

from pathlib import Path
from typing import Any

from stormtrace import commandline
from stormtrace.classes import CLIMATENET_LABELS, Classes
from stormtrace.formats.json_files import read_json, write_json
from stormtrace.provenance import provenance

#: What makes the record of an import.
MAKER = "import_labels.py"


def main() -> None:
    """Parse the flags and check."""
    parser = commandline.parser(__doc__)
    parser.add_argument("--samples", type=Path, nargs="+", required=True, help="folders")
    parser.add_argument("--output", type=Path, required=True, help="findings, JSON")
    parser.add_argument(
        "--labels",
        type=commandline.from_json,
        default=CLIMATENET_LABELS,
        help="names of the classes in the order of their codes, background first, JSON",
    )
    parser.add_argument(
        "--exclude", type=commandline.from_json, default=[], help="file names to leave out, JSON"
    )
    parser.add_argument(
        "--imported", type=Path, help="the record of the import that made the samples, JSON"
    )
    commandline.add_classes(parser)
    args = parser.parse_args()

    from stormtrace.formats.labelled import LabelledFile, list_labelled
    from stormtrace.labels.quality import check_labels, left_out_problems

    classes, excluded = Classes.of_labels(args.labels, args.classes), set(args.exclude)
    listed: dict[str, list[LabelledFile]] = {}
    for folder in args.samples:
        here = {path.name for path in folder.glob("*.nc")}
        listed[str(folder)] = list_labelled(folder, excluded & here)
    folders: dict[str, Any] = {}
    for name, files in listed.items():
        earlier = {one: listed[one] for one in folders}
        folders[name] = check_labels(files, classes, earlier)
        for doubt in folders[name]["doubts"]:
            commandline.log.warning("labels in %s: %s", name, doubt)
    imported = {} if args.imported is None else {"imported": read_json(args.imported, MAKER)}
    for record in imported.values():
        next(iter(folders.values()))["problems"][:0] = left_out_problems(record)
    result = {
        "labels": list(classes.labels),
        "folders": folders,
        "excluded": sorted(excluded),
        **imported,
        "provenance": provenance(),
    }
    write_json(args.output, result)


if __name__ == "__main__":
    commandline.run(main)
