"""The mask file: class codes of every step of a year, and where they come from."""

import contextlib
import json
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
from stormtrace.classes import flag_name
from stormtrace.errors import BadInput
from stormtrace.files import writing
from stormtrace.formats.samples import NETCDF
from stormtrace.grids import Grid

PROBABILITY_STEPS = 250
"""Probabilities are stored as uint8 of 1/250: 0 and 1 are exact, 255 stays free."""


SAVE_EVERY_S = 60
"""A killed job loses at most so much of its work; shorter jobs keep nothing."""


@dataclass
class MaskWriter:
    """An open mask file: a dataset at `path`, in which `steps` steps are made."""

    dataset: netCDF4.Dataset
    path: Path
    checkpoint: Checkpoint | None = None
    steps: int = 0
    _saved_at: float = field(default_factory=time.monotonic)

    def write(self, times: Sequence[float], outputs: Mapping[str, NDArray[np.generic]]) -> None:
        """Append steps: `mask` int8 (steps, lat, lon) and whatever else the file was made for."""
        following = self.steps + len(times)
        with NETCDF:
            for name, values in outputs.items():
                self.dataset[name][self.steps : following] = values
            # Last: a step that has a time is complete.
            self.dataset["time"][self.steps : following] = times
        self.steps = following
        if time.monotonic() - self._saved_at > SAVE_EVERY_S:
            self.save()

    def save(self) -> None:
        """Keep a copy of what is made, for the next attempt to go on from."""
        if self.checkpoint is not None and self.steps:
            with NETCDF:
                self.dataset.sync()
                self.checkpoint.save(self.path)
        self._saved_at = time.monotonic()

    def made(self) -> Iterator[tuple[float, NDArray[np.int8]]]:
        """Yield time and mask of each step that is made."""
        for step in range(self.steps):
            with NETCDF:
                moment, mask = self.dataset["time"][step], self.dataset["mask"][step]
            yield float(moment), mask

    def describe(self, **attributes: str | int | float) -> None:
        """Set global attributes."""
        with NETCDF:
            self.dataset.setncatts(attributes)


@contextmanager
def mask_file(
    path: Path | str,
    grid: Grid,
    labels: Sequence[str],
    time: Mapping[str, str],
    *,
    steps: int,
    probabilities: bool = False,
    members: int = 1,
    checkpoint: Checkpoint | None = None,
) -> Iterator[MaskWriter]:
    """Open a mask file for `steps` steps; it is at `path` when the block succeeds, else nowhere.

    labels: names of the classes, code 0 first; time: `units` and `calendar`; members: how many
    networks look, of which `agreement` tells how many see the class; checkpoint: where
    the steps made so far are kept if the block does not succeed, and taken from.
    """
    with writing(path) as partial:
        goes_on = checkpoint is not None and checkpoint.load(partial)
        with netCDF4.Dataset(partial, "r+" if goes_on else "w") as dataset:
            if not goes_on:
                _define_coordinates(dataset, grid, time, steps)
                _define_maps(dataset, labels, probabilities, members)
            made = int(np.ma.count(dataset["time"][:]))  # others hold the fill value
            dataset.set_auto_maskandscale(False)
            writer = MaskWriter(dataset, partial, checkpoint, made)
            try:
                yield writer
            except BaseException:
                with contextlib.suppress(OSError, RuntimeError):  # what failed first is told
                    writer.save()
                raise
    if checkpoint is not None:
        checkpoint.remove()


def _define_maps(
    dataset: netCDF4.Dataset, labels: Sequence[str], probabilities: bool, members: int
) -> None:
    codes = np.arange(len(labels), dtype=np.int8)
    flags = {"flag_values": codes, "flag_meanings": " ".join(map(flag_name, labels))}
    _define_map(dataset, "mask", "i1", ("time",), "class at each cell")
    dataset["mask"].setncatts(flags)
    if probabilities:
        dataset.createDimension("class", len(labels))
        # Codes, as in the files of counts: CDO opens no file with a coordinate of text.
        coordinate = dataset.createVariable("class", "i1", ("class",))
        coordinate.setncatts({"long_name": "class code in the mask"} | flags)
        coordinate[:] = codes
        _define_map(dataset, "probability", "u1", ("time", "class"), "probability of a class")
        dataset["probability"].scale_factor = 1 / PROBABILITY_STEPS
    if members > 1:
        _define_map(
            dataset, "agreement", "u1", ("time",), "members of the ensemble that see this class"
        )


def _define_coordinates(
    dataset: netCDF4.Dataset, grid: Grid, time: Mapping[str, str], steps: int
) -> None:
    dataset.Conventions = "CF-1.11"
    for name, values, units in (
        ("lat", grid.lat, "degrees_north"),
        ("lon", grid.lon, "degrees_east"),
    ):
        dataset.createDimension(name, values.size)
        variable = dataset.createVariable(name, "f8", (name,))
        variable.units = units
        variable.standard_name = {"lat": "latitude", "lon": "longitude"}[name]
        variable[:] = values
    dataset.createDimension("time", steps)
    variable = dataset.createVariable("time", "f8", ("time",))
    variable.standard_name = "time"
    variable.setncatts(dict(time))


def _define_map(
    dataset: netCDF4.Dataset, name: str, kind: str, leading: tuple[str, ...], meaning: str
) -> None:
    dims = (*leading, "lat", "lon")
    chunk = (1, *(dataset.dimensions[dim].size for dim in dims[1:]))
    variable = dataset.createVariable(
        name, kind, dims, zlib=True, complevel=1, chunksizes=chunk, fill_value=False
    )
    variable.long_name = meaning


def read_json_attribute(path: Path | str, name: str) -> object:
    """Return a global attribute that holds JSON, such as `statistics`."""
    with NETCDF, netCDF4.Dataset(path) as dataset:
        return json.loads(dataset.getncattr(name))


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
