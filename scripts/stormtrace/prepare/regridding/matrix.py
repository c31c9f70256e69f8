"""Weights from a mesh to a grid as a sparse matrix, and how they are applied."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Weights:
    """A matrix of n_b target points by n_a source points; every row sums to 1.

    matrix: float64, CSR, indices sorted.
    """

    matrix: sparse.csr_matrix

    @classmethod
    def from_parts(
        cls,
        row: list[NDArray[np.int64]],
        col: list[NDArray[np.int64]],
        share: list[NDArray[np.float64]],
        n_a: int,
        n_b: int,
    ) -> "Weights":
        """Join triplets (indices from 0); shares of one pair of points add, zeros vanish."""
        data, rows, cols = (np.concatenate(parts) for parts in (share, row, col))
        kept = data != 0
        matrix = sparse.csr_matrix((data[kept], (rows[kept], cols[kept])), shape=(n_b, n_a))
        matrix.sum_duplicates()
        return cls(matrix)

    @cached_property
    def single(self) -> sparse.csr_matrix:
        """The matrix in float32, as it is applied."""
        return self.matrix.astype(np.float32)

    def apply(self, values: Floats) -> NDArray[np.float32]:
        """Return (nt, n_b) from values (nt, n_a) without missing values."""
        regridded = np.empty((len(values), self.matrix.shape[0]), np.float32)
        for step, row in enumerate(values):
            regridded[step] = self.single @ row.astype(np.float32, copy=False)
        return regridded
