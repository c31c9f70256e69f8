#!/usr/bin/env python3
"""Run on a node the jobs that share one of the scheduler's: the parts that wait in `shared.py`.

    shared_job.py STATE NUMBER KIND CPUS MEMORY_MB MINUTES LINGER_S

One part after another; up to four at once that read the same samples, with STORMTRACE_TOGETHER, a
fresh folder on the node's disk, and STORMTRACE_TOGETHER_COUNT, how many they are. Each is taken by
being renamed, runs by its own job script in a process group of its own, and has left the marker of
its end before it is put away. It ends when no part has come for a while; and after SIGTERM, which
the scheduler sends to all its processes, when the parts at work have ended.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from typing import Any, Dict, List

import request
from jobs import names, read, write_json
from parts import Part, fits, part_of
from shared import MARGIN_MINUTES, UNASKED_S

LOOK_S = 0.5
"""Between two looks at what waits, what has ended and what is unwanted."""

GATHER_S = 3.0
"""So long after a part that may run with others, others are waited for."""

END_S = 60
"""Of the walltime, what no part may use."""

KILL_S = 30
"""After SIGTERM a part that is unwanted has so long to save its work."""


class Running:
    """A part at work."""

    def __init__(self, part: Part, process: "subprocess.Popen[bytes]") -> None:
        self.part, self.process = part, process
        self.unwanted_since = 0.0

    def signal(self, what: int) -> None:
        """Send a signal to all processes of the part."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, what)


class SharedJob:
    """The loop of one shared job."""

    def __init__(self, words: List[str]) -> None:
        self.state, self.number, self.kind = words[:3]
        cpus, memory_mb, minutes = map(int, words[3:6])
        self.linger_s = float(words[6])
        self.deadline = time.time() + 60 * (minutes + MARGIN_MINUTES) - END_S
        job = os.environ.get("SLURM_JOB_ID") or os.environ.get("PBS_JOBID") or self.number
        self.facts = {
            "job": job,
            "kind": self.kind,
            "cpus": cpus,
            "memory_mb": memory_mb,
            "minutes": minutes,
            "deadline": self.deadline,
            "took": 0,
            "closed": False,
        }  # type: Dict[str, Any]
        self.running = []  # type: List[Running]
        self.seen = {}  # type: Dict[str, float]
        self.properties = {}  # type: Dict[str, request.Properties]
        self.together = ""
        self.last_input = None
        self.stopped = False

    def run(self) -> int:
        """Take parts and run them until there are none, or no time is left."""
        signal.signal(signal.SIGTERM, self.stop)
        self.write()
        idle_since = time.time()
        while True:
            self.put_away()
            self.end_unwanted()
            if self.running:
                idle_since = time.time()
            elif self.stopped:
                self.write(closed=True)
                return 128 + signal.SIGTERM
            elif self.start(self.choose(GATHER_S)):
                continue
            elif time.time() - idle_since > self.linger_s + GATHER_S:
                # Whoever submits now knows that another is needed; who did before is served.
                self.write(closed=True)
                if not self.start(self.choose(0)):
                    return 0
                self.write(closed=False)
            time.sleep(LOOK_S)

    def stop(self, *_: object) -> None:
        """Take no more parts."""
        self.stopped = True

    def write(self, **facts: Any) -> None:
        """Note for `shared.py` what has become of this job; without a note it runs all the same."""
        self.facts.update(facts)
        with contextlib.suppress(OSError):
            write_json(self.path("at_work", self.number), self.facts)

    def choose(self, gather_s: float) -> List[Part]:
        """Return the parts to run next, at once: the oldest, and those that read the same.

        Those that read what the last ones read come first, since the node may still hold it. Of
        a few, the last of which was seen less than `gather_s` ago, none yet: more may come.
        """
        if self.stopped:
            return []
        minutes = (self.deadline - time.time()) / 60
        found = [part for part in map(part_of, names(self.path("waiting"))) if part]
        waiting = [
            part
            for part in sorted(found, key=lambda one: one.time)
            if part.kind == self.kind and fits(part, self.facts, minutes) and self.is_asked(part)
        ]
        if not waiting:
            return []
        again = [
            one for one in waiting if self.last_input and self.input_of(one) == self.last_input
        ]
        first = (again or waiting)[0]
        if not self.input_of(first):
            return [first]
        most = min(first.most, self.facts["memory_mb"] // first.memory_mb)
        like = [first]
        for part in waiting:
            if len(like) < most and self.goes_with(part, like):
                like.append(part)
        youngest = max(self.seen.setdefault(part.id, time.time()) for part in like)
        return like if len(like) == most or time.time() - youngest >= gather_s else []

    def goes_with(self, part: Part, others: List[Part]) -> bool:
        """Whether a part is of the same rule and reads the same, and makes other files."""
        mine = self.properties_of(part)
        theirs = [self.properties_of(one) for one in others]
        return (
            self.input_of(part) == self.input_of(others[0])
            and mine.get("rule") == theirs[0].get("rule")
            and request.identity(mine) not in map(request.identity, theirs)
        )

    def is_asked(self, part: Part) -> bool:
        """Whether a Snakemake has asked for a part lately."""
        with contextlib.suppress(OSError):
            return time.time() - os.stat(self.path("waiting", part.id)).st_mtime < UNASKED_S
        return False

    def input_of(self, part: Part) -> Any:
        """Return what a part reads that others read too."""
        return self.properties_of(part).get("resources", {}).get("shared_input") or None

    def properties_of(self, part: Part) -> request.Properties:
        """Return what the job script of a part says of it; nothing if it cannot be read."""
        if part.id not in self.properties:
            try:
                self.properties[part.id] = request.properties_of(self.path("waiting", part.id))
            except (OSError, ValueError, request.Refused):
                self.properties[part.id] = {}
        return self.properties[part.id]

    def start(self, parts: List[Part]) -> bool:
        """Take parts and start them; return whether there was any that nobody else had taken."""
        taken = [part for part in parts if self.take(part)]
        if not taken:
            return False
        self.write(took=self.facts["took"] + len(taken))
        self.last_input = self.input_of(taken[0])
        environment = dict(os.environ)
        if len(taken) > 1:
            self.together = tempfile.mkdtemp(prefix="together-")
            count = str(len(taken))
            environment.update(STORMTRACE_TOGETHER=self.together, STORMTRACE_TOGETHER_COUNT=count)
        self.running = [self.started(part, environment) for part in taken]
        return True

    def take(self, part: Part) -> bool:
        """Take a part, unless another shared job was faster."""
        try:
            os.makedirs(self.path("taken"), exist_ok=True)
            os.rename(self.path("waiting", part.id), self.taken(part))
        except OSError:
            return os.path.exists(self.taken(part))  # over NFS the answer may get lost
        return True

    def started(self, part: Part, environment: Dict[str, str]) -> Running:
        """Start the job script of a part, with a log of its own."""
        properties = self.properties_of(part)
        identity = request.identity(properties) if properties else part.id
        environment = dict(environment, STORMTRACE_PART=part.id, STORMTRACE_JOB=identity)
        rule = request.rule_of(properties)
        log = os.path.join(request.log_folder(os.path.basename(self.state), rule), f"{part.id}.log")
        print(f"{time.strftime('%H:%M:%S')} {part.id}: {request.name(properties)}", flush=True)
        with contextlib.ExitStack() as stack:
            stream = None  # our own log, if the part can have none
            with contextlib.suppress(OSError):
                stream = stack.enter_context(open(log, "ab"))
            process = subprocess.Popen(
                ["/bin/bash", "-l", self.taken(part)],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                env=environment,
                # A group, and no session: by that the scheduler knows what belongs to the job.
                preexec_fn=os.setpgrp,
            )
        return Running(part, process)

    def put_away(self) -> None:
        """Put away the parts that have ended and left a marker, or leave it for them."""
        for one in list(self.running):
            code = one.process.poll()
            if code is None:
                continue
            one.signal(signal.SIGKILL)  # what outlives the shell goes with it
            marker = os.path.join(self.state, "ended", one.part.id)
            if not read(marker):
                # Killed, or the disk was full: the marker is tried until it is there.
                try:
                    write_json(marker, code if code >= 0 else 128 - code)
                except OSError:
                    continue
            self.running.remove(one)
            for path in (self.taken(one.part), self.path("unwanted", one.part.id)):
                with contextlib.suppress(OSError):
                    os.remove(path)
            print(f"{time.strftime('%H:%M:%S')} {one.part.id}: ended with {code}", flush=True)
        if self.together and not self.running:
            shutil.rmtree(self.together, ignore_errors=True)
            self.together = ""

    def end_unwanted(self) -> None:
        """End the parts that are no longer wanted."""
        unwanted = names(self.path("unwanted")) if self.running else []
        for one in self.running:
            if one.part.id in unwanted and not one.unwanted_since:
                one.unwanted_since = time.time()
                one.signal(signal.SIGTERM)
            elif one.unwanted_since and time.time() - one.unwanted_since > KILL_S:
                one.signal(signal.SIGKILL)

    def taken(self, part: Part) -> str:
        """Return where a part's job script is when it is ours."""
        return self.path("taken", f"{part.id}.{self.number}")

    def path(self, *words: str) -> str:
        """Return a path below the folder of `shared.py`."""
        return os.path.join(self.state, "shared", *words)


if __name__ == "__main__":
    sys.exit(SharedJob(sys.argv[1:]).run())
