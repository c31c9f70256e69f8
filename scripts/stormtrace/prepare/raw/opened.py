"""A raw file, opened: dimensions, variables and attributes, whatever its format."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.formats.classic import Place, variable_places
from stormtrace.formats.netcdf import NoVariable, decoded, stored
from stormtrace.prepare.raw.classic_entries import read_entries

Floats = NDArray[np.floating]
Index = tuple[slice | int, ...]

#: Up to this many bytes of a chunked variable stay in memory until all their records are read.
CHUNK_CACHE_BYTES = 256 * 2**20


@dataclass(frozen=True, eq=False)
class RawVariable:
    """A variable of a raw file.

    stored: values at an index, neither scaled nor masked. chunks: None where it is in one piece.
    """

    path: str
    name: str
    dimensions: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: np.dtype
    attributes: Mapping[str, Any]
    stored: Callable[[Index], NDArray]
    chunks: tuple[int, ...] | None = None

    @property
    def sizes(self) -> dict[str, int]:
        """Dimension -> length."""
        return dict(zip(self.dimensions, self.shape, strict=True))

    @property
    def units(self) -> str:
        """Its units as the file gives them; empty where it does not."""
        return self.text("units")

    def text(self, attribute: str) -> str:
        """Return an attribute as text; empty where there is none."""
        return str(self.attributes.get(attribute, "")).strip()

    def read(self, index: Index = ()) -> Floats:
        """Return values as native floats with NaN for every fill value, scaled."""
        return decoded(self.stored(index), self.attributes)

    def read_once(self, dimension: str) -> Floats:
        """Return the one value or array that is repeated along a dimension, if it has that.

        So xarray's open_mfdataset leaves coordinates and coefficients.

        Raises:
            BadInput: they change, as far as the first and the last record show.

        """
        if dimension not in self.dimensions:
            return self.read()
        before = (slice(None),) * self.dimensions.index(dimension)
        first, last = self.read((*before, 0)), self.read((*before, -1))
        if not np.array_equal(first, last, equal_nan=True):
            raise BadInput(
                f"{self.path}: {self.name} {self.dimensions} changes along {dimension}; it must be"
                " the same for the whole file"
            )
        return first


class RawFile(Mapping[str, RawVariable]):
    """A raw file: variables by name, dimensions with their lengths, and attributes."""

    def __init__(
        self,
        path: str,
        dimensions: Mapping[str, int],
        attributes: Mapping[str, Any],
        variables: Mapping[str, Callable[[], RawVariable]],
        close: Callable[[], Any],
        dimensions_of: Mapping[str, tuple[str, ...]] | None = None,
        groups: tuple[str, ...] = (),
    ) -> None:
        self.path = path
        self.dimensions = dimensions
        self.attributes = attributes
        self.close = close
        self._makers = variables
        self._made: dict[str, RawVariable] = {}
        self._dimensions_of = dimensions_of
        self.groups = groups

    @property
    def dimensions_of(self) -> Mapping[str, tuple[str, ...]]:
        """Variable -> its dimensions, of netCDF without reading the attributes of all."""
        if self._dimensions_of is None:
            self._dimensions_of = {name: self[name].dimensions for name in self}
        return self._dimensions_of

    def __getitem__(self, name: str) -> RawVariable:
        """Return a variable; KeyError where there is none of the name (see `variable`)."""
        if name not in self._made:
            self._made[name] = self._makers[name]()
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def variable(self, name: str) -> RawVariable:
        """Return a variable; NoVariable names those that there are."""
        if name not in self:
            have = ", ".join(sorted(self)) or "none"
            hidden = (
                f"; its groups are not read ({', '.join(self.groups)}): flatten it, for example"
                " with ncks -G :"
                if self.groups
                else ""
            )
            raise NoVariable(f"{self.path} has no variable {name}; it has {have}{hidden}")
        return self[name]


def netcdf_file(nc: netCDF4.Dataset, path: str) -> RawFile:
    """Return an open netCDF file as a raw file."""
    sizes = {name: len(dimension) for name, dimension in nc.dimensions.items()}
    places = variable_places(path)
    makers = {
        name: _maker(path, source, sizes, places.get(name)) for name, source in nc.variables.items()
    }
    attributes = {name: nc.getncattr(name) for name in nc.ncattrs()}
    dimensions_of = {name: source.dimensions for name, source in nc.variables.items()}
    return RawFile(path, sizes, attributes, makers, nc.close, dimensions_of, tuple(nc.groups))


def _maker(
    path: str, source: netCDF4.Variable, sizes: Mapping[str, int], place: Place | None
) -> Callable[[], RawVariable]:
    return lambda: _netcdf_variable(path, source, sizes, place)


def _netcdf_variable(
    path: str, source: netCDF4.Variable, sizes: Mapping[str, int], place: Place | None
) -> RawVariable:
    # `source.shape` asks all variables of the file how long the unlimited dimension is.
    shape = tuple(sizes[name] for name in source.dimensions)
    attributes = {name: source.getncattr(name) for name in source.ncattrs()}
    chunks = source.chunking()
    dtype = source.dtype if isinstance(source.dtype, np.dtype) else np.dtype(object)

    def by_library(index: Index) -> NDArray:
        return stored(source, index)

    read: Callable[[Index], NDArray] = by_library
    if place is not None and dtype.kind == "f":
        read = read_entries(path, source.name, place, shape, dtype, by_library)
    variable = RawVariable(
        path,
        source.name,
        source.dimensions,
        shape,
        dtype,
        attributes,
        read,
        tuple(chunks) if isinstance(chunks, list) else None,
    )
    if variable.chunks and variable.chunks[0] > 1 and source.ndim > 1:
        source.set_var_chunk_cache(min(stretch_bytes(variable), CHUNK_CACHE_BYTES))
    return variable


def stretch_bytes(variable: RawVariable) -> int:
    """Return the bytes of all chunks along one stretch of the first dimension.

    They must stay in memory until all records in them have been read: a file chunked
    (240, 10, 10) in (time, lat, lon) is inflated whole for every block of steps otherwise, hours
    instead of a minute for a year of MERRA-2.
    """
    assert variable.chunks is not None
    sizes = zip(variable.shape[1:], variable.chunks[1:], strict=True)
    points = [-(-size // chunk) * chunk for size, chunk in sizes]
    return int(np.prod([variable.chunks[0], *points], dtype=np.int64)) * variable.dtype.itemsize
