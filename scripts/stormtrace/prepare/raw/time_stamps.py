"""Time stamps of one raw file, as they are written: which variable, calendar, seconds."""

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.prepare.raw.calendar_time import HOUR, Calendar, Seconds, calendar_of, unit_seconds
from stormtrace.prepare.raw.opened import RawFile, RawVariable
from stormtrace.prepare.raw.variable_layout import starts_forecast, time_coordinate

#: Seconds to which times must at least be exact, and where all are on half hours.
COARSEST, COARSEST_ON_HALF_HOURS = 60, 450

#: WRF's times, as text.
WRITTEN = "Times"


def times_of(opened: RawFile, source: RawVariable, dimension: str | None) -> RawVariable:
    """Return the coordinate of times; BadInput where there is none, or of a climatology."""
    name = time_coordinate(opened, source, dimension)
    if name is None and dimension and opened.dimensions_of.get(WRITTEN, ())[:1] == (dimension,):
        return opened[WRITTEN]
    if name is None:
        along = f" along {dimension}" if dimension else ", nor has it a dimension of times"
        raise BadInput(
            f"{opened.path}: {source.name} has no time coordinate{along}: say when it starts with"
            " the dataset's key time: {start: 1980-01-01, step_hours: 3}"
        )
    times = opened[name]
    if times.text("climatology"):
        raise BadInput(
            f"{opened.path}: {name} is the time of a climatology, not of a series: leave it out"
        )
    step = opened.get("step")
    if starts_forecast(times) and (step is None or step.dimensions or step.read().any()):
        raise BadInput(
            f"{opened.path}: {name} is when forecasts began, not the time of {source.name}: write"
            " the time of its values as its coordinate"
        )
    return times


def read_stamps(times: RawVariable, dimension: str | None) -> tuple[Calendar, Seconds]:
    """Return the calendar and the stamps of all records.

    Raises:
        BadInput: there are none, one is missing, or they are too coarse or no times.

    """
    if times.name == WRITTEN:
        return _read_written(times)
    packed = {"scale_factor", "add_offset"} & set(times.attributes)
    decoded = np.atleast_1d(times.read(()))
    values = decoded if packed else np.atleast_1d(times.stored(()))
    if values.size == 0:
        raise BadInput(f"{times.path} holds no times (0 records along {dimension}): leave it out")
    if np.isnan(decoded).any():
        raise BadInput(
            f"{times.path}: {times.name} of record {int(np.isnan(decoded).argmax()) + 1} is"
            " missing: correct the file"
        )
    try:
        calendar = calendar_of(times.text("calendar") or "standard", times.units, values)
        stamp = calendar.from_cf(values, times.units)
    except BadInput as error:
        raise BadInput(f"{times.path}: {error}") from error
    _check_resolution(times, values)
    return calendar, stamp


def _read_written(times: RawVariable) -> tuple[Calendar, Seconds]:
    """Return WRF's times, 2005-08-28_12:00:00, in the standard calendar."""
    calendar, rows = Calendar(), np.atleast_2d(times.stored(()))
    texts = [b"".join(row).decode().replace("_", " ") for row in rows.astype("S1")]
    try:
        return calendar, np.array([calendar.seconds(text) for text in texts], np.int64)
    except BadInput as error:
        raise BadInput(f"{times.path}: {times.name}: {error}") from error


def least_gap(path: str, calendar: Calendar, stamp: Seconds) -> int | None:
    """Return the least seconds between records, None for one; BadInput if they do not ascend."""
    if stamp.size < 2:
        return None
    gaps = np.diff(stamp)
    if (gaps <= 0).any():
        index = int(np.argmax(gaps <= 0))
        kind = "twice" if gaps[index] == 0 else f"before {calendar.text(stamp[index])}"
        raise BadInput(
            f"{path}: times must ascend, but record {index + 2} is"
            f" {calendar.text(stamp[index + 1])} {kind} ({int((gaps <= 0).sum())} such records):"
            " sort the file or drop the double ones"
        )
    return int(gaps.min())


def _check_resolution(times: RawVariable, values: NDArray) -> None:
    """Refuse times whose kind of number is too coarse for them, such as float32 days since 1.

    Half hours are believed where other times near them would be other numbers.
    """
    if values.dtype.kind != "f":
        return
    unit = unit_seconds(times.units)
    spacing = np.spacing(np.abs(values).max()) * unit
    on_half_hours = not (values.astype(np.float64) * unit % (HOUR / 2)).any()
    if spacing > (COARSEST_ON_HALF_HOURS if on_half_hours else COARSEST):
        raise BadInput(
            f"{times.path}: {times.name} in {times.units!r} is {values.dtype}, too coarse for"
            f" times less than {spacing:.0f} s apart: write it as float64"
        )
