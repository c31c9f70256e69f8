"""Mask files: class codes of every step of a year, written by detection and read by all others.

`mask(time, lat, lon)` (or `(time, y, x)`), int8, with CF flags that say which code is which class;
`probability` and `agreement` where asked for. A file is checked once, when it is opened.
"""

import contextlib
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
from stormtrace.classes import Classes, ClassTable
from stormtrace.errors import BadInput
from stormtrace.files import writing
from stormtrace.formats.axes import map_attributes, read_grid, write_grid
from stormtrace.formats.samples import NETCDF
from stormtrace.grids import Grid

CONVENTIONS = "CF-1.11"

#: Probabilities are stored as uint8 of 1/250: 0 and 1 are exact, 255 stays free.
PROBABILITY_STEPS = 250

#: A killed job loses at most this much of its work, in seconds; shorter jobs keep nothing.
SAVE_EVERY_S = 60

#: Steps read at once; more would be hardly faster and need more memory.
BLOCK_STEPS = 4

#: Attributes of a mask file that its objects file carries on.
INHERITED = ("experiment", "dataset", "grid", "year", "model", "model_checksum")


@dataclass
class MaskWriter:
    """An open mask file at `path`, of which `steps` steps are written."""

    nc: netCDF4.Dataset
    path: Path
    checkpoint: Checkpoint | None = None
    steps: int = 0
    _saved_at: float = field(default_factory=time.monotonic)

    def write(self, times: Sequence[float], outputs: Mapping[str, NDArray[np.generic]]) -> None:
        """Append steps: `mask` int8 (steps, lat, lon) and whatever else the file was made for."""
        following = self.steps + len(times)
        with NETCDF:
            for name, values in outputs.items():
                self.nc[name][self.steps : following] = values
            # Last: a step that has a time is complete.
            self.nc["time"][self.steps : following] = times
        self.steps = following
        if time.monotonic() - self._saved_at > SAVE_EVERY_S:
            self.save()

    def save(self) -> None:
        """Keep a copy of what is made, for the next attempt to go on from."""
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
        """Set global attributes."""
        with NETCDF:
            self.nc.setncatts(attributes)


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

    classes: what the codes mean; time: `units` and `calendar`; members: how many
    networks look, of which `agreement` tells how many see the class; checkpoint: where
    the steps made so far are kept if the block does not succeed, and taken from.
    """
    with writing(path) as partial:
        goes_on = checkpoint is not None and checkpoint.load(partial)
        with netCDF4.Dataset(partial, "r+" if goes_on else "w") as nc:
            if not goes_on:
                _define_coordinates(nc, grid, time, steps)
                _define_maps(nc, grid, classes, probabilities, members)
            made = int(np.ma.count(nc["time"][:]))  # others hold the fill value
            nc.set_auto_maskandscale(False)
            writer = MaskWriter(nc, partial, checkpoint, made)
            try:
                yield writer
            except BaseException:
                with contextlib.suppress(OSError, RuntimeError):  # what failed first is told
                    writer.save()
                raise
    if checkpoint is not None:
        checkpoint.remove()


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
    _define_map(nc, grid, "mask", "i1", ("time",), {"long_name": "class at each cell"} | flags)
    if probabilities:
        nc.createDimension("class", len(flags["flag_values"]))
        # Codes, as in the files of counts: CDO opens no file with a coordinate of text.
        coordinate = nc.createVariable("class", "i1", ("class",), fill_value=False)
        coordinate.setncatts({"long_name": "class code in the mask"} | flags)
        coordinate[:] = flags["flag_values"]
        about = {"long_name": "probability of a class", "units": "1"}
        about["scale_factor"] = 1 / PROBABILITY_STEPS  # type: ignore[assignment]
        _define_map(nc, grid, "probability", "u1", ("time", "class"), about)
    if members > 1:
        about = {"long_name": "members of the ensemble that find this class", "units": "1"}
        _define_map(nc, grid, "agreement", "u1", ("time",), about)


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


@dataclass(frozen=True)
class MaskFile:
    """What a mask file says about itself; the masks stay on disk until `blocks` reads them.

    time: (steps,), in `time_units` of `calendar`.
    """

    path: Path
    grid: Grid
    classes: Classes
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


def open_masks(path: Path | str, table: ClassTable | None = None) -> MaskFile:
    """Read the coordinates, classes and attributes of a mask file.

    table: the study's `classes:`, for short names and colours.

    Raises:
        BadInput: it is not a mask file: no int8 `mask` of time and two axes, no flags, times that
            do not ascend, no calendar, no `step_hours`.

    """
    path = Path(path)
    if not path.is_file():
        raise BadInput(f"there is no mask file {path}: make it first (scripts/detect.py)")
    with netCDF4.Dataset(path) as nc:
        nc.set_auto_mask(False)
        classes = _classes(nc, path, table)
        time, units, calendar = _read_time(nc, path)
        attributes = {name: nc.getncattr(name) for name in INHERITED if name in nc.ncattrs()}
        if "year" not in attributes and time.size:
            first: Any = netCDF4.num2date(time[0], units, calendar)
            attributes["year"] = np.int32(first.year)
        return MaskFile(
            path=path,
            grid=read_grid(nc, path),
            classes=classes,
            time=time,
            time_units=units,
            calendar=calendar,
            step_hours=_step_hours(nc, path),
            attributes=attributes,
        )


def _read_time(nc: netCDF4.Dataset, path: Path) -> tuple[NDArray[np.float64], str, str]:
    time = nc["time"]
    stamps = np.asarray(time[:], np.float64)
    if not (np.isfinite(stamps).all() and (np.diff(stamps) > 0).all()):
        raise BadInput(f"{path}: time must be finite and ascend, without doubles; found {stamps}")
    units = getattr(time, "units", "")
    if " since " not in units:
        raise BadInput(f"{path}: time needs CF units, such as 'hours since …'; found {units!r}")
    return stamps, units, getattr(time, "calendar", "standard")


def _step_hours(nc: netCDF4.Dataset, path: Path) -> float:
    if "step_hours" not in nc.ncattrs():
        raise BadInput(
            f"{path} has no global attribute step_hours (hours from one step to the next)"
        )
    return float(nc.getncattr("step_hours"))


def _classes(nc: netCDF4.Dataset, path: Path, table: ClassTable | None) -> Classes:
    """Check the mask variable; return what its codes mean."""
    missing = {"mask", "time", "lat", "lon"} - set(nc.variables)
    if missing:
        raise BadInput(
            f"{path} is no mask file: it lacks {sorted(missing)}; it has {list(nc.variables)}"
        )
    mask = nc["mask"]
    if mask.ndim != 3 or mask.dimensions[0] != "time" or mask.dtype != np.int8:
        raise BadInput(
            f"{path}: mask must be int8 (time, lat, lon); found {mask.dtype} {mask.dimensions}"
        )
    if not {"flag_values", "flag_meanings"} <= set(mask.ncattrs()):
        raise BadInput(
            f"{path}: mask has no flag_values and flag_meanings, which say which code is which "
            "class; add them (CF 1.11, section 3.5)"
        )
    try:
        return Classes.of_flags(np.atleast_1d(mask.flag_values), mask.flag_meanings, table)
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from None
