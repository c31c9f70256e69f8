"""What has been counted of one year of an agreement: sums by name, and what they were asked for."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.files import writing
from stormtrace.formats.counts import set_attributes
from stormtrace.formats.netcdf import creating, opening


def write_agreement_sums(
    path: Path | str,
    sums: Mapping[str, NDArray[Any]],
    asked: Mapping[str, Any],
    attributes: Mapping[str, Any],
) -> None:
    """Write numbers of any shape by name; asked: what they are of, in types of JSON."""
    about = {"title": "Sums of one year of an agreement", "asked": json.dumps(asked)}
    with writing(path) as partial, creating(partial) as nc:
        set_attributes(nc, about | dict(attributes))
        for name, values in sums.items():
            dimensions = [f"{name}_{axis}" for axis in range(values.ndim)]
            for dimension, size in zip(dimensions, values.shape, strict=True):
                nc.createDimension(dimension, size)
            kind = np.int8 if values.dtype == bool else values.dtype
            variable = nc.createVariable(
                name, kind, dimensions, zlib=values.size > 0, complevel=1, fill_value=False
            )
            variable[:] = values.astype(kind)


def read_agreement_sums(path: Path | str, asked: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """Read what `write_agreement_sums` wrote.

    Raises:
        BadInput: it is not of what is asked for.

    """
    with opening(path) as nc:
        found = getattr(nc, "asked", None)
        if found is None or json.loads(found) != json.loads(json.dumps(asked)):
            raise BadInput(
                f"{path} is not a count of these members, events, regions, lags and catalogues: "
                "make it again with count_agreement.py and the same flags"
            )
        return {name: np.asarray(variable[:]) for name, variable in nc.variables.items()}
