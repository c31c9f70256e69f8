"""What the tests do on PBS."""

import os
import re
from pathlib import Path
from typing import ClassVar

from cluster import PROFILES, Cluster


class Pbs(Cluster):
    """OpenPBS set up like Casper."""

    profile, name, log = PROFILES / "pbs-casper", "pbs", "{}.OU"
    never: ClassVar = {"mem_mb": 10**8}
    deletion, limit = "qdel", "exceeded limit"

    def __init__(self, folder: Path, environment: dict[str, str], patience_s: float = 240) -> None:
        account = {"PBS_ACCOUNT": os.environ.get("PBS_ACCOUNT", "UABC0001")}
        super().__init__(folder, account | environment, patience_s)

    def qsub(self, script: Path, *options: str) -> str:
        account = ["-A", self.environment["PBS_ACCOUNT"], "-q", "casper"]
        chunk = ["-l", "select=1:ncpus=1:mem=100mb"]
        return self.run("qsub", *account, *chunk, *options, script).stdout.strip()

    def submit_past_the_profile(self, script: Path, identity: str) -> str:
        return self.qsub(script, "-h", "-v", f"STORMTRACE_JOB={identity}", "-l", "walltime=0:10:00")

    def release(self, job: str) -> None:
        self.run("qrls", job)

    def unknown_job(self) -> str:
        # The submit script refuses 30 hours; PBS takes the job and loses it.
        return self.qsub(self.jobscript("true", "out"), "-l", "walltime=30:00:00")

    def letter(self, job: str) -> str:
        """The letter that PBS itself gives, without the cache in front of it."""
        text = self.run("qstat", "-x", "-f", job, check=False).stdout
        return text.partition("job_state = ")[2][:1]

    def is_queued(self, job: str) -> bool:
        return self.letter(job) == "Q"

    def is_over(self, job: str) -> bool:
        return self.letter(job) == "F"

    def state(self) -> str:
        return self.run("qstat", "-x", "-f", check=False).stdout[-3000:]


class GenuinePbs(Pbs):
    """The same on a genuine PBS, which alone knows what has become of its jobs."""

    def jobs(self) -> dict[str, dict]:
        """Return what `qstat` says of the jobs that were submitted from here: number -> attributes."""
        text = self.run("qstat", "-x", "-f").stdout.replace("\n\t", "")
        found = {}
        for about in text.split("Job Id: ")[1:]:
            number = about.partition(".")[0]
            facts = dict(line[4:].split(" = ", 1) for line in about.splitlines() if " = " in line)
            asked = "Resource_List."
            facts["Resource_List"] = {
                name.removeprefix(asked): what
                for name, what in facts.items()
                if name.startswith(asked)
            }
            if f"PBS_O_WORKDIR={self.folder}," in facts["Variable_List"]:
                found[number] = facts
        return found

    def delete_running(self) -> None:
        """Delete all jobs that run, of which there must be some."""
        running = [number for number, job in self.jobs().items() if job["job_state"] == "R"]
        assert running
        for number in running:
            self.run("qdel", number, check=False)  # it may have ended meanwhile

    @property
    def cpus(self) -> int:
        """Return the CPUs of all its nodes."""
        text = self.run("pbsnodes", "-a").stdout
        return sum(map(int, re.findall(r"resources_available.ncpus = (\d+)", text)))
