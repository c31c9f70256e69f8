"""What the tests do on Slurm."""

from pathlib import Path
from typing import ClassVar

from cluster import PROFILES, Cluster


class Slurm(Cluster):
    """Slurm with or without accounting; its partition has a time limit of at most a week."""

    profile, name, log = PROFILES / "slurm", "slurm", "{}.log"
    never: ClassVar = {"runtime": 8 * 24 * 60}
    deletion, limit = "scancel", "DUE TO TIME LIMIT"

    def submit_past_the_profile(self, script: Path, identity: str) -> str:
        path = self.environment["PATH"]
        self.environment |= {"STORMTRACE_JOB": identity, "STORMTRACE_PATH": path}
        options = ["--hold", "--parsable", "--time=10", f"--output={self.folder}/%j.log"]
        return self.run("sbatch", *options, script).stdout.strip()

    def release(self, job: str) -> None:
        self.run("scontrol", "release", job)

    def unknown_job(self) -> str:
        return "67000000"

    def said_of(self, job: str) -> str:
        question = ["squeue", "--all", "--states=all", "--noheader", "--Format=State:40"]
        return self.run(*question, f"--jobs={job}", check=False).stdout.strip()

    def is_queued(self, job: str) -> bool:
        return self.said_of(job) == "PENDING"

    def is_over(self, job: str) -> bool:
        # Without a word it is forgotten; COMPLETING may take a while.
        return self.said_of(job) not in ("PENDING", "RUNNING", "COMPLETING")

    def state(self) -> str:
        question = ["squeue", "--all", "--states=all", "--noheader"]
        return self.run(*question, "--Format=JobID:12,State:20,Reason:40", check=False).stdout[
            -3000:
        ]
