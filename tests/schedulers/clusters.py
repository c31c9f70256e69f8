"""The three clusters that the contract is tested on, behind one face."""

import contextlib
import importlib.util
import json
import os
import shlex
import shutil
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

PROFILE = Path(__file__).resolve().parents[2] / "profiles" / "pbs-casper"
SHARED = PROFILE.parent / "scheduler"
FAKE = Path(__file__).parent / "fake_pbs"


def _no_genuine_pbs() -> str | None:
    """Why there is no PBS to run on, or None: an installed one can be stopped."""
    if shutil.which("qsub") is None:
        return "no PBS here: there is no `qsub`"
    for question in (["qsub", "--version"], ["qstat"]):
        asked = subprocess.run(question, capture_output=True, text=True, timeout=60)
        if asked.returncode:
            return f"PBS does not answer `{' '.join(question)}`: {asked.stderr.strip()[:200]}"
    return None


MISSING = {
    "fake": None,
    "cached": None if importlib.util.find_spec("qscache") else "qstat-cache is not installed",
    "genuine": _no_genuine_pbs(),
}
"""Kind of cluster -> why this machine has none, or None."""


class Cluster:
    """A folder to submit from, the environment for it, and how long things may take."""

    def __init__(self, folder: Path, environment: dict[str, str], patience_s: float = 60) -> None:
        self.folder = folder
        self.patience_s = patience_s
        self.environment = {
            **os.environ,
            "PBS_ACCOUNT": "UABC0001",
            "STORMTRACE_PBS_POLL_S": "0.3",
            "STORMTRACE_PBS_GRACE_S": "3",
            **environment,
        }

    def run(self, *words: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command where the user would; one of the profile's by its bare name."""
        command = [str(PROFILE / words[0]) if (PROFILE / words[0]).is_file() else words[0]]
        return subprocess.run(
            [*command, *map(str, words[1:])],
            cwd=self.folder,
            env=self.environment,
            check=check,
            text=True,
            capture_output=True,
            timeout=120,
        )

    def jobscript(self, command: str, output: str, **properties: object) -> Path:
        """Write the job script that Snakemake would, for a job that runs `command`."""
        resources = {"mem_mb": 100, "runtime": 60} | dict(properties.pop("resources", {}))
        facts = {
            "type": "single",
            "rule": "work",
            "output": [output],
            "input": [],
            "params": {},
            "wildcards": {"name": output},
            "log": [],
            "threads": 1,
        } | properties
        template = (SHARED / "jobscript.sh").read_text()
        script = self.folder / ".snakemake" / "tmp.test" / f"work.{output}"
        script.parent.mkdir(parents=True, exist_ok=True)
        # The executor ends every command in this way.
        script.write_text(
            template.format(
                properties=json.dumps(facts | {"resources": resources}),
                exec_job=f"cd {shlex.quote(str(self.folder))} && {command} && exit 0 || exit 1",
            )
        )
        return script

    def submit(self, command: str, output: str = "out", **properties: object) -> str:
        """Submit a job as Snakemake would, and return its id."""
        return self.run("submit.py", self.jobscript(command, output, **properties)).stdout.strip()

    def status(self, job: str) -> str:
        """Ask as Snakemake would."""
        return self.run("status.py", job).stdout.strip()

    def end_of(self, job: str, within_s: float | None = None) -> str:
        """Wait until the job's status is no longer `running`, and return it."""
        return self.wait(lambda: self.status(job) != "running", within_s) and self.status(job)

    def wait(self, condition, within_s: float | None = None) -> bool:
        """Wait for a condition."""
        deadline = time.monotonic() + (within_s or self.patience_s)
        while not condition():
            assert time.monotonic() < deadline, f"waited in vain: {self.state()}"
            time.sleep(0.05)
        return True

    def wait_for(self, *names: str, within_s: float | None = None) -> None:
        """Wait for files that jobs make."""
        for name in names:
            self.wait((self.folder / name).exists, within_s)

    def jobs(self) -> dict[str, dict]:
        """All jobs of a fake PBS, with the server's own notes: number -> attributes."""
        files = sorted((self.folder.parent / "pbs" / "jobs").glob("*.json"), key=_number)
        return {path.stem: json.loads(path.read_text()) for path in files}

    def ended(self) -> list[Path]:
        """The markers left by jobs."""
        return list((self.folder / ".snakemake" / "pbs" / "ended").glob("[0-9]*"))

    def pbs_state(self, job: str) -> str:
        """The letter that PBS itself gives, without the cache in front of it."""
        text = self.run("qstat", "-x", "-f", job, check=False).stdout
        return text.partition("job_state = ")[2][:1]

    def state(self) -> str:
        return self.run("qstat", "-x", "-f", check=False).stdout[-3000:]


@contextlib.contextmanager
def fake(folder: Path, **settings: object) -> Iterator[Cluster]:
    """A cluster of our own; see `fake_pbs`."""
    pbs, work = folder / "pbs", folder / "work"
    for name in ("jobs", "scripts", "deletions", "releases", "home", "tmp", "bin"):
        (pbs / name).mkdir(parents=True)
    work.mkdir(exist_ok=True)
    (pbs / "settings.json").write_text(json.dumps(settings))
    for verb in ("qsub", "qstat", "qdel", "qrls"):
        script(pbs / "bin" / verb, f'FAKE_PBS={pbs} exec {sys.executable} -S -E {FAKE} {verb} "$@"')
    server = subprocess.Popen([sys.executable, "-S", "-E", FAKE, "serve", pbs])
    python = Path(sys.executable).parent
    cluster = Cluster(work, {"PATH": f"{pbs / 'bin'}:{python}:{os.environ['PATH']}"})
    cluster.wait((pbs / "ready").exists)
    try:
        yield cluster
    finally:
        (pbs / "stop").touch()
        server.wait(10)


@contextlib.contextmanager
def cached(folder: Path, **settings: object) -> Iterator[Cluster]:
    """The same behind NCAR's `qstat-cache`, refreshed every second instead of 10 and 60."""
    package = importlib.util.find_spec("qscache")
    assert package is not None
    with fake(folder, **settings) as cluster:
        copy = folder / "cache" / "qscache"
        shutil.copytree(Path(package.origin or package.submodule_search_locations[0]), copy)
        real = folder / "pbs" / "bin" / "qstat"
        (copy / "cfg" / "casper.cfg").write_text(
            textwrap.dedent(f"""\
                [paths]
                Temp = {folder}/cache/temp
                Data = {folder}/cache/data
                [filters]
                [pbs]
                Qstat = {real}
                Prefix = env
                [servermap]
                casper = casper-pbs
            """)
        )
        front = folder / "cache" / "bin"
        front.mkdir()
        run = f"QSCACHE_SERVER=casper PYTHONPATH={folder / 'cache'} exec {sys.executable} -m"
        script(front / "qstat", f'{run} qscache.qscache "$@"')
        script(front / "refresh", f"{run} qscache.gen_data")
        cluster.environment["PATH"] = f"{front}:{cluster.environment['PATH']}"
        with refreshing(copy.parent, cluster):
            yield cluster


@contextlib.contextmanager
def refreshing(cache: Path, cluster: Cluster) -> Iterator[None]:
    """Refresh the cache once a second, as NCAR's cron job does more slowly."""
    code = textwrap.dedent("""\
        import os
        from qscache import gen_data, qscache
        root = os.path.dirname(qscache.__file__)
        config = qscache.read_config(root + "/cfg/casper.cfg", root, "casper")
        gen_data.check_paths(config)
        for cycle in "active", "history":
            try:
                gen_data.run_cache_cycle(config, "casper", cycle)
            except SystemExit:
                pass
    """)
    environment = cluster.environment | {"PYTHONPATH": str(cache)}
    stop = threading.Event()

    def refresh() -> None:
        subprocess.run([sys.executable, "-c", code], env=environment, check=True)

    def refresh_until_stopped() -> None:
        while not stop.wait(1):
            refresh()

    refresh()
    thread = threading.Thread(target=refresh_until_stopped)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextlib.contextmanager
def genuine(folder: Path, **settings: object) -> Iterator[Cluster]:
    """The PBS of this machine, as it is; `settings` have no power over it."""
    environment = {"STORMTRACE_PBS_POLL_S": "2", "STORMTRACE_PBS_GRACE_S": "20"}
    account = {"PBS_ACCOUNT": os.environ.get("PBS_ACCOUNT", "UABC0001")}
    work = folder / "work"
    work.mkdir()
    yield Cluster(work, environment | account, patience_s=300)


def script(path: Path, command: str) -> None:
    path.write_text(f"#!/bin/sh\n{command}\n")
    path.chmod(0o755)


def _number(path: Path) -> int:
    return int(path.stem)
