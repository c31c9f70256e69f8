"""Counts of many years that a bootstrap draws from: on disk, those of some cells in memory."""

import os
import tempfile

import numpy as np
from numpy.typing import NDArray

from stormtrace.files import in_temporary_folder


class YearMaps:
    """Counts (year, *shape) of one side of a comparison, and what they are a share of.

    amounts (year,): such as steps. total: the sum over years, of `shape`; NaN in cells that are not
    known. The counts of each year are in a file without a name.
    """

    def __init__(self, shape: tuple[int, ...], amounts: NDArray[np.number]) -> None:
        self.amounts = amounts
        self.total = np.zeros(shape)
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115, closed with the object
        self._file.truncate(self._start(len(amounts)))

    def add(self, year: int, values: NDArray[np.integer | np.floating]) -> None:
        """Add counts, of the shape of a map or flat, to those of a year: its position.

        Raises:
            BadInput: the temporary folder is full.

        """
        self.total += values.reshape(self.total.shape)
        kept = self._read(year, 0, self.total.size) + values.ravel().astype(np.float32)
        needs = f"{len(self.amounts)} years need {self._start(len(self.amounts)) / 1e6:.3g} MB"
        with in_temporary_folder(f"maps of {needs} there, and several are there at a time"):
            self._write(kept, self._start(year))

    def at(self, cells: NDArray[np.integer]) -> NDArray[np.float32]:
        """Return the counts of some cells, in order, of all years: (year, cell)."""
        found = np.empty((len(self.amounts), len(cells)), np.float32)
        first, last = int(cells[0]), int(cells[-1])
        for year, values in enumerate(found):
            self._read(year, first, last + 1 - first).take(cells - first, out=values)
        return found

    def _write(self, values: NDArray[np.float32], start: int) -> None:
        left = values.data.cast("B")
        while left:  # on a disk that is nearly full a part is written, and no error is raised
            written = os.pwrite(self._file.fileno(), left, start)
            left, start = left[written:], start + written

    def _read(self, year: int, first: int, number: int) -> NDArray[np.float32]:
        values = np.empty(number, np.float32)
        os.preadv(self._file.fileno(), [values.data], self._start(year) + values.itemsize * first)
        return values

    def _start(self, year: int) -> int:
        return np.dtype(np.float32).itemsize * self.total.size * year
