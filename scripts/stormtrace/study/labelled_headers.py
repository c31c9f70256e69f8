"""What the headers of labelled samples say while a study is planned."""

import functools
from pathlib import Path
from typing import NamedTuple

from stormtrace.errors import BadInput
from stormtrace.formats.labelled_names import read_name
from stormtrace.prepare.dataset import LabelledDataset


class Header(NamedTuple):
    """The name of a labelled sample, and the names of its variables."""

    file: str
    variables: frozenset[str]


def first_header(dataset: LabelledDataset, split: str) -> Header | None:
    """Return the header of the first labelled sample of a folder, `train` or `test`, by name.

    None: there is none, or it cannot be read, which the job that reads it says.
    """
    found = (one for one in Path(getattr(dataset, split)).glob("*.nc") if read_name(one.name, True))
    first = min((one for one in found if one.name not in dataset.exclude), default=None)
    return None if first is None else _header(first, first.stat().st_mtime_ns)


@functools.cache
def _header(path: Path, changed: int) -> Header | None:
    """Open a file once, until it has `changed`: a plan asks for it from several rules."""
    from stormtrace.formats.netcdf import opening  # netCDF4, which takes its time

    try:
        with opening(path) as nc:
            return Header(path.name, frozenset(nc.variables))
    except BadInput:
        return None
