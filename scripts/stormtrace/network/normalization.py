"""Which mean and standard deviation a model's input is normalized with, and where they come from.

The choice never touches the weights: the same numbers give the same masks, whether they come from
the model's own config.json or from a statistics file an experiment names.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.formats.json_files import read_json

WEIGHTINGS = {
    "none": ("mean", "std"),
    "area": ("area_mean", "area_std"),
    "mean": ("area_mean", "std"),
}
"""Weighting -> which moments of a statistics file are used (docs/architecture.md)."""


@dataclass(frozen=True)
class Normalization:
    """Mean and standard deviation of each field, in the order of a model's channels."""

    fields: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __post_init__(self) -> None:
        for field, mean, std in zip(self.fields, self.mean, self.std, strict=True):
            if not (math.isfinite(mean) and math.isfinite(std) and std > 0):
                raise BadInput(
                    f"{field} cannot be normalized with mean {mean} and standard deviation {std}: "
                    "both must be finite and the second above zero"
                )

    def columns(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Mean and standard deviation, float32 (fields, 1, 1), ready for (fields, lat, lon)."""
        mean = np.array(self.mean, np.float32)[:, None, None]
        std = np.array(self.std, np.float32)[:, None, None]
        return mean, std

    def apply(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return (values − mean) / std for values (…, fields, lat, lon), in float32."""
        mean, std = self.columns()
        return (values - mean) / std

    def as_json(self) -> str:
        """``{"TMQ": [mean, std], …}``: the `statistics` attribute of a mask file."""
        pairs = zip(self.fields, zip(self.mean, self.std, strict=True), strict=True)
        return json.dumps({field: list(pair) for field, pair in pairs})


def from_moments(
    fields: Sequence[str], moments: Mapping[str, Mapping[str, Any]], weighting: str, source: str
) -> Normalization:
    """Pick each field's two moments; `source` is the file named when one is missing."""
    mean_key, std_key = WEIGHTINGS[weighting]
    for field in fields:
        if field not in moments:
            raise BadInput(f"{source} has no statistics of {field}, only of {', '.join(moments)}")

    def number(field: str, key: str) -> float:
        try:
            return float(moments[field][key])
        except (KeyError, TypeError, ValueError, OverflowError):
            raise BadInput(f"{source}: {field} has no number {key!r}") from None

    return Normalization(
        tuple(fields),
        tuple(number(field, mean_key) for field in fields),
        tuple(number(field, std_key) for field in fields),
    )


def read_statistics(path: Path | str, fields: Sequence[str], weighting: str) -> Normalization:
    """Read the normalization of `fields` from a statistics file (docs/architecture.md)."""
    try:
        moments = dict(read_json(path, "merge_statistics.py")["fields"])
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(
            f"{path} is not a statistics file ({error!r}); make it with merge_statistics.py"
        ) from error
    return from_moments(fields, moments, weighting, str(path))
