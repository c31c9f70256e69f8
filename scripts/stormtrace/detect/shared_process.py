"""Processes that are started together on one node, of which one works for all.

A job of a scheduler may run several detections at once. torch, a GPU's context and a model are then
loaded once, and samples are read once for all detections that need them. The variable
STORMTRACE_TOGETHER names an empty folder on the node's own disk, STORMTRACE_TOGETHER_COUNT how many
processes come. Each posts what it asks for; the one that gets the lock leads and works for all,
while the others print what it reports of theirs, and end as they would have ended alone. If the
leader is gone the next one leads, and goes on from the checkpoints. Without the variable a process
works for itself.

Files in the folder, of each member by its name:

    leader             locked by the process that leads
    {name}.lock        locked by the process of the member as long as it lives
    {name}.json        what it asks for
    {name}.report      lines of JSON for its process: what to log, how far it is, how it ended
    {name}.withdrawn   its process was asked to stop
    {name}.alone       only its own process works on it: a leader died at it, or ran out of memory
    {name}.again       a leader died while it was one of several
    working            the members that the leader works for; it is there if the leader died
    current            the one of these whose turn it is
"""

import contextlib
import fcntl
import json
import logging
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stormtrace import memory
from stormtrace.commandline import Note, explanation
from stormtrace.errors import BadInput
from stormtrace.files import write_text

log = logging.getLogger("stormtrace")

FOLDER, COUNT = "STORMTRACE_TOGETHER", "STORMTRACE_TOGETHER_COUNT"

#: Seconds: the longest that a leader waits for all to come; between two looks; the longest that a
#: process which was asked to stop waits for the leader to save its work.
WAIT_S, LOOK_S, FAREWELL_S = 60.0, 0.2, 20.0


@dataclass(frozen=True)
class Asked:
    """What a process asks for.

    flags: of its command; reads: the folder that it reads, which others may read, too; alike: what
    those must have in common that one process works for; deadline: of `time.monotonic`.
    """

    flags: Sequence[str]
    reads: str
    alike: Sequence[str]
    deadline: float


class Client:
    """Whom the work is for: here, the process itself."""

    def working(self) -> contextlib.AbstractContextManager[object]:
        """Return a context for what is done for this one."""
        return contextlib.nullcontext()

    def is_wanted(self) -> bool:
        """Whether the work is to go on; a signal ends the whole process."""
        return True

    def ended(self, error: Exception | None) -> None:
        """Take notice of the end of the work; error: why it failed."""
        if error is not None:
            raise error


#: Does what is asked for by those that read one folder.
Work = Callable[[Sequence[tuple[Client, Asked, Note]]], None]


def share(asked: Asked, prepare: Callable[[], Work]) -> None:
    """Do what is asked for in this process, or in one that works for several.

    prepare: imports what the work needs, and returns what does it for those that read one folder.
    """
    place, count = os.environ.get(FOLDER), os.environ.get(COUNT, "1")
    if not place:
        prepare()([(Client(), asked, Note())])
        return
    if not count.isdecimal():
        raise BadInput(f"{COUNT} is the number of processes in {place}, not {count!r}")
    folder = Path(place)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    member = Member(folder, f"{time.time_ns()}-{os.getpid()}")
    with _lock(member.file("lock")) as own, _lock(folder / "leader") as leader:
        fcntl.flock(own, fcntl.LOCK_EX)
        write_text(member.file("json"), json.dumps(asdict(asked)), at_once=True)
        end = _Follower(member).wait(leader)
        if end is None:
            _Leader(member, int(count)).lead(prepare)
        elif end:
            sys.exit(end)


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[int]:
    """Yield a file to lock; at the end it is free, even if a process that was forked is not yet."""
    number = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield number
    finally:
        fcntl.flock(number, fcntl.LOCK_UN)
        os.close(number)


def _gets(lock: int) -> bool:
    """Whether this process has got a lock now."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@dataclass(frozen=True)
class Member:
    """A process in the folder."""

    folder: Path
    name: str

    def file(self, ending: str) -> Path:
        """Return the path of one of its files."""
        return self.folder / f"{self.name}.{ending}"

    def is_alive(self) -> bool:
        """Whether there is such a process, which was not asked to stop."""
        with _lock(self.file("lock")) as lock:
            return not (_gets(lock) or self.file("withdrawn").exists())

    def report(self, **line: Any) -> None:
        """Append a line for its process."""
        with self.file("report").open("ab", buffering=0) as stream:
            stream.write(json.dumps(line).encode() + b"\n")

    def reported(self, after: int = 0) -> tuple[list[dict[str, Any]], int]:
        """Return the lines behind so many bytes, and where they end."""
        try:
            with self.file("report").open("rb") as stream:
                stream.seek(after)
                lines = stream.read().split(b"\n")[:-1]
        except FileNotFoundError:
            return [], after
        return [json.loads(line) for line in lines], after + sum(len(line) + 1 for line in lines)


def _worked_for(folder: Path) -> list[str]:
    """Return the names of those that the leader works for."""
    try:
        return (folder / "working").read_text(encoding="utf-8").split()
    except FileNotFoundError:
        return []


class _Follower:
    """A process that another one works for."""

    def __init__(self, member: Member) -> None:
        self._member, self._note, self._read = member, Note(), 0

    def wait(self, leader: int) -> str | None:
        """Return the sentence to end with, "" if all is well; None: this process is to lead."""
        try:
            while True:
                leads = _gets(leader)
                if (end := self._relay()) is not None or leads:
                    return end
                time.sleep(LOOK_S)
        except BaseException:
            self._withdraw(leader)
            raise

    def _relay(self) -> str | None:
        """Log what was reported; return how the work ended, if it has."""
        lines, self._read = self._member.reported(self._read)
        end = None
        for line in lines:
            if "log" in line:
                log.log(line["level"], "%s", line["log"])
            if "note" in line:
                self._note.write(**line["note"])
            end = line.get("end", end)
        return end

    def _withdraw(self, leader: int) -> None:
        """Wait until the leader has saved what it has of the work, for a while."""
        self._member.file("withdrawn").touch()
        until = time.monotonic() + FAREWELL_S
        while self._member.name in _worked_for(self._member.folder) and time.monotonic() < until:
            if _gets(leader) or self._relay() is not None:
                return
            time.sleep(LOOK_S)


class _ReportedNote(Note):
    """The note of another process, which writes it itself."""

    def __init__(self, member: Member) -> None:
        super().__init__()
        self.path, self._member = None, member

    def write(self, **facts: Any) -> None:
        """Report `facts`."""
        self._member.report(note=facts)


class _Served(Client):
    """A member that the leader works for."""

    def __init__(self, leader: "_Leader", member: Member, asked: Asked) -> None:
        self.leader, self.member, self.asked = leader, member, asked
        self.is_own = member == leader.own
        self.note = Note() if self.is_own else _ReportedNote(member)

    def working(self) -> contextlib.AbstractContextManager[object]:
        """Return a context in which all that is logged is for its process."""
        return self.leader.turn_of(self)

    def is_wanted(self) -> bool:
        """Whether its process is alive, and was not asked to stop."""
        return self.is_own or self.member.is_alive()

    def ended(self, error: Exception | None) -> None:
        """Report the end of its work to its process."""
        if error is not None and memory.is_used_up(error) and self.leader.is_in_company():
            self.say("memory was used up in company: the process goes on by itself")
            self.member.file("alone").touch()
        elif self.is_own:
            self.leader.error = error
        elif error is None:
            self.member.report(end="")
        else:
            trace = "".join(traceback.format_exception(error)).rstrip()
            self.member.report(end=explanation(error) or trace)

    def say(self, sentence: str) -> None:
        """Log a warning of its process."""
        with self.working():
            log.warning("%s", sentence)


class _Leader(logging.Handler):
    """The process that works for all, and hands what is logged to the one it is for."""

    def __init__(self, own: Member, count: int) -> None:
        super().__init__()
        self.own, self.folder, self.count = own, own.folder, count
        self.error: Exception | None = None
        self._tried: set[tuple[str, bool]] = set()
        self._group: list[_Served] = []
        self._turn: _Served | None = None
        self._handlers = logging.getLogger().handlers

    def lead(self, prepare: Callable[[], Work]) -> None:
        """Work for all that are there, for this process last."""
        root = logging.getLogger()
        root.handlers = [self]
        try:
            self._blame()
            self._wait()
            work = prepare()
            while self._choose():
                work([(one, one.asked, one.note) for one in self._group])
        finally:
            root.handlers = self._handlers
            (self.folder / "working").unlink(missing_ok=True)
        if self.error is not None:
            raise self.error

    def emit(self, record: logging.LogRecord) -> None:
        """Report a line to the process whose turn it is, or log it here."""
        if self._turn is None or self._turn.is_own:
            for handler in self._handlers:
                handler.handle(record)
        else:
            self._turn.member.report(log=record.getMessage(), level=record.levelno)

    @contextlib.contextmanager
    def turn_of(self, served: _Served) -> Iterator[None]:
        """Let it be known, also to the next leader, for whom this one works."""
        self._turn = served
        write = (self.folder / "current").write_text
        write(served.member.name)
        try:
            yield
        finally:
            self._turn = None
            write("")

    def is_in_company(self) -> bool:
        """Whether it works for several at once."""
        return len(self._group) > 1

    def _members(self) -> dict[Member, Asked]:
        """Return all that have come, in this order, and what they ask for."""
        files = sorted(self.folder.glob("[0-9]*.json"))
        return {
            Member(self.folder, file.stem): Asked(**json.loads(file.read_text(encoding="utf-8")))
            for file in files
        }

    def _wait(self) -> None:
        """Wait until all have come, for a while; not if one has gone."""
        until = time.monotonic() + WAIT_S
        while len(there := self._members()) < self.count and time.monotonic() < until:
            if not all(member.is_alive() for member in there):
                break
            time.sleep(LOOK_S)

    def _blame(self) -> None:
        """Leave the one at which a leader died to its own process.

        If a second leader has died of several, that goes for all of them.
        """
        names, current = _worked_for(self.folder), self.folder / "current"
        turn = current.read_text(encoding="utf-8") if names and current.exists() else ""
        for member, asked in self._members().items():
            if member.name not in names:
                continue
            if member.name == turn or member.file("again").exists():
                member.file("alone").touch()
                said = "the process that worked for this one was killed: it goes on by itself"
                _Served(self, member, asked).say(said)
            member.file("again").touch()

    def _choose(self) -> bool:
        """Choose whom to work for next, those that read one folder; return whether there is one."""
        there = self._members()
        groups: dict[str, list[_Served]] = {}
        for member, asked in there.items():
            alone = member.file("alone").exists()
            if (member.name, alone) in self._tried or asked.alike != there[self.own].alike:
                continue
            if member == self.own or not (alone or self._has_gone(member)):
                served = _Served(self, member, asked)
                groups.setdefault("" if alone else asked.reads, []).append(served)
        others = (group for group in groups.values() if not any(one.is_own for one in group))
        self._group = next(others, next(iter(groups.values()), []))
        self._tried |= {(one.member.name, one.member.file("alone").exists()) for one in self._group}
        names = [one.member.name for one in self._group]
        write_text(self.folder / "working", "\n".join(names), at_once=True)
        return bool(names)

    def _has_gone(self, member: Member) -> bool:
        ended = any("end" in line for line in member.reported()[0])
        return ended or not member.is_alive()
