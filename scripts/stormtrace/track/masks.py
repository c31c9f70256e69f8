"""Mask files, checked once at the door and then read in blocks of steps."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.grids import Grid

BLOCK_STEPS = 4
"""Steps read at once; more would be hardly faster and need more memory."""

INHERITED = ("experiment", "dataset", "grid", "year", "model", "model_checksum")
"""Attributes of a mask file that its objects file carries on."""


@dataclass(frozen=True)
class MaskFile:
    """What a mask file says about itself; the masks stay on disk until `blocks` reads them."""

    path: Path
    grid: Grid
    time: NDArray[np.float64]
    time_units: str
    calendar: str
    step_hours: float
    attributes: dict[str, Any]

    def blocks(self) -> Iterator[NDArray[np.int8]]:
        """Yield the masks, (some steps, nlat, nlon) int8, in order of time."""
        with netCDF4.Dataset(self.path) as file:
            mask = file["mask"]
            mask.set_auto_maskandscale(False)
            chunks = mask.chunking()
            steps = BLOCK_STEPS if chunks == "contiguous" else max(BLOCK_STEPS, chunks[0])
            mask.set_var_chunk_cache(1, 1, 0.0)  # each chunk is read once
            for first in range(0, self.time.size, steps):
                yield mask[first : first + steps]


def open_masks(path: Path | str) -> MaskFile:
    """Read the coordinates and attributes of a mask file.

    Raises BadInput if it is not one: no `mask(time, lat, lon)` of int8, coordinates that do not
    ascend, no calendar, no `step_hours`.
    """
    path = Path(path)
    if not path.is_file():
        raise BadInput(f"there is no mask file {path}: make it first (scripts/detect.py)")
    with netCDF4.Dataset(path) as file:
        file.set_auto_mask(False)
        _check_mask_variable(file, path)
        time = file["time"]
        stamps = np.asarray(time[:], np.float64)
        grid = Grid(np.asarray(file["lat"][:], float), np.asarray(file["lon"][:], float))
        for name, values in (("lat", grid.lat), ("lon", grid.lon), ("time", stamps)):
            if not (np.isfinite(values).all() and (np.diff(values) > 0).all()):
                raise BadInput(
                    f"{path}: {name} must be finite and ascend, without doubles; found {values}"
                )
        step_hours = getattr(file, "step_hours", None)
        if step_hours is None:
            raise BadInput(
                f"{path} has no global attribute step_hours (hours from one step to the next)"
            )
        units, calendar = getattr(time, "units", ""), getattr(time, "calendar", "standard")
        if " since " not in units:
            raise BadInput(f"{path}: time needs CF units, such as 'hours since …'; found {units!r}")
        attributes = {name: file.getncattr(name) for name in INHERITED if name in file.ncattrs()}
        if "year" not in attributes and stamps.size:
            first: Any = netCDF4.num2date(stamps[0], units, calendar)
            attributes["year"] = np.int32(first.year)
    return MaskFile(path, grid, stamps, units, calendar, float(step_hours), attributes)


def _check_mask_variable(file: netCDF4.Dataset, path: Path) -> None:
    missing = {"mask", "time", "lat", "lon"} - set(file.variables)
    if missing:
        raise BadInput(
            f"{path} is no mask file: it lacks {sorted(missing)}; it has {list(file.variables)}"
        )
    mask = file["mask"]
    if mask.dimensions != ("time", "lat", "lon") or mask.dtype != np.int8:
        raise BadInput(
            f"{path}: mask must be int8 (time, lat, lon); found {mask.dtype} {mask.dimensions}"
        )
