"""Signals that ask a job to stop, also where a library swallows the exception.

Until `handle_sigterm` is called, a script imports and has made nothing: SIGTERM ends it at once.
"""

import contextlib
import signal
import sys
from collections.abc import Iterator
from types import FrameType

#: Seconds after which a stop is raised again if a library has swallowed it.
AGAIN_S = 0.5

#: Signals to stop that have arrived so far.
_received: list[int] = []

#: Blocks that no stop may end halfway, which are being run.
_undisturbed: list[None] = []


def handle_sigterm() -> None:
    """Turn SIGTERM (PBS at walltime, Snakemake when it stops) into SystemExit."""
    signal.signal(signal.SIGALRM, _stop)
    signal.signal(signal.SIGTERM, _stop)


def rest() -> None:
    """Raise no stop again: the job is over."""
    signal.setitimer(signal.ITIMER_REAL, 0)


def _stop(signum: int, frame: FrameType | None) -> None:
    """Raise SystemExit, and again after a while, but never into the tidying up that it started.

    A library may swallow it: in a bare `except:`, while it is imported, in a callback. Nothing is
    raised into a block that is `undisturbed`.
    """
    if signum == signal.SIGTERM:
        _received.append(signum)
    signal.setitimer(signal.ITIMER_REAL, AGAIN_S)
    if not _is_stopping() and not _undisturbed:
        raise SystemExit(128 + signal.SIGTERM)


def _is_stopping() -> bool:
    """Whether a SystemExit is on its way out through `except` and `finally`."""
    error = sys.exception()
    while error is not None and not isinstance(error, SystemExit):
        error = error.__context__
    return error is not None


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Let a stop that arrives inside the block wait for its end."""
    _undisturbed.append(None)
    try:
        yield
    finally:
        _undisturbed.pop()


def stops() -> int:
    """Return how many signals to stop have arrived."""
    return len(_received)


def heed_stop(before: int = 0) -> None:
    """Raise SystemExit again if signals to stop have arrived beyond those `before`.

    The first may have been swallowed by a library (netCDF4 has several bare `except:`), leaving
    half-written whatever was being written, and the next is not due yet.
    """
    if stops() > before:
        raise SystemExit(128 + _received[-1])
