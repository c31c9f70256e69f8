"""Samples by their time, for what is drawn or summed together with the masks."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import cftime
import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.formats.netcdf import open_raw, read, variable
from stormtrace.formats.samples import netcdf_files


def index_samples(folder: Path | str) -> dict[str, Path]:
    """Map ``YYYY-MM-DD-SSSSS``, the end of a sample's name, to its file."""
    files = {path.stem.rsplit(".", 1)[-1]: path for path in netcdf_files(folder)}
    if not files:
        raise BadInput(f"{folder} has no samples (*.nc): make them with make_samples.py")
    return files


def read_field(files: Mapping[str, Path], date: cftime.datetime, field: str) -> NDArray[np.float32]:
    """Read one field of the sample at a date, (nlat, nlon); missing values are NaN."""
    seconds = date.hour * 3600 + date.minute * 60 + date.second
    stamp = f"{date.year:04d}-{date.month:02d}-{date.day:02d}-{seconds:05d}"
    if stamp not in files:
        raise BadInput(
            f"there is a mask at {date} but no sample *.{stamp}.nc among {len(files)}: give the "
            "samples that were detected"
        )
    with open_raw(files[stamp]) as nc:
        return np.squeeze(read(variable(nc, field))).astype(np.float32, copy=False)


def units_of(files: Mapping[str, Path], fields: Sequence[str]) -> dict[str, str]:
    """Return field -> units, as the first sample gives them."""
    with open_raw(next(iter(files.values()))) as nc:
        if absent := [field for field in fields if field not in nc.variables]:
            raise BadInput(f"the samples have no {absent}; they have {sorted(nc.variables)}")
        return {field: str(getattr(nc[field], "units", "")) for field in fields}
