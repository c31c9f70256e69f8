"""Detections that need the samples of one folder, step by step with one reading of them.

A detection is a generator: it yields what it needs of the samples, is sent one batch after the
other, and returns when its mask file is complete. One alone is a list of one.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

import numpy as np

from stormtrace.detect.reading_ahead import Look, Pieces, read_ahead
from stormtrace.detect.shared_process import Client
from stormtrace.files import together
from stormtrace.formats.samples import Batch


@dataclass(frozen=True)
class Need:
    """What a detection reads, in batches of `size`; readers: processes for it, 0 for a thread."""

    look: Look
    size: int
    readers: int


Detecting = Generator[Need, Batch, None]


class Withdrawn(Exception):
    """Nobody wants the result any more."""


def detect_together(detections: Sequence[tuple[Client, Detecting]]) -> None:
    """Run detections that need the samples of one folder, each of which is read once.

    One that fails does not end the others; an exception that is no `Exception` (a signal to stop)
    does, and all save what they have.
    """
    going = [_Going(client, steps) for client, steps in detections]
    try:
        for one in going:
            one.start()
        readers = [one for one in going if one.need is not None]
        needs = [one.need for one in readers if one.need is not None]
        with closing(_pieces(needs)) as pieces:
            for piece in pieces:
                all_alike = [piece] * len(readers) if isinstance(piece, Exception) else piece
                for one, found in zip(readers, all_alike, strict=True):
                    one.take(found)
                if not any(one.is_going for one in readers):
                    break
        assert not any(one.is_going for one in going), "samples have ended before their masks"
    finally:
        for one in going:
            one.stop()


def _pieces(
    needs: Sequence[Need],
) -> Generator[Sequence[Batch | Exception | None] | Exception, None, None]:
    """Yield all pieces; last an exception, if reading failed for a reason that nobody foresaw."""
    if not needs:
        return
    pieces = Pieces.of([need.look for need in needs], max(need.size for need in needs))
    readers = max(need.readers for need in needs)
    try:
        if readers:
            from stormtrace.detect.reading_processes import read_in_processes

            yield from read_in_processes(pieces, readers)
        else:
            yield from read_ahead(pieces)
    except Exception as error:
        yield error


@dataclass
class _Going:
    """A detection under way; waiting: what was read for it and makes no batch yet."""

    client: Client
    steps: Detecting
    need: Need | None = None
    is_going: bool = True
    waiting: list[Batch] = field(default_factory=list)
    left: int = 0

    def start(self) -> None:
        """Prepare it: afterwards `need` says what it reads, if anything."""
        self._do(lambda: next(self.steps))
        if self.need is not None:
            self.left = len(self.need.look.paths)

    def take(self, found: Batch | Exception | None) -> None:
        """Work on what was read, as soon as it is a batch."""
        if not self.is_going or found is None:
            return
        if isinstance(found, Exception):
            self._do(lambda: self.steps.throw(found))
        else:
            self.waiting.append(found)
            self.left -= len(found.times)
            for batch in self._batches():
                self._do(lambda batch=batch: self.steps.send(batch))  # type: ignore[misc]
                if not self.is_going:
                    break

    def _batches(self) -> list[Batch]:
        """Return the batches that are complete: of the same samples, whatever the pieces are."""
        assert self.need is not None
        size, count = self.need.size, sum(len(one.times) for one in self.waiting)
        usable = count if self.left == 0 else count - count % size
        if not usable:
            return []
        whole = self.waiting[0]
        if len(self.waiting) > 1:
            whole = Batch(
                np.concatenate([one.values for one in self.waiting]),
                [moment for one in self.waiting for moment in one.times],
            )
        cuts = [slice(first, min(first + size, count)) for first in range(0, count, size)]
        cut = [Batch(whole.values[one], whole.times[one]) for one in cuts]
        complete = len([one for one in cuts if one.stop <= usable])
        self.waiting = cut[complete:]
        return cut[:complete]

    def _do(self, step: Callable[[], Need]) -> None:
        """Take a step; its file appears when it was the last."""
        try:
            with self.client.working(), together():
                try:
                    if not self.client.is_wanted():
                        self.steps.throw(Withdrawn())
                    self.need = step()
                except StopIteration:
                    self.is_going = False
        except Exception as error:
            self._end(error)
        else:
            if not self.is_going:
                self._end(None)

    def _end(self, error: Exception | None) -> None:
        self.is_going, self.waiting = False, []
        self.client.ended(error)

    def stop(self) -> None:
        """End it where it is: it saves what it has."""
        if self.is_going:
            self.is_going, self.waiting = False, []
            with self.client.working():
                self.steps.close()
