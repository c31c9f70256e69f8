"""The latitudes and longitudes of a raw variable, found in its file."""

import itertools
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.prepare.dataset import Names
from stormtrace.prepare.raw.degrees import in_degrees, is_angle, lacks_units
from stormtrace.prepare.raw.opened import RawFile, RawVariable

Pair = tuple[RawVariable, RawVariable]

#: Kind -> CF's standard name, its units, and names by which coordinates without either are known.
KNOWN = {
    "lat": ("latitude", ("degrees_north", "degree_north", "degree_n", "degrees_n", "degreen",
            "degreesn"), ("lat", "lats", "latitude", "clat", "elat", "vlat", "latcell", "latedge",
            "latvertex", "xlat", "nav_lat")),
    "lon": ("longitude", ("degrees_east", "degree_east", "degree_e", "degrees_e", "degreee",
            "degreese"), ("lon", "lons", "longitude", "clon", "elon", "vlon", "loncell", "lonedge",
            "lonvertex", "xlong", "nav_lon")),
}  # fmt: skip

#: Columns all round the globe at one degree: 0, 1, 2, … 359 are longitudes.
ROUND = (360, 361)


def find_lat_lon(opened: RawFile, source: RawVariable, names: Names) -> Pair | None:
    """Return the latitudes and longitudes of a variable, or None where its file has none.

    Those named in the configuration; else those in the variable's attribute `coordinates`; else
    those over its dimensions with CF's standard names, units or usual names. A pair over most of
    the dimensions is preferred: GEOS has `lats` (nf, Ydim, Xdim) beside the false latitude `Ydim`.

    Raises:
        BadInput: a name in the configuration is none of the file's, or of other points; there are
            several pairs; or a pair only counts rows and columns.

    """
    over = [opened[name] for name in _order(opened, source.dimensions)]
    over = [each for each in over if each.dimensions]
    over = [each for each in over if set(each.dimensions) <= set(source.dimensions)]
    lat, lon = (
        [_named(opened, source, kind, name)] if name else [each for each in over if _is(each, kind)]
        for kind, name in (("lat", names.lat), ("lon", names.lon))
    )
    found = _best(opened, itertools.product(lat, lon), source)
    if found is not None:
        _check_no_index(found, names)
    return found


def pair_of_size(opened: RawFile, size: int) -> Pair | None:
    """Return the latitudes and longitudes of `size` points in a file of a mesh, or None.

    Raises:
        BadInput: there are several.

    """
    fitting = [each for each in opened.values() if each.dimensions and np.prod(each.shape) == size]
    lat, lon = ([each for each in fitting if _is(each, kind)] for kind in KNOWN)
    pairs = ((one, other) for one in lat for other in lon if one.dimensions == other.dimensions)
    return _best(opened, pairs, None)


def _named(opened: RawFile, source: RawVariable, kind: str, name: str) -> RawVariable:
    given = f"the variable given with `names.{kind}`"
    if name not in opened:
        raise BadInput(f"{opened.path} has no {name}, {given}")
    named = opened[name]
    if not named.dimensions or not set(named.dimensions) <= set(source.dimensions):
        raise BadInput(
            f"{opened.path}: {name} {named.dimensions} of shape {named.shape}, {given}, is not over"
            f" the points of {source.name} {source.dimensions} of shape {source.shape}: name one"
            " over its dimensions, or give a file of the mesh with `mesh`"
        )
    return named


def _order(opened: RawFile, dimensions: Iterable[str]) -> list[str]:
    """Return the names of all variables, those of dimensions (coordinates) first."""
    own = [name for name in dimensions if name in opened]
    return own + [name for name in opened if name not in own]


def _is(candidate: RawVariable, kind: str) -> bool:
    standard, units, names = KNOWN[kind]
    if "fake" in candidate.text("long_name").lower() or not is_angle(candidate):
        return False
    if candidate.text("standard_name"):
        return candidate.text("standard_name").lower() == standard
    return candidate.units.lower() in units or candidate.name.lower() in names


def _best(opened: RawFile, pairs: Iterable[Pair], source: RawVariable | None) -> Pair | None:
    """Return the pair that belongs together best; BadInput where two do that differ."""
    listed = source.text("coordinates").split() if source is not None else []

    def rank(pair: Pair) -> tuple[int, int, int]:
        unlisted = sum(each.name not in listed for each in pair)
        dimensions = sum(len(each.dimensions) for each in pair)
        auxiliary = sum(each.dimensions != (each.name,) for each in pair)
        return unlisted, -dimensions, auxiliary

    ranked = sorted((pair for pair in pairs if _together(*pair)), key=rank)
    for other in ranked[1:]:
        if rank(other) == rank(ranked[0]) and not _same(ranked[0], other):
            names = " and ".join(f"{lat.name}, {lon.name}" for lat, lon in (ranked[0], other))
            raise BadInput(
                f"{opened.path} has several latitudes and longitudes"
                + (f" for {source.name}" if source is not None else "")
                + f": {names}: choose with `names: {{lat: …, lon: …}}`"
            )
    return ranked[0] if ranked else None


def _together(lat: RawVariable, lon: RawVariable) -> bool:
    """Whether two coordinates can be of the same points: axes, or of each point."""
    ours, theirs = set(lat.dimensions), set(lon.dimensions)
    axes = len(ours) == len(theirs) == 1
    return lat.name != lon.name and (axes or ours <= theirs or theirs <= ours)


def _same(one: Pair, other: Pair) -> bool:
    if [each.shape for each in one] != [each.shape for each in other]:
        return False
    values = zip(in_degrees(one), in_degrees(other), strict=True)
    return all(np.allclose(ours, theirs, atol=1e-3, equal_nan=True) for ours, theirs in values)


def _check_no_index(pair: Pair, names: Names) -> None:
    """Refuse (BadInput) columns that number rows or columns: 0, 1, 2, … without units.

    They are believed where the other axis shows steps of one degree, where they close the circle,
    or where the configuration names them and their own name is one of latitudes or longitudes.
    """
    lat, lon = pair
    if lat.dimensions == lon.dimensions or max(len(each.dimensions) for each in pair) > 1:
        return
    counts = [_counts(each) for each in pair]
    named = [names.lat, names.lon]
    for number, kind in enumerate(KNOWN):
        axis, other = pair[number], pair[1 - number]
        believed = axis.name.lower() in KNOWN[kind][2] and named[number] is not None
        if counts[number] and not counts[1 - number] and not believed:
            steps = np.abs(np.diff(other.read()))
            believed = kind == "lon" and axis.shape[0] in ROUND
            believed = believed or bool(steps.size and np.allclose(steps, 1.0))
        if counts[number] and not believed:
            ends = axis.read()
            raise BadInput(
                f"{axis.path}: {axis.name} {axis.dimensions} goes {ends[0]:g}, {ends[1]:g} …"
                f" {ends[-1]:g} and has no units: it seems to number rows or columns, and to be no"
                f" {KNOWN[kind][0]}. If lat and lon are in degrees, say so with `names: {{lat:"
                f" {lat.name}, lon: {lon.name}}}`; else name the right ones there, or give a file"
                " of the mesh with `mesh`"
            )


def _counts(axis: RawVariable) -> bool:
    """Whether values are 0, 1, 2, … or 1, 2, 3, …, either way, without units."""
    if axis.shape[0] < 2 or axis.text("standard_name") or not lacks_units(axis):
        return False
    values: NDArray = axis.read()
    upward = values if values[0] < values[-1] else values[::-1]
    return bool(upward[0] in (0, 1) and (upward == upward[0] + np.arange(values.size)).all())
