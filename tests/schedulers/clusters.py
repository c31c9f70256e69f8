"""The clusters that the contract is tested on, behind one face."""

import contextlib
import functools
import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from cluster import SHARED, Cluster, write_command
from pbs_cache import cached
from pbs_cluster import GenuinePbs, Pbs
from slurm_cluster import Slurm

FAKE = Path(__file__).parent / "fake_cluster"
GUARD = SHARED / "guard.py"

OF = {"pbs": Pbs, "slurm": Slurm}
GENUINE = {"pbs": GenuinePbs, "slurm": Slurm}

VERBS = {
    "pbs": ("qsub", "qstat", "qdel", "qrls"),
    "slurm": ("sbatch", "squeue", "scancel", "scontrol", "sacct"),
}


@contextlib.contextmanager
def fake(folder: Path, of: type[Cluster] = Pbs, **settings: object) -> Iterator[Cluster]:
    """A cluster of our own; see `fake_cluster`."""
    server, work = folder / "server", folder / "work"
    for name in ("jobs", "scripts", "deletions", "releases", "home", "tmp", "bin"):
        (server / name).mkdir(parents=True)
    work.mkdir(exist_ok=True)
    (server / "settings.json").write_text(json.dumps(settings))
    for verb in VERBS[of.name]:
        run = f'FAKE_CLUSTER={server} exec {sys.executable} -S -E {FAKE} {verb} "$@"'
        write_command(server / "bin" / verb, run)
    process = subprocess.Popen([sys.executable, "-S", "-E", FAKE, "serve", server])
    python = Path(sys.executable).parent
    cluster = of(work, {"PATH": f"{server / 'bin'}:{python}:{os.environ['PATH']}"})
    cluster.kind, cluster.cpus = f"fake-{of.name}", int(settings.get("ncpus", 0))
    cluster.wait((server / "ready").exists)
    try:
        yield cluster
    finally:
        (server / "stop").touch()
        process.wait(120)
        _end_guards(work)


def _end_guards(folder: Path) -> None:
    """End the guards of a folder, which stand as long as the process that submitted: the whole suite."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_text().split("\0")
            if words[1:2] == [str(GUARD)] and (process / "cwd").resolve().is_relative_to(folder):
                os.kill(int(process.name), signal.SIGKILL)


@contextlib.contextmanager
def genuine(folder: Path, of: type[Cluster]) -> Iterator[Cluster]:
    """The cluster of this machine, as it is."""
    environment = {"STORMTRACE_POLL_S": "2", "STORMTRACE_GRACE_S": "20"}
    work = folder / "work"
    work.mkdir()
    cluster = of(work, environment, patience_s=300)
    cluster.kind = f"genuine-{of.name}"
    yield cluster


def not_genuine(of: type[Cluster]) -> str | None:
    """Why there is no scheduler of a kind to run on, or None: an installed one can be stopped."""
    submit, ask = VERBS[of.name][:2]
    for question in ([submit, "--version"], [ask]):
        try:
            asked = subprocess.run(question, capture_output=True, text=True, timeout=10)
        except OSError:
            return f"no {of.__name__} here: there is no `{submit}`"
        except subprocess.TimeoutExpired:
            return f"{of.__name__} does not answer `{' '.join(question)}` within 10 s"
        if asked.returncode:
            complaint = asked.stderr.strip()[:200]
            return f"{of.__name__} does not answer `{' '.join(question)}`: {complaint}"
    return None


KINDS = ("fake-pbs", "cached-pbs", "genuine-pbs", "fake-slurm", "genuine-slurm")


@functools.cache
def missing(kind: str) -> str | None:
    """Why this machine has no cluster of a kind, or None."""
    if kind == "cached-pbs":
        return None if importlib.util.find_spec("qscache") else "qstat-cache is not installed"
    make, name = kind.split("-")
    return not_genuine(OF[name]) if make == "genuine" else None


@contextlib.contextmanager
def of_kind(kind: str, folder: Path, **settings: object) -> Iterator[Cluster]:
    """A cluster of one of the kinds; `settings` have no power over a genuine one."""
    make, name = kind.split("-")
    if make == "genuine":
        with genuine(folder, GENUINE[name]) as cluster:
            yield cluster
        return
    front = cached if make == "cached" else contextlib.nullcontext
    with fake(folder, OF[name], **settings) as cluster, front(cluster):
        cluster.kind = kind
        yield cluster
