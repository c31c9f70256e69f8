"""What all scripts share: how they start, log, fail and stop."""

import argparse
import errno
import gc
import json
import logging
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from stormtrace import memory
from stormtrace.absent import Later, defer, is_script, quicken
from stormtrace.errors import BadInput, OutOfTime
from stormtrace.files import together
from stormtrace.signals import handle_sigterm, heed_stop, rest

if is_script():
    gc.disable()  # until `run`: to look for it among what is imported is a tenth of a short job
quicken("numpy", f2py=Later("numpy.f2py"), testing=Later("numpy.testing"))
quicken("numba")
quicken("torch")
defer("torch._meta_registrations")
defer("torch._dynamo", disable=lambda function, *_, **__: function, graph_break=lambda: None)

Item = TypeVar("Item")
log = logging.getLogger("stormtrace")

#: Variables that have the id of the scheduler's job: one of several that share a job has its own.
JOB_IDS = ("STORMTRACE_PART", "PBS_JOBID", "SLURM_JOB_ID")

#: Between two lines of a log, and two notes for `scripts/status.py`.
LOG_EVERY_S, NOTE_EVERY_S = 10, 3

STARTED = time.time()


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser that shows the script's docstring as it was written, example included."""
    return argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def from_json(text: str) -> Any:
    """Parse a flag whose value is a block of the study's YAML (`type=from_json`).

    text: JSON, or @ and the path of a file that holds it.
    """
    where, content = repr(text), text
    try:
        if text.startswith("@"):
            where, content = text[1:], Path(text[1:]).read_text(encoding="utf-8")
        return json.loads(content)
    except json.JSONDecodeError as error:
        raise argparse.ArgumentTypeError(f"not JSON ({error}): {where}") from error
    except OSError as error:
        raise argparse.ArgumentTypeError(f"cannot read {where}: {error.strerror}") from error


def add_classes(parser: argparse.ArgumentParser) -> None:
    """Add the flag `--classes`, the study's table of classes."""
    parser.add_argument(
        "--classes",
        type=from_json,
        default={},
        help="names, short names and colours of classes, the study's `classes:`, JSON or @file",
    )


def add_periods(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the flag `--period START END`, which may be given again. what: its help."""
    parser.add_argument(
        "--period", nargs=2, action="append", default=[], metavar=("START", "END"), help=what
    )


def add_mask_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that every script shares that writes one year of masks."""
    parser.add_argument("--output", type=Path, required=True, help="mask file")
    for name in ("experiment", "dataset", "grid"):
        parser.add_argument(f"--{name}", required=True, help="written into the file")
    parser.add_argument("--year", type=int, required=True, help="year that the samples are of")
    add_periods(
        parser, "only samples from START to before END, of all in the folder (repeatable, in order)"
    )
    parser.add_argument(
        "--missing-steps",
        choices=("refuse", "skip"),
        help="whether steps of --period may have no sample (default: do not check)",
    )
    add_classes(parser)


def add_adjust_flag(parser: argparse.ArgumentParser) -> None:
    """Add the flag `--adjust` of the scripts whose detectors read samples."""
    parser.add_argument(
        "--adjust",
        nargs=3,
        action="append",
        default=[],
        metavar=("FIELD", "OWN", "TO"),
        help="give FIELD, of climatology OWN, the climatology TO before detection: files of"
        " compute_zonal_climatology.py (repeatable)",
    )


def positive(text: str) -> int:
    """Parse a flag that counts something: 1 or more (`type=positive`)."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 on, not {text}")
    return int(text)


def run(main: Callable[[], None]) -> NoReturn:
    """Run a script's `main` and exit: 0, or 1 with one sentence for a person to read.

    What it writes appears when it has succeeded: its outputs are all there, or none is. SIGTERM
    (PBS at walltime, Snakemake when it stops) becomes SystemExit, so that half-written files are
    removed on the way out.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines("%(asctime)s %(message)s", datefmt="%H:%M:%S"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    handle_sigterm()
    gc.freeze()
    gc.enable()
    note = Note()
    if killed := note.of_killed():
        log.warning("the attempt before was killed: %s", memory.more(killed.get("memory")))
    note.write()
    try:
        with together():
            main()
            sys.stdout.flush()
    except Exception as error:
        if isinstance(error, BrokenPipeError) and _reader_has_left():
            sys.exit(128 + signal.SIGPIPE)
        if (sentence := explanation(error)) is None:
            raise
        sys.exit(sentence)
    finally:
        rest()
        note.remove()
        gc.freeze()  # else Python looks for garbage as it ends: up to a fifth of a short job
    sys.exit(0)


def _reader_has_left() -> bool:
    """Whether nobody reads any more what is printed, as after `| head`; then no more is."""
    state = select.poll()
    state.register(sys.stdout, 0)
    if not any(event & select.POLLERR for _, event in state.poll(0)):
        return False
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return True


def explanation(error: Exception) -> str | None:
    """Return the sentence that a script ends with; None for what nobody foresaw."""
    if isinstance(error, BadInput):
        return f"error: {error}"
    if isinstance(error, OutOfTime):
        return f"out of time: {error}; started again, the job goes on from there"
    if isinstance(error, OSError):
        return f"error: {_explain(error)}"
    first = str(error).partition("\n")[0]
    if memory.is_used_up(error):
        return f"error: out of memory ({first}): {memory.more()}"
    if isinstance(error, RuntimeError) and memory.HELPER_KILLED.search(str(error)):
        return f"error: {first.rstrip('. ')}: {memory.killed()}"
    return None


class _Lines(logging.Formatter):
    """Lines of a log, of which `stormtrace.study.jobs` tells the warnings at the console."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line, a warning marked as such."""
        is_warning = record.levelno >= logging.WARNING
        return super().format(record).replace(" ", " warning: ", 1 if is_warning else 0)


class Note:
    """A file beside the job's log, there while the job runs, that `scripts/status.py` reads.

    It says when and where the job started, and how far it is. The rules say in STORMTRACE_LOG
    where the log is; without, there is none. No job fails for want of it.
    """

    def __init__(self) -> None:
        log_file = os.environ.get("STORMTRACE_LOG")
        self.path = Path(log_file).with_suffix(".progress.json") if log_file else None
        self.facts: dict[str, Any] = {
            "started": STARTED,
            "host": socket.gethostname(),
            "process": os.getpid(),
            "memory": memory.asked(),
            "job": next(filter(None, map(os.environ.get, JOB_IDS)), None),
        }

    def of_killed(self) -> dict[str, Any]:
        """Return the note of a killed attempt, which could not take it away, or nothing."""
        try:
            found = json.loads(self.path.read_text(encoding="utf-8")) if self.path else None
        except (OSError, ValueError):
            found = None
        if not isinstance(found, dict):
            return {}
        here = found.get("host") == self.facts["host"]
        return (
            {} if here and _is_alive(found.get("process")) else found
        )  # on several GPUs, a sibling

    def write(self, **facts: Any) -> None:
        """Add `facts` and write all of them, whole or not at all."""
        self.facts |= facts | {"time": time.time()}
        if self.path is not None:
            partial = self.path.with_suffix(".partial")
            with suppress(OSError):
                partial.write_text(json.dumps(self.facts), encoding="utf-8")
                partial.replace(self.path)

    def remove(self) -> None:
        """Take it away at the job's end."""
        if self.path is not None:
            with suppress(OSError):
                self.path.unlink(missing_ok=True)


class Pace:
    """How long the rest of a work takes, by the pace since its first step.

    The first step is not counted: it opens files, loads libraries and compiles.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self._first: tuple[float, int] | None = None

    def seconds_left(self, done: int) -> float | None:
        """Return the seconds that remain now that `done` are done; None after the first alone."""
        now = time.monotonic()
        if self._first is None:
            self._first = now, done
        start, already = self._first
        if done >= self.total:
            return 0.0
        return (now - start) / (done - already) * (self.total - done) if done > already else None


def duration(seconds: float) -> str:
    """Return a time for people: 40 s, 12 min, 3 h 20 min."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def left(seconds: float | None) -> str:
    """Return `, about 12 min left`, or nothing where nobody knows yet."""
    return "" if seconds is None else f", about {duration(seconds)} left"


class Progress:
    """How far a job is, for its `Note`.

    what: the unit that is counted. done: what an earlier attempt has done of `total`. note: that
    of another process, for which this one works.
    """

    def __init__(self, what: str, total: int, done: int = 0, note: Note | None = None) -> None:
        self.what, self.total, self.done = what, total, done
        self.seconds_left: float | None = None
        self._pace = Pace(total)
        self._start = self._noted = time.monotonic()
        self._note = note or Note()
        self._write_note()

    def advance(self, count: int = 1) -> None:
        """Count `count` more as done; raise SystemExit if the job was asked to stop meanwhile."""
        heed_stop()
        self.done += count
        self.seconds_left = self._pace.seconds_left(self.done)
        now = time.monotonic()
        if now - self._noted >= NOTE_EVERY_S or self.done >= self.total:
            self._noted = now
            self._write_note()

    def seconds(self) -> float:
        """Return the seconds that it has taken so far."""
        return time.monotonic() - self._start

    def _write_note(self) -> None:
        how_far = {"what": self.what, "done": self.done, "total": self.total}
        self._note.write(**how_far, seconds_left=self.seconds_left)


class LoggedProgress(Progress):
    """Progress that is also in the log, now and then."""

    _logged = 0.0

    def advance(self, count: int = 1) -> None:
        """Count `count` more as done, as `Progress` does."""
        super().advance(count)
        if self.seconds() - self._logged >= LOG_EVERY_S and self.done < self.total:
            self._logged = self.seconds()
            log.info("%s: %d of %d%s", self.what, self.done, self.total, left(self.seconds_left))

    def finish(self) -> None:
        """Log how long all took."""
        log.info("%s: %d in %.1f s", self.what, self.done, self.seconds())


def progress(
    items: Iterable[Item],
    what: str,
    total: int,
    *,
    done: int = 0,
    size: Callable[[Item], int] = lambda item: 1,
) -> Iterator[Item]:
    """Yield `items`, reporting how many are done in the log and to `Progress`.

    done: what an earlier attempt has done of `total`; size: how many an item stands for.
    """
    counter = LoggedProgress(what, total, done)
    for item in items:
        yield item
        counter.advance(size(item))
    counter.finish()


def _is_alive(process: Any) -> bool:
    """Whether there is a process of this number here."""
    try:
        os.kill(process, 0)
    except PermissionError:
        return True
    except (OSError, TypeError):
        return False
    return True


def _explain(error: OSError) -> str:
    advice = {
        errno.ENOSPC: "the disk is full: free some space and run again; nothing is half-written",
        errno.EDQUOT: "the quota is used up: free some space and run again",
        errno.EACCES: "no permission: choose a folder you may write to, or ask its owner",
        errno.ENOMEM: f"out of memory: {memory.more()}",
        errno.EROFS: "the file system is read-only: choose another folder",
        errno.EISDIR: "a folder is where the file belongs: move it away",
        errno.ENOTDIR: "a file is where a folder belongs: move it away",
        errno.EEXIST: "a file is where a folder belongs: move it away",
    }
    if error.errno == errno.EACCES and error.filename and Path(error.filename).exists():
        advice[errno.EACCES] = "no permission: ask the owner of it"
    place = f" ({error.filename})" if error.filename else ""
    return f"{error.strerror or error}{place}; {advice.get(error.errno or 0, 'see the log above')}"
