"""Snakemake with its libraries loaded once: each run is a fork of this process.

    python snakemake_server.py        requests on stdin, answers on stdout, JSON, one a line

A dry run takes some two seconds of CPU, of which half is imports. {"arguments": […], "folder": the
one to run in, "environment": {…}, "output": a file for all it says} is answered by the exit status.
"""

import atexit
import importlib
import json
import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

#: What Snakemake imports besides its command line, and that late.
SNAKEMAKES = (
    "snakemake.cli",
    "snakemake.profiles",
    "snakemake.report.html_reporter",
    "snakemake.storage",
    "cftime",
    "docutils.core",
    "jinja2",
    "requests",
    "smart_open",
    "yaml",
    "yte",
)


def preload():
    """Import what a run of ours imports; jobs are processes of their own."""
    sys.path.insert(0, str(ROOT / "scripts"))
    rules = [file.read_text() for file in (ROOT / "workflow" / "rules").glob("*.smk")]
    ours = re.findall(r"^from (stormtrace\S*) import", "\n".join(rules), re.MULTILINE)
    for name in [*SNAKEMAKES, *ours]:
        importlib.import_module(name)


def run(request):
    """Run Snakemake in this process, which ends with its exit status."""
    out = os.open(request["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(out, stream)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    sys.argv = ["snakemake", *request["arguments"]]
    status = 1
    try:
        from snakemake.cli import main

        main(request["arguments"])
        status = 0
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def serve():
    """Answer requests until stdin is closed."""
    preload()
    for line in sys.stdin:
        if not (child := os.fork()):
            run(json.loads(line))
        _, status = os.waitpid(child, 0)
        print(json.dumps(os.waitstatus_to_exitcode(status)), flush=True)


if __name__ == "__main__":
    serve()
