r"""Statistics of several years joined into those of a dataset.

    python scripts/merge_statistics.py --dataset cesm-historical --grid mini \
        --pieces results/statistics/cesm-historical/mini/2000.json \
                 results/statistics/cesm-historical/mini/2001.json \
        --output results/statistics/cesm-historical/mini.json

The result is that of one pass over all samples, to rounding.
"""

from pathlib import Path

from stormtrace import commandline
from stormtrace.formats.json_files import write_json
from stormtrace.prepare.statistics import excluded_from, merge, read_piece
from stormtrace.provenance import provenance


def main() -> None:
    """Parse the flags and write the merged statistics."""
    parser = commandline.parser(__doc__)
    parser.add_argument(
        "--pieces", type=Path, nargs="+", required=True, help="files of compute_statistics.py"
    )
    parser.add_argument("--dataset", required=True, help="the dataset's name")
    parser.add_argument("--grid", required=True, help="the grid's name")
    parser.add_argument(
        "--output", type=Path, required=True, help="statistics of the dataset, JSON"
    )
    args = parser.parse_args()

    pieces = [read_piece(path) for path in args.pieces]
    steps, fields = merge(pieces)
    result = {
        "dataset": args.dataset,
        "grid": args.grid,
        "steps": steps,
        **excluded_from(pieces),
        "fields": fields,
        "provenance": provenance(args.pieces),
    }
    write_json(args.output, result, indent=1)


if __name__ == "__main__":
    commandline.run(main)
