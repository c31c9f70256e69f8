"""Records of raw variables, read in as few pieces as they lie in."""

import logging
import math
from collections.abc import Sequence
from types import TracebackType
from typing import NamedTuple, Self

import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.formats.netcdf import open_raw, read, variable
from stormtrace.prepare.dataset import Dataset
from stormtrace.prepare.mesh.mesh_reading import check_mesh
from stormtrace.prepare.mesh.meshes import Mesh
from stormtrace.prepare.raw.coordinate import Coordinate, read_coordinate

Floats = NDArray[np.floating]

OPEN_FILES = 8
#: How much of a 3-D variable is held at a time: one record at ne120 × 30 levels.
BATCH_BYTES = 96 * 2**20

CHUNK_CACHE_BYTES = 256 * 2**20

log = logging.getLogger("stormtrace")


class Place(NamedTuple):
    """Where a record is."""

    path: str
    record: int


class Reader:
    """Reads records of a dataset; keeps a few files open, and checks each when it opens it."""

    def __init__(self, dataset: Dataset, mesh: Mesh) -> None:
        self.dataset = dataset
        self.mesh = mesh
        self._open: dict[str, netCDF4.Dataset] = {}
        self._coordinates: dict[tuple[str, str], Coordinate] = {}
        self._checked: set[tuple[str, tuple[str, ...]]] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for opened in self._open.values():
            opened.close()

    def read(
        self, name: str, places: Sequence[Place], levels: tuple[int, int] | None = None
    ) -> Floats:
        """Return (len(places), n), or with a range of levels (len(places), nlev, n).

        levels: [first, last) from the top down, whichever way the file has them.
        """
        pieces = [self._piece(name, path, run, levels) for path, run in _runs(places)]
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)

    def coordinate(self, name: str, place: Place) -> Coordinate:
        """Return the vertical coordinate of a variable in a file."""
        key = (place.path, name)
        if key not in self._coordinates:
            self._coordinates[key] = read_coordinate(self._file(place.path), name, self.dataset)
        return self._coordinates[key]

    def units(self, name: str, place: Place) -> str | None:
        """Return a variable's units as its file gives them."""
        return getattr(variable(self._file(place.path), name), "units", None)

    def batch(self, name: str, place: Place, levels: int) -> int:
        """Return how many records of `levels` levels to hold at a time."""
        source = variable(self._file(place.path), name)
        return max(1, BATCH_BYTES // (levels * self.mesh.size * source.dtype.itemsize))

    def _file(self, path: str) -> netCDF4.Dataset:
        if path not in self._open:
            if len(self._open) >= OPEN_FILES:
                self._open.pop(next(iter(self._open))).close()
            self._open[path] = open_raw(path)
            for source in self._open[path].variables.values():
                _keep_chunks(source)
        return self._open[path]

    def _piece(self, name: str, path: str, run: slice, levels: tuple[int, int] | None) -> Floats:
        opened = self._file(path)
        source = variable(opened, name)
        points = source.dimensions[-len(self.mesh.shape) :]
        if (path, points) not in self._checked:
            check_mesh(opened, name, self.dataset, self.mesh)
            self._checked.add((path, points))
        extra = source.ndim - 1 - len(self.mesh.shape)
        if extra != (0 if levels is None else 1):
            wanted = "none" if levels is None else "one"
            raise BadInput(
                f"{path}: {name} {source.dimensions} has {extra} dimensions between time and the"
                f" points, {wanted} is expected: `take` is for fields without levels, `integrate`"
                " and `interpolate` for those with"
            )
        if levels is None:
            return read(source, (run,)).reshape(run.stop - run.start, -1)
        return self._levels(source, path, run, levels)

    def _levels(
        self, source: netCDF4.Variable, path: str, run: slice, levels: tuple[int, int]
    ) -> Floats:
        first, last = levels
        coordinate = self.coordinate(source.name, Place(path, run.start))
        if coordinate.upward:
            first, last = coordinate.count - last, coordinate.count - first
        values = read(source, (run, slice(first, last)))
        values = values.reshape(values.shape[0], last - first, -1)
        return values[:, ::-1] if coordinate.upward else values


def _keep_chunks(source: netCDF4.Variable) -> None:
    """Let the chunks along one stretch of time stay in memory until their records have been read.

    A file chunked (240, 10, 10) in (time, lat, lon) is inflated whole for every block of steps
    otherwise: hours instead of a minute for a year of MERRA-2.
    """
    chunks = source.chunking()
    if not isinstance(chunks, list) or chunks[0] == 1 or source.ndim < 2:
        return
    points = [-(-size // chunk) * chunk for size, chunk in zip(source.shape, chunks, strict=True)]
    size = chunks[0] * math.prod(points[1:]) * source.dtype.itemsize
    if size > CHUNK_CACHE_BYTES:
        log.warning(
            "%s: %s is chunked %s, more than fits in memory: expect slow reading, or rechunk it",
            source.group().filepath(), source.name, chunks,
        )  # fmt: skip
    source.set_var_chunk_cache(min(size, CHUNK_CACHE_BYTES))


def _runs(places: Sequence[Place]) -> list[tuple[str, slice]]:
    """Join neighbouring records of one file."""
    runs: list[tuple[str, slice]] = []
    for path, record in places:
        if runs and runs[-1][0] == path and runs[-1][1].stop == record:
            runs[-1] = (path, slice(runs[-1][1].start, record + 1))
        else:
            runs.append((path, slice(record, record + 1)))
    return runs
