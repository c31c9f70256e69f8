"""Which way levels run, and which level of one list is which of another."""

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.prepare.raw.level_values import level_numbers, pressure_unit
from stormtrace.prepare.raw.opened import RawVariable

Values = NDArray[np.float64]

#: What turns a + b, the nominal pressure over that of sea level, into values of `lev` in use.
NOMINAL = (1.0, 1000.0, 100000.0)

#: By how much nominal pressures may differ from a coordinate's values to be the same.
CLOSE = 1e-3

#: The same where a whole list is compared, of sea-level pressure: some models take 1013 hPa.
ALIKE = 0.02


def from_the_ground(level: RawVariable | None) -> bool | None:
    """Whether the first level is next to the ground, as the coordinate says; None: it does not."""
    values = level_numbers(level)
    if level is None or values is None or values.size < 2:
        return None
    positive, grows = level.text("positive").lower(), bool(values[0] < values[-1])
    if positive not in ("up", "down"):
        return None
    return grows == (positive == "up")


def same_order(own: Values | None, other: Values | None) -> bool | None:
    """Whether two files have the same levels in the same order (False: reversed).

    None where one has no coordinate to tell.

    Raises:
        ValueError: they are not the same levels.

    """
    if own is None or other is None:
        return None
    if own.size == other.size and np.allclose(own, other, rtol=1e-5):
        return True
    if own.size == other.size and np.allclose(own, other[::-1], rtol=1e-5):
        return False
    raise ValueError(f"levels {_ends(own)}, not {_ends(other)}")


def places_of_levels(
    level: RawVariable | None, count: int, nominal: Values, along: bool, erratum: bool = False
) -> NDArray[np.intp]:
    """Return which of a model's levels, in the order of its coefficients, each of `count` is.

    By nominal pressure where the coordinate has it, whatever its sign and unit; else by position
    where the coefficients lie along the levels themselves, else by number, from 1 (or 0).

    nominal: a + b of every level of the model, about 0 … 1. along: the coefficients lie along the
    dimension of the levels. erratum: they are known to be the wrong way round then.

    Raises:
        ValueError: which levels these are is not known, or contradicted.

    """
    values = level_numbers(level)
    if level is not None and values is not None and _is_nominal(level, values):
        found = by_nominal(np.abs(values), nominal)
        if found is None:
            raise ValueError(f"are of nominal levels {_ends(nominal)}, not {_ends(values)}")
        if along and found[0] > found[-1] and not erratum:
            raise ValueError(f"run the other way than the nominal levels {_ends(values)}")
        return found
    if along and (values is not None or not erratum):
        return np.arange(count)
    if values is None:
        raise ValueError("cannot be compared with levels that have no coordinate")
    places = values.astype(np.intp) - (0 if values.min() == 0 and count == nominal.size else 1)
    if (
        (values % 1).any()
        or places.min() < 0
        or places.max() >= nominal.size
        or not _monotone(places)
    ):
        raise ValueError(f"are of levels 1 … {nominal.size}, not {_ends(values)}")
    return places


def places_by_order(nominal: Values, first_level: str) -> NDArray[np.intp]:
    """Return which of a model's levels each is where the first is at the `top` or the `ground`."""
    downward = np.argsort(nominal)
    return downward if first_level == "top" else downward[::-1]


def _is_nominal(level: RawVariable, values: Values) -> bool:
    """Whether a coordinate means nominal pressures: in a unit of pressure, or as a + b."""
    if values.size < 2:
        return False
    near = [0.5 < np.abs(values).max() / scale < 1.1 for scale in NOMINAL]
    return pressure_unit(level.units) is not None or (bool((values % 1).any()) and any(near))


def _monotone(places: NDArray[np.intp]) -> bool:
    return bool((np.diff(places) > 0).all() or (np.diff(places) < 0).all())


def by_nominal(values: Values, nominal: Values) -> NDArray[np.intp] | None:
    """Return the place of each value among nominal pressures, or None where it is not clear.

    Some files round, and CMOR's bounds do not average to every level exactly: where there are as
    many, they must be alike one way and not the other.
    """
    for scale in NOMINAL:
        found = np.array([np.abs(nominal * scale - value).argmin() for value in values])
        near = np.isclose(nominal[found] * scale, values, rtol=CLOSE, atol=0)
        if near.all() and _monotone(found):
            return found
        if values.size == nominal.size > 1:
            ways = (np.arange(values.size), np.arange(values.size)[::-1])
            alike = [np.abs(nominal[way] - values / scale).max() <= ALIKE for way in ways]
            if alike[0] != alike[1]:
                return ways[0] if alike[0] else ways[1]
    return None


def not_consecutive(level: RawVariable | None) -> str | None:
    """Return the numbers of levels if they do not follow upon one another from 1, else None."""
    values = level_numbers(level)
    if values is None or values.size < 2 or (values % 1).any() or values.min() < 1:
        return None
    ordered = np.sort(values)
    if np.array_equal(ordered, np.arange(1, values.size + 1)):
        return None
    return _ends(ordered)


def check_order(pressures: Values, what: str) -> None:
    """Refuse (BadInput) pressures (2, nlev), over high and low ground, that are not in order."""
    steps = np.diff(pressures, axis=1)
    if not ((steps > 0).all() or (steps < 0).all()) or pressures.min() < 0:
        raise BadInput(
            f"{what} gives no pressures that grow from level to level, but"
            f" {_ends(pressures[0])} Pa: correct them, or name others with"
            " `vertical: {coefficients: …}`"
        )


def _ends(values: Values) -> str:
    return f"{values[0]:g} … {values[-1]:g}"
