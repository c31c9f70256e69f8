"""Records of raw variables, read in as few pieces as they lie in."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.formats.units import pascals
from stormtrace.prepare.dataset import Dataset
from stormtrace.prepare.mesh.meshes import Mesh
from stormtrace.prepare.raw.coordinate import Coordinate, read_coordinate, same_levels
from stormtrace.prepare.raw.level_values import is_logarithm
from stormtrace.prepare.raw.opened import (
    CHUNK_CACHE_BYTES,
    RawFile,
    RawVariable,
    stretch_bytes,
)
from stormtrace.prepare.raw.raw_formats import open_raw_file
from stormtrace.prepare.raw.variable_layout import Layout, read_layout
from stormtrace.prepare.regridding.common_points import Bring, CommonPoints

Floats = NDArray[np.floating]

OPEN_FILES = 8
#: How much of a 3-D variable is held at a time. The C library keeps memory of up to 32 MiB for what
#: is read next; what is larger it gives back, and the system fills it with zeros again each time.
BATCH_BYTES = 24 * 2**20

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
        self._open: dict[str, RawFile] = {}
        self._layouts: dict[tuple[str, str], Layout] = {}
        self._coordinates: dict[tuple[str, str], Coordinate] = {}
        self._points = CommonPoints(dataset, mesh)
        self._brings: dict[tuple[str, tuple[str, ...]], Bring | None] = {}
        self._paired: set[tuple[str, str, str, str]] = set()

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
            found = read_coordinate(self._file(place.path), name, self.dataset)
            self._check_alike(name, place.path, found)
            self._coordinates[key] = found
        return self._coordinates[key]

    def pressures(
        self, name: str, places: Sequence[Place], levels: tuple[int, int] | None = None
    ) -> Floats:
        """Read a variable that is a pressure, in Pa, from hPa or from ECMWF's logarithm of it."""
        layout = self._layout(places[0].path, name)
        if levels is None and (layout.levels or 1) > 1:
            values = self._only_level(name, places, layout)
        else:
            values = self.read(name, places, levels)
        variable = layout.variable
        if is_logarithm(variable):
            return np.exp(values.astype(np.float64)).astype(values.dtype)
        unit = pascals(variable.units) or 1.0
        return values if unit == 1.0 else values * values.dtype.type(unit)

    def _only_level(self, name: str, places: Sequence[Place], layout: Layout) -> Floats:
        """Return (len(places), n) of the one level that has values: so MARS writes lnsp."""
        runs = [self._read(path, name, run, slice(None)) for path, run in _runs(places)]
        values = np.concatenate(runs)
        there = np.flatnonzero(~np.isnan(values).all(axis=(0, 2)))
        if there.size != 1:
            raise BadInput(
                f"{places[0].path}: {name} {layout.variable.dimensions} has values on"
                f" {there.size} of {layout.levels} levels; a pressure at the ground has no levels,"
                " or one: name it with `names: {surface_pressure: …}`"
            )
        return values[:, there[0]]

    def pair_levels(
        self, name: str, places: Sequence[Place], partner: str, other: Sequence[Place]
    ) -> None:
        """Bring the levels of a variable and of its partner, a pressure or thickness, together.

        Both are read from the top down afterwards, or both from the ground up where no file says
        which way they run and it does not matter (thicknesses).

        Raises:
            BadInput: the two have other levels, or it is not known which belongs to which.

        """
        pairs = [(own.path, beside.path) for own, beside in zip(places, other, strict=True)]
        for own, beside in dict.fromkeys(pairs):
            if (own, name, beside, partner) not in self._paired:
                self._pair((own, name), (beside, partner))
                self._paired.add((own, name, beside, partner))

    def _pair(self, own: tuple[str, str], beside: tuple[str, str]) -> None:
        first, second = (self.coordinate(name, Place(path, 0)) for path, name in (own, beside))
        same = same_levels(own, first, beside, second)
        upward = bool(second.upward if second.upward is not None else first.upward == same)
        self._coordinates[beside] = replace(second, upward=upward)
        self._coordinates[own] = replace(first, upward=upward == same)

    def _check_alike(self, name: str, path: str, found: Coordinate) -> None:
        """Refuse (BadInput) files whose levels are not the same as in the first one."""
        before = next((key[0] for key in self._coordinates if key[1] == name), None)
        first = found if before is None else self._coordinates[before, name]
        if not first.alike(found):
            raise BadInput(
                f"{path}: {name} has other levels ({found.count}) than in {before}"
                f" ({first.count}): files of one part must agree; make them parts of their own"
            )

    def units(self, name: str, place: Place) -> str:
        """Return a variable's units as its file gives them; empty where it does not."""
        return self._layout(place.path, name).variable.units

    def batch(self, name: str, place: Place, levels: int) -> int:
        """Return how many records of `levels` levels to hold at a time."""
        itemsize = self._layout(place.path, name).variable.dtype.itemsize
        return max(1, BATCH_BYTES // (levels * self.mesh.size * itemsize))

    def slabs(self, places: Mapping[str, Place], count: int) -> list[tuple[int, int]]:
        """Return which of `count` levels to hold at a time, [first, last), of some variables.

        Levels that are in one chunk of a file are not taken apart.
        """
        layouts = [self._layout(place.path, name) for name, place in places.items()]
        itemsize = sum(layout.variable.dtype.itemsize for layout in layouts)
        together = max(layout.chunk_levels for layout in layouts)
        many = BATCH_BYTES // (self.mesh.size * itemsize * together) * together
        size = max(many, together)
        return [(first, min(first + size, count)) for first in range(0, count, size)]

    def _file(self, path: str) -> RawFile:
        if path not in self._open:
            if len(self._open) >= OPEN_FILES:
                self._close(next(iter(self._open)))
            self._open[path] = open_raw_file(path)
        return self._open[path]

    def _close(self, path: str) -> None:
        self._open.pop(path).close()
        for key in [key for key in self._layouts if key[0] == path]:
            del self._layouts[key]

    def _layout(self, path: str, name: str) -> Layout:
        """Return how a variable lies in its file, once the file's points have been checked."""
        opened = self._file(path)
        if (path, name) not in self._layouts:
            layout = read_layout(opened, name, self.dataset)
            _warn_of_chunks(layout.variable)
            if (path, layout.points) not in self._brings:
                self._brings[path, layout.points] = self._points.bring(opened, layout)
            self._layouts[path, name] = layout
        return self._layouts[path, name]

    def _read(self, path: str, name: str, run: slice, levels: slice | None = None) -> Floats:
        """Return records as `Layout.read`, on the points of the dataset."""
        layout = self._layout(path, name)
        bring = self._brings[path, layout.points]
        values = layout.read(run, levels)
        return values if bring is None else bring(values)

    def _piece(self, name: str, path: str, run: slice, levels: tuple[int, int] | None) -> Floats:
        layout = self._layout(path, name)
        if levels is None and layout.levels not in (None, 1):
            raise BadInput(
                f"{path}: {name} {layout.variable.dimensions} has {layout.levels} levels; `take` is"
                " for fields without: `integrate` or `interpolate` it"
            )
        if levels is None:
            return self._read(path, name, run)
        coordinate = self.coordinate(name, Place(path, run.start))
        if layout.levels is None:
            return self._read(path, name, run)[:, None]
        first, last = levels
        if coordinate.upward:
            first, last = coordinate.count - last, coordinate.count - first
        values = self._read(path, name, run, slice(first, last))
        return values[:, ::-1] if coordinate.upward else values


def _warn_of_chunks(source: RawVariable) -> None:
    """Warn of chunks along time that do not fit in memory while their records are read."""
    if source.chunks and source.chunks[0] > 1 and stretch_bytes(source) > CHUNK_CACHE_BYTES:
        log.warning(
            "%s: %s is chunked %s, more than fits in memory: expect slow reading, or rechunk it",
            source.path, source.name, source.chunks,
        )  # fmt: skip


def _runs(places: Sequence[Place]) -> list[tuple[str, slice]]:
    """Join neighbouring records of one file."""
    runs: list[tuple[str, slice]] = []
    for path, record in places:
        if runs and runs[-1][0] == path and runs[-1][1].stop == record:
            runs[-1] = (path, slice(runs[-1][1].start, record + 1))
        else:
            runs.append((path, slice(record, record + 1)))
    return runs
