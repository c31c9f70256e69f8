"""Which dimension of a raw variable is time, which its levels, which its points."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.formats.units import pascals
from stormtrace.prepare.dataset import Dataset
from stormtrace.prepare.raw.calendar_time import origin_of
from stormtrace.prepare.raw.horizontal import find_lat_lon
from stormtrace.prepare.raw.opened import Floats, RawFile, RawVariable

#: Names of dimensions of time and of levels that lack a coordinate to tell.
TIMES = ("time", "valid_time", "record", "t", "xtime")
LEVELS = ("lev", "level", "levels", "plev", "pressure_level", "model_level", "isobaricinhpa",
          "hybrid", "nlev", "nvertlevels", "bottom_top", "layer", "alevel", "ilev", "height",
          "altitude", "depth", "sigma", "theta", "isentropic")  # fmt: skip

#: Names of dimensions that are no points, also where a file does not say where its points are.
MEMBERS = ("number", "expver", "member", "member_id", "realization", "ensemble", "ens", "step")

#: Words in the names of coordinates of levels, whether or not these are pressures.
VERTICAL = ("hybrid", "pressure", "atmosphere_", "alevel", "height", "altitude", "depth",
            "potential_temperature")  # fmt: skip


@dataclass(frozen=True, eq=False)
class Layout:
    """How a raw variable lies in its file; values come out as (time, level, points) all the same.

    time: None where there is one record, whose time, if the file has it, is a single number.
    level: None where there are no levels. points: (rows, columns), or those of an unstructured
    mesh. chosen: the index along every other dimension.
    lat, lon: where the points are; None where the file does not have them.
    """

    variable: RawVariable
    time: str | None
    level: str | None
    points: tuple[str, ...]
    chosen: Mapping[str, int]
    lat: RawVariable | None = None
    lon: RawVariable | None = None

    @property
    def records(self) -> int:
        """The number of records."""
        return self.variable.sizes[self.time] if self.time else 1

    @property
    def levels(self) -> int | None:
        """The number of levels; None where there are none."""
        return self.variable.sizes[self.level] if self.level else None

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes along the points."""
        return tuple(self.variable.sizes[name] for name in self.points)

    @property
    def chunk_levels(self) -> int:
        """How many levels a chunk of the file has; 1 where it is in one piece."""
        if self.level is None or self.variable.chunks is None:
            return 1
        return self.variable.chunks[self.variable.dimensions.index(self.level)]

    def read(self, records: slice, levels: slice | None = None) -> Floats:
        """Return (records, n), or with levels (records, levels, n)."""
        index: list[slice | int] = []
        for name in self.variable.dimensions:
            if name in self.chosen:
                index.append(self.chosen[name])
            elif name == self.time:
                index.append(records)
            elif name == self.level:
                index.append(0 if levels is None else levels)
            else:
                index.append(slice(None))
        values = self._in_order(self.variable.read(tuple(index)), levels is not None)
        count = values.shape[:2] if levels is not None else values.shape[:1]
        return values.reshape(*count, -1)

    def _in_order(self, values: Floats, with_levels: bool) -> Floats:
        """Return values with time first (added where there is none), then levels, then points."""
        level = self.level if with_levels else None
        wanted = [name for name in (self.time, level, *self.points) if name]
        have = [name for name in self.variable.dimensions if name in wanted]
        values = values.transpose([have.index(name) for name in wanted])
        return values if self.time else values[None]


def read_layout(opened: RawFile, name: str, dataset: Dataset) -> Layout:
    """Return how a variable of an open file lies.

    Raises:
        BadInput: it is not there, is a single number, or has a dimension of which nothing is known.

    """
    source = opened.variable(name)
    if not source.dimensions:
        raise BadInput(f"{opened.path}: {name} is a single number, not a field")
    found = find_lat_lon(opened, source, dataset.names)
    chosen = _selected(opened, source, dataset)
    time = _time_dimension(opened, source, dataset)
    level = _level_dimension(opened, source, (time, *chosen, *_points(found, time)))
    known = {time, level, *chosen}
    points = _points(found, time) or tuple(
        each
        for each in source.dimensions
        if each not in known and source.sizes[each] > 1 and each.lower() not in MEMBERS
    )
    points = tuple(each for each in points if each not in chosen)
    rest = [each for each in source.dimensions if each not in (*known, *points)]
    chosen |= {each: 0 for each in rest if source.sizes[each] == 1}
    _check_known(opened, source, time, [each for each in rest if each not in chosen])
    lat, lon = found or (None, None)
    return Layout(source, time, level, points, chosen, lat, lon)


def time_coordinate(opened: RawFile, source: RawVariable, dimension: str | None) -> str | None:
    """Return the name of the coordinate with the times of a variable, or None.

    dimension: along which they are; None looks for a single number.
    """
    wanted = (dimension,) if dimension else ()
    alike = [opened[name] for name, dims in opened.dimensions_of.items() if dims == wanted]
    listed = source.text("coordinates").split()
    return min(
        (each.name for each in alike if _is_time(each)),
        key=lambda name: (
            starts_forecast(opened[name]),
            name != dimension,
            name not in listed,
            name.lower() not in TIMES,
        ),
        default=None,
    )


def _is_time(source: RawVariable) -> bool:
    """Whether a variable is the time of values, not a bound, nor when a forecast began."""
    words = f"{source.name} {source.text('standard_name')}"
    other = any(word in words for word in ("forecast", "reftime", "bnds", "bounds"))
    return not other and bool(origin_of(source.units) or " as %Y" in source.units)


def starts_forecast(source: RawVariable) -> bool:
    """Whether times are those at which forecasts began (cfgrib's `time` beside `valid_time`)."""
    return "initial time" in source.text("long_name").lower()


def _time_dimension(opened: RawFile, source: RawVariable, dataset: Dataset) -> str | None:
    """Return the dimension along which times or, if the file has none, records are."""
    for name in source.dimensions:
        if time_coordinate(opened, source, name):
            return name
    if time_coordinate(opened, source, None):
        return None
    _check_changes(opened, source)
    told = dataset.time.dimension if dataset.time else None
    named = [name for name in source.dimensions if name == told or name.lower() in TIMES]
    return next(iter(named), None)


def _check_changes(opened: RawFile, source: RawVariable) -> None:
    """Refuse (BadInput) a variable without time in a file that has times."""
    for name in opened.dimensions:
        if time_coordinate(opened, source, name):
            raise BadInput(
                f"{opened.path}: {source.name} {source.dimensions} does not change with {name}:"
                " choose a variable that does"
            )


def _points(found: tuple[RawVariable, RawVariable] | None, time: str | None) -> tuple[str, ...]:
    """Return the dimensions of the points, rows before columns."""
    if found is None:
        return ()
    return tuple(dict.fromkeys(name for each in found for name in each.dimensions if name != time))


def _level_dimension(
    opened: RawFile, source: RawVariable, others: Iterable[str | None]
) -> str | None:
    free = [name for name in source.dimensions if name not in others]
    sure = [name for name in free if name in opened and _is_level(opened[name])]
    likely = [name for name in free if name.lower() in LEVELS]
    several_first = sorted(sure or likely, key=lambda name: source.sizes[name] == 1)
    return next(iter(several_first), None)


def _is_level(source: RawVariable) -> bool:
    words = f"{source.text('standard_name')} {source.text('long_name')}".lower()
    vertical = any(word in words for word in VERTICAL)
    return (
        vertical
        or source.text("axis") == "Z"
        or "positive" in source.attributes
        or "formula_terms" in source.attributes
        or pascals(source.units) is not None
    )


def _selected(opened: RawFile, source: RawVariable, dataset: Dataset) -> dict[str, int]:
    """Return the index of each dimension that the configuration chooses a value along.

    Raises:
        BadInput: the value is not there, or the whole file is of another one (a single number).

    """
    found = {}
    for name, wanted in dataset.select.items():
        if name not in source.dimensions and (name not in opened or opened[name].dimensions):
            continue
        values = _values(opened, name, source.sizes.get(name, 1))
        places = [index for index, value in enumerate(values) if _same(value, str(wanted))]
        if not places:
            raise BadInput(
                f"{opened.path}: {name} of {source.name} has no {wanted!r}; it has"
                f" {', '.join(values)}: correct the dataset's key `select`"
            )
        if name in source.dimensions:
            found[name] = places[0]
    return found


def _same(value: str, wanted: str) -> bool:
    """Whether two texts are the same, as numbers where both are: 850 and 850.0, 1 and 0001."""
    try:
        return bool(np.isclose(float(value), float(wanted), rtol=1e-6, atol=0))
    except ValueError:
        return value == wanted


def _values(opened: RawFile, dimension: str, size: int) -> list[str]:
    """Return the values along a dimension as text; its indices where it has no coordinate."""
    values: NDArray = np.arange(size)
    if dimension in opened and opened[dimension].dimensions[:1] in ((dimension,), ()):
        values = np.asarray(opened[dimension].stored(()))
    if values.dtype.kind == "S" and values.ndim == 2:  # text in netCDF-3: a character each
        values = np.array([b"".join(row) for row in values])
    return [_text(value) for value in np.atleast_1d(values)]


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="replace").strip("\x00 ")
    return f"{value:g}" if isinstance(value, float | np.floating) else str(value)


def _check_known(
    opened: RawFile, source: RawVariable, time: str | None, unknown: list[str]
) -> None:
    forecast = next((name for name in unknown if name.startswith("forecast")), None)
    if forecast is not None:
        raise BadInput(
            f"{opened.path}: {source.name} {source.dimensions} is kept by forecast ({forecast}),"
            " but not as NCAR's ERA5 is, whose first dimensions are forecast_initial_time (hours"
            " since a date) and forecast_hour (hours), both with coordinates: write it so, or take"
            " the variable from an archive that has one value an hour"
        )
    if unknown:
        name = unknown[0]
        values = _values(opened, name, source.sizes[name])
        listed = ", ".join(values[:6]) + (", …" if len(values) > 6 else "")
        raise BadInput(
            f"{opened.path}: {source.name} {source.dimensions} has a dimension {name}"
            f" ({len(values)} values: {listed}) that is neither time, levels nor points: choose one"
            f" with the dataset's key select: {{{name}: {values[0]}}}"
            + ("" if time else f"; or, if it counts times, name it in time: {{dimension: {name}}}")
        )
