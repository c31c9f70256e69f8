"""Mask files, written step by step by detection, and kept when it is interrupted."""

import contextlib
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.checkpoints import Checkpoint
from stormtrace.classes import Classes
from stormtrace.errors import BadInput
from stormtrace.files import once_written, writing
from stormtrace.formats.axes import map_attributes, write_grid
from stormtrace.formats.kept_runs import RunKeeper
from stormtrace.formats.netcdf import NETCDF, creating, opening
from stormtrace.grids import Grid
from stormtrace.seals import add_seal

log = logging.getLogger("stormtrace")

CONVENTIONS = "CF-1.11"

#: Probabilities are stored as whole numbers of 1/250: 0 and 1 are exact.
PROBABILITY_STEPS = 250

#: A killed job loses at most this much of its work, in seconds; shorter jobs keep nothing.
SAVE_EVERY_S = 60


@dataclass
class MaskWriter:
    """An open mask file at `path`, of which `steps` steps are written, and `runs` kept."""

    nc: netCDF4.Dataset
    path: Path
    runs: RunKeeper
    checkpoint: Checkpoint | None = None
    steps: int = 0
    _saved_at: float = field(default_factory=time.monotonic)

    def write(self, times: Sequence[float], outputs: Mapping[str, NDArray[np.generic]]) -> None:
        """Append steps: `mask` int8 (steps, *grid.shape) and whatever else the file is for."""
        following = self.steps + len(times)
        with NETCDF:
            for name, values in outputs.items():
                self.nc[name][self.steps : following] = values
            # Last: a step that has a time is complete.
            self.nc["time"][self.steps : following] = times
        self.steps = following
        self.runs.add(np.asarray(outputs["mask"], np.int8))
        if time.monotonic() - self._saved_at > SAVE_EVERY_S:
            self.save()

    def save(self) -> None:
        """Keep a copy of the steps made so far, for the next attempt to continue from."""
        if self.checkpoint is not None and self.steps:
            with NETCDF:
                self.nc.sync()
                self.checkpoint.save(self.path)
        self._saved_at = time.monotonic()

    def made(self) -> Iterator[tuple[float, NDArray[np.int8]]]:
        """Yield time and mask of each step that is made."""
        for step in range(self.steps):
            with NETCDF:
                moment, mask = self.nc["time"][step], self.nc["mask"][step]
            yield float(moment), mask

    def describe(self, **attributes: str | int | float) -> None:
        """Set global attributes; whole numbers as int32, the widest of classic netCDF."""
        plain = {
            name: np.int32(value) if isinstance(value, int) else value
            for name, value in attributes.items()
        }
        with NETCDF:
            self.nc.setncatts(plain)


@contextmanager
def mask_file(
    path: Path | str,
    grid: Grid,
    classes: Classes,
    time: Mapping[str, str],
    *,
    steps: int,
    probabilities: bool = False,
    members: int = 1,
    checkpoint: Checkpoint | None = None,
) -> Iterator[MaskWriter]:
    """Open a mask file for `steps` steps; it is at `path` when the block succeeds, else nowhere.

    classes: what the codes mean; time: `units` and `calendar`; members: number of networks, of
    which `agreement` counts those that find the class of the mask; checkpoint: where the steps
    made so far are kept if the block does not succeed, and read from.
    """
    with writing(path) as partial:
        continues = checkpoint is not None and _restore(checkpoint, partial)
        runs = RunKeeper(grid.shape)
        with creating(partial, mode="r+" if continues else "w", sealed=False) as nc:
            if not continues:
                _define_coordinates(nc, grid, time, steps)
                _define_maps(nc, grid, classes, probabilities, members)
            made = int(np.ma.count(nc["time"][:]))  # others hold the fill value
            nc.set_auto_maskandscale(False)
            writer = MaskWriter(nc, partial, runs, checkpoint, made)
            for _, mask in writer.made():
                runs.add(mask[None])
            try:
                yield writer
            except BaseException:
                with contextlib.suppress(OSError, RuntimeError):  # the first failure is reported
                    writer.save()
                raise
        runs.append_to(partial, steps)
        add_seal(partial)
    if checkpoint is not None:
        once_written(checkpoint.remove)


def _restore(checkpoint: Checkpoint, partial: Path) -> bool:
    """Copy the checkpoint to `partial`; return whether there was one that can be opened."""
    if not checkpoint.load(partial):
        return False
    try:
        with opening(partial):
            pass
    except BadInput:
        log.warning("%s is damaged: starting over", checkpoint.path)
        return False
    return True


def _define_coordinates(
    nc: netCDF4.Dataset, grid: Grid, time: Mapping[str, str], steps: int
) -> None:
    nc.Conventions = CONVENTIONS
    write_grid(nc, grid)
    nc.createDimension("time", steps)
    variable = nc.createVariable("time", "f8", ("time",))
    variable.setncatts({"standard_name": "time", "axis": "T"} | dict(time))


def _define_maps(
    nc: netCDF4.Dataset, grid: Grid, classes: Classes, probabilities: bool, members: int
) -> None:
    flags = classes.flag_attributes()
    nc.title = f"Masks of {', '.join(classes.flags)}"
    _define_map(nc, grid, "mask", "i1", ("time",), {"long_name": "class at each cell"} | flags)
    if probabilities:
        nc.createDimension("class", len(flags["flag_values"]))
        # Codes, not names: CDO opens no file with a string coordinate.
        coordinate = nc.createVariable("class", "i1", ("class",), fill_value=False)
        coordinate.setncatts({"long_name": "class code in the mask"} | flags)
        coordinate[:] = flags["flag_values"]
        about = {"long_name": "probability of a class", "units": "1"}
        about["scale_factor"] = 1 / PROBABILITY_STEPS  # type: ignore[assignment]
        _define_map(nc, grid, "probability", "i2", ("time", "class"), about)
    if members > 1:
        about = {"long_name": "members of the ensemble that find this class", "units": "1"}
        _define_map(nc, grid, "agreement", "i2", ("time",), about)


def _define_map(
    nc: netCDF4.Dataset,
    grid: Grid,
    name: str,
    kind: str,
    leading: tuple[str, ...],
    attributes: Mapping[str, Any],
) -> None:
    dims = (*leading, *grid.dims)
    chunk = (1, *(nc.dimensions[dim].size for dim in dims[1:]))
    variable = nc.createVariable(
        name, kind, dims, zlib=True, complevel=1, chunksizes=chunk, fill_value=False
    )
    variable.setncatts(dict(attributes) | map_attributes(grid))
