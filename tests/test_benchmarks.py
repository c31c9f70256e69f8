"""Every `make bench-…` starts with what envs/pip-dev.txt provides, and three of them run to the end."""

import ast
import importlib
import os
import shutil
from pathlib import Path

import pytest

from script_runs import forked, forking_python

ROOT = Path(__file__).resolve().parents[1]
BENCHMARKS = sorted((ROOT / "benchmarks").glob("*.py"))

#: Benchmarks that run to the end below.
RUN = {"track", "map", "gpu"}

#: What stands beside us where somebody has installed it: --peers, --esmf.
PEERS = {"geocat", "climatenet"}


def imports_of(file):
    """Yield (module, name or None) of every import in a file, those inside functions included."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.module, alias.name) for alias in node.names)


@pytest.mark.parametrize("file", BENCHMARKS, ids=lambda file: file.stem)
def test_all_it_imports_is_there(file, monkeypatch):
    """Also what is imported only when a row is measured: rooms move, benchmarks must follow."""
    for folder in ("benchmarks", "profiles/scheduler"):
        monkeypatch.syspath_prepend(str(ROOT / folder))
    for module, name in imports_of(file):
        if module.split(".")[0] in PEERS or module == "ingest_chain":
            continue
        found = importlib.import_module(module)
        if name is not None and not hasattr(found, name):
            importlib.import_module(f"{module}.{name}")  # a module, or it is not there


@pytest.mark.parametrize(
    "file",
    [f for f in BENCHMARKS if f.stem.startswith("bench_") and f.stem[6:] not in RUN],
    ids=lambda file: file.stem,
)
def test_it_starts(file):
    done = forked(file, "--help")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("track", ["--years", "1", "--steps", "4", "--scale", "0.125", "--repeats", "1"]),
        ("map", ["--years", "2", "--steps", "8", "--frames", "2", "--scale", "0.125"]),
    ],
)
def test_a_small_run_writes_its_table(name, flags, tmp_path):
    """In a checkout of its own, since a benchmark replaces its table."""
    shutil.copytree(ROOT / "benchmarks", tmp_path / "benchmarks")
    for folder in ("scripts", "tests"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    table = tmp_path / "benchmarks" / f"{name}.md"
    table.unlink()
    # What is measured by a process between, without site-packages, is a process of its own.
    own = {} if name == "track" else {"PYTHON_OF_JOBS": forking_python()}
    bench = tmp_path / "benchmarks" / f"bench_{name}.py"
    done = forked(bench, *flags, environment=os.environ | own)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "|---|" in table.read_text()


def test_the_gpu_s_benchmark_runs_whole_on_a_cpu(tmp_path, monkeypatch):
    """Every row of it, torch.compile left out: the one run on a GPU must not end in a slip."""
    monkeypatch.chdir(tmp_path)
    command = [ROOT / "benchmarks" / "bench_gpu.py", "--quick"]
    command += ["--minutes", "600"]  # on a busy machine, too
    done = forked(*command, environment=os.environ | {"PYTHON_OF_JOBS": forking_python()})
    assert done.returncode == 0, done.stderr[-2000:]
    rows = [line for line in done.stdout.splitlines() if line.startswith("| ")]
    assert len(rows) > 30, done.stdout
    assert not [row for row in rows if "left out" in row or "failed" in row], done.stdout
