"""Units and intervals of a field that is attributed: precipitation as mm/day of each step."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.formats.quantities import quantity_named
from stormtrace.formats.samples import opening_sample, read_fields
from stormtrace.formats.units import convert, parse_unit
from stormtrace.grids import Grid

#: Units of all precipitation here.
PER_DAY = "mm/day"

#: A rate of metres per second is precipitation if it is called so, else a wind.
CALLED_RAIN = re.compile(r"prec|rain|snow|^(pr|tp|cp|lsp|mtpr|avg_tprate)$", re.IGNORECASE)


@dataclass(frozen=True)
class Amount:
    """How a field is read: its value times `factor` is in `units`.

    is_rain: whether it is precipitation, a mean of the step in mm/day.
    """

    field: str
    units: str
    factor: float = 1.0
    is_rain: bool = False


def amount_of(sample: Path, field: str, step_hours: float) -> Amount:
    """Return how a field of samples is read, from the attributes of one of them.

    Raises:
        BadInput: it is not there, has no units, or is precipitation of unknown interval.

    """
    with opening_sample(sample) as nc:
        if field not in nc.variables:
            raise BadInput(f"{sample} has no {field}; it has {sorted(nc.variables)}")
        variable = nc[field]
        attributes = {name: str(variable.getncattr(name)) for name in variable.ncattrs()}
        span = _span(nc)
    return checked_amount(sample, field, attributes, span, step_hours)


def checked_amount(
    sample: Path, field: str, attributes: Mapping[str, str], span: float | None, step_hours: float
) -> Amount:
    """Return how a field is read; span: hours that its means are of, None of instants.

    Raises:
        BadInput: as `amount_of`.

    """
    amount = read_amount(sample, field, attributes, step_hours)
    if amount.is_rain and span is not None and span < step_hours - 1e-6:
        raise BadInput(
            f"{sample}: {field} is of {span:g} h (time_bnds) of its steps of {step_hours:g} h, so "
            "what falls in the rest is not known: say `sampling: mean` of the field in its "
            "dataset, which takes the mean of rates and the sum of amounts within a step"
        )
    return amount


def _span(nc: netCDF4.Dataset) -> float | None:
    """Return of how many hours the means of a sample are; None where it does not say."""
    if "time_bnds" not in nc.variables or not str(nc["time"].units).startswith("hours"):
        return None
    first, last = np.asarray(nc["time_bnds"][:], float).ravel()[:2]
    return float(last - first)


def read_amount(
    where: Path | str, field: str, attributes: Mapping[str, str], step_hours: float
) -> Amount:
    """Return how a field is read. A rate is a mean of the step, an amount the sum within it.

    Raises:
        BadInput: as `amount_of`.

    """
    units = attributes.get("units", "")
    if not units:
        raise BadInput(
            f"{where}: {field} has no units, so nothing can be said of its amounts: say `units` of "
            "the field in its dataset"
        )
    method = re.search(r"time\s*:\s*(\w+)", attributes.get("cell_methods", ""))
    how = method[1] if method else ""
    unit, day, depth = (parse_unit(text) for text in (units, PER_DAY, "mm"))
    assert day is not None and depth is not None
    rate = None if unit is None else convert(unit, day)
    amount = None if unit is None else convert(unit, depth)
    if rate is not None and _may_be_rain(field, attributes):
        if how != "mean":
            raise BadInput(_interval(where, field, units, how, "mean"))
        return Amount(field, PER_DAY, rate.factor, True)
    if amount is not None and how == "sum":
        return Amount(field, PER_DAY, amount.factor * 24.0 / step_hours, True)
    if amount is not None and CALLED_RAIN.search(field):
        raise BadInput(_interval(where, field, units, how, "sum"))
    if unit is None and CALLED_RAIN.search(field):
        raise BadInput(
            f"{where}: the units of {field}, {units!r}, are not understood; expected a rate (m s-1,"
            " kg m-2 s-1, mm/day) or an amount (m, mm, kg m-2) of water: correct the attribute "
            "`units` in the raw files"
        )
    return Amount(field, units)


def _may_be_rain(field: str, attributes: Mapping[str, str]) -> bool:
    """Whether a field in units of a rate is one of water: a wind has the same dimensions."""
    unit = parse_unit(attributes["units"])
    assert unit is not None
    if unit.dimensions[0]:  # kg m-2 s-1
        return True
    names = (field, *(attributes.get(key, "") for key in ("standard_name", "long_name")))
    return quantity_named(field) is None and any(CALLED_RAIN.search(name) for name in names)


def _interval(where: Path | str, field: str, units: str, how: str, wanted: str) -> str:
    found = {
        "": "does not say (cell_methods) what interval its values are of",
        "point": "is of instants",
    }.get(how, f"is a {how} of its interval")
    kind = "a rate" if wanted == "mean" else "an amount"
    remedy = (
        "take a variable of means (a history tape of averages, hourly means)"
        if wanted == "mean"
        else f"derive it with {{sum: {field}}} of amounts accumulated from record to record"
    )
    return (
        f"{where}: {field} in {units!r} {found}; what falls in a step needs {kind} that is the "
        f"{wanted} within the step (cell_methods 'time: {wanted}'): {remedy}"
    )


def check_wet(amount: Amount, over: str, where: Path | str) -> None:
    """Refuse (BadInput) wet steps or days of what is no precipitation."""
    if over.startswith("wet") and not amount.is_rain:
        raise BadInput(
            f"{where}: percentiles are asked over {over}, but {amount.field} in {amount.units!r} "
            "is no precipitation (a rate or an amount of water): say over: steps, or over: days"
        )


def daily_mean(values: NDArray[np.float32], whole: int) -> NDArray[np.float32]:
    """Return the mean of the steps of a day, (cells,); NaN unless there are all (`whole`)."""
    if len(values) < whole:
        return np.full(values.shape[1], np.nan, np.float32)
    return values.mean(axis=0, dtype=np.float64).astype(np.float32)


def read_amounts(paths: Sequence[Path], amount: Amount, grid: Grid) -> NDArray[np.float32]:
    """Return a field of some samples in the units of `amount`, (samples, cells)."""
    values = np.empty((len(paths), grid.size), np.float32)
    for index, path in enumerate(paths):
        values[index] = read_fields(path, [amount.field], grid)[amount.field].ravel()
    if amount.factor != 1.0:
        values *= np.float32(amount.factor)
    return values
