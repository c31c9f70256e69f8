"""Percentiles of fields of samples, by cell and month: exact, in a bounded amount of memory.

A month's samples of all years are read once; what does not fit into memory waits in a file. The
percentile is the linear interpolation between the two nearest samples (numpy's default).
"""

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stormtrace.commandline import progress
from stormtrace.errors import BadInput
from stormtrace.formats.percentile_maps import MONTHS, PercentileMaps
from stormtrace.formats.samples import SampleFolder, open_folder, stamp_of
from stormtrace.grids import Grid

#: Bytes of a month's samples that are kept in memory, and of a block of rows.
MEMORY_BYTES, BLOCK_BYTES = 512 * 2**20, 128 * 2**20

Member = tuple[SampleFolder, Path]


def fit_percentiles(
    folders: Iterable[Path], dataset: str, field: str, percentile: float, scratch: Path
) -> tuple[Grid, PercentileMaps]:
    """Return the grid, and the percentile of a field in each month of some years of samples.

    dataset: the samples' name; scratch: a folder for what does not fit into memory.

    Raises:
        BadInput: there are no samples, or they are damaged or on several grids.

    """
    months, grid = _by_month(folders, field)
    values = np.full((MONTHS, *grid.shape), np.nan, np.float32)
    steps = np.array([len(members) for members in months], np.int32)
    for index in progress(np.flatnonzero(steps), "months", int(np.count_nonzero(steps))):
        with tempfile.TemporaryDirectory(dir=scratch) as folder:
            stack = _stack(months[index], grid, Path(folder) / "month")
            for rows in _blocks(stack):
                part = np.array(stack[:, rows])
                found = np.percentile(part, percentile, axis=0, overwrite_input=True)
                values[index, rows] = found
            del stack
    return grid, PercentileMaps(field, percentile, dataset, values, steps)


def _by_month(folders: Iterable[Path], field: str) -> tuple[list[list[Member]], Grid]:
    """Return the samples of each month, January first, and the grid they share."""
    months: list[list[Member]] = [[] for _ in range(MONTHS)]
    grid = None
    for path in folders:
        folder = open_folder(path, {field: None})
        if grid is not None and not grid.same_as(folder.grid):
            raise BadInput(f"{path} is on {folder.grid.describe()}, not on {grid.describe()}")
        grid = folder.grid
        for sample in folder.paths:
            months[int(stamp_of(sample)[5:7]) - 1].append((folder, sample))
    if grid is None:
        raise BadInput("there are no samples to take percentiles of: name folders of samples")
    return months, grid


def _stack(members: Sequence[Member], grid: Grid, scratch: Path) -> NDArray[np.float32]:
    """Return the samples of a month, (steps, *grid.shape); in a file if they are many."""
    shape = (len(members), *grid.shape)
    in_memory = 4 * len(members) * grid.size <= MEMORY_BYTES
    stack: NDArray[np.float32] = (
        np.empty(shape, np.float32)
        if in_memory
        else np.memmap(scratch, np.float32, mode="w+", shape=shape)
    )
    for index, (folder, sample) in enumerate(members):
        stack[index] = folder.read([sample]).values[0, 0]
    return stack


def _blocks(stack: NDArray[np.float32]) -> list[slice]:
    """Return rows that together are small enough to be sorted in memory."""
    steps, nlat, nlon = stack.shape
    rows = max(1, BLOCK_BYTES // (4 * steps * nlon))
    return [slice(first, first + rows) for first in range(0, nlat, rows)]
