"""How values stand for their interval of time: instants, means, minima, maxima, sums."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.prepare.raw.opened import RawVariable

POINT = "point"

#: CAM's words for CF's.
_SAME = {"instantaneous": POINT, "average": "mean", "avg": "mean", "min": "minimum",
         "max": "maximum", "accumulated": "sum"}  # fmt: skip

#: ecCodes' stepType, as cfgrib and the Climate Data Store write it, in CF's words.
_STEP_TYPES = {"instant": POINT, "avg": "mean", "accum": "sum", "max": "maximum", "min": "minimum"}

#: What several records of one method make together, and the method of what they make.
TOGETHER: Mapping[str, tuple[Callable[..., NDArray[Any]], str]] = {
    POINT: (np.mean, "mean"),
    "mean": (np.mean, "mean"),
    "minimum": (np.min, "minimum"),
    "maximum": (np.max, "maximum"),
    "sum": (np.sum, "sum"),
}

#: Methods that pass through a sum over levels, or an interpolation between them, unchanged.
LINEAR = (POINT, "mean", "sum")


def time_method(source: RawVariable, times: str) -> str | None:
    """Return the method in time of a variable by its `cell_methods`, else its GRIB step type.

    times: the name of its time coordinate. None: neither is there.
    """
    names = "|".join(map(re.escape, dict.fromkeys(("time", times))))
    methods = re.findall(
        rf"(?<!\w)(?:{names})\s*:\s*(?:\w+\s*:\s*)*(\w+)", source.text("cell_methods")
    )
    if methods:
        return _SAME.get(methods[-1].lower(), methods[-1].lower())
    return _STEP_TYPES.get(source.text("GRIB_stepType"))
