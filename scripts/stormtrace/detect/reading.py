"""Samples from disk, one after another, complete or refused by name.

One missing value anywhere would make CGNet's whole map background (its global pooling spreads it),
so nothing incomplete gets past this module.
"""

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import cftime
import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.grids import Grid

NETCDF = threading.Lock()
"""The netCDF library is not safe in several threads: reading and writing take turns."""

MISSING_ABOVE = 1e14
"""No field of the atmosphere is this large in SI units; every customary fill value is."""

Item = TypeVar("Item")


@dataclass(frozen=True)
class Sample:
    """The fields at one time: (fields, lat, lon) float32, and when that is."""

    values: NDArray[np.float32]
    time: float
    """In the units and calendar of the `SampleFolder`."""


@dataclass(frozen=True)
class SampleFolder:
    """A folder of samples; the first file says what all must have."""

    paths: list[Path]
    fields: Mapping[str, float | None]
    """Field -> the value it has everywhere, or None: read it."""
    grid: Grid
    units: str
    calendar: str
    step_hours: float

    def read(self, path: Path) -> Sample:
        """Read one sample.

        Raises:
            BadInput: a field is missing or incomplete, the grid is another, the time unreadable.

        """
        with NETCDF, open_netcdf(path) as dataset:
            values = np.empty((len(self.fields), *self.grid.shape), np.float32)
            for channel, (field, value) in enumerate(self.fields.items()):
                values[channel] = (
                    read_map(dataset, field, path, self.grid.shape) if value is None else value
                )
            for name, expected in (("lat", self.grid.lat), ("lon", self.grid.lon)):
                if not np.array_equal(np.asarray(dataset[name][:], np.float64), expected):
                    raise BadInput(f"{path}: {name} differs from that of {self.paths[0].name}")
            return Sample(values, self._read_time(dataset, path))

    def date(self, time: float) -> cftime.datetime:
        """Return a time of this folder as a date of its calendar."""
        return cftime.num2date(time, self.units, self.calendar)

    def _read_time(self, dataset: netCDF4.Dataset, path: Path) -> float:
        time, units, calendar = _time(dataset, path)
        if (units, calendar) == (self.units, self.calendar):
            return time
        if calendar != self.calendar:
            raise BadInput(f"{path}: calendar {calendar}, but {self.calendar} in the first sample")
        return float(cftime.date2num(cftime.num2date(time, units, calendar), self.units, calendar))


def open_folder(folder: Path | str, fields: Mapping[str, float | None]) -> SampleFolder:
    """Return the samples of a folder in order of their names, which is that of their times."""
    paths = sorted(Path(folder).glob("*.nc"))
    if not paths:
        raise BadInput(f"{folder} has no samples (*.nc); make them with make_samples.py")
    with NETCDF, open_netcdf(paths[0]) as dataset:
        if missing := [name for name in ("lat", "lon", "time") if name not in dataset.variables]:
            raise BadInput(f"{paths[0]} has no coordinate {', '.join(missing)}")
        lat, lon = (np.asarray(dataset[name][:], np.float64) for name in ("lat", "lon"))
        first, units, calendar = _time(dataset, paths[0])
    step_hours = 0.0
    if len(paths) > 1:
        with NETCDF, open_netcdf(paths[1]) as dataset:
            second, other_units, _ = _time(dataset, paths[1])
        dates = (
            cftime.num2date([first], units, calendar),
            cftime.num2date([second], other_units, calendar),
        )
        step_hours = (dates[1][0] - dates[0][0]).total_seconds() / 3600
    return SampleFolder(paths, dict(fields), Grid(lat, lon), units, calendar, step_hours)


def open_netcdf(path: Path) -> netCDF4.Dataset:
    """Open a netCDF file for reading, values as they are stored."""
    try:
        dataset = netCDF4.Dataset(path)
    except OSError as error:
        raise BadInput(f"{path} cannot be read as netCDF ({error}): make it again") from error
    dataset.set_auto_mask(False)
    return dataset


def read_map(
    dataset: netCDF4.Dataset, field: str, path: Path, shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """Return one complete (lat, lon) map as float32, whatever type is stored.

    Raises:
        BadInput: the field is not there, of another shape, or has missing or non-finite values:
            says how many, and where the first is.

    """
    if field not in dataset.variables:
        raise BadInput(f"{path} has no field {field}; it has {', '.join(dataset.variables)}")
    variable = dataset[field]
    try:
        values = np.asarray(variable[:], np.float32)
    except (OSError, RuntimeError) as error:
        raise BadInput(f"{path}: {field} cannot be read ({error}): make the file again") from error
    if values.shape not in (tuple(shape), (1, *shape)):
        raise BadInput(f"{path}: {field} is {values.shape}, expected {tuple(shape)} (lat, lon)")
    values = values.reshape(shape)
    good = np.abs(values) < MISSING_ABOVE  # False for NaN too
    for attribute in ("_FillValue", "missing_value"):
        if attribute in variable.ncattrs():
            good &= values != np.float32(variable.getncattr(attribute))
    if not good.all():
        raise BadInput(_describe_missing(dataset, field, path, values, ~good))
    return values


def _describe_missing(
    dataset: netCDF4.Dataset,
    field: str,
    path: Path,
    values: NDArray[np.float32],
    bad: NDArray[np.bool_],
) -> str:
    row, column = np.argwhere(bad)[0]
    where = f"row {row}, column {column}"
    if {"lat", "lon"} <= dataset.variables.keys():
        where = f"lat {dataset['lat'][row]:g}, lon {dataset['lon'][column]:g}"
    return (
        f"{path}: {field} has {bad.sum()} missing or non-finite values, the first "
        f"({values[row, column]}) at {where}; one alone would make the whole mask background: "
        "make the sample again with `holes: nearest`, or leave it out"
    )


def _time(dataset: netCDF4.Dataset, path: Path) -> tuple[float, str, str]:
    variable = dataset["time"]
    if variable.dtype is str or variable.dtype.kind not in "iuf":
        raise BadInput(f"{path}: time is text, as in labelled samples; a sample's is a CF number")
    if variable.size != 1:
        raise BadInput(f"{path} has {variable.size} times; a sample has one")
    units = getattr(variable, "units", None)
    if units is None:
        raise BadInput(f"{path}: time has no units (CF: 'days since …')")
    calendar = getattr(variable, "calendar", "standard")
    return float(np.asarray(variable[:]).ravel()[0]), units, calendar


def read_ahead(folder: SampleFolder, batch: int, workers: int = 0) -> Iterator[list[Sample]]:
    """Yield lists of `batch` samples (the last may be shorter), read while others are in use.

    workers: 0 reads in one thread, enough for a CPU; a GPU that eats hundreds of samples a second
    needs several processes. Memory stays constant: never more than a few batches are under way.
    """
    if workers:
        yield from _from_processes(folder, batch, workers)
        return
    pieces = [folder.paths[i : i + batch] for i in range(0, len(folder.paths), batch)]
    with ThreadPoolExecutor(max_workers=1) as reader:
        ahead = reader.submit(lambda piece: [folder.read(path) for path in piece], pieces[0])
        for following in [*pieces[1:], None]:
            samples = ahead.result()
            if following is not None:
                ahead = reader.submit(
                    lambda piece: [folder.read(path) for path in piece], following
                )
            yield samples


def _from_processes(folder: SampleFolder, batch: int, workers: int) -> Iterator[list[Sample]]:
    from torch.utils.data import DataLoader

    loader: Any = DataLoader(
        _Paths(folder),  # type: ignore[arg-type]
        batch_size=batch,
        num_workers=workers,
        prefetch_factor=2,
        collate_fn=list,
    )
    for pairs in loader:
        yield [Sample(values.numpy(), time) for values, time in pairs]


@dataclass(frozen=True)
class _Paths:
    """The folder as torch's DataLoader wants it: tensors travel in shared memory."""

    folder: SampleFolder

    def __len__(self) -> int:
        return len(self.folder.paths)

    def __getitem__(self, index: int) -> tuple[Any, float]:
        from torch import from_numpy

        sample = self.folder.read(self.folder.paths[index])
        return from_numpy(sample.values), sample.time
