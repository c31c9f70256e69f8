"""Labels of each time and annotator, as annotations bring them in their own order.

Masks are kept compressed: ten thousand of 721 × 1440 cells take some 100 MB. So files are read in
their own order, while labelled samples are written in order of time.
"""

import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stormtrace.classes import IGNORED, Classes
from stormtrace.errors import BadInput
from stormtrace.grids import Grid

#: Rank of what nobody looked at, above those of all classes: parts of a labelling say so together.
UNSEEN = 255

#: Details of each reason that the record keeps.
MOST_DETAILS = 100


@dataclass
class Record:
    """What became of annotations. dropped: reason -> number; details: reason -> the first ones."""

    files: list[str] = field(default_factory=list)
    shapes: int = 0
    proposed: int = 0
    overlapping_cells: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    details: dict[str, list[str]] = field(default_factory=dict)

    def drop(self, reason: str, detail: str, number: int = 1) -> None:
        """Count something that is left out."""
        self.dropped[reason] += number
        kept = self.details.setdefault(reason, [])
        if len(kept) < MOST_DETAILS:
            kept.append(detail)


@dataclass(frozen=True)
class Labelling:
    """One annotator's labels of one time, compressed.

    ranks: of classes and UNSEEN, the highest wins.
    """

    ranks: bytes
    confidence: bytes | None
    parts: tuple["Part", ...]


class Part(NamedTuple):
    """An annotation that a labelling is of: where it stands, and the classes it is about."""

    where: str
    classes: frozenset[str]


class LabellingStore:
    """Labellings by time and annotator; what stands in several files is put together."""

    def __init__(self, grid: Grid, labels: Sequence[str], overlap: Sequence[str]) -> None:
        classes = Classes.of_labels(labels)
        first = [classes[name].code for name in overlap]
        order = [*first, *(code for code in classes.codes if code not in first)]
        ranked = [0, *order[::-1]]  # 0 is the background
        self.rank = {code: rank for rank, code in enumerate(ranked)}
        #: Rank -> code.
        self.codes = np.full(UNSEEN + 1, IGNORED, np.uint8)
        self.codes[: len(ranked)] = ranked
        self.grid, self.record = grid, Record()
        self.labellings: dict[tuple[str, str], Labelling] = {}

    def add(
        self,
        key: tuple[str, str],
        part: Part,
        ranks: NDArray[np.uint8],
        confidence: NDArray[np.uint8] | None,
    ) -> None:
        """Add what one annotation says of a time; `key`: time and annotator.

        Raises:
            BadInput: the annotator labelled the same class of that time before.

        """
        before = self.labellings.get(key)
        parts: tuple[Part, ...] = (part,)
        if before is not None:
            self._check_apart(key, part, before.parts)
            parts = (*before.parts, part)
            other, sure = self._opened(before)
            both = (ranks > 0) & (other > 0) & (ranks != other)
            both &= (ranks != UNSEEN) & (other != UNSEEN)
            self.record.overlapping_cells += int(both.sum())
            if confidence is not None or sure is not None:
                confidence, sure = (
                    np.full(self.grid.shape, 100, np.uint8) if one is None else one
                    for one in (confidence, sure)
                )
                confidence = np.where(ranks >= other, confidence, sure)
            ranks = np.maximum(ranks, other)
        packed = None if confidence is None else zlib.compress(confidence.tobytes(), 1)
        self.labellings[key] = Labelling(zlib.compress(ranks.tobytes(), 1), packed, parts)

    @staticmethod
    def _check_apart(key: tuple[str, str], part: Part, before: Iterable[Part]) -> None:
        for other in before:
            if both := part.classes & other.classes:
                who = repr(key[1]) if key[1] else "an annotator that no file names"
                raise BadInput(
                    f"{key[0]} was labelled twice by {who}, {', '.join(sorted(both))} in "
                    f"{other.where} and in {part.where}: say `annotator` (or {{annotator}} in the "
                    "pattern) if they are two, or leave one file out of `files`"
                )

    def read(self, key: tuple[str, str]) -> tuple[NDArray[np.uint8], NDArray[np.float32] | None]:
        """Return class codes and, where something was said of it, confidence 0 … 1.

        The code is IGNORED where nobody looked.
        """
        ranks, confidence = self._opened(self.labellings[key])
        share = None if confidence is None else confidence.astype(np.float32) / np.float32(100)
        return self.codes[ranks], share

    def _opened(self, one: Labelling) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
        ranks, sure = (
            None
            if packed is None
            else np.frombuffer(zlib.decompress(packed), np.uint8).reshape(self.grid.shape)
            for packed in (one.ranks, one.confidence)
        )
        assert ranks is not None
        return ranks, sure
