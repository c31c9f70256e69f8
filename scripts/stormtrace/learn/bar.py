"""Progress within an epoch: a bar at a terminal, a line now and then in a log."""

import logging
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

from stormtrace.commandline import Pace, left

Item = TypeVar("Item")
log = logging.getLogger("stormtrace")

#: Between two lines of a log; a shorter epoch has its own line at its end.
LINE_EVERY_S = 60.0


def bar(items: Iterable[Item], title: str, total: int) -> Iterator[Item]:
    """Yield `items`, reporting on stderr the number done of `total` and the time left."""
    if sys.stderr.isatty():
        yield from tqdm(items, title, total, leave=False, dynamic_ncols=True, unit="step")
        return
    pace, last = Pace(total), time.monotonic()
    for done, item in enumerate(items, 1):
        yield item
        seconds_left, now = pace.seconds_left(done), time.monotonic()
        if now - last >= LINE_EVERY_S and done < total:
            last = now
            log.info("%s: step %d of %d%s", title, done, total, left(seconds_left))
