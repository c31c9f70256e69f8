"""What all scripts share: how they start, log, fail and stop."""

import argparse
import errno
import json
import logging
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from types import FrameType
from typing import Any, NoReturn, TypeVar

from stormtrace.errors import BadInput

Item = TypeVar("Item")
log = logging.getLogger("stormtrace")


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser that shows the script's docstring as it was written, example included."""
    return argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def from_json(text: str) -> Any:
    """Parse a flag whose value is a block of the study's YAML, as JSON (`type=from_json`)."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise argparse.ArgumentTypeError(f"not JSON ({error}): {text!r}") from error


def run(main: Callable[[], None]) -> NoReturn:
    """Run a script's `main` and exit: 0, or 1 with one sentence for a person to read.

    SIGTERM (PBS at walltime, Snakemake when it stops) becomes SystemExit, so that half-written
    files are removed on the way out.
    """
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr
    )
    signal.signal(signal.SIGTERM, _stop)
    try:
        main()
    except BadInput as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        sys.exit(f"error: {_explain(error)}")
    sys.exit(0)


def progress(items: Iterable[Item], what: str, total: int, every_s: float = 10) -> Iterator[Item]:
    """Yield `items`, with a line in the log every `every_s` seconds and one at the end."""
    start = last = time.monotonic()
    done = 0
    for item in items:
        yield item
        done += 1
        now = time.monotonic()
        if now - last >= every_s and done < total:
            last = now
            left = (now - start) / done * (total - done)
            log.info("%s: %d of %d, about %.0f s left", what, done, total, left)
    log.info("%s: %d in %.1f s", what, done, time.monotonic() - start)


def _stop(signum: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + signum)


def _explain(error: OSError) -> str:
    advice = {
        errno.ENOSPC: "the disk is full: free some space and run again; nothing is half-written",
        errno.EDQUOT: "the quota is used up: free some space and run again",
        errno.EACCES: "no permission: choose a folder you may write to, or ask its owner",
        errno.EROFS: "the file system is read-only: choose another folder",
    }
    place = f" ({error.filename})" if error.filename else ""
    return f"{error.strerror or error}{place}; {advice.get(error.errno or 0, 'see the log above')}"
