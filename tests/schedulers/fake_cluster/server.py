"""The server: starts, watches and ends jobs, one session of real processes each."""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

from store import HOST, job_file, read_job, seconds, settings, write_json

LONGEST_S = 24 * 3600
KILLED_EARLY = 0.07
"""Of the CPU time after which a job of its own is killed, that after which one that shares is."""


def part_of(group: int) -> tuple[str, str, str] | None:
    """Id, work and rule of what a process group does in a job that others share."""
    try:
        text = Path(f"/proc/{group}/environ").read_text()
        script = Path(f"/proc/{group}/cmdline").read_text().split("\0")[-2]
        names = dict(line.split("=", 1) for line in text.split("\0") if "=" in line)
        line = Path(f"/proc/{group}/cwd", script).read_text().splitlines()[1]
        rule = json.loads(line.partition(" = ")[2])["rule"]
        return names["STORMTRACE_PART"], names["STORMTRACE_JOB"], rule
    except (OSError, KeyError, IndexError, ValueError):
        return None  # it is just being started, or has ended


class Server:
    """Starts, watches and ends jobs; one process each, leader of its session."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = settings(folder)
        self.rules: set[str] = set()
        self.queued: dict[str, dict] = {}
        self.running: dict[str, Running] = {}
        self.seen: set[str] = set()

    def run(self) -> int:
        (self.folder / "ready").touch()
        while not (self.folder / "stop").exists():
            self.notice_new_jobs()
            self.delete_jobs()
            self.release_jobs()
            self.start_jobs()
            self.watch_jobs()
            time.sleep(0.05)
        for running in self.running.values():
            running.signal(signal.SIGKILL)
        return 0

    def save(self, number: str, job: dict) -> None:
        write_json(job_file(self.folder, number), job)

    def notice_new_jobs(self) -> None:
        fresh = {path.stem for path in (self.folder / "jobs").glob("*.json")} - self.seen
        for number in sorted(fresh, key=int):
            self.seen.add(number)
            job = read_job(self.folder, number)
            assert job is not None
            if seconds(job["Resource_List"]["walltime"]) > LONGEST_S and "comment" not in job:
                job_file(self.folder, number).unlink()  # no queue to route it to: it vanishes
                continue
            lacking = self.lacking(job)
            if lacking and "comment" not in job:
                job["comment"] = f"Can Never Run: Insufficient amount of resource: {lacking}"
                self.save(number, job)
            self.queued[number] = job

    def lacking(self, job: dict) -> str:
        asked, have = job["Resource_List"], self.settings
        cpus, gpus = int(asked["ncpus"]), int(asked.get("ngpus", 0))
        if cpus > have["ncpus"]:
            return f"ncpus (R: {cpus} A: {have['ncpus']} T: {have['ncpus']})"
        if gpus > have["ngpus"]:
            return f"ngpus (R: {gpus} A: {have['ngpus']} T: {have['ngpus']})"
        if int(asked["mem"].removesuffix("mb")) > have["mem_mb"]:
            return f"mem (R: {asked['mem']} A: {have['mem_mb']}mb T: {have['mem_mb']}mb)"
        if "gpu_type" in asked and asked["gpu_type"] not in have["gpu_types"]:
            return f"gpu_type ({asked['gpu_type']} != {have['gpu_types'][0]})"
        return ""

    def delete_jobs(self) -> None:
        for wish in list((self.folder / "deletions").iterdir()):
            wish.unlink()
            if wish.name in self.queued:
                job = self.queued.pop(wish.name)
                job["comment"] = (job.get("comment", "") + " and terminated").strip()
                self.save(wish.name, job | {"job_state": "F", "substate": 91, "_end": time.time()})
            elif wish.name in self.running:
                self.running[wish.name].end(271, f"and terminated by hpcuser@{HOST}")

    def release_jobs(self) -> None:
        for wish in list((self.folder / "releases").iterdir()):
            wish.unlink()
            if wish.name in self.queued:
                self.queued[wish.name]["job_state"] = "Q"
                self.save(wish.name, self.queued[wish.name])

    def start_jobs(self) -> None:
        used = sum(int(run.job["Resource_List"]["ncpus"]) for run in self.running.values())
        for number, job in list(self.queued.items()):
            cpus = int(job["Resource_List"]["ncpus"])
            if job["job_state"] != "Q" or "comment" in job or used + cpus > self.settings["ncpus"]:
                continue
            used += cpus
            del self.queued[number]
            job |= {"job_state": "R", "comment": f"Job run at {time.ctime()} on ({HOST}:ncpus=1)"}
            job["_start"] = time.time()
            accident_s = self.accident_s(job["Job_Name"].partition(".")[0])
            if accident_s is not None:
                self.end_without_a_word(number)
            running = Running(self.folder, number, job, self.settings, accident_s)
            self.running[number] = running
            self.save(number, job)

    def accident_s(self, rule: str) -> float | None:
        """After how much CPU time a job of `rule` that starts now is killed; None if it is not.

        By the rule's name, so that neither the jobs' order nor their pace has a say in it.
        """
        chance = random.Random(f"{self.settings['seed']} {rule}")
        is_first, self.rules = rule not in self.rules, self.rules | {rule}
        if is_first and chance.random() < self.settings["accidents"]:
            return chance.uniform(0, self.settings["accident_within_s"])
        return None

    def end_without_a_word(self, number: str) -> None:
        """Let a job that is to be killed be so at the latest when it would say how it has ended.

        The last act of the profile's job script is `mv` of its marker.
        """
        script = self.folder / "scripts" / f"{number}.SC"
        head, _, body = script.read_text().partition("\n")
        script.write_text(f'{head}\nmv() {{ kill -KILL "$PPID" $$; }}\n{body}')

    def watch_jobs(self) -> None:
        for number, running in list(self.running.items()):
            code = running.poll()
            if running.watch_parts(self.accident_s, code is not None):
                self.save(number, running.job)
            if code is not None:
                del self.running[number]
                job = running.job
                ending = running.reason or ("and failed" if code else "and finished")
                job["comment"] += f" {ending}"
                job |= {"job_state": "F", "Exit_status": code, "_end": time.time()}
                self.save(number, job)


class Running:
    """One job on the node."""

    def __init__(
        self, folder: Path, number: str, job: dict, have: dict, accident_s: float | None
    ) -> None:
        self.job, self.have = job, have
        self.code: int | None = None
        self.reason = ""
        self.accident_s = accident_s
        self.kill_at = float("inf")
        self.look_at = self.ask_at = 0.0
        self.groups: dict[int, str] = {}
        self.temporary = folder / "tmp" / f"pbs.{number}.{HOST}"
        self.temporary.mkdir(parents=True)
        minutes = seconds(job["Resource_List"]["walltime"]) / 60
        self.deadline = time.monotonic() + minutes * have["minute_s"]
        started = job["_process"]
        self.log = folder / started["log"].replace("%j", number)
        with self.log.open("ab") as log:
            # As PBS does it: a shell is told on its standard input to run the script.
            self.process = subprocess.Popen(
                ["/bin/bash"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=started["folder"],
                env={
                    "TMPDIR": str(self.temporary),
                    **{k: text.replace("%j", number) for k, text in started["numbered"].items()},
                    **started["environment"],
                    **have["node_environment"],
                },
                umask=started["umask"],
                start_new_session=True,
            )
        script = folder / "scripts" / f"{number}.SC"
        script.chmod(0o755)
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError), self.process.stdin as stdin:
            stdin.write(f"{script}\n".encode())

    def poll(self) -> int | None:
        """The exit status if the job is over, after doing to it what is due."""
        now = time.monotonic()
        if now > self.deadline and self.code is None:
            with self.log.open("a") as log:
                log.write(f"{self.job['_process']['at_walltime']}\n")
            self.end(-29, "and exceeded resource walltime")
        if now > self.kill_at or (self.accident_s is not None and self.has_used(self.accident_s)):
            self.signal(signal.SIGKILL)
        top = self.process.poll()
        if top is None or (self.code is not None and any(self.processes())):
            return None
        shutil.rmtree(self.temporary, ignore_errors=True)
        if self.code is not None:
            return self.code
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)  # what outlives the shell goes with it
        return top if top >= 0 else 256 - top

    def watch_parts(self, accident_s: Callable[[str], float | None], is_over: bool) -> bool:
        """Note what a job that others share runs, and let those have accidents too.

        Each is a process group of the session. Some must be killed, as by the kernel, before they
        can say how they ended: within a part of the CPU time that Snakemake takes to start, which
        is not long where tests fork it from a Python that has loaded it.

        Returns whether anything is new.
        """
        if self.job["Job_Name"] != "shared" or (time.monotonic() < self.look_at and not is_over):
            return False
        self.look_at = time.monotonic() + 0.1
        groups: dict[int, float] = defaultdict(float)
        for _, fields in [] if is_over else list(self.stats()):
            groups[int(fields[2])] += sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
        parts, before = self.job.setdefault("_parts", {}), json.dumps(self.job["_parts"])
        for group in groups.keys() - self.groups.keys() - {self.process.pid}:
            if found := part_of(group):
                part, work, rule = found
                self.groups[group] = part
                parts[part] = {"work": work, "rule": rule, "start": time.time(), "kill_s": None}
                if (after_s := accident_s(rule)) is not None:
                    parts[part]["kill_s"] = after_s * KILLED_EARLY
        for group, part in self.groups.items():
            if group not in groups and "end" not in parts[part]:
                parts[part]["end"] = time.time()
            kill_s = parts[part]["kill_s"]
            if kill_s is not None and "killed" not in parts[part] and groups[group] > kill_s:
                parts[part]["killed"] = True
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(group, signal.SIGKILL)
        return json.dumps(parts) != before

    def end(self, code: int, reason: str) -> None:
        """SIGTERM for all processes of the job now, SIGKILL after a while."""
        if self.code is None:
            self.code, self.reason = code, reason
            self.kill_at = time.monotonic() + self.have["kill_delay_s"]
            self.signal(signal.SIGTERM)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to all processes: to children before their parents, as PBS does.

        A parent may thus have seen its child die before it is asked to end itself.
        """
        parents = {process: int(fields[1]) for process, fields in self.stats()}

        def depth(process: int) -> int:
            return 1 + depth(parents[process]) if process in parents else 0

        for process in sorted(parents, key=depth, reverse=True):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, number)
            if number == signal.SIGTERM:
                time.sleep(0.02)

    def processes(self) -> Iterable[int]:
        """All living processes of the session."""
        return (number for number, _ in self.stats())

    def has_used(self, cpu_s: float) -> bool:
        """Whether the processes of the session, and those that they waited for, took so long.

        Asked often, it looks ten times a second.
        """
        if time.monotonic() < self.ask_at:
            return False
        self.ask_at = time.monotonic() + 0.1
        ticks = sum(sum(map(int, fields[11:15])) for _, fields in self.stats())
        return ticks / os.sysconf("SC_CLK_TCK") > cpu_s

    def stats(self) -> Iterable[tuple[int, list[str]]]:
        """Process number, and what /proc says of it after its name, of those that live.

        A fork of Python (`python_server.py`), and what it starts, belong to the session and the group
        of the process that it is called after, as if that were its parent.
        """
        names: dict[int, str] = {}
        lines: dict[int, list[str]] = {}
        for name in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208 (often, of hundreds)
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat") as stream:  # noqa: PTH123
                head, _, rest = stream.read().rpartition(")")
                names[int(name)], lines[int(name)] = head.partition("(")[2], rest.split()
        for number, fields in lines.items():
            first = int(fields[3])
            while names.get(first, "").startswith("for "):
                asking = int(names[first].removeprefix("for "))
                if asking not in lines:
                    break
                if number == first:
                    fields[1] = str(asking)
                fields[2:4] = lines[asking][2:4]
                first = int(fields[3])
            if first == self.process.pid and fields[0] != "Z":
                yield number, fields
