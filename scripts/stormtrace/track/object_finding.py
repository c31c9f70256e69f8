"""The objects of one year of masks, step by step and as columns."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.classes import FEATURES
from stormtrace.errors import BadInput
from stormtrace.formats.masks import MaskFile
from stormtrace.grids import Grid
from stormtrace.sphere import centroid, from_longitude
from stormtrace.track.labelling import Labeller, Step

Columns = dict[str, NDArray[Any]]


def find_objects(masks: MaskFile, connectivity: int, pole_wrap: bool) -> Iterator[Step]:
    """Yield the objects of each step, in order; each linked with the step before.

    Raises BadInput where a mask holds a class that is none.
    """
    labeller = Labeller(masks.grid, connectivity, pole_wrap)
    every_mask = (mask for block in masks.blocks() for mask in block)
    known = set(FEATURES.values())
    for number, mask in enumerate(every_mask):
        step = labeller.step(mask)
        codes = set(step.measures.code.tolist())
        if not codes <= known:
            raise BadInput(
                f"{masks.path}: step {number} holds classes {sorted(codes - known)}; known are "
                f"0 (background) and {sorted(known)}"
            )
        yield step


def object_columns(steps: Sequence[Step], first_step: int, grid: Grid) -> Columns:
    """Return the objects of consecutive steps as columns; the first is number `first_step`."""
    columns = {
        name: np.concatenate([getattr(step.measures, name) for step in steps])
        for name in steps[0].measures._fields
    }
    counts = [step.measures.area.size for step in steps]
    x, y, z = (columns.pop(axis) for axis in "xyz")
    lat, lon, resultant = centroid(x, y, z, columns["area"])
    lon_edges = np.concatenate([grid.lon_bounds, grid.lon_bounds[1:] + 360.0])
    return {
        "step": np.repeat(np.arange(first_step, first_step + len(steps), dtype=np.int32), counts),
        "class": columns["code"],
        "pixels": columns["pixels"],
        "area_km2": columns["area"],
        "lat": lat,
        "lon": from_longitude(lon, grid.lon[0]),
        "resultant": resultant,
        "south": grid.lat_bounds[columns["south"]],
        "north": grid.lat_bounds[columns["north"] + 1],
        "west": lon_edges[columns["west"]],
        "east": lon_edges[columns["east"]],
        "runs": columns["runs"],
    }
