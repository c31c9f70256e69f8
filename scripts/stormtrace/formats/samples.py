"""Samples: the fields of one time on a grid, a file each; found by their names and read whole."""

import math
import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import cftime
import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.formats.axes import check_grid, read_grid
from stormtrace.formats.complete_maps import read_map
from stormtrace.formats.netcdf import NETCDF, opening, read, variable
from stormtrace.formats.quantities import check_possible
from stormtrace.formats.sample_names import stamp
from stormtrace.grids import Grid


def opening_sample(path: Path) -> AbstractContextManager[netCDF4.Dataset]:
    """Open a sample, undamaged. Snakemake makes a year of samples at once: a folder is an output.

    Raises:
        BadInput: it is damaged, or cannot be read.

    """
    remedy = (
        f"remove the folder {path.parent} and run snakemake again, which makes it again (or copy "
        "the sample again, if it came from elsewhere)"
    )
    return opening(path, remedy)


def units_in(path: Path, fields: Sequence[str]) -> dict[str, str]:
    """Return field -> its units in a sample, labelled or not; empty where it does not say.

    Raises:
        BadInput: it lacks a field.

    """
    with opening_sample(path) as nc:
        if absent := [field for field in fields if field not in nc.variables]:
            raise BadInput(f"{path} has no {absent}; it has {sorted(nc.variables)}")
        return {field: str(getattr(nc[field], "units", "")) for field in fields}


@dataclass(frozen=True)
class Batch:
    """Samples in order of time.

    values: (samples, fields, *grid.shape), as stored: not normalized; times: in the units and
    calendar of the `SampleFolder`.
    """

    values: NDArray[np.float32]
    times: list[float]


class FieldAdjustment(Protocol):
    """What changes a field as it is read."""

    def __call__(self, values: NDArray[np.float32], month: int) -> None:
        """Change a map (ny, nx) of a month, 1 … 12, in place."""

    def facts(self) -> dict[str, Any]:
        """Return what is done, in types of JSON."""


#: Field and shape -> map of a file, as stored.
Decoded = dict[tuple[str, tuple[int, ...]], NDArray[np.float32]]


@dataclass(frozen=True)
class SampleFolder:
    """A folder of samples; the first file says what all must have.

    fields: field -> the value it has everywhere, or None to read it; step_hours: from one sample
    to the next. adjust: field -> what changes it as it is read.
    """

    paths: list[Path]
    fields: Mapping[str, float | None]
    grid: Grid
    units: str
    calendar: str
    step_hours: float
    adjust: Mapping[str, FieldAdjustment] = field(default_factory=dict)

    def read(self, paths: Sequence[Path]) -> Batch:
        """Read samples.

        Raises:
            BadInput: a field is missing or incomplete, the grid is another, the time unreadable.

        """
        (found,) = read_together([(self, paths)])
        if isinstance(found, BadInput):
            raise found
        return found

    def read_into(
        self, values: NDArray[np.float32], nc: netCDF4.Dataset, path: Path, decoded: Decoded
    ) -> float:
        """Fill (fields, *grid.shape) from an open file, not adjusted; return its time.

        decoded: maps of this file that were read before, to which this adds its own.
        """
        for channel, (name, value) in enumerate(self.fields.items()):
            key = name, self.grid.shape
            if value is not None:
                values[channel] = value
            elif key in decoded:
                values[channel] = decoded[key]
            else:
                values[channel] = read_map(nc, name, path, self.grid.shape)
                decoded[key] = values[channel]
        check_grid(nc, self.grid, path)
        return self._read_time(nc, path)

    def adjust_fields(self, values: NDArray[np.float32], time: float) -> None:
        """Change the fields of a sample, (fields, *grid.shape), in place."""
        for channel, name in enumerate(self.fields):
            if name in self.adjust:
                self.adjust[name](values[channel], self.date(time).month)

    def reads_as(self, other: "SampleFolder") -> bool:
        """Whether both give the same values of a sample."""
        return (
            list(self.fields.items()) == list(other.fields.items())
            and (self.units, self.calendar) == (other.units, other.calendar)
            and _facts(self.adjust) == _facts(other.adjust)
            and self.grid.same_as(other.grid)
        )

    def attributes(self, field: str) -> dict[str, str]:
        """Return the attributes of a field in the first sample, as text; none if it lacks it."""
        with NETCDF, opening_sample(self.paths[0]) as nc:
            if field not in nc.variables:
                return {}
            return {key: str(nc[field].getncattr(key)) for key in nc[field].ncattrs()}

    def date(self, time: float) -> cftime.datetime:
        """Return a time of this folder as a date of its calendar."""
        return cftime.num2date(time, self.units, self.calendar)

    def _read_time(self, nc: netCDF4.Dataset, path: Path) -> float:
        time, units, calendar = _time(nc, path)
        if (units, calendar) == (self.units, self.calendar):
            return time
        if calendar != self.calendar:
            raise BadInput(f"{path}: calendar {calendar}, but {self.calendar} in the first sample")
        return float(cftime.date2num(cftime.num2date(time, units, calendar), self.units, calendar))


def read_together(
    wanted: Sequence[tuple[SampleFolder, Sequence[Path]]],
) -> list[Batch | BadInput]:
    """Read samples for several that see one folder each in its own way: each file and field once.

    wanted: how a folder is seen, and the samples to read, in order of time. Returns for each its
    batch, or why it is refused.
    """
    values = [
        np.empty((len(paths), len(folder.fields), *folder.grid.shape), np.float32)
        for folder, paths in wanted
    ]
    times: list[list[float]] = [[] for _ in wanted]
    refused: dict[int, BadInput] = {}
    for path in dict.fromkeys(path for _, paths in wanted for path in paths):
        here = [k for k, (_, paths) in enumerate(wanted) if k not in refused and path in paths]
        try:
            with NETCDF, opening_sample(path) as nc:
                decoded: Decoded = {}
                for k in here:
                    try:
                        into = values[k][len(times[k])]
                        times[k].append(wanted[k][0].read_into(into, nc, path, decoded))
                    except BadInput as error:
                        refused[k] = error
        except BadInput as error:
            refused = dict.fromkeys(here, error) | refused
        for k in here:
            if k not in refused:
                wanted[k][0].adjust_fields(values[k][len(times[k]) - 1], times[k][-1])
    return [
        refused.get(k) or Batch(one, moments)
        for k, (one, moments) in enumerate(zip(values, times, strict=True))
    ]


def open_folder(
    folder: Path | str,
    fields: Mapping[str, float | None],
    period: Sequence[str] | None = None,
) -> SampleFolder:
    """Return the samples of a folder in order of the times in their names.

    period: [first moment, first moment no longer in it]; samples outside of it are left out.

    Raises:
        BadInput: there are none, the first lacks a grid, a time or `step_hours`, or the period is
            not of its calendar.

    """
    files = samples_by_time(folder)
    if period is not None:
        start, end = map(stamp, period)
        files = {time: path for time, path in files.items() if start <= time < end}
        if not files:
            raise BadInput(
                f"{folder} has no samples from {period[0]} to before {period[1]}; make them with "
                "make_samples.py, or correct the experiment's period"
            )
    paths = list(files.values())
    with NETCDF, opening_sample(paths[0]) as nc:
        grid = read_grid(nc, paths[0])
        _, units, calendar = _time(nc, paths[0])
        step_hours = _step_hours(nc, paths[0])
    for moment in period or ():
        _check_date(moment, calendar)
    return SampleFolder(paths, dict(fields), grid, units, calendar, step_hours)


#: Name of a sample, ``{dataset}.YYYY-MM-DD-SSSSS.nc``: CESM's way of writing a time.
SAMPLE_NAME = re.compile(r"[^.].*\.(?P<stamp>\d{4}-\d{2}-\d{2}-\d{5})\.nc")


def stamp_of(path: Path) -> str:
    """Return the time in the name of a sample, ``YYYY-MM-DD-SSSSS``."""
    return path.stem[-16:]


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
    for path in sorted(Path(folder).glob("*.nc"), key=stamp_of):
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
    with NETCDF, opening_sample(path) as nc:
        nc.set_auto_scale(False)  # `read` does it
        check_grid(nc, grid, path)
        fields_read = {name: one_time(nc, name, grid.shape) for name in fields}
    return {name: values.astype(np.float32, copy=False) for name, values in fields_read.items()}


def one_time(nc: netCDF4.Dataset, name: str, shape: tuple[int, int]) -> NDArray[np.floating]:
    """Return a field of one time, `shape`, missing values NaN.

    Raises:
        BadInput: it is not there, of another shape, or has impossible values.

    """
    source = variable(nc, name)
    values = read(source)
    if values.shape not in (shape, (1, *shape)):
        raise BadInput(f"{nc.filepath()}: {name} is {values.shape}, expected one time on {shape}")
    attributes = {key: source.getncattr(key) for key in source.ncattrs()}
    least, most = (float(end.reduce(values, axis=None)) for end in (np.fmin, np.fmax))
    check_possible(nc.filepath(), name, attributes, least, most)
    return values.reshape(shape)


def _facts(adjust: Mapping[str, FieldAdjustment]) -> dict[str, dict[str, Any]]:
    return {name: one.facts() for name, one in adjust.items()}


def _check_date(moment: str, calendar: str) -> None:
    """Refuse (BadInput) what is no date of a calendar, before anything is made of its samples."""
    try:
        cftime.datetime(*map(int, moment[:10].split("-")), calendar=calendar)
    except ValueError as error:
        raise BadInput(
            f"{moment} is no date of the samples' calendar, {calendar}: correct the period"
        ) from error


def _step_hours(nc: netCDF4.Dataset, path: Path) -> float:
    hours = float(getattr(nc, "step_hours", 0.0))
    if not hours > 0:
        raise BadInput(
            f"{path} has no global attribute step_hours, the hours from one sample to the next: "
            "make the samples again, or add it to the first one"
        )
    return hours


def _time(nc: netCDF4.Dataset, path: Path) -> tuple[float, str, str]:
    if "time" not in nc.variables:
        raise BadInput(f"{path} has no coordinate time")
    variable = nc["time"]
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
