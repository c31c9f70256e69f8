"""Hybrid levels of a raw variable: their coefficients found, and put to its levels."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.prepare.dataset import Dataset, Vertical
from stormtrace.prepare.raw.coefficients import (
    L137,
    Coefficients,
    listed_coefficients,
    table_coefficients,
)
from stormtrace.prepare.raw.formula_terms import file_coefficients
from stormtrace.prepare.raw.level_order import by_nominal, places_by_order, places_of_levels
from stormtrace.prepare.raw.level_values import follows_the_ground, level_numbers
from stormtrace.prepare.raw.opened import RawFile, RawVariable
from stormtrace.prepare.raw.raw_formats import open_raw_file
from stormtrace.prepare.raw.variable_layout import Layout
from stormtrace.prepare.vertical import HybridLevels

#: Endings of tables of coefficients; others are netCDF.
TABLES = (".txt", ".csv", ".dat")

#: Numbers of levels above this are of ECMWF's 137; its earlier models had 60, 62 and 91.
FEWER_LEVELS = 91

#: The air above this is no loss to a column integral of water, Pa; below, levels are missing.
TOP = 10000.0


#: The lowest level of a model is at more than this share of surface pressure: 0.97 … 0.999.
NEXT_TO_GROUND = 0.965

#: Begins the source_id of models whose CMIP6 files have a and b the wrong way round (ESMValCore).
WRONG_WAY_ROUND = "CESM2"


@dataclass(frozen=True, eq=False)
class Placed:
    """Hybrid levels from the top down.

    upward: whether the file has them from the ground up. surface: name of the surface pressure in
    the file's formula, if there is one. no_integral: why there is no integral over them, or None.
    hanging: what the levels are that do not reach down to the ground, or None.
    """

    levels: HybridLevels
    upward: bool
    surface: str | None
    no_integral: str | None
    hanging: str | None


def hybrid_levels(
    opened: RawFile,
    layout: Layout,
    level: RawVariable | None,
    dataset: Dataset,
    has_pressure: bool,
) -> Placed | None:
    """Return the hybrid levels of a variable, or None where it is on others.

    has_pressure: its levels have pressures of their own; coefficients in the same file, of another
    dimension, are then those of the levels it was interpolated from.

    Raises:
        BadInput: the coefficients contradict each other, or are not those of these levels.

    """
    path = dataset.vertical.coefficients
    if layout.levels is None or dataset.vertical.levels is not None:
        return None
    if path is not None:
        found: Coefficients | None = _named_coefficients(path)
        values = level_numbers(level)
        assert found is not None
        if has_pressure and (values is None or by_nominal(abs(values), found.nominal) is None):
            return None
    else:
        found = file_coefficients(opened, level, layout.level, has_pressure)
        found = found or (None if has_pressure else _ecmwf(opened, layout, level))
    if found is None:
        return None
    if layout.levels == 1:
        raise BadInput(
            f"{opened.path}: {layout.variable.name} {layout.variable.dimensions} has one model"
            " level only: there is nothing to interpolate between, or to sum; `take` it as it is"
        )
    places = _places(opened, layout, level, found, dataset.vertical)
    placed, first = _ordered(found, places), dataset.vertical.first_level
    if first is not None and placed.upward != (first == "ground"):
        raise BadInput(
            f"{opened.path}: {layout.variable.name} has its first level"
            f" {'next to the ground' if placed.upward else 'at the top'} by its coordinate or"
            f" coefficients, but `vertical: {{first_level: {first}}}` says otherwise: leave it out"
        )
    return placed


def _places(
    opened: RawFile,
    layout: Layout,
    level: RawVariable | None,
    found: Coefficients,
    vertical: Vertical,
) -> NDArray[np.intp]:
    """Return which of the coefficients belong to which level."""
    assert layout.levels is not None
    own = vertical.coefficients is None  # they lie in the same file
    along, count = own and found.dimension == layout.level, layout.levels
    erratum = str(opened.attributes.get("source_id", "")).startswith(WRONG_WAY_ROUND)
    if level is None and not own:  # perhaps the file has the mid-levels, but no interfaces
        mids = file_coefficients(opened, None, layout.level, only_along=True)
        places = None if mids is None else by_nominal(mids.nominal, found.nominal)
        if places is not None:
            return places
    if level_numbers(level) is None and (erratum or not along):
        return _places_untold(layout, found, vertical.first_level)
    try:
        return places_of_levels(level, count, found.nominal, along, erratum)
    except ValueError as error:
        raise BadInput(
            f"{found.path}: the hybrid coefficients (hyam, hybm) {error};"
            f" {layout.variable.name} {layout.variable.dimensions} has {count} along"
            f" {layout.level}: name a file with those of the same model with"
            " `vertical: {coefficients: …}`"
        ) from error


def _places_untold(layout: Layout, found: Coefficients, first: str | None) -> NDArray[np.intp]:
    """Return the places of levels without a coordinate: all of the model's, in the order said."""
    if layout.levels == found.a.size and first is not None:
        return places_by_order(found.nominal, first)
    ways = f"give the files a variable {layout.level}({layout.level}) with their nominal pressures"
    if layout.levels == found.a.size:
        ways = f"say `vertical: {{first_level: top}}`, or ground; or {ways}"
    raise BadInput(
        f"{found.path}: the hybrid coefficients (hyam, hybm) are of {found.a.size} levels, and the"
        f" {layout.levels} of {layout.variable.name} {layout.variable.dimensions} have no"
        f" coordinate, so nothing says which of them is which: {ways}"
    )


def _named_coefficients(path: str) -> Coefficients:
    """Return the coefficients of `vertical.coefficients`: L137, a table or a netCDF file."""
    if path.upper() == "L137":
        return table_coefficients(L137)
    if path.lower().endswith(TABLES):
        return table_coefficients(path)
    with open_raw_file(path) as other:
        levels = [each for each in other.values() if "formula_terms" in each.attributes]
        levels = sorted(levels, key=lambda each: each.name != "lev")
        level = levels[0] if levels else None
        dimensions = ("lev", "nhym", "level", "alevel", *other.dimensions)
        for dimension in (None, *(each for each in dimensions if each in other.dimensions)):
            found = file_coefficients(other, level, dimension)
            if found is not None:
                return found
        other.variable("hyam")  # names what there is
        raise BadInput(f"{path} has hyam, but not hybm: name a file with both")


def _ecmwf(opened: RawFile, layout: Layout, level: RawVariable | None) -> Coefficients | None:
    """Return the coefficients of ECMWF's levels, from GRIB's list or by their number."""
    attributes, values = layout.variable.attributes, level_numbers(level)
    for key in ("GRIB_pv", "pv"):
        if np.size(attributes.get(key, ())) > 4:
            listed = listed_coefficients(opened.path, np.asarray(attributes[key]))
            return replace(listed, surface="lnsp")
    if level is None or values is None or (values % 1).any():
        return None
    named = follows_the_ground(level) or layout.level in ("model_level", "hybrid")
    lists = attributes.get("GRIB_NV") == 276  # both coefficients of 138 half levels
    if not named or values.min() < 1 or values.max() > 137:
        return None
    if lists or values.max() > FEWER_LEVELS:
        return replace(table_coefficients(L137), surface="lnsp")
    return None


def _ordered(found: Coefficients, places: NDArray[np.intp]) -> Placed:
    """Return hybrid levels from the top down, of the places that a file has of a model's."""
    reason = _no_integral(found, places)
    a, b = found.a[places], found.b[places]
    upward = bool((a + b * 1e5)[0] > (a + b * 1e5)[-1])
    flip = slice(None, None, -1) if upward else slice(None)
    edge_a, edge_b = found.a_interface, found.b_interface
    if reason is None and edge_a is not None and edge_b is not None:
        order = np.argsort(edge_a + edge_b * 1e5)
        levels = HybridLevels(a[flip], b[flip], edge_a[order], edge_b[order], p0=1.0)
    else:
        levels = HybridLevels(a[flip], b[flip], p0=1.0)
    return Placed(levels, upward, found.surface, reason, _hanging(found, places))


def _hanging(found: Coefficients, places: NDArray[np.intp]) -> str | None:
    """Return what the levels are if there are others below the lowest of them, or None."""
    nominal, lowest = found.nominal, int(found.nominal.argmax())
    reaches = bool(nominal[lowest] > NEXT_TO_GROUND)
    if found.a_interface is not None and found.b_interface is not None:
        reaches = bool((found.a_interface / 1e5 + found.b_interface).max() > 1 - 1e-3)
    if lowest in places and reaches:
        return None
    low = float(nominal[places].max())
    return f"{places.size} levels down to {1000 * low:g} hPa over ground at 1000 hPa"


def _no_integral(found: Coefficients, places: NDArray[np.intp]) -> str | None:
    """Return why there is no integral over hybrid levels, or None."""
    if places.size < found.a.size:
        return f"only {places.size} of the model's {found.a.size} levels"
    if found.a_interface is None or found.b_interface is None:
        return (
            "hyam and hybm, but not hyai and hybi, which an integral needs: name a file that has"
            " them with `vertical: {coefficients: …}`"
        )
    ends = found.a_interface + found.b_interface * 1e5
    top, ground = float(ends.min()), float(ends.max())
    if top > TOP or abs(ground - 1e5) > 100:
        return f"levels from {top:g} to {ground:g} Pa over ground at 100000 Pa, not a whole column"
    return None
