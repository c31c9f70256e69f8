"""A cluster to test on: what a user and Snakemake do there, whatever the scheduler."""

import contextlib
import json
import os
import shlex
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

PROFILES = Path(__file__).resolve().parents[2] / "profiles"
SHARED = PROFILES / "scheduler"


class Cluster:
    """A folder to submit from, the environment for it, and how long things may take."""

    #: Which profile, in what the profile calls its own: `.snakemake/{name}`, `logs/{name}`.
    profile: Path
    name: str
    #: What a log of the scheduler's own is called, by the job's id.
    log = "{}"
    #: Resources of a job that is taken and never starts.
    never: ClassVar[dict[str, int]]
    #: What it says of a job that has used up its time.
    limit: str
    #: The scheduler's own command to delete a job.
    deletion: str
    #: Names in the environment: commands that stop a genuine scheduler and start it.
    SWITCHES = ("STORMTRACE_STOP_SCHEDULER", "STORMTRACE_START_SCHEDULER")
    #: Which of the clusters this is, as in `genuine-pbs`, and the CPUs of all its nodes, if known.
    kind = ""
    cpus = 0

    def __init__(self, folder: Path, environment: dict[str, str], patience_s: float = 240) -> None:
        self.folder = folder
        self.patience_s = patience_s
        self.environment = {
            **os.environ,
            "STORMTRACE_POLL_S": "0.3",
            "STORMTRACE_GRACE_S": "3",
            "STORMTRACE_LINGER_S": "2",
            **environment,
        }

    def run(
        self, *words: str | Path, check: bool = True, umask: int = -1
    ) -> subprocess.CompletedProcess[str]:
        """Run a command where the user would; one of the profile's by its bare name."""
        own = self.profile / words[0]
        return subprocess.run(
            [own if own.is_file() else words[0], *map(str, words[1:])],
            cwd=self.folder,
            env=self.environment,
            check=check,
            text=True,
            capture_output=True,
            timeout=600,
            umask=umask,
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

    def submit_past_the_profile(self, script: Path, identity: str) -> str:
        """Submit a job script held, as if the answer to its submission had been lost."""
        raise NotImplementedError

    def release(self, job: str) -> None:
        """Let a held job run."""
        raise NotImplementedError

    def unknown_job(self) -> str:
        """Return the id of a job that the scheduler does not know (any more)."""
        raise NotImplementedError

    def is_queued(self, job: str) -> bool:
        """Whether the scheduler itself says so."""
        raise NotImplementedError

    def is_over(self, job: str) -> bool:
        """The same, without a cache in front of it."""
        raise NotImplementedError

    def status(self, job: str) -> str:
        """Ask as Snakemake would."""
        return self.run("status.py", job).stdout.strip()

    def end_of(self, job: str, within_s: float | None = None) -> str:
        """Wait until the job's status is no longer `running`, and return it."""
        return self.wait(lambda: self.status(job) != "running", within_s) and self.status(job)

    def wait(self, condition, within_s: float | None = None) -> bool:
        """Wait for a condition: to ask may cost a process, so the more rarely the longer it takes."""
        start = time.monotonic()
        while not condition():
            waited = time.monotonic() - start
            assert waited < (within_s or self.patience_s), f"waited in vain: {self.state()}"
            time.sleep(min(0.05 + waited / 4, 0.3))
        return True

    def wait_for(self, *names: str, within_s: float | None = None) -> None:
        """Wait for files that jobs make."""
        for name in names:
            self.wait((self.folder / name).exists, within_s)

    def log_of(self, job: str, rule: str = "work") -> Path:
        return self.folder / "logs" / self.name / rule / self.log.format(job)

    @property
    def records(self) -> Path:
        """Where the profile keeps what it knows."""
        return self.folder / ".snakemake" / self.name

    def jobs(self) -> dict[str, dict]:
        """All jobs of a fake cluster, with the server's own notes: number -> attributes."""
        files = (self.folder.parent / "server" / "jobs").glob("*.json")
        return {
            path.stem: json.loads(path.read_text())
            for path in sorted(files, key=lambda path: int(path.stem))
        }

    def ended(self) -> list[Path]:
        """The markers left by jobs."""
        return list((self.records / "ended").glob("[!.]*"))

    @contextlib.contextmanager
    def outage(self) -> Iterator[None]:
        """Nobody answers while the block runs; a genuine one is stopped and started by commands."""
        if self.kind.startswith("fake"):
            mark = self.folder.parent / "server" / "outage"
            mark.touch()
            yield
            mark.unlink()
            return
        stop, start = (os.environ[name] for name in self.SWITCHES)
        subprocess.run(stop, shell=True, check=True)
        try:
            yield
        finally:
            subprocess.run(start, shell=True, check=True)

    def unstoppable(self) -> str | None:
        """Why there can be no outage, or None."""
        if self.kind.startswith("fake"):
            return None
        missing = [name for name in self.SWITCHES if not os.environ.get(name)]
        if self.kind.startswith("genuine") and not missing:
            return None
        return f"{self.kind} can be stopped by commands in {' and '.join(self.SWITCHES)}"

    def calls(self, verb: str) -> int:
        """How often a command of a fake cluster was called."""
        calls = (self.folder.parent / "server" / "calls.log").read_text().splitlines()
        return sum(json.loads(call)[1] == verb for call in calls)

    def state(self) -> str:
        """What the scheduler says of all jobs, for a person."""
        raise NotImplementedError


def write_command(path: Path, command: str) -> None:
    path.write_text(f"#!/bin/sh\n{command}\n")
    path.chmod(0o755)
