"""What a script imports before it has read its flags: libraries that start slowly wait.

A study is hundreds of jobs, each a process. CPU seconds of an import: torch 1.2, scipy.stats 0.7,
matplotlib 0.45, numba 0.27, scipy.spatial 0.25, openvino 0.2, pydantic and our models 0.1 (numpy
0.07, with netCDF4 0.12).
"""

import ast
import functools
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from script_runs import forked, forking_python

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"

DRAWING = {path.stem for path in SCRIPTS.glob("draw_*.py")}
#: What checks a block of the study, or the study itself.
CHECKING = {
    "adopt_masks",
    "agree",
    "apply_thresholds",
    "check_raw",
    "count_agreement",
    "find_objects",
    "import_labels",
    "link_events",
    "make_campaign",
    "make_planet",
    "make_regridding_matrix",
    "make_samples",
    "status",
    "write_report",
    "write_schemas",
}
#: Library -> the scripts that may import it at once, for they need it whatever their flags say.
SLOW = {
    "torch": set(),
    "openvino": set(),
    "xarray": set(),
    "pandas": set(),
    "numba": set(),
    "scipy.stats": set(),
    "scipy.spatial": set(),
    "scipy.special": set(),
    "scipy.ndimage": {"write_report"},
    "matplotlib": DRAWING,
    "pydantic": CHECKING,
}


#: Tests of a process itself: it is stopped, limited, launched by another, or asked what it imports.
PROCESSES = {
    "test_absent",
    "test_commandline",
    "test_compiled",
    "test_documents",
    "test_files",
    "test_kept_networks",
    "test_kept_runs",
    "test_launching",
    "test_prepare_scripts",
    "test_progress",
    "test_scheduler_jobs",
    "test_seals",
    "test_shared_process",
    "test_start_up",
    "test_stops",
    "test_study",
    "test_track_scripts",
    "test_track_texts",
}


@functools.cache
def at_once(file: Path) -> frozenset[str]:
    """Return the dotted names that a file imports when it is imported itself."""
    found = set()
    waiting = list(ast.parse(file.read_text(encoding="utf-8")).body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            waiting += node.orelse
        elif not isinstance(node, ast.FunctionDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)
    return frozenset(found)


def everything(script: Path) -> set[str]:
    """Return what a script imports at once, with all that these modules of ours import."""
    found, waiting = set(), [script]
    while waiting:
        for name in at_once(waiting.pop()) - found:
            found.add(name)
            parts = name.split(".")
            for length in range(1, len(parts) + 1):
                path = SCRIPTS.joinpath(*parts[:length])
                files = (path / "__init__.py", path.with_suffix(".py"))
                waiting += [file for file in files if parts[0] == "stormtrace" and file.is_file()]
    return found


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.py")), ids=lambda path: path.stem)
def test_a_script_imports_what_starts_slowly_only_if_it_needs_it(script):
    names = everything(script)
    slow = {
        library
        for library, allowed in SLOW.items()
        if script.stem not in allowed
        if any(f"{name}.".startswith(f"{library}.") for name in names)
    }
    assert not slow, (
        f"{script.name} imports {slow} at once: import it in the function that needs it"
    )


def test_a_plan_imports_nothing_that_starts_slowly():
    """Each start of Snakemake reads the rules, also on the node of a job: pydantic is all it needs."""
    rules = [path.read_text() for path in (SCRIPTS.parent / "workflow" / "rules").glob("*.smk")]
    named = {name for text in rules for name in re.findall(r"^from (stormtrace\S*)", text, re.M)}
    named |= {"stormtrace.prepare.needed_files"}  # of studies with raw files, which is most
    places = [SCRIPTS.joinpath(*name.split(".")) for name in named]
    files = [path / "__init__.py" if path.is_dir() else path.with_suffix(".py") for path in places]
    names = {name for file in files for name in everything(file)}
    slow = {
        name for name in names if name.split(".")[0] in {"scipy", "netCDF4", *SLOW} - {"pydantic"}
    }
    assert len(files) > 15 and not slow


def test_what_is_read_in_the_source_is_what_python_imports():
    """Of the script that would import the most of it: `compare.py`, with its significance."""
    code = f"import sys, compare; print(*({set(SLOW)} & set(sys.modules)))"
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=SCRIPTS, capture_output=True, text=True, check=True
    )
    assert not said.stdout.strip()


def test_all_other_tests_run_scripts_where_libraries_are_loaded():
    """By `script_runs.run_forked` or `forked`: a start of Python is a second of CPU, of hundreds."""
    starts = {
        path.stem
        for path in Path(__file__).parent.rglob("test_*.py")
        if "sys.executable" in path.read_text(encoding="utf-8")
    }
    assert starts == PROCESSES


FACTS = """
import os, signal, sys
print(sys.argv, sys.path[0], os.getcwd(), sorted(os.environ.items()), sys.stdin.read(), __name__, __file__)
print(signal.getsignal(signal.SIGTERM), sorted(n for n in sys.modules if n.startswith("stormtrace")))
print("said", file=sys.stderr, flush=True)
sys.stdout.flush()
if sys.argv[1] == "killed":
    os.kill(os.getpid(), 9)
sys.exit(sys.argv[1] if sys.argv[1] == "a sentence" else int(sys.argv[1]))
"""


@pytest.mark.parametrize("end", ["0", "3", "a sentence", "killed"])
def test_a_fork_is_to_a_script_what_a_process_is(tmp_path, monkeypatch, end):
    """But for the libraries, which are there already."""
    monkeypatch.chdir(tmp_path)
    script = tmp_path / "script.py"
    script.write_text(FACTS)
    environment = {"ONE": "1", "LC_ALL": "C.UTF-8"}
    command = [sys.executable, script, end, "b c"]
    process = subprocess.run(
        command, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    fork = forked(script, end, "b c", environment=environment)
    assert fork.returncode == process.returncode
    assert (fork.stdout, fork.stderr) == (process.stdout, process.stderr)
    assert process.stdout.startswith("['")


LASTING = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
print(os.getpid(), subprocess.Popen(["sleep", "600"]).pid, oct(os.umask(0)), flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 7), (signal.SIGKILL, -9)])
def test_what_ends_the_command_ends_the_fork_and_what_it_started(tmp_path, number, status):
    script = tmp_path / "script.py"
    script.write_text(LASTING)
    command = [forking_python(), script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, umask=0o027) as process:
        fork, child, umask = process.stdout.readline().split()
        assert umask == "0o27" and is_alive(fork) and is_alive(child)
        process.send_signal(number)
        assert process.wait(60) == status
    deadline = time.monotonic() + 60
    while is_alive(fork) or is_alive(child):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_alive(process):
    stat = Path("/proc", process, "stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"
