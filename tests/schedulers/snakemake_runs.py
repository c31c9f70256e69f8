"""Running Snakemake itself on a fake cluster."""

import os
import shutil
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable

from cluster import Cluster

from script_runs import forking_python

SPEED = ["--seconds-between-status-checks", "1", "--max-jobs-per-timespan", "100/1s"]
SPEED += ["--latency-wait", "5"]


#: Runs Snakemake in a process of its own, as users do; its jobs are forks of one that has loaded it.
WITH_FORKED_JOBS = """
import runpy, sys
sys.executable, sys.argv = sys.argv[1], sys.argv[2:]
runpy.run_module("snakemake", run_name="__main__", alter_sys=True)
"""


class Master:
    """One Snakemake on the login node."""

    def __init__(self, cluster: Cluster, *arguments: str) -> None:
        self.cluster = cluster
        snakemake = ["-m", "snakemake"]
        if cluster.kind.startswith("fake"):
            snakemake = ["-c", WITH_FORKED_JOBS, forking_python(), "snakemake"]
        self.command = [sys.executable, *snakemake, "--profile", str(cluster.profile)]
        self.command += [*SPEED, *arguments]
        self.log = cluster.folder / "master.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=cluster.folder,
                env=cluster.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,  # so that Ctrl-C can be sent to it and its children
                # A suite that runs in the background has Ctrl-C ignored, and would hand that on.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )

    def finish(self, within_s: float = 900) -> int:
        """Wait for the end; return the exit code."""
        return self.process.wait(within_s)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition that comes about while it runs."""
        self.cluster.wait(lambda: condition() or self.process.poll() is not None, within_s=900)
        assert self.process.poll() is None, self.said()[-3000:]

    def kill(self, *, unlock: bool = True) -> None:
        """End it as a machine's failure does, and take its lock away, as a user does or faster."""
        self.process.kill()
        self.process.wait()
        if not unlock:
            shutil.rmtree(self.cluster.folder / ".snakemake" / "locks")
            return
        unlock = [*self.command, "--unlock"]
        subprocess.run(
            unlock,
            cwd=self.cluster.folder,
            env=self.cluster.environment,
            check=True,
            capture_output=True,
        )

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        os.killpg(self.process.pid, signal.SIGINT)

    def said(self) -> str:
        return self.log.read_text()


def work_of(cluster: Cluster) -> list[dict]:
    """What each job did, and each of those that shared one: work, rule, start, end, exit status."""
    did = []
    for job in cluster.jobs().values():
        rule, work = job["Job_Name"].partition(".")[0], job["Variable_List"]["STORMTRACE_JOB"]
        parts = job.get("_parts", {})
        if "_start" in job and rule != "shared":
            exit = job["Exit_status"]
            did.append({"work": work, "rule": rule, "start": job["_start"], "end": job["_end"]})
            did[-1] |= {"exit": exit, "killed": exit == 265}
        for part, facts in parts.items():
            marker = cluster.records / "ended" / part
            exit = int(marker.read_text()) if marker.exists() else None
            # A shared job may linger when all is done: it has no exit status yet.
            killed = "killed" in facts or (job.get("Exit_status") == 265 and exit != 0)
            did.append(facts | {"exit": exit, "killed": killed})
    return sorted(did, key=lambda one: one["start"])


def runs_by_work(did: list[dict]) -> dict[str, list[tuple[float, float]]]:
    """When each piece of work was being done: identity -> [(start, end), …] in order."""
    runs = defaultdict(list)
    for one in did:
        runs[one["work"]].append((one["start"], one["end"]))
    return runs


def exits_by_work(did: list[dict]) -> dict[str, list[tuple[int | None, bool]]]:
    """How each piece of work ended: identity -> [(exit status, whether killed), …] in order."""
    exits = defaultdict(list)
    for one in did:
        exits[one["work"]].append((one["exit"], one["killed"]))
    return exits
