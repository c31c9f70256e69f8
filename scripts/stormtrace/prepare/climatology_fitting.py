"""A mean and harmonics of the year fitted to samples by least squares, each cell by itself."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.formats.climatologies import terms
from stormtrace.grids import Grid
from stormtrace.prepare.years_of_samples import YearOfSamples, check_together, open_year, units_of

Floats = NDArray[np.float64]

#: Above this condition number the times of the samples do not tell the harmonics apart.
WORST_CONDITION = 1e6


@dataclass
class Fit:
    """Normal equations of one fit: the times' are the same for all fields and cells."""

    harmonics: int
    normal: Floats = field(init=False)
    moments: Floats | None = None

    def __post_init__(self) -> None:
        size = 1 + 2 * self.harmonics
        self.normal = np.zeros((size, size))

    def add(self, row: Floats, values: NDArray[np.float32]) -> None:
        """Add the terms of one time, (terms,), and the fields there, (fields, ny, nx)."""
        if self.moments is None:
            self.moments = np.zeros((row.size, *values.shape))
        self.normal += np.outer(row, row)
        for moment, term in zip(self.moments, row, strict=True):
            moment += term * values

    def solve(self, where: str) -> Floats:
        """Return the coefficients, (terms, fields, ny, nx).

        Raises:
            BadInput: there are too few times for so many harmonics.

        """
        if self.moments is None or np.linalg.cond(self.normal) > WORST_CONDITION:
            raise BadInput(
                f"{where}: the times of the samples do not determine a mean and {self.harmonics}"
                " harmonics of the year: choose a dataset that covers whole years, or fewer"
                " `harmonics`"
            )
        flat = self.moments.reshape(len(self.moments), -1)
        found: Floats = np.linalg.solve(self.normal, flat).astype(np.float64, copy=False)
        return found.reshape(self.moments.shape)


def fit_climatology(
    years: Iterable[YearOfSamples], fields: Sequence[str], harmonics: int
) -> tuple[Grid, dict[str, Floats]]:
    """Return the grid, and field -> coefficients (terms, ny, nx), of samples of some years.

    Raises:
        BadInput: samples are missing, damaged, on several grids or in several units, or do not
            determine the fit.

    """
    fit, first, where = Fit(harmonics), None, ""
    for year in years:
        folder = open_year(year, fields)
        first, where = first or (folder.grid, units_of(folder, fields)), str(year)
        check_together(*first, folder)
        for sample in folder.paths:
            batch = folder.read([sample])
            fit.add(terms(folder.date(batch.times[0]), harmonics), batch.values[0])
    if first is None:
        raise BadInput("there are no samples to fit a climatology to")
    coefficients = fit.solve(where)
    return first[0], {name: coefficients[:, index] for index, name in enumerate(fields)}
