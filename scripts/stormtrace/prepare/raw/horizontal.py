"""The latitudes and longitudes of a raw variable, found in its file."""

from collections.abc import Iterable, Iterator

from stormtrace.errors import BadInput
from stormtrace.prepare.dataset import Names
from stormtrace.prepare.raw.opened import RawFile, RawVariable

#: Kind -> CF's standard name, its units, and names by which coordinates without either are known.
KNOWN = {
    "lat": ("latitude", ("degrees_north", "degree_north", "degree_n", "degrees_n", "degreen",
            "degreesn"), ("lat", "latitude", "clat", "latcell", "xlat", "nav_lat")),
    "lon": ("longitude", ("degrees_east", "degree_east", "degree_e", "degrees_e", "degreee",
            "degreese"), ("lon", "longitude", "clon", "loncell", "xlong", "nav_lon")),
}  # fmt: skip


def find_lat_lon(
    opened: RawFile, source: RawVariable, names: Names
) -> tuple[RawVariable, RawVariable] | None:
    """Return the latitudes and longitudes of a variable, or None where its file has none.

    Those named in the configuration; else those in the variable's attribute `coordinates`; else
    those over its dimensions with CF's standard names, units or usual names. A pair over most of
    the dimensions is preferred: GEOS has `lats` (nf, Ydim, Xdim) beside the false latitude `Ydim`.

    Raises:
        BadInput: a name in the configuration is none of the file's.

    """
    lat, lon = (_candidates(opened, source, kind, getattr(names, kind)) for kind in KNOWN)
    if not lat or not lon:
        return None
    return lat[0], lon[0]


def _candidates(
    opened: RawFile, source: RawVariable, kind: str, name: str | None
) -> list[RawVariable]:
    if name is not None:
        if name not in opened:
            raise BadInput(f"{opened.path} has no {name}, the variable given with `names.{kind}`")
        return [opened[name]]
    listed = source.text("coordinates").split()
    found = [each for each in _over(opened, source) if _is(each, kind)]
    return sorted(found, key=lambda each: (each.name not in listed, -len(each.shape)))


def _over(opened: RawFile, source: RawVariable) -> Iterator[RawVariable]:
    """Yield the variables that have dimensions, all of them the source's."""
    for name in _order(opened, source.dimensions):
        candidate = opened[name]
        if candidate.dimensions and set(candidate.dimensions) <= set(source.dimensions):
            yield candidate


def _order(opened: RawFile, dimensions: Iterable[str]) -> list[str]:
    """Return the names of all variables, those of dimensions (coordinates) first."""
    own = [name for name in dimensions if name in opened]
    return own + [name for name in opened if name not in own]


def _is(candidate: RawVariable, kind: str) -> bool:
    standard, units, names = KNOWN[kind]
    if candidate.text("standard_name"):
        return candidate.text("standard_name") == standard
    return candidate.units.lower() in units or candidate.name.lower() in names
