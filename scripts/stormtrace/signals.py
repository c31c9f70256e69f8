"""Signals that ask a job to stop, also where a library swallows the exception."""

import signal
from types import FrameType
from typing import NoReturn

#: Signals to stop that have arrived so far.
_received: list[int] = []


def handle_sigterm() -> None:
    """Turn SIGTERM (PBS at walltime, Snakemake when it stops) into SystemExit."""
    signal.signal(signal.SIGTERM, _stop)


def _stop(signum: int, frame: FrameType | None) -> NoReturn:
    _received.append(signum)
    raise SystemExit(128 + signum)


def stops() -> int:
    """Return how many signals to stop have arrived."""
    return len(_received)


def heed_stop(before: int = 0) -> None:
    """Raise SystemExit again if signals to stop have arrived beyond those `before`.

    The first may have been raised inside a bare `except:` of a library (netCDF4 has several) and
    swallowed there, leaving half-written whatever was being written.
    """
    if stops() > before:
        raise SystemExit(128 + _received[-1])
