"""Write the report: one self-contained page with every experiment, comparison and model.

    python scripts/write_report.py --report @report.json --output results/report.html

--report is JSON, or @ and the path of a file with it:

    {"title": "…", "description": "…",
     "experiments": [{"name": "control", "title": "…", "description": "…", "model": "four-fields",
                      "dataset": "…", "grid": "…", "statistics": "training", "weighting": "none",
                      "frequency": "results/frequency/control/frequency.nc",
                      "events": "results/events/control", "figures": "results/figures/…/control"}],
     "comparisons": [{"name": "warming", "title": "…", "first": "control", "second": "warmer",
                      "file": "results/comparisons/warming.nc", "figures": "…/warming"}],
     "models": [{"name": "four-fields", "title": "…", "fields": ["TMQ"], "scores": "…/scores.json",
                 "history": "…/history.csv", "importance": "…/importance.json",
                 "figures": ["….png"], "images": ["….png"]}],
     "labels": ["results/labels/climatenet.json"], "sensitivity": "results/figures/sensitivity",
     "regions": {"North Pacific": [120, 250, 10, 65]}, "coasts": {"Chile": [284, 292, -56, -18]},
     "classes": {"Cold Front": {"short": "CF", "kind": "line", "colours": ["#2f6fb4"]}},
     "configuration": {"any": "thing"}, "samples": {"dataset": ["results/samples/…/2000"]}}

Only `title`, and `name` and `frequency` of each experiment, must be there; an experiment may also
have `landfall` (what count_landfalls.py wrote), `animation` (what animate.py wrote) and `images`.
A comparison may have `decomposition` (the table of decompose.py) and `contributions`, its figures.
`images` are shown, `figures` linked to (their PDF). Links in the page are relative to it. The
first experiment is the one that others are compared with. `classes` is the study's own table, of
which the page takes short names and colours.
"""

from pathlib import Path

from stormtrace.commandline import from_json, log, run
from stormtrace.commandline import parser as make_parser
from stormtrace.files import write_text
from stormtrace.provenance import command
from stormtrace.report.page import write_page

TEMPLATES = Path(__file__).resolve().parents[1] / "workflow" / "report"


def main() -> None:
    """Parse flags, gather, write."""
    parser = make_parser(__doc__)
    parser.add_argument("--report", type=from_json, required=True, help="JSON or @file")
    parser.add_argument("--templates", type=Path, default=TEMPLATES, help="folder of the template")
    parser.add_argument("--output", type=Path, required=True, help="the page, HTML")
    args = parser.parse_args()
    folder = args.output.parent
    page = write_page(args.report, args.templates, folder, command())
    write_text(args.output, page)
    log.info("%s: %.1f MB", args.output, len(page.encode()) / 1e6)


if __name__ == "__main__":
    run(main)
