"""What an importer returns: shapes that one annotator drew on one picture, whatever the tool."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

#: Codes up to which it is quicker to look for each of them than to count all.
FEW = 4


class Axes(NamedTuple):
    """Latitudes of a picture's rows and longitudes of its columns, where the file has them."""

    lat: NDArray[np.float64]
    lon: NDArray[np.float64]


class Dropped(NamedTuple):
    """Something that is not imported. reason: as the check of labels counts it."""

    reason: str
    detail: str


@dataclass(frozen=True)
class Shape:
    """One shape, or all that a layer holds of a class.

    words: what the tool calls its class, the most exact first. cells: a function that returns the
    pixels it covers, (height, width). confidence: a word of the tool, or 0 … 1.
    """

    words: tuple[str, ...]
    cells: Callable[[], Mask]
    confidence: str | float | None = None


@dataclass(frozen=True)
class Annotation:
    """What one annotator drew on one picture; no shapes: they saw none.

    where: file and place in it, for messages. key: the picture's name, or its number, by which
    its time is looked up. time: where the file itself says so. size: (height, width) of the
    picture, in pixels. axes: where they are on Earth, if the file says so. layer: the only one it
    is about, where a file holds no other. proposed: shapes that a network drew and they let stand.
    is_on_grid: the pixels are the cells of the labels' own grid. seen: the pixels that were looked
    at; all others, and what lies off the picture, are then ignored. None: everything was.
    """

    where: str
    key: str
    annotator: str
    size: tuple[int, int]
    shapes: Sequence[Shape] = ()
    dropped: Sequence[Dropped] = ()
    time: str | None = None
    axes: Axes | None = None
    layer: str | None = None
    proposed: int = 0
    is_on_grid: bool = False
    seen: Mask | None = None


#: What an importer does with one file.
Annotations = Iterator[Annotation]


def layer_shapes(
    codes: NDArray[np.integer], words: Callable[[int], tuple[str, ...]]
) -> list[Shape]:
    """Return a shape for each code but 0 of a map, (height, width). words: of a code."""
    return [
        Shape(words(int(code)), partial(np.equal, codes, code)) for code in distinct(codes) if code
    ]


def distinct(codes: NDArray[np.integer]) -> Iterable[np.integer]:
    """Return the values of a map; of small whole numbers without sorting them."""
    if codes.dtype == np.bool_:
        return [np.int64(1)] if codes.any() else []
    least, most = int(codes.min(initial=0)), int(codes.max(initial=0))
    if least >= 0 and most <= FEW:
        return [np.int64(code) for code in range(most + 1) if (codes == code).any()]
    if least < 0 or most > 2**16:
        return np.asarray(np.unique(codes))
    return np.flatnonzero(np.bincount(codes.ravel(), minlength=1)[: most + 1])
