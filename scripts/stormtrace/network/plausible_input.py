"""Fields as they are read, held against what a network's input is normalized with."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.formats.quantities import quantity_named
from stormtrace.network.normalization import Normalization

#: A sample whose mean is this many standard deviations from the model's, or whose own deviation is
#: this many times smaller or greater, may be in other units, or of another field.
FAR, WIDER = 3.0, 6.0

#: Means of weather, also of a pole or a plateau, are within five standard deviations; pressure in
#: hPa for Pa is 68 away, temperature in °C for K 15.
IMPOSSIBLE = 10.0

#: Single cells: hourly rain and vorticity reach a few hundred standard deviations.
IMPOSSIBLE_CELL = 1e4

#: Customary marks of missing values, refused where they are beyond `IMPOSSIBLE`.
FILLS = (-9999.0, 9999.0, -999.0, -99999.0, 99999.0, -999.9, 999.9, -32768.0, -32767.0)


@dataclass(frozen=True)
class PlausibleInput:
    """Checks of raw fields; neutral: the fields that are their mean everywhere."""

    normalization: Normalization
    neutral: Sequence[str] = ()

    def check(self, values: NDArray[np.float32], path: Path) -> None:
        """Check one sample, (fields, ny, nx).

        Raises:
            BadInput: a field is the same everywhere, has undeclared missing values, or is in other
                units than the network's.

        """
        for field, mean, std, sample in self._fields(values):
            if reason := _impossible(field, mean, std, sample):
                raise BadInput(
                    f"{path}: {field} {reason}; the network's input is normalized with the mean"
                    f" {mean:g} and the standard deviation {std:g}: correct the field (units, fill"
                    " values, the right variable) and make the sample again"
                )

    def doubts(self, values: NDArray[np.float32], path: Path) -> list[str]:
        """Return a sentence for each field of a sample that is unlike what the network expects."""
        return [
            f"{path}: {field} has the mean {own_mean:g} and the standard deviation {own_std:g}, but"
            f" is normalized with {mean:g} and {std:g}: compare its units, and whose statistics"
            " these are (statistics: inference takes the samples' own)"
            for field, mean, std, sample in self._fields(values)
            for own_mean, own_std in [_moments(sample)]
            if abs(own_mean - mean) > FAR * std or not std / WIDER < own_std < WIDER * std
        ]

    def _fields(
        self, values: NDArray[np.float32]
    ) -> Iterator[tuple[str, float, float, NDArray[np.float32]]]:
        n = self.normalization
        for field, mean, std, sample in zip(n.fields, n.mean, n.std, values, strict=True):
            if field not in self.neutral:
                yield field, mean, std, sample


def _impossible(field: str, mean: float, std: float, sample: NDArray[np.float32]) -> str:
    """Say why a field (ny, nx) can be none of the network's, or ""."""
    least, most = float(sample.min()), float(sample.max())
    if least == most and (quantity_named(field) is not None or abs(least - mean) > FAR * std):
        return f"is {least:g} everywhere"
    for value in (least, most):
        away = abs(value - mean) / std
        if away > IMPOSSIBLE_CELL or (away > IMPOSSIBLE and value in FILLS):
            return f"has the value {value:g}, as of missing cells"
    own_mean = float(sample.mean(dtype=np.float64))
    if abs(own_mean - mean) > IMPOSSIBLE * std:
        return f"has the mean {own_mean:g}, as of other units"
    return ""


def _moments(sample: NDArray[np.float32]) -> tuple[float, float]:
    return float(sample.mean(dtype=np.float64)), float(sample.std(dtype=np.float64))
