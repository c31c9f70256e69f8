"""Samples from disk, one after another, complete or refused by name.

One missing value anywhere would make CGNet's whole map background (its global pooling spreads it),
so nothing incomplete gets past this module.
"""

import math
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cftime
import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.formats.axes import check_grid
from stormtrace.formats.netcdf import open_raw, read, variable
from stormtrace.formats.sample_names import stamp
from stormtrace.grids import Grid

NETCDF = threading.Lock()
"""The netCDF library is not safe in several threads: reading and writing take turns."""

MISSING_ABOVE = 1e14
"""No field of the atmosphere is this large in SI units; every customary fill value is."""


@dataclass(frozen=True)
class Batch:
    """Samples in order of time."""

    values: NDArray[np.float32]
    """(samples, fields, lat, lon), as stored: not normalized."""
    times: list[float]
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
    step_hours: float | None
    """From one sample to the next, if the samples tell."""

    def read(self, paths: Sequence[Path]) -> Batch:
        """Read samples.

        Raises:
            BadInput: a field is missing or incomplete, the grid is another, the time unreadable.

        """
        values = np.empty((len(paths), len(self.fields), *self.grid.shape), np.float32)
        return Batch(
            values, [self._read_into(one, path) for one, path in zip(values, paths, strict=True)]
        )

    def _read_into(self, values: NDArray[np.float32], path: Path) -> float:
        """Fill (fields, lat, lon) from one file; return its time."""
        with NETCDF, open_netcdf(path) as dataset:
            for channel, (field, value) in enumerate(self.fields.items()):
                values[channel] = (
                    read_map(dataset, field, path, self.grid.shape) if value is None else value
                )
            for name, expected in (("lat", self.grid.lat), ("lon", self.grid.lon)):
                if name not in dataset.variables or not np.array_equal(dataset[name][:], expected):
                    raise BadInput(f"{path}: {name} differs from that of {self.paths[0].name}")
            return self._read_time(dataset, path)

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


def open_folder(
    folder: Path | str,
    fields: Mapping[str, float | None],
    period: Sequence[str] | None = None,
) -> SampleFolder:
    """Return the samples of a folder in order of their names, which is that of their times.

    period: [first moment, first moment no longer in it]; samples outside of it are left out.

    Raises:
        BadInput: there are none.

    """
    paths = netcdf_files(folder)
    if period is not None and paths:
        start, end = map(stamp, period)
        paths = [path for time, path in samples_by_time(folder).items() if start <= time < end]
        if not paths:
            raise BadInput(
                f"{folder} has no samples from {period[0]} to before {period[1]}; make them with "
                "make_samples.py, or correct the experiment's period"
            )
    if not paths:
        raise BadInput(f"{folder} has no samples (*.nc); make them with make_samples.py")
    with NETCDF, open_netcdf(paths[0]) as dataset:
        grid = grid_of(dataset, paths[0])
        _, units, calendar = _time(dataset, paths[0])
        step_hours = float(getattr(dataset, "step_hours", 0)) or None
    return SampleFolder(paths, dict(fields), grid, units, calendar, step_hours)


def netcdf_files(folder: Path | str) -> list[Path]:
    """Return the netCDF files of a folder by name, without hidden ones (a Mac's ``._….nc``)."""
    return sorted(path for path in Path(folder).glob("*.nc") if not path.name.startswith("."))


#: Name of a sample, ``{dataset}.YYYY-MM-DD-SSSSS.nc``: CESM's way of writing a time.
SAMPLE_NAME = re.compile(r"[^.].*\.(?P<stamp>\d{4}-\d{2}-\d{2}-\d{5})\.nc")


def time_stamp(date: cftime.datetime) -> str:
    """Return a date as names of samples have it, ``YYYY-MM-DD-SSSSS`` (seconds of the day)."""
    seconds = 3600 * date.hour + 60 * date.minute + date.second
    return f"{date.year:04d}-{date.month:02d}-{date.day:02d}-{seconds:05d}"


def samples_by_time(folder: Path | str) -> dict[str, Path]:
    """Return ``YYYY-MM-DD-SSSSS`` -> sample of a folder, in order of time.

    Only names of samples count: hidden files (a Mac's ``._….nc``) and others are passed over.

    Raises:
        BadInput: the folder has no samples, or two of one time.

    """
    found: dict[str, Path] = {}
    for path in sorted(Path(folder).glob("*.nc"), key=lambda path: path.stem[-16:]):
        if (match := SAMPLE_NAME.fullmatch(path.name)) is None:
            continue
        stamp = match["stamp"]
        if stamp in found:
            raise BadInput(
                f"{folder} has two samples of {stamp}, {found[stamp].name} and {path.name}: keep "
                "each dataset in a folder of its own"
            )
        found[stamp] = path
    if not found:
        raise BadInput(
            f"{folder} has no samples (….YYYY-MM-DD-SSSSS.nc): make them with make_samples.py"
        )
    return found


def read_fields(path: Path, fields: Sequence[str], grid: Grid) -> dict[str, NDArray[np.float32]]:
    """Return field -> values of one sample, `grid.shape`; missing values are NaN.

    Raises:
        BadInput: the file or a field is not there, or the sample is on another grid.

    """
    with NETCDF, open_raw(path) as nc:
        check_grid(nc, grid, path)
        fields_read = {name: one_time(nc, name, grid.shape) for name in fields}
    return {name: values.astype(np.float32, copy=False) for name, values in fields_read.items()}


def one_time(nc: netCDF4.Dataset, name: str, shape: tuple[int, int]) -> NDArray[np.floating]:
    """Return a field of one time, `shape`, missing values NaN.

    Raises:
        BadInput: it is not there, or of another shape.

    """
    values = read(variable(nc, name))
    if values.shape not in (shape, (1, *shape)):
        raise BadInput(f"{nc.filepath()}: {name} is {values.shape}, expected one time on {shape}")
    return values.reshape(shape)


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
        BadInput: the field is not there, of another shape or order of dimensions, or has missing
            or non-finite values: says how many, and where the first is.

    """
    if field not in dataset.variables:
        raise BadInput(f"{path} has no field {field}; it has {', '.join(dataset.variables)}")
    variable = dataset[field]
    if variable.dimensions[-2:] == ("lon", "lat"):
        raise BadInput(
            f"{path}: {field} is ordered ({', '.join(variable.dimensions)}), expected (…, lat, lon)"
        )
    variable.set_auto_scale(False)  # a fill value means what is stored
    try:
        stored = np.asarray(variable[:])
    except (OSError, RuntimeError) as error:
        raise BadInput(f"{path}: {field} cannot be read ({error}): make the file again") from error
    if stored.shape not in (tuple(shape), (1, *shape)):
        raise BadInput(f"{path}: {field} is {stored.shape}, expected {tuple(shape)} (lat, lon)")
    stored = stored.reshape(shape)
    attributes = {name: variable.getncattr(name) for name in variable.ncattrs()}
    with np.errstate(over="ignore"):  # what is too large for float32 is refused below
        values = stored.astype(np.float32)
    if {"scale_factor", "add_offset"} & attributes.keys():
        scale, offset = attributes.get("scale_factor", 1), attributes.get("add_offset", 0)
        values = (stored * np.float64(scale) + np.float64(offset)).astype(np.float32)
    good = np.abs(values) < MISSING_ABOVE  # False for NaN too
    for name in ("_FillValue", "missing_value"):
        if name in attributes:
            good &= ~np.isin(stored, np.asarray(attributes[name]).astype(stored.dtype))
    if not good.all():
        raise BadInput(_describe_missing(dataset, field, path, values, ~good))
    return values


def grid_of(dataset: netCDF4.Dataset, path: Path) -> Grid:
    """Return the grid of a sample.

    Raises:
        BadInput: lat or lon is missing, not one-dimensional, or does not ascend.

    """
    axes = []
    for name in ("lat", "lon"):
        if name not in dataset.variables:
            raise BadInput(f"{path} has no coordinate {name}")
        axis = np.asarray(dataset[name][:], np.float64)
        if axis.ndim != 1 or not (np.diff(axis) > 0).all():
            raise BadInput(
                f"{path}: {name} must be one axis that ascends (south to north, west to east), but "
                f"it is {axis.shape}, {axis.flat[0]:g} … {axis.flat[-1]:g}: turn the file round"
            )
        axes.append(axis)
    return Grid(axes[0], axes[1])


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
    if "time" not in dataset.variables:
        raise BadInput(f"{path} has no coordinate time")
    variable = dataset["time"]
    if variable.dtype is str or variable.dtype.kind not in "iuf":
        raise BadInput(f"{path}: time is text, as in labelled samples; a sample's is a CF number")
    if variable.size != 1:
        raise BadInput(f"{path} has {variable.size} times; a sample has one")
    units = getattr(variable, "units", None)
    if units is None:
        raise BadInput(f"{path}: time has no units (CF: 'days since …')")
    calendar = str(getattr(variable, "calendar", "standard")).lower()
    calendar = "standard" if calendar == "gregorian" else calendar  # two names of CF for one
    value = float(np.asarray(variable[:]).ravel()[0])
    try:
        if not math.isfinite(value):
            raise ValueError("not a finite number")
        cftime.num2date(value, units, calendar)
    except (ValueError, OverflowError) as error:
        raise BadInput(
            f"{path}: its time, {value:g} {units!r} (calendar {calendar}), is no date ({error}): "
            "make the sample again"
        ) from error
    return value, units, calendar


def read_ahead(folder: SampleFolder, size: int, workers: int = 0, skip: int = 0) -> Iterator[Batch]:
    """Yield batches of `size` samples (the last may be smaller), read while others are in use.

    skip: samples to leave out at the beginning.
    workers: 0 reads in one thread, enough for a CPU; a GPU that eats hundreds of samples a second
    needs several processes. Memory stays constant: never more than a few batches are under way.
    """
    pieces = [folder.paths[i : i + size] for i in range(skip, len(folder.paths), size)]
    if not pieces:
        return
    if workers:
        yield from _from_processes(folder, pieces, workers)
        return
    with ThreadPoolExecutor(max_workers=1) as reader:
        ahead = reader.submit(folder.read, pieces[0])
        for following in [*pieces[1:], None]:
            batch = ahead.result()
            if following is not None:
                ahead = reader.submit(folder.read, following)
            yield batch


def _from_processes(
    folder: SampleFolder, pieces: Sequence[Sequence[Path]], workers: int
) -> Iterator[Batch]:
    import torch
    from torch.utils.data import DataLoader

    loader: Any = DataLoader(
        _Pieces(folder, pieces),  # type: ignore[arg-type]
        batch_size=None,  # a piece is a batch already
        num_workers=workers,
        prefetch_factor=2,
        pin_memory=torch.cuda.is_available(),
    )
    for values, times in loader:
        yield Batch(values.numpy(), times)


@dataclass(frozen=True)
class _Pieces:
    """The folder as torch's DataLoader wants it: tensors travel in shared memory."""

    folder: SampleFolder
    pieces: Sequence[Sequence[Path]]

    def __len__(self) -> int:
        return len(self.pieces)

    def __getitem__(self, index: int) -> tuple[Any, list[float]]:
        from torch import from_numpy

        batch = self.folder.read(self.pieces[index])
        return from_numpy(batch.values), batch.times
