"""The coefficients of hybrid levels in a file, under the names of CF, CMOR and CAM."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.formats.units import pascals
from stormtrace.prepare.raw.coefficients import Coefficients, fitting, from_half_levels
from stormtrace.prepare.raw.level_values import follows_the_ground, other_kind
from stormtrace.prepare.raw.opened import RawFile, RawVariable

Values = NDArray[np.float64]

#: Names of a, b and p0 at mid-levels, where no formula names them: CAM's, CMOR's.
MIDS = (("hyam", "hybm", "P0"), ("ap", "b", "p0"), ("a", "b", "p0"))

#: The same between levels: interfaces (n + 1) or bounds (n, 2).
INTERFACES = (("hyai", "hybi", "P0"), ("ap_bnds", "b_bnds", "p0"), ("a_bnds", "b_bnds", "p0"))


@dataclass(frozen=True)
class _Terms:
    """Variables of the terms of a formula; p0 is absent where a is a pressure."""

    a: RawVariable
    b: RawVariable
    p0: RawVariable | None
    surface: str | None = None


def file_coefficients(
    opened: RawFile, level: RawVariable | None, dimension: str | None, only_along: bool = False
) -> Coefficients | None:
    """Return the coefficients in a file for the levels of a coordinate, or None.

    dimension: of the levels. only_along: coefficients of other dimensions belong to the levels
    from which these have been interpolated.

    Raises:
        BadInput: they contradict each other.

    """
    mids = _mids(opened, level, dimension, only_along)
    edges = _interfaces(opened, level, mids, dimension, only_along)
    if mids is None and edges is None:
        return None
    surface = next((each.surface for each in (mids, edges) if each and each.surface), None)
    if mids is not None:
        found = Coefficients(
            opened.path, *_in_pascals(opened, mids), dimension=mids.a.dimensions[-1]
        )
        a, b = _sides(opened, edges) or (None, None)
        return fitting(replace(found, a_interface=a, b_interface=b, surface=surface))
    sides = _sides(opened, edges)
    along = edges.a.dimensions[0] if edges and len(edges.a.shape) > 1 else None
    return None if sides is None else from_half_levels(opened.path, *sides, along, surface)


def _sides(opened: RawFile, edges: _Terms | None) -> tuple[Values, Values] | None:
    return None if edges is None else _edges(*_in_pascals(opened, edges))


def _mids(
    opened: RawFile, level: RawVariable | None, dimension: str | None, only_along: bool
) -> _Terms | None:
    formula = _formula(opened, level)
    if formula is not None:
        return formula
    for a, b, p0 in MIDS:
        if a in opened and b in opened:
            along = opened[a].dimensions[-1:] == (dimension,) and _meant(opened, level, a, p0)
            if along or (a == "hyam" and not only_along):
                return _Terms(opened[a], opened[b], _p0(opened, p0))
    return None


def _meant(opened: RawFile, level: RawVariable | None, a: str, p0: str) -> bool:
    """Whether variables called a and b are coefficients of pressure, not of height or anything."""
    if a not in ("a", "a_bnds") or level is None:
        return a not in ("a", "a_bnds") or p0 in opened
    other = other_kind(level) or "orog" in level.text("formula_terms")
    return not other and (p0 in opened or follows_the_ground(level))


def _interfaces(
    opened: RawFile,
    level: RawVariable | None,
    mids: _Terms | None,
    dimension: str | None,
    only_along: bool,
) -> _Terms | None:
    for holder in _holders(opened, level, mids):
        formula = _formula(opened, holder)
        if formula is not None:
            return formula
    for a, b, p0 in INTERFACES:
        if a in opened and b in opened:
            along = dimension in opened[a].dimensions and _meant(opened, level, a, p0)
            if along or (a == "hyai" and (mids is not None or not only_along)):
                return _Terms(opened[a], opened[b], _p0(opened, p0))
    return None


def _holders(
    opened: RawFile, level: RawVariable | None, mids: _Terms | None
) -> Iterator[RawVariable]:
    """Yield the variables that may have a formula for interfaces."""
    names = [] if level is None else [level.text("bounds"), level.text("borders")]
    yield from (opened[name] for name in names if name in opened)
    if mids is not None:
        count = mids.a.shape[-1]
        yield from (
            each for each in opened.values()
            if "formula_terms" in each.attributes and each.shape == (count + 1,)
        )  # fmt: skip


def _formula(opened: RawFile, holder: RawVariable | None) -> _Terms | None:
    """Return the terms of a hybrid formula of pressure that a variable names, if all are there."""
    if holder is None:
        return None
    named = dict(re.findall(r"(\w+)\s*:\s*(\S+)", holder.text("formula_terms")))
    a, b = named.get("ap") or named.get("a"), named.get("b")
    if a not in opened or b not in opened or "ps" not in named:
        return None
    assert a is not None and b is not None
    p0 = None if "ap" in named else _p0(opened, named.get("p0"))
    return _Terms(opened[a], opened[b], p0, named["ps"])


def _p0(opened: RawFile, name: str | None) -> RawVariable | None:
    return next((opened[each] for each in (name, "P0", "p0") if each and each in opened), None)


def _in_pascals(opened: RawFile, terms: _Terms) -> tuple[Values, Values]:
    """Return a in Pa and b, as they lie; a (n,) or (n, 2) is a pressure, or a share of p0."""
    a, b = (_numbers(each) for each in (terms.a, terms.b))
    if a.shape != b.shape or np.isnan(a).any() or np.isnan(b).any():
        raise BadInput(
            f"{opened.path}: {terms.a.name} {a.shape} and {terms.b.name} {b.shape}, coefficients of"
            " hybrid levels, must be complete and of one shape: name others with"
            " `vertical: {coefficients: …}`"
        )
    unit, most = pascals(terms.a.units), float(np.abs(a).max())
    if most <= 2 and (unit is None or most == 0):
        return a * _reference(opened, terms), b
    if (unit is None and 2 < most < 1000) or most * (unit or 1) <= 2:
        raise BadInput(
            f"{opened.path}: {terms.a.name} goes up to {most:g} {terms.a.units or 'without units'}:"
            " a share of the reference pressure or a pressure in Pa is expected; name a file that"
            " has these with `vertical: {coefficients: …}`"
        )
    return a * (unit or 1.0), b


def _numbers(source: RawVariable) -> Values:
    """Return (n,) or, of bounds, (n, 2), whether or not they are repeated for every time."""
    bounds = source.shape[-1:] == (2,) and len(source.shape) > 1
    repeated = len(source.shape) > 1 + bounds
    found = source.read_once(source.dimensions[0]) if repeated else source.read()
    return found.astype(np.float64)


def _reference(opened: RawFile, terms: _Terms) -> float:
    """Return p0 in Pa; CAM's is 1000 hPa where it has been lost on the way."""
    if terms.p0 is None:
        if terms.a.name in ("hyam", "hyai") or not np.any(_numbers(terms.a)):
            return 100000.0
        raise BadInput(
            f"{opened.path}: {terms.a.name} is a share of a reference pressure p0, which is not"
            " there: name a file that has it with `vertical: {coefficients: …}`"
        )
    repeated = bool(terms.p0.shape)
    number = terms.p0.read_once(terms.p0.dimensions[0]) if repeated else terms.p0.read()
    p0 = float(np.ravel(number)[0]) * (pascals(terms.p0.units) or 1.0)
    if not 50000 < p0 < 150000:
        raise BadInput(
            f"{opened.path}: {terms.p0.name} is {p0:g}; a reference pressure near 100000 Pa is"
            " expected: name a file with the right one with `vertical: {coefficients: …}`"
        )
    return p0


def _edges(a: Values, b: Values) -> tuple[Values, Values] | None:
    """Return (n + 1,) interfaces of (n + 1,) or of bounds (n, 2); None of bounds with gaps."""
    if a.ndim == 1:
        return a, b
    for order in ([0, 1], [1, 0]):
        first, last = np.stack([a, b])[:, :, order].transpose(2, 0, 1)
        if np.allclose(first[:, 1:], last[:, :-1], rtol=1e-6, atol=1e-9):
            joined = np.concatenate([first, last[:, -1:]], axis=1)
            return joined[0], joined[1]
    return None
