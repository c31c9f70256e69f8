"""Mean and sum of squared deviations, exact in one pass and mergeable."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Moments:
    """Weight, mean and sum of squared deviations of some values; arrays of any one shape.

    Two of them merge as if their values had been seen together (Chan, Golub & LeVeque 1983).
    """

    weight: Floats
    mean: Floats
    squares: Floats

    @classmethod
    def of_rows(cls, values: Floats) -> "Moments":
        """Return the moments of each row of values (nlat, nlon), which are used up.

        NaN does not count.
        """
        weight = np.full(len(values), float(values.shape[1]))
        missing = np.isnan(values) if np.isnan(values.min()) else None
        if missing is not None:
            values[missing] = 0.0
            weight -= missing.sum(axis=1)
        divisor = np.maximum(weight, 1.0)
        mean = values.sum(axis=1) / divisor
        values -= mean[:, None]
        if missing is not None:
            values[missing] = 0.0
        squares = np.einsum("ij,ij->i", values, values)
        # What rounding of the mean left over (the second term of the corrected two-pass formula).
        return cls(weight, mean, squares - values.sum(axis=1) ** 2 / divisor)

    def __add__(self, other: "Moments") -> "Moments":
        """Merge element by element."""
        weight = self.weight + other.weight
        share = np.divide(other.weight, weight, out=np.zeros_like(weight), where=weight > 0)
        delta = other.mean - self.mean
        return Moments(
            weight,
            self.mean + delta * share,
            self.squares + other.squares + delta**2 * self.weight * share,
        )

    def over_rows(self, row_weight: Floats) -> "Moments":
        """Return the moments of all rows together (0-d arrays), each row's weight multiplied."""
        weight = self.weight * row_weight
        total = np.asarray(weight.sum())
        mean = np.asarray((weight * self.mean).sum() / total if total > 0 else 0.0)
        spread = (weight * (self.mean - mean) ** 2).sum() + (row_weight * self.squares).sum()
        return Moments(total, mean, np.asarray(spread))

    @property
    def std(self) -> Floats:
        """The standard deviation of the population (not of a sample: no −1)."""
        return np.sqrt(self.squares / np.where(self.weight > 0, self.weight, np.nan))
