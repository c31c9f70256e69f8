"""Raw files opened by what they are: netCDF, Zarr, GRIB (where cfgrib is), netCDF in a zip."""

import contextlib
import dataclasses
import importlib
import importlib.util
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.formats.file_kinds import GRIB, ZIP, is_remote, is_zarr
from stormtrace.formats.netcdf import open_raw
from stormtrace.prepare.raw.forecast_times import by_valid_time
from stormtrace.prepare.raw.opened import (
    CHUNK_CACHE_BYTES,
    Index,
    RawFile,
    RawVariable,
    netcdf_file,
    stretch_bytes,
)

if TYPE_CHECKING:
    import xarray

#: A zip is read in memory; one with more than this in it must be unpacked.
MOST_UNZIPPED_BYTES = 4 * 2**30


def open_raw_file(path: str | Path) -> RawFile:
    """Open a raw file, a Zarr store (a folder, or a URL of fsspec's), or a zip of the CDS.

    Files by forecast come along the times that their values are of (`forecast_times`).

    Raises:
        BadInput: it is not there, damaged, or of a format that cannot be read.

    """
    return by_valid_time(_open_by_format(str(path)))


def _open_by_format(path: str) -> RawFile:
    if is_remote(path) or is_zarr(path):
        return _open_zarr(path)
    with contextlib.suppress(OSError), Path(path).open("rb") as stream:
        head = stream.read(4)
        if head == ZIP:
            return _open_zip(path)
        if head == GRIB and importlib.util.find_spec("cfgrib"):
            return _open_grib(path)
    return netcdf_file(open_raw(path), path)


def _open_zarr(path: str) -> RawFile:
    _load_projections()
    import xarray  # slow to import, and needed by few

    try:
        dataset = xarray.open_zarr(path, decode_cf=False, chunks=None)
    except Exception as error:  # zarr, fsspec and their file systems raise whatever they do
        raise BadInput(f"{path} cannot be opened as a Zarr store: {error}") from error
    return _xarray_file(dataset, path)


def _open_grib(path: str) -> RawFile:
    _load_projections()
    cfgrib = importlib.import_module("cfgrib")  # nobody's but that user's who has it
    try:  # without an index file, which cfgrib would write beside the user's data
        options = {"indexpath": "", "errors": "raise"}
        parts = cfgrib.open_datasets(
            path, backend_kwargs=options, decode_times=False, decode_timedelta=False
        )
    except Exception as error:  # eccodes and cfgrib raise whatever they do
        raise BadInput(f"{path} cannot be read as GRIB by cfgrib: {error}") from error
    return _joined(path, [_xarray_file(part, path) for part in parts])


def _load_projections() -> None:
    """Load pyproj before xarray or cfgrib load ecCodes.

    The wheels of ecCodes bring a libproj of their own, and pyproj finds no database with that.
    """
    importlib.import_module("pyproj")


def _open_zip(path: str) -> RawFile:
    """Open the netCDF files in a zip, such as the CDS makes of a request with rain and winds."""
    with zipfile.ZipFile(path) as archive:
        inside = [each for each in archive.infolist() if each.filename.endswith(".nc")]
        size = sum(each.file_size for each in inside)
        if not inside or size > MOST_UNZIPPED_BYTES:
            why = f"{size / 2**30:.1f} GiB of netCDF" if inside else "no netCDF"
            raise BadInput(f"{path} is a zip with {why} in it: unpack it, and name its files")
        try:
            members = [
                netcdf_file(netCDF4.Dataset(each.filename, memory=archive.read(each)), path)
                for each in inside
            ]
        except (OSError, zipfile.BadZipFile) as error:
            raise BadInput(f"{path}: a file in this zip is damaged ({error})") from error
    return _joined(path, members)


def _xarray_file(dataset: "xarray.Dataset", path: str) -> RawFile:
    makers = {str(name): _xarray_maker(dataset, str(name), path) for name in dataset.variables}
    sizes = {str(name): size for name, size in dataset.sizes.items()}
    return RawFile(path, sizes, dataset.attrs, makers, dataset.close)


def _xarray_maker(dataset: "xarray.Dataset", name: str, path: str) -> Callable[[], RawVariable]:
    def make() -> RawVariable:
        source = dataset.variables[name]
        dimensions = tuple(str(each) for each in source.dims)
        chunks = source.encoding.get("chunks")
        variable = RawVariable(
            path,
            name,
            dimensions,
            source.shape,
            source.dtype,
            source.attrs,
            lambda index: _values(source, index, f"{path}: {name}"),
            tuple(chunks) if chunks else None,
        )
        return _stretched(variable)

    return make


def _values(source: Any, index: Index, what: str) -> NDArray:
    try:
        return np.asarray(source[index if index else ...].to_numpy())
    except Exception as error:  # codecs and file systems raise whatever they do
        raise BadInput(f"{what} cannot be read, it is damaged or out of reach ({error})") from error


def _stretched(variable: RawVariable) -> RawVariable:
    """Return a variable that keeps its last chunks along the first dimension in memory.

    The netCDF library has a cache of chunks; Zarr inflates them anew for each reading.
    """
    if not variable.chunks or len(variable.shape) < 2 or variable.chunks[0] < 2:
        return variable
    if stretch_bytes(variable) > CHUNK_CACHE_BYTES:
        return variable
    length = variable.chunks[0]
    kept: dict[int, NDArray] = {}

    def stored(index: Index) -> NDArray:
        if not index or not isinstance(index[0], slice):
            return variable.stored(index)
        first, last, _ = index[0].indices(variable.shape[0])
        begin = first // length * length
        if last > begin + length:
            return variable.stored(index)
        if begin not in kept:
            kept.clear()
            kept[begin] = variable.stored((slice(begin, begin + length),))
        return kept[begin][(slice(first - begin, last - begin), *index[1:])]

    return dataclasses.replace(variable, stored=stored)


def _joined(path: str, parts: Sequence[RawFile]) -> RawFile:
    """Return the variables of several files as those of one.

    Raises:
        BadInput: a dimension or a coordinate is another in one of them.

    """
    sizes: dict[str, int] = {}
    makers: dict[str, Callable[[], RawVariable]] = {}
    for part in parts:
        for name, size in part.dimensions.items():
            if sizes.setdefault(name, size) != size:
                raise _unlike(path, name)
        for name, source in part.items():
            if name not in makers:
                makers[name] = _given(source)
            elif not np.array_equal(makers[name]().stored(()), source.stored(())):
                raise _unlike(path, name)

    def close() -> None:
        for part in parts:
            part.close()

    return RawFile(path, sizes, parts[0].attributes, makers, close)


def _given(source: RawVariable) -> Callable[[], RawVariable]:
    return lambda: source


def _unlike(path: str, name: str) -> BadInput:
    return BadInput(
        f"{path} holds several files or parts, and {name} is not the same in all: make a netCDF"
        " file of each, and name those"
    )
