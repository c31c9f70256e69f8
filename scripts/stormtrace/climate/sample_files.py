"""Samples of the times of masks, for what is drawn or summed together with them."""

from collections.abc import Mapping
from pathlib import Path

import cftime

from stormtrace.errors import BadInput
from stormtrace.formats.samples import time_stamp


def sample_at(files: Mapping[str, Path], date: cftime.datetime) -> Path:
    """Return the sample of a mask's date; files: `formats.samples.samples_by_time`."""
    stamp = time_stamp(date)
    if stamp not in files:
        raise BadInput(
            f"there is a mask at {date} but no sample *.{stamp}.nc among {len(files)}: give the "
            "samples that were detected"
        )
    return files[stamp]
