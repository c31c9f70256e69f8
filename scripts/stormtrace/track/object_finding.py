"""The objects of one year of masks, step by step and as the columns of an objects file."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.formats.masks import MaskFile
from stormtrace.formats.objects import Columns
from stormtrace.grids import Grid
from stormtrace.sphere import centroid, from_longitude
from stormtrace.track.extents import Extents
from stormtrace.track.labelling import Labeller, Step
from stormtrace.track.shapes import Shapes


def find_objects(masks: MaskFile, connectivity: int, pole_wrap: bool) -> Iterator[Step]:
    """Yield the objects of each step in order, each step linked with the one before.

    Raises:
        BadInput: a mask holds a code that its flags do not name.

    """
    labeller = Labeller(masks.grid, connectivity, pole_wrap)
    for runs in masks.runs():
        yield from map(labeller.step_of, runs.each())


class ObjectTables:
    """Turns blocks of steps into columns; objects are numbered through the whole file."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self._shapes, self._extents = Shapes(grid), Extents(grid)
        self._steps = self._objects = 0
        self._previous = 0  # first object of the step before the next block

    def block(self, steps: Sequence[Step], fields: Columns) -> dict[str, Columns]:
        """Return the columns of the next steps by group; `fields` are further ones of objects."""
        tables = {
            "objects": self.objects(steps) | fields,
            "runs": _runs(steps),
            "links": self._links(steps),
        }
        self._steps += len(steps)
        self._objects += tables["objects"]["step"].size
        return tables

    def objects(self, steps: Sequence[Step]) -> Columns:
        """Return the objects of the next steps, one per row."""
        measured = {
            name: np.concatenate([getattr(step.measures, name) for step in steps])
            for name in steps[0].measures._fields
        }
        counts = [step.measures.code.size for step in steps]
        numbers = np.arange(self._steps, self._steps + len(steps), dtype=np.int32)
        x, y, z = (measured[axis] for axis in "xyz")
        lat, lon, resultant = centroid(x, y, z, measured["area"])
        runs = _runs(steps)
        columns = {
            "step": np.repeat(numbers, counts),
            "class": measured["code"],
            "pixels": measured["pixels"],
            "area_km2": measured["area"],
            "lat": lat,
            "lon": from_longitude(lon, first_longitude(self.grid)),
            "resultant": resultant,
        }
        return {
            **columns,
            **self._shapes.of(columns, measured["runs"], runs),
            **self._extents.degrees(measured, runs),
            "first_row": measured["south"],
            "last_row": measured["north"],
            "first_column": measured["west"],
            "last_column": measured["east"] - 1,
            "runs": measured["runs"],
        }

    def _links(self, steps: Sequence[Step]) -> Columns:
        """Return the links, objects numbered through the whole file."""
        counts = np.array([step.measures.code.size for step in steps])
        later = self._objects + np.cumsum(counts) - counts
        earlier = np.concatenate([[self._previous], later[:-1]])
        self._previous = int(later[-1])
        links = [step.links for step in steps]
        return {
            "earlier": _offset([link.earlier for link in links], earlier),
            "later": _offset([link.later for link in links], later),
            "pixels": np.concatenate([link.pixels for link in links]),
            "area_km2": np.concatenate([link.area for link in links]),
            "first_cell": np.concatenate([link.first_cell for link in links]),
        }


def _runs(steps: Sequence[Step]) -> Columns:
    row, start, stop = (
        np.concatenate([getattr(step, name) for step in steps]) for name in ("row", "start", "stop")
    )
    return {"row": row, "start": start, "length": stop - start}


def _offset(parts: Sequence[NDArray[np.int32]], offsets: NDArray[Any]) -> NDArray[np.int32]:
    sizes = [part.size for part in parts]
    return (np.concatenate(parts) + np.repeat(offsets, sizes)).astype(np.int32)


def first_longitude(grid: Grid) -> float:
    """Return where the turn of longitudes begins in which positions on `grid` are given.

    The first column; the western edge of a grid that does not go round; else 0.
    """
    if not grid.is_rectilinear:
        return 0.0
    return float(grid.lon[0] if grid.wraps else grid.lon_bounds[0])
