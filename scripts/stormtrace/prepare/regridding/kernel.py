"""The product of a regridding matrix and several fields at once.

A field at a time is bound by memory: every share is read for every field, and every source is
fetched alone. So eight fields are interleaved, and one fetch brings a source's eight values
(docs/decisions/regridding-kernel.md).
"""

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.compiled import compiled

Singles = NDArray[np.float32]

#: Fields at a time, as `_apply_eight` is written; eight float32 fill a vector register.
TOGETHER = 8

#: Targets whose eight values are collected before each field's go to their place.
RUN = 32


def apply_shares(
    indptr: NDArray,
    indices: NDArray,
    shares: Singles,
    values: NDArray[np.floating],
    out: Singles,
) -> None:
    """Write the product of a CSR matrix (n_b, n_a) and values (nt, n_a) to `out`, (nt, n_b)."""
    source = np.zeros((values.shape[1], TOGETHER), np.float32)
    ends, columns = (_unsigned(each) for each in (indptr, indices))
    with _vectorized():
        for first in range(0, len(values), TOGETHER):
            some = slice(first, first + TOGETHER)
            _interleave(values[some], source)
            _apply_eight(ends, columns, shares, source, out[some])


def _unsigned(index: NDArray) -> NDArray:
    """Return indices as unsigned: numba looks for negative ones otherwise."""
    return index.view(np.uint64 if index.dtype.itemsize == 8 else np.uint32)


@contextlib.contextmanager
def _vectorized() -> Iterator[None]:
    """Let LLVM join the eight sums of a kernel compiled here in one register."""
    import numba

    settings: Any = numba.config
    before, settings.SLP_VECTORIZE = settings.SLP_VECTORIZE, 1
    try:
        yield
    finally:
        settings.SLP_VECTORIZE = before


@compiled
def _interleave(values: NDArray[np.floating], source: Singles) -> None:
    """Write up to eight fields (nt, n) next to each other, (n, 8)."""
    for index in range(np.uint64(values.shape[1])):
        for field in range(np.uint64(values.shape[0])):
            source[index, field] = values[field, index]


@compiled
def _apply_eight(
    ends: NDArray, columns: NDArray, shares: Singles, source: Singles, out: Singles
) -> None:
    """Write the product with eight fields, (n_a, 8), to the rows there are in `out`, (nt, n_b)."""
    count = np.uint64(ends.size - 1)
    run = np.empty((RUN, TOGETHER), np.float32)
    for begin in range(np.uint64(0), count, np.uint64(RUN)):
        here = min(np.uint64(RUN), count - begin)
        for offset in range(here):
            a = b = c = d = e = f = g = h = np.float32(0)
            row = begin + offset
            for link in range(np.uint64(ends[row]), np.uint64(ends[row + np.uint64(1)])):
                share, value = shares[link], source[columns[link]]
                a += share * value[0]
                b += share * value[1]
                c += share * value[2]
                d += share * value[3]
                e += share * value[4]
                f += share * value[5]
                g += share * value[6]
                h += share * value[7]
            sums = run[offset]
            sums[0], sums[1], sums[2], sums[3] = a, b, c, d
            sums[4], sums[5], sums[6], sums[7] = e, f, g, h
        for field in range(np.uint64(out.shape[0])):
            target = out[field]
            for offset in range(here):
                target[begin + offset] = run[offset, field]
