"""Samples by their time, for what is drawn or summed beside the masks."""

from __future__ import annotations

from pathlib import Path

import cftime
import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput


def index_samples(folder: Path | str) -> dict[str, Path]:
    """Map ``YYYY-MM-DD-SSSSS``, the end of a sample's name, to its file."""
    files = {path.stem.rsplit(".", 1)[-1]: path for path in Path(folder).glob("*.nc")}
    if not files:
        raise BadInput(f"{folder} has no samples (*.nc): make them with make_samples.py")
    return files


def read_field(files: dict[str, Path], date: cftime.datetime, field: str) -> NDArray[np.float32]:
    """Read one field of the sample at a date, (lat, lon); missing values are NaN."""
    seconds = date.hour * 3600 + date.minute * 60 + date.second
    stamp = f"{date.year:04d}-{date.month:02d}-{date.day:02d}-{seconds:05d}"
    if stamp not in files:
        raise BadInput(
            f"there is a mask at {date} but no sample *.{stamp}.nc among {len(files)}: give the "
            "samples that were detected"
        )
    with netCDF4.Dataset(files[stamp]) as nc:
        if field not in nc.variables:
            raise BadInput(f"{files[stamp]} has no {field}; it has {sorted(nc.variables)}")
        values = np.squeeze(nc[field][:])
    return np.ma.filled(values.astype(np.float32), np.nan)
