"""Files by forecast, read by the times that their values are of.

NCAR's ERA5 forecasts (d633000, e5.oper.fc.sfc.*) have the dimensions forecast_initial_time (06 and
18 h) and forecast_hour (1 … 12); cfgrib makes `time` and `step` of the same. Where forecasts follow
each other without overlap the two are one axis of time: start + hours.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.prepare.raw.calendar_time import unit_seconds
from stormtrace.prepare.raw.opened import Index, RawFile, RawVariable

#: The dimension of time that is made of the two.
TIME = "time"


class _Forecasts(NamedTuple):
    """The dimensions of a file by forecast: when forecasts began, and the time since."""

    start: str
    lead: str


def by_valid_time(opened: RawFile) -> RawFile:
    """Return a file by forecast with its variables along one time; any other file as it is.

    Times are read when somebody asks for them: BadInput then where forecasts overlap, or where
    nothing says the unit of the time since they began.
    """
    found = _forecasts(opened)
    if found is None:
        return opened
    count = opened.dimensions[found.start] * opened.dimensions[found.lead]
    makers: dict[str, Callable[[], RawVariable]] = {TIME: lambda: _valid_times(opened, found)}
    dimensions_of: dict[str, tuple[str, ...]] = {TIME: (TIME,)}
    for name, dimensions in opened.dimensions_of.items():
        if dimensions[:2] == found:
            if len(dimensions) > 2:  # else cfgrib's valid_time, which is the axis made here
                makers[name] = _maker(opened, name, _flattened)
                dimensions_of[name] = (TIME, *dimensions[2:])
        elif not {*found} & {*dimensions}:
            makers[name] = _maker(opened, name, lambda variable: variable)
            dimensions_of[name] = dimensions
    sizes = {name: size for name, size in opened.dimensions.items() if name not in found}
    return RawFile(
        opened.path, {TIME: count, **sizes}, opened.attributes, makers, opened.close, dimensions_of
    )


def _maker(
    opened: RawFile, name: str, change: Callable[[RawVariable], RawVariable]
) -> Callable[[], RawVariable]:
    return lambda: change(opened[name])


def _forecasts(opened: RawFile) -> _Forecasts | None:
    """Return the first two dimensions of a variable that are start and lead of forecasts."""
    for dimensions in dict.fromkeys(opened.dimensions_of.values()):
        if len(dimensions) > 2 and {*dimensions[:2]} <= {*opened}:
            start, lead = (opened[name] for name in dimensions[:2])
            if _is(start, "forecast_reference_time", "initial") and _is(
                lead, "forecast_period", "forecast_hour"
            ):
                return _Forecasts(start.name, lead.name)
    return None


def _is(source: RawVariable, standard_name: str, word: str) -> bool:
    return source.text("standard_name") == standard_name or (
        not source.text("standard_name") and word in f"{source.name} {source.text('long_name')}"
    )


def _valid_times(opened: RawFile, found: _Forecasts) -> RawVariable:
    """Return the times that values are of, in the units of the starts of forecasts."""
    start, lead = opened[found.start], opened[found.lead]
    try:
        unit = unit_seconds(f"{lead.units} since 2000-01-01") / unit_seconds(start.units)
    except BadInput as error:
        raise BadInput(
            f"{opened.path}: {lead.name} has the units {lead.units!r}, {start.name}"
            f" {start.units!r}; hours and hours since a date were expected: correct the file"
        ) from error
    times = start.read()[:, None] + lead.read() * unit
    if (np.diff(times.ravel()) <= 0).any():
        leads = lead.read()
        raise BadInput(
            f"{opened.path}: forecasts overlap: each has {lead.name} {leads[0]:g} to {leads[-1]:g},"
            f" but the next begins {np.diff(start.read()).min() / unit:g} {lead.units} later, so"
            " times are there twice: keep the hours that reach from one start to the next (ERA5: 1"
            " to 12)"
        )
    attributes = {
        key: start.attributes[key] for key in ("units", "calendar") if key in start.attributes
    }
    return RawVariable(
        opened.path, TIME, (TIME,), (times.size,), times.dtype, attributes,
        lambda index: times.ravel()[index if index else ...],
    )  # fmt: skip


def _flattened(source: RawVariable) -> RawVariable:
    """Return a variable with its first two dimensions as one.

    NCAR's chunks hold a whole forecast (12 × 721 × 1440), so the forecast read last is kept.
    """
    forecasts, leads, *points = source.shape
    kept: dict[tuple[Any, ...], NDArray] = {}

    def forecast(number: int, rest: Index) -> NDArray:
        key = (number, *map(str, rest))
        if key not in kept:
            kept.clear()
            kept[key] = source.stored((number, slice(None), *rest))
        return kept[key]

    def stored(index: Index) -> NDArray:
        first, *rest = index or (slice(None),)
        which = np.arange(forecasts * leads)[first]
        records = [
            forecast(int(number), tuple(rest))[which[which // leads == number] % leads]
            for number in np.unique(which // leads)
        ]
        if not records:
            return forecast(0, tuple(rest))[:0]
        return np.concatenate(records) if which.ndim else records[0][0]

    return dataclasses.replace(
        source, dimensions=(TIME, *source.dimensions[2:]), shape=(forecasts * leads, *points),
        stored=stored, chunks=None,
    )  # fmt: skip
