"""netCDF at the door: damaged files are refused, fill values become NaN, errors get names."""

import contextlib
import errno
import os
import shutil
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.formats.classic import classic_length
from stormtrace.formats.file_kinds import foreign_kind
from stormtrace.formats.own_end import bytes_beyond
from stormtrace.seals import MAKE_AGAIN, Damaged, add_seal, is_sealed

#: The netCDF library is not safe in several threads: reading and writing take turns.
NETCDF = threading.RLock()


@contextlib.contextmanager
def reading_threads(number: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that read for a generator; what they have begun is waited for at its end.

    So nothing reads any more when whoever left it goes on, with or without NETCDF. A generator that
    an error leaves behind may be collected at any moment, though, also while this thread holds
    NETCDF: its readers wait for that, and waiting for them would never end.
    """
    threads = ThreadPoolExecutor(number)
    try:
        yield threads
    finally:
        is_held_here = NETCDF._is_owned()  # type: ignore[attr-defined]
        threads.shutdown(wait=not is_held_here, cancel_futures=True)


Form = Literal["NETCDF4", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA"]

#: No field is as large as this; MERRA-2's 1e15, CESM's 1e36 and netCDF's 9.97e36 are.
ABSURD = 1e14


class NoVariable(BadInput):
    """A file lacks the variable that is needed."""


def open_raw(path: Path | str) -> netCDF4.Dataset:
    """Open anybody's file for reading, without masks and scaling; a seal, if any, must hold.

    Raises:
        BadInput: it is not netCDF, or shorter than its own header says. (The netCDF library opens a
            classic file that is cut off, and hands out whatever bytes it finds.)

    """
    with _named(path, "copy it again"):
        is_sealed(path)
        return _open(path, "copy it again")


def _open(path: Path | str, remedy: str) -> netCDF4.Dataset:
    length, size = classic_length(path), Path(path).stat().st_size
    if length is not None and size < length:
        raise BadInput(
            f"{path} is truncated: its header promises {length} bytes, the file has {size};"
            f" {remedy}"
        )
    dataset = netCDF4.Dataset(path)
    dataset.set_auto_maskandscale(False)
    return dataset


@contextlib.contextmanager
def opening(path: Path | str, remedy: str = MAKE_AGAIN) -> Iterator[netCDF4.Dataset]:
    """Open a file of ours for reading, undamaged, without masks; a copy has no seal, and need not.

    remedy: what to do if it is damaged.

    Raises:
        BadInput: it is not there, may not be read, is not netCDF or is damaged.

    """
    with _named(path, remedy):
        if not is_sealed(path, remedy=remedy) and (extra := bytes_beyond(path)):
            raise Damaged(path, f"{extra} bytes follow its end", remedy)
        dataset = _open(path, remedy)
    with dataset as nc:
        nc.set_auto_scale(True)
        try:
            yield nc
        except RuntimeError as error:
            if not str(error).startswith("NetCDF: ") or _is_readable(nc):
                raise
            raise Damaged(path, error, remedy) from error


@contextlib.contextmanager
def _named(path: Path | str, remedy: str) -> Iterator[None]:
    """Turn what goes wrong while a file is opened into a sentence."""
    try:
        yield
    except FileNotFoundError as error:
        raise BadInput(f"{path} is not there") from error
    except PermissionError as error:
        raise BadInput(f"{path} may not be read: no permission") from error
    except (OSError, RuntimeError) as error:
        kind = foreign_kind(path)
        if kind is not None:
            raise BadInput(f"{path} is not netCDF, but {kind}") from error
        reason = getattr(error, "strerror", None) or error
        raise BadInput(
            f"{path} cannot be opened as netCDF ({reason}): it is truncated or damaged; {remedy}"
        ) from error


def _is_readable(group: netCDF4.Dataset | netCDF4.Group) -> bool:
    """Whether all values can be read: then the error was that of another file."""
    try:
        for one in group.variables.values():
            for index in range(one.shape[0] if one.ndim else 1):
                one[index if one.ndim else ...]
    except (RuntimeError, OSError):
        return False
    return all(_is_readable(one) for one in group.groups.values())


def variable(dataset: netCDF4.Dataset, name: str) -> netCDF4.Variable:
    """Return a variable of an open file; NoVariable names those it has."""
    if name not in dataset.variables:
        have = ", ".join(sorted(dataset.variables)) or "none"
        raise NoVariable(f"{dataset.filepath()} has no variable {name}; it has {have}")
    return dataset.variables[name]


def read(source: netCDF4.Variable, where: tuple[slice | int, ...] = ()) -> NDArray[np.floating]:
    """Return values as native floats with NaN for every fill value, scaled as the file says."""
    attributes = {name: source.getncattr(name) for name in source.ncattrs()}
    return decoded(stored(source, where), attributes)


def keep_no_chunks(variable: netCDF4.Variable) -> None:
    """Keep no chunks of a variable in memory (by default, 16 MB): each is read or written once."""
    if variable.chunking() is not None:  # a classic file has neither chunks nor a cache of them
        variable.set_var_chunk_cache(1, 1, 0.0)


def stored(source: netCDF4.Variable, where: tuple[slice | int, ...] = ()) -> NDArray:
    """Return values as they are stored, neither scaled nor masked.

    Raises:
        BadInput: the bytes cannot be read.

    """
    try:
        return np.asarray(source[where if where else ...])
    except (RuntimeError, OSError) as error:
        raise BadInput(
            f"{source.group().filepath()}: {source.name} cannot be read ({error}): the file is"
            " truncated or damaged; copy it again"
        ) from error


def decoded(values: NDArray, attributes: Mapping[str, Any]) -> NDArray[np.floating]:
    """Return stored values as native floats with NaN for every fill value, scaled."""
    if str(attributes.get("_Unsigned", "")).lower() == "true" and values.dtype.kind == "i":
        values = values.view(values.dtype.str.replace("i", "u"))
    fills = _fills(attributes, values.dtype)
    if values.dtype.kind != "f":
        wide = values.astype(np.float64)
        wide[np.isin(values, [fill for fill in fills if np.isfinite(fill)])] = np.nan
        values = wide
    else:
        values = values.astype(values.dtype.newbyteorder("="), copy=False)
        with np.errstate(over="ignore"):  # a fill value of 1e300 beside float32 data
            fills = fills[np.isfinite(fills)].astype(values.dtype)
        for fill in fills:
            _blank(values, fill)
    scale = float(attributes.get("scale_factor", 1.0))
    offset = float(attributes.get("add_offset", 0.0))
    if scale != 1.0 or offset != 0.0:
        values = values * scale + offset
    return values


def _fills(attributes: Mapping[str, Any], dtype: np.dtype) -> NDArray[np.float64]:
    """Return all fill values; of unsigned numbers they are, like these, stored as signed ones."""
    names = ("_FillValue", "missing_value", "fmissing_value")
    present = [np.ravel(attributes[name]) for name in names if name in attributes]
    numbers = [value for value in present if value.dtype.kind in "iuf"]
    if dtype.kind == "u":
        numbers = [value.astype(np.int64) % 2 ** (8 * dtype.itemsize) for value in numbers]
    return np.unique(np.concatenate([np.empty(0), *numbers]).astype(np.float64))


def _blank(values: NDArray[np.floating], fill: np.floating) -> None:
    # One reduction shows that a whole block has no such large number (NaN: not sure).
    if fill >= ABSURD and values.max(initial=-np.inf) < ABSURD:
        return
    values[values == fill] = np.nan


@contextlib.contextmanager
def creating(
    path: Path | str,
    form: Form = "NETCDF4",
    mode: Literal["w", "r+"] = "w",
    sealed: bool = True,
) -> Iterator[netCDF4.Dataset]:
    """Create (or, with mode "r+", continue) a netCDF file, which is usually sealed at the end.

    Errors of the library become the OSError they stand for. HDF5 reports a full disk as "HDF
    error", without an errno: where the disk has less than a MiB left, that is what it was. A
    classic file is made in memory: on a full disk, the library would crash.
    """
    memory = None if form == "NETCDF4" else 2**16
    try:
        with NETCDF:
            nc = netCDF4.Dataset(path, mode, format=form, memory=memory)
        try:
            yield nc
        finally:
            with NETCDF:
                content = nc.close()
        if memory:
            Path(path).write_bytes(content)
        if sealed:
            add_seal(path)
    except RuntimeError as error:
        raise _disk_error(path, error) from error
    except OSError as error:
        if error.errno is not None and error.errno > 0:
            raise
        raise _disk_error(path, error) from error


def _disk_error(path: Path | str, error: Exception) -> OSError:
    free = shutil.disk_usage(Path(path).parent).free
    code = errno.ENOSPC if free < 2**20 else errno.EIO
    return OSError(code, f"{os.strerror(code)} ({error})", str(path))
