"""Masks that somebody else made, read step by step onto a grid: tags, codes or layers."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stormtrace.class_table import flag_name
from stormtrace.classes import Classes
from stormtrace.detect.recipes import AdoptedMasks
from stormtrace.errors import BadInput
from stormtrace.grids import Grid
from stormtrace.prepare.dataset import Names
from stormtrace.prepare.raw.degrees import in_degrees
from stormtrace.prepare.raw.horizontal import find_lat_lon
from stormtrace.prepare.raw.opened import RawFile, RawVariable
from stormtrace.prepare.raw.time_axis import TimeAxis, read_time_axis
from stormtrace.prepare.raw.variable_layout import time_coordinate

#: Degrees by which coordinates may differ: single precision, files rounded to three digits.
TOLERANCE = 1e-3

#: IDs of objects are below; fill values of floating point (1e20, netCDF's 9.97e36) above.
LARGEST_TAG = 1e15

Floats = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class ForeignMasks:
    """The masks of one open file.

    axis: its times; layers: numbers of the layers to read, with the class code of each (empty where
    the masks are tags or codes).
    """

    axis: TimeAxis
    _source: RawVariable
    _order: tuple[str, ...]
    _rows: NDArray[np.int64]
    _columns: NDArray[np.int64]
    _codes: Mapping[float, int] | None
    _layers: tuple[int, ...]

    def read(self, record: int) -> NDArray[np.int8] | None:
        """Return the mask of a record on the grid; None if it holds nothing but fill values.

        Raises:
            BadInput: cells are missing, or hold what the layout does not allow.

        """
        time, *left = self._order
        index = tuple(
            slice(None) if name in left else record if name == time else 0 for name in self._dims
        )
        values = self._source.read(index)
        left = [name for name in self._dims if name in left]
        values = np.transpose(values, [left.index(name) for name in self._order[1:]])
        values = values[..., self._rows[:, None], self._columns]
        missing = np.isnan(values)
        if missing.all():
            return None
        where = f"{self._source.path}: {self._source.name} of record {record + 1}"
        if missing.any():
            raise BadInput(
                f"{where} has {missing.sum()} missing values of {missing.size}: only a whole step "
                "may be missing; fill what lies outside with the background, or cut the grid to "
                "where the masks are"
            )
        if self._layers:
            return _of_layers(values, self._layers, where)
        return (
            _of_tags(values, where)
            if self._codes is None
            else _of_codes(values, self._codes, where)
        )

    @property
    def _dims(self) -> tuple[str, ...]:
        return self._source.dimensions


def foreign_masks(
    opened: RawFile, adopted: AdoptedMasks, classes: Classes, grid: Grid
) -> ForeignMasks:
    """Return the masks of an open file.

    Raises:
        BadInput: the file lacks the variable, its times, or a layer; or is on another grid.

    """
    source = opened.variable(adopted.variable)
    time = next((name for name in source.dimensions if time_coordinate(opened, source, name)), None)
    if time is None:
        raise BadInput(
            f"{opened.path}: {source.name} {source.dimensions} has no dimension with a time "
            "coordinate (CF: 'days since …'): add one"
        )
    axis = read_time_axis(opened, source, time, adopted.stamps)
    points, rows, columns = _places(opened, source, time, grid)
    others = [name for name in source.dimensions if name not in (time, *points)]
    wanted = 1 if adopted.layers else 0
    rest = [name for name in others if source.sizes[name] > 1] if len(others) > wanted else others
    if len(rest) != wanted:
        expected = "time, lat and lon" + (" and one of layers" if wanted else "")
        raise BadInput(
            f"{opened.path}: {source.name} has the dimensions {', '.join(source.dimensions)}; "
            f"expected {expected}"
        )
    codes = {flag_name(feature.name): feature.code for feature in classes.features}
    by_value = None
    if adopted.codes:
        named = {float(code): codes.get(flag_name(name), 0) for code, name in adopted.codes.items()}
        by_value = {0.0: 0} | named
    layers = _layers(opened, source, rest[0], adopted.layers, codes) if adopted.layers else ()
    return ForeignMasks(axis, source, (time, *rest, *points), rows, columns, by_value, layers)


def _layers(
    opened: RawFile,
    source: RawVariable,
    dimension: str,
    wanted: Mapping[str, str],
    codes: Mapping[str, int],
) -> tuple[int, ...]:
    """Return the class code of each layer in the order of the file; −1 means the background's."""
    size = source.sizes[dimension]
    there = _layer_names(opened, dimension, size)
    if sorted(there) != sorted(wanted):
        raise BadInput(
            f"{opened.path}: {source.name} has the layers {', '.join(there)} along {dimension}, "
            f"but `layers` names {', '.join(wanted)}: name each once (the background's: Background)"
        )
    return tuple(codes.get(flag_name(wanted[name]), -1) for name in there)


def _layer_names(opened: RawFile, dimension: str, size: int) -> list[str]:
    """Return the values of a dimension's coordinate as text, or numbers from 0."""
    alike = [name for name, dims in opened.dimensions_of.items() if dims[:1] == (dimension,)]
    named = [name for name in alike if name == dimension] or alike
    for name in named:
        dims = opened.dimensions_of[name]
        stored = np.asarray(opened[name].stored(()))
        if len(dims) == 2 and stored.dtype.kind == "S":  # characters
            stored = np.array([b"".join(row) for row in stored])
        if stored.ndim == 1 and stored.size == size and stored.dtype.kind in "SUOiuf":
            return [_text(value) for value in stored.tolist()]
    return [str(number) for number in range(size)]


def _text(value: object) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip().strip("\x00")


def _places(
    opened: RawFile, source: RawVariable, time: str, grid: Grid
) -> tuple[tuple[str, str], NDArray[np.int64], NDArray[np.int64]]:
    """Return the dimensions of the points, and which row and column each of the grid's is.

    Raises:
        BadInput: the file has no coordinates, or those of another grid.

    """
    pair = find_lat_lon(opened, source, Names())
    if pair is None:
        raise BadInput(f"{opened.path} has no latitudes and longitudes of {source.name}: add them")
    lat, lon = in_degrees(pair, time)
    dims = tuple(name for one in pair for name in one.dimensions if name != time)
    found = None
    if grid.is_rectilinear and lat.ndim == lon.ndim == 1:
        rows = _matches(grid.lat, lat, turn=False)
        columns = _matches(grid.lon, lon, turn=True)
        found = None if rows is None or columns is None else (rows, columns)
    elif not grid.is_rectilinear and lat.shape == lon.shape == grid.shape:
        apart = np.abs((lon - grid.lon + 180.0) % 360.0 - 180.0) * np.cos(np.radians(grid.lat))
        if max(np.abs(lat - grid.lat).max(), apart.max()) <= TOLERANCE:
            found = np.arange(grid.shape[0]), np.arange(grid.shape[1])
    if found is None:
        raise BadInput(
            f"{opened.path}: {source.name} is on another grid ({_span('lat', lat)}, "
            f"{_span('lon', lon)}) than the experiment ({grid.describe()}, "
            f"{_span('lat', grid.lat)}, {_span('lon', grid.lon)}): give the experiment the grid of "
            "the masks (grids: {…: {file: …}} takes it from a file), or regrid them"
        )
    distinct = tuple(dict.fromkeys(dims))
    return (distinct[0], distinct[1]), *found


def _matches(axis: Floats, given: Floats, turn: bool) -> NDArray[np.int64] | None:
    """Return the place of each value of an axis among those given, in whatever order and turn."""
    if axis.size != given.size:
        return None
    apart = given[None, :] - axis[:, None]
    apart = np.abs((apart + 180.0) % 360.0 - 180.0 if turn else apart)
    places = apart.argmin(axis=1)
    near = apart[np.arange(axis.size), places] <= TOLERANCE
    return places if near.all() and np.unique(places).size == axis.size else None


def _span(name: str, values: Floats) -> str:
    return f"{name} {'×'.join(map(str, values.shape))} from {values.min():g} to {values.max():g}"


def _of_tags(values: Floats, where: str) -> NDArray[np.int8]:
    """Every number above 0 is the class."""
    if (values < 0).any():
        raise BadInput(
            f"{where} has {(values < 0).sum()} values below 0, the least {values.min():g}: tags "
            "and object IDs are 0 or above; declare fill values, or name the `codes`"
        )
    if (values > LARGEST_TAG).any():
        raise BadInput(
            f"{where} has {(values > LARGEST_TAG).sum()} values above {LARGEST_TAG:g}, such as "
            f"{values.max():g}: no tags, but fill values that no _FillValue declares; add it"
        )
    return (values > 0).astype(np.int8)


def _of_codes(values: Floats, codes: Mapping[float, int], where: str) -> NDArray[np.int8]:
    mask = np.full(values.shape, -1, np.int8)
    for value, code in codes.items():
        mask[values == value] = code
    if (unknown := mask < 0).any():
        found = ", ".join(f"{value:g}" for value in np.unique(values[unknown])[:5])
        raise BadInput(
            f"{where} has {unknown.sum()} cells of the codes {found}, which `codes` does not name "
            f"({', '.join(f'{value:g}' for value in codes)}): name them (the background's: "
            "Background)"
        )
    return mask


def _of_layers(values: Floats, layers: tuple[int, ...], where: str) -> NDArray[np.int8]:
    """One layer of each cell is 1: with a layer of the background exactly one, else at most one."""
    if ((values != 0) & (values != 1)).any():
        strange = values[(values != 0) & (values != 1)]
        raise BadInput(
            f"{where} has {strange.size} values that are neither 0 nor 1, such as {strange[0]:g}: "
            "layers are one-hot; of probabilities make codes first (the most probable class)"
        )
    ones = values.sum(axis=0)
    least = 1 if -1 in layers else 0
    if (wrong := (ones < least) | (ones > 1)).any():
        row, column = np.argwhere(wrong)[0]
        raise BadInput(
            f"{where}: {wrong.sum()} cells have not {'exactly' if least else 'at most'} one layer "
            f"that is 1; the first, row {row}, column {column} of the grid, has "
            f"{ones[row, column]:g}: these are no one-hot masks"
        )
    mask = np.zeros(values.shape[1:], np.int8)
    for layer, code in zip(values, layers, strict=True):
        if code > 0:
            mask[layer == 1] = code
    return mask
