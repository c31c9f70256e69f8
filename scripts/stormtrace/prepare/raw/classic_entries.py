"""Large variables of classic netCDF files (CESM's), read from where they lie into an array.

The netCDF library reads them into buffers of its own and copies from there: twice the passes over
memory, of which two processes on one node have less each.
"""

import math
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.formats.classic import Place

Index = tuple[slice | int, ...]
Stored = Callable[[Index], NDArray]

#: Smaller pieces are left to the library.
LEAST_BYTES = 2**20


def read_entries(
    path: str, name: str, place: Place, shape: tuple[int, ...], dtype: np.dtype, otherwise: Stored
) -> Stored:
    """Return what reads a variable of floats at an index: native, neither scaled nor masked.

    place, shape, dtype: where it lies in the file, its lengths, and its type.
    otherwise: what reads pieces that are no run of bytes in each record, and small ones.
    """
    rest, own = math.prod(shape[2:]), Path(path).stat()

    def stored(index: Index) -> NDArray:
        runs = _runs(index, shape)
        if runs is None:
            return otherwise(index)
        records, part = runs
        values = np.empty((len(records), len(part), *shape[2:]), dtype.newbyteorder(">"))
        if values.nbytes < LEAST_BYTES:
            return otherwise(index)
        first = place.begin + part.start * rest * dtype.itemsize
        try:
            handle = os.open(path, os.O_RDONLY)
            try:
                if not os.path.samestat(os.fstat(handle), own):
                    raise OSError("another file has taken its place")
                for record, row in zip(records, values, strict=True):
                    _fill(row, handle, first + record * place.step)
            finally:
                os.close(handle)
        except OSError as error:
            raise BadInput(
                f"{path}: {name} cannot be read ({error}): the file is truncated, damaged or"
                " replaced; copy it again, or start again if another is there now"
            ) from error
        if not values.dtype.isnative:
            values = values.byteswap(inplace=True).view(dtype.newbyteorder("="))
        return values

    return stored


def _runs(index: Index, shape: tuple[int, ...]) -> tuple[range, range] | None:
    """Return the records and the entries of the second dimension of an index that takes all else.

    None: it is of another form.
    """
    if len(index) != len(shape) or len(shape) < 2:
        return None
    runs: list[range] = []
    for one, length in zip(index, shape, strict=True):
        if not isinstance(one, slice):
            return None
        run = range(length)[one]
        if run.step != 1 or (len(runs) >= 2 and len(run) != length):
            return None
        runs.append(run)
    return runs[0], runs[1]


def _fill(row: NDArray, handle: int, begin: int) -> None:
    """Fill an array with the bytes of a file from `begin` on; OSError if it ends before."""
    rest = row.reshape(-1).view(np.uint8).data
    while rest:
        count = os.preadv(handle, [rest], begin)
        if not count:
            raise OSError("it ends before the values do")
        rest, begin = rest[count:], begin + count
