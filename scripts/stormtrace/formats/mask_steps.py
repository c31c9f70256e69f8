"""Steps of a mask file by index, with what an ensemble agrees on: for counting and composing."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cftime
import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.formats.counts import experiment_attributes
from stormtrace.formats.masks import MaskFile
from stormtrace.formats.netcdf import keep_no_chunks, opening


@dataclass(frozen=True)
class MaskSteps:
    """An open mask file.

    attributes: which experiment the masks are of. has_agreement: whether an ensemble made them.
    """

    attributes: dict[str, Any]
    has_agreement: bool
    nc: netCDF4.Dataset

    def masks(self, first: int, last: int) -> NDArray[np.int8]:
        """Return the masks of the steps ``first … last − 1``, (steps, nlat, nlon)."""
        return self.nc["mask"][first:last]

    def agreement(self, first: int, last: int) -> NDArray[np.integer]:
        """Return how many members of the ensemble find each cell's class, as `masks` does."""
        return self.nc["agreement"][first:last]


@contextlib.contextmanager
def reading_steps(masks: MaskFile) -> Iterator[MaskSteps]:
    """Open a checked mask file to read its steps."""
    with opening(masks.path) as nc:
        nc.set_auto_maskandscale(False)
        keep_no_chunks(nc["mask"])
        attributes = experiment_attributes(nc) | coverage_of(dates_of(masks))
        attributes |= {"calendar": masks.calendar, "step_hours": masks.step_hours}
        yield MaskSteps(attributes, "agreement" in nc.variables, nc)


def dates_of(masks: MaskFile) -> NDArray[np.object_]:
    """Return the times of a mask file as dates of its own calendar, (time,)."""
    return np.atleast_1d(cftime.num2date(masks.time, masks.time_units, masks.calendar))


def coverage_of(dates: NDArray[np.object_]) -> dict[str, str]:
    """Return the first and the last date as ACDD's attributes of a file's time coverage."""
    if not dates.size:
        return {}
    ends = {"start": dates[0], "end": dates[-1]}
    return {f"time_coverage_{end}": date.isoformat() for end, date in ends.items()}
