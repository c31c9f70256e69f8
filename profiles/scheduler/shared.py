"""Jobs that share one job of the scheduler's, so that a GPU is waited for once and not for each.

A job whose `runtime` fits into the profile's `shared_gpu_minutes` (`shared_cpu_minutes` without a
GPU) is not given to the scheduler. It waits as a *part* until a *shared job* on a node takes it
(`shared_job.py`); those are submitted here, as many as hold the minutes that parts ask for. Each
part keeps its own log, exit code and attempts. In `.snakemake/pbs/shared/` (or `slurm/`):

    waiting/<part>            its job script
    taken/<part>.<number>     the same, once the shared job of that number has taken it
    unwanted/<part>           to be ended by the shared job that has taken it
    jobs/<number>             what was asked for a shared job
    at_work/<number>          what it says of itself, from the node
    barren/<kind>             when those were submitted that ended without having taken any
    lost/<part>               a part that was found nowhere, since when

A part moves by being renamed: of two shared jobs one gets it. Its id says what it asks for
(`parts.py`).
Standard library only, and Python 3.6.
"""

import contextlib
import fcntl
import json
import os
import shlex
import time
from typing import Any, Dict, Iterator, List, Sequence

import request
import submission
from jobs import GRACE_S, POLL_S, Facts, Jobs, names, number, read, read_json, say, write_json
from parts import Part, fits, id_of_part, left_over, minutes_left, part_of

MOST = {"gpu": 32, "cpu": 64}
"""Shared jobs of one kind that are queued or running at once; Casper has 32 GPUs for one user."""

LINGER_S = float(os.environ.get("STORMTRACE_LINGER_S", 120))
"""So long a shared job waits for another part before it ends."""

MARGIN_MINUTES = 5
"""Of a shared job's walltime beyond the stated minutes, so that a part may use all of those."""

UNASKED_S = 24 * 3600
"""Parts that no Snakemake has asked for in so long are left alone until one does."""

BARREN_S = 3600
"""So long it is remembered that a shared job came to nothing."""

WELL_ENDED = 0.34
"""What a shared job that found nothing to do counts against a part that waits; a broken one: 1."""


class SharedJobs(Jobs):
    """The jobs of the study in this folder, of which some share one of the scheduler's."""

    def __init__(self, scheduler: Any) -> None:
        super().__init__(scheduler)
        self.folder = os.path.join(self.state, "shared")

    def shares(self, properties: request.Properties) -> bool:
        """Whether a job is to be a part of a shared one."""
        resources = properties["resources"]
        return 0 < int(resources["runtime"]) <= minutes_of(resources)

    def status(self, job: str) -> str:
        """Return what is known of a job or a part: `success`, `failed`, in any doubt `running`."""
        part = part_of(job)
        if part is None or self.exit_code(job) is not None:
            return super().status(job)
        holder = self.holder(job)
        if not holder and os.path.exists(self.path("waiting", job)):
            return self.serve(part)
        holder = holder or self.holder(job)  # it may have been taken between the two looks
        if holder:
            return self.status_in(job, holder)
        if self.exit_code(job) is None and self.missing_for(self.path("lost", job)) > GRACE_S:
            say(f"{job} has vanished from {self.folder}: given up")
            self.settle(job)
        return "running" if self.exit_code(job) is None else super().status(job)

    def status_in(self, job: str, holder: str) -> str:
        """Return the status of a part that the shared job of a number has taken."""
        if super().status(self.id_of(holder)) == "running":
            return "running"
        # The markers of parts are older than that of their shared job, and may be seen later.
        with contextlib.suppress(OSError):
            if time.time() - os.stat(self.marker(holder)).st_mtime < POLL_S:
                return "running"
        if self.exit_code(job) is None:
            title = f"{self.scheduler.TITLE} job {self.id_of(holder)}"
            say(f"{title} ended with {job} in it: {self.more_memory(job)}")
            self.settle(job)
        return super().status(job)

    def logs(self, job: str) -> Iterator[str]:
        """Yield the text of the scheduler's log of a job, or of the one that it was part of."""
        if not part_of(job):
            yield from super().logs(job)
            return
        folder = request.log_folder(self.scheduler.NAME, "shared")
        for text in (read(os.path.join(folder, name)) for name in names(folder)):
            # What is said before it starts or after its end is about others.
            yield text.partition(f" {job}: ")[2].partition(f" {job}: ended with ")[0]

    def missing_for(self, note: str) -> float:
        """Return for how many seconds a part has been missing, and note it."""
        with contextlib.suppress(OSError):
            return time.time() - os.stat(note).st_mtime
        touch(note)
        return 0.0

    def add(self, jobscript: str, properties: request.Properties) -> str:
        """Let a job wait as a part, and see that there are shared jobs for it; return its id."""
        job = id_of_part(kind_of(self.scheduler, properties), properties, time.time())
        part = part_of(job)
        assert part is not None
        path = self.path("waiting", job)
        hidden = self.path("waiting", f".{job}")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        try:
            with open(jobscript, encoding="utf-8") as stream:
                text = stream.read()
            with open(hidden, "w", encoding="utf-8") as stream:
                stream.write(text)
            os.rename(hidden, path)
            with lock(os.path.join(self.folder, "lock")):
                self.provide(part, waits=True)
        except BaseException:
            for file in (hidden, path):
                with contextlib.suppress(OSError):
                    os.remove(file)
            raise
        return job

    def serve(self, part: Part) -> str:
        """Return `running` or `failed` of a part that waits, and provide a shared job for it."""
        path, served = self.path("waiting", part.id), self.path("served", part.kind)
        with contextlib.suppress(OSError):
            if time.time() - os.stat(path).st_mtime > UNASKED_S / 24:
                os.utime(path)
        with lock(os.path.join(self.folder, "lock"), waits=False) as ours:
            with contextlib.suppress(OSError):
                if 0 <= time.time() - os.stat(served).st_mtime < POLL_S:
                    return "running"
            if not ours:
                return "running"
            try:
                if not self.provide(part, waits=False):
                    touch(served)
            except request.Refused as reason:
                say(f"{part.id} cannot be run: {reason}")
                self.withdraw(part.id)
        return "running" if self.exit_code(part.id) is None else super().status(part.id)

    def provide(self, part: Part, waits: bool) -> bool:
        """Submit a shared job if those that live cannot hold what waits; return whether it did.

        waits: also for a scheduler that is out of reach or full, unless there are others. Raises
        Refused if no shared job can be had for the part.
        """
        now = time.time()
        fleet, waiting = self.fleet(part.kind), self.waiting(part.kind)
        able = [have for have in fleet if fits(part, have, minutes_left(have, now))]
        barren = self.barren(part.kind)
        for_it = [one for one in barren if one["time"] >= part.time]
        if not able and sum(one["weight"] for one in for_it) >= 1:
            raise request.Refused(for_it[-1]["comment"])
        # Those that broke count as if they lived, or a broken node would be fed with them for ever.
        since = min((one.time for one in waiting), default=now)
        broken = [one for one in barren if one["weight"] >= 1 and one["time"] >= since]
        missing = left_over(waiting, [*fleet, *broken], now)
        if not missing or len(fleet) >= MOST[part.kind[:3]]:
            return False
        first = next((one for one in missing if one.id == part.id), missing[0])
        properties = request.properties_of(self.path("waiting", first.id))
        return self.submit(part.kind, missing, properties, waits=waits and not able)

    def submit(
        self, kind: str, parts: Sequence[Part], properties: request.Properties, waits: bool
    ) -> bool:
        """Submit a shared job for parts; return whether the scheduler took it."""
        resources = dict(properties["resources"])
        minutes = minutes_of(resources)
        have = {
            "kind": kind,
            "cpus": max(part.cpus for part in parts),
            "memory_mb": max(part.memory_mb * part.most for part in parts),
            "minutes": minutes,
            "time": time.time(),
        }  # type: Facts
        resources.update(mem_mb=have["memory_mb"], runtime=minutes + MARGIN_MINUTES)
        asked = {"rule": "shared", "wildcards": {}, "threads": have["cpus"], "resources": resources}
        identity = f"shared-{os.urandom(8).hex()}"
        arguments = self.scheduler.arguments(asked, identity, os.environ)
        script = self.path("scripts", identity)
        os.makedirs(os.path.dirname(script), exist_ok=True)
        os.makedirs(request.log_folder(self.scheduler.NAME, "shared"), exist_ok=True)
        with open(script, "w", encoding="utf-8") as stream:
            stream.write(script_of(asked, have))
        try:
            if waits:
                job = submission.submit(self.scheduler, [*arguments, script], identity)
            else:
                job, complaint = submission.ask(self.scheduler, [*arguments, script], identity)
                if not job:
                    if submission.passes(self.scheduler, complaint):
                        return False
                    raise submission.refusal(self.scheduler, complaint)
        finally:
            os.remove(script)  # the scheduler has a copy
        self.forget(job)
        write_json(self.path("jobs", number(job)), dict(have, job=job))
        return True

    def fleet(self, kind: str) -> List[Facts]:
        """Return what is known of each shared job of a kind that takes parts or will."""
        taken = [name.split(".") for name in names(self.path("taken"))]
        fleet = []
        for name in self.numbers():
            have = self.facts(name)
            if have.get("kind") != kind:
                continue
            if super().status(have["job"]) != "running":
                self.retire(name, have)
            elif not have.get("closed"):
                of = [part_of(part) for part, holder in taken if holder == name]
                have["busy"] = max((part.minutes for part in of if part), default=0)
                fleet.append(have)
        return fleet

    def retire(self, name: str, have: Facts) -> None:
        """Forget a shared job that has ended; note it if it came to nothing."""
        code = self.exit_code(name)
        if not have.get("took"):
            title = f"{self.scheduler.TITLE} job {have['job']}"
            comment = f"{title} ended with {code} before it had taken any of the jobs that share it"
            log = request.log_folder(self.scheduler.NAME, "shared")
            one = {"time": have.get("time", 0), "ended": time.time()}  # type: Facts
            one["weight"] = 1 if code else WELL_ENDED
            one.update({key: have[key] for key in ("cpus", "memory_mb", "minutes")})
            one["comment"] = f"{comment}; see {log}"
            write_json(self.path("barren", have["kind"]), {"of": [*self.barren(have["kind"]), one]})
        for folder in ("jobs", "at_work"):
            with contextlib.suppress(OSError):
                os.remove(self.path(folder, name))

    def barren(self, kind: str) -> List[Facts]:
        """Return the shared jobs of a kind that lately came to nothing."""
        of = read_json(self.path("barren", kind)).get("of", [])
        return [one for one in of if time.time() - one["ended"] < BARREN_S]

    def waiting(self, kind: str) -> List[Part]:
        """Return the parts of a kind that wait."""
        parts = map(part_of, names(self.path("waiting")))
        return [part for part in parts if part is not None and part.kind == kind]

    def holder(self, job: str) -> str:
        """Return the number of the shared job that has taken a part, or nothing."""
        taken = [name.split(".") for name in names(self.path("taken"))]
        return next((holder for part, holder in taken if part == job), "")

    def numbers(self) -> List[str]:
        """Return the numbers of all shared jobs on record, by themselves or by us."""
        return sorted({*names(self.path("jobs")), *names(self.path("at_work"))})

    def facts(self, name: str) -> Facts:
        """Return what was asked for a shared job, and what it says of itself."""
        return dict(read_json(self.path("jobs", name)), **read_json(self.path("at_work", name)))

    def id_of(self, name: str) -> str:
        """Return the id of a shared job by its number."""
        return str(self.facts(name).get("job", name))

    def carriers(self) -> List[str]:
        """Return the ids of shared jobs that have not ended, as far as is known without asking."""
        told = read_json(self.answers).get("jobs", {})
        alive = [name for name in self.numbers() if self.exit_code(name) is None]
        return [self.id_of(name) for name in alive if told.get(name, {}).get("state") != "ended"]

    def living(self) -> List[str]:
        """Return the jobs, parts and shared jobs that have not ended; parts first."""
        return [*super().living(), *self.carriers()]

    def delete(self, jobs: Sequence[str]) -> None:
        """Have jobs deleted; parts that wait are taken back, those at work are ended."""
        for job in jobs:
            if part_of(job):
                self.withdraw(job)
        super().delete([job for job in jobs if not part_of(job)])

    def delete_idle(self) -> None:
        """Have the shared jobs deleted if no part waits or is at work."""
        if not names(self.path("waiting")) and not names(self.path("taken")):
            self.delete(self.carriers())

    def withdraw(self, job: str) -> None:
        """Take a part back, as failed, or have it ended by the shared job that has taken it."""
        with contextlib.suppress(OSError):
            try:
                os.remove(self.path("waiting", job))
            except FileNotFoundError:
                if self.exit_code(job) is None:
                    touch(self.path("unwanted", job))
            else:
                self.settle(job)

    def path(self, *words: str) -> str:
        """Return a path below our folder."""
        return os.path.join(self.folder, *words)


def minutes_of(resources: Dict[str, Any]) -> int:
    """Return the minutes of a shared job on such resources, 0 if there are to be none."""
    return int(resources.get(f"shared_{device_of(resources)}_minutes") or 0)


def device_of(resources: Dict[str, Any]) -> str:
    """Return `gpu` or `cpu`."""
    return "gpu" if int(resources.get("gpu") or 0) else "cpu"


def kind_of(scheduler: Any, properties: request.Properties) -> str:
    """Return a digest of what parts must have in common to share a job.

    That is all that is asked of the scheduler but for CPUs, memory and time; and the environment
    that goes along with it.
    """
    resources = dict(properties["resources"], mem_mb=0, runtime=1)
    same = {"rule": "shared", "wildcards": {}, "threads": 1, "resources": resources}
    arguments = scheduler.arguments(same, "", os.environ)
    mask = os.umask(0o077)
    os.umask(mask)
    facts = [arguments, minutes_of(resources), os.environ.get("PATH"), mask]
    return device_of(resources) + request.digest(facts)[:8]


def script_of(asked: request.Properties, have: Facts) -> str:
    """Return the job script of a shared job: the one of all jobs, which runs `shared_job.py`."""
    here = os.path.dirname(os.path.realpath(__file__))
    with open(os.path.join(here, "jobscript.sh"), encoding="utf-8") as stream:
        template = stream.read()
    program = shlex.quote(os.path.join(here, "shared_job.py"))
    words = [have["kind"], have["cpus"], have["memory_mb"], have["minutes"], LINGER_S]
    arguments = " ".join(map(str, words))
    run = f'python3 {program} "$state" "$number" {arguments}'
    return template.format(properties=json.dumps(asked), exec_job=run)


def touch(path: str) -> None:
    """Create an empty file, or make it new."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8"):
        os.utime(path)


@contextlib.contextmanager
def lock(path: str, waits: bool = True) -> Iterator[bool]:
    """Hold a lock on `path`, or none where the file system has no locks; yield False if taken."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as stream:
        ours = True
        try:
            fcntl.flock(stream, fcntl.LOCK_EX if waits else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            ours = False
        except OSError:
            pass
        yield ours
