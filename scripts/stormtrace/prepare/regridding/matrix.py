"""The regridding matrix: the share of each mesh point in each grid point, and its application."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.floating]

#: Fields of one job up to which scipy is quicker: numba takes half a second to start.
FEW = 160


@dataclass(eq=False)
class RegriddingMatrix:
    """The shares of n_a source points in n_b target points; every row sums to 1.

    shares: (n_b, n_a) float64, or float32 if only to be applied; CSR, indices sorted.
    applied: to how many fields so far.
    """

    shares: sparse.csr_matrix
    applied: int = 0

    @classmethod
    def from_parts(
        cls,
        row: list[NDArray[np.int64]],
        col: list[NDArray[np.int64]],
        share: list[NDArray[np.float64]],
        n_a: int,
        n_b: int,
    ) -> "RegriddingMatrix":
        """Join triplets (indices from 0); shares of one pair of points add, zeros vanish."""
        data, rows, cols = (np.concatenate(parts) for parts in (share, row, col))
        kept = data != 0
        shares = sparse.csr_matrix((data[kept], (rows[kept], cols[kept])), shape=(n_b, n_a))
        shares.sum_duplicates()
        return cls(shares)

    def of_sources(self, places: NDArray[np.int64], n_a: int) -> "RegriddingMatrix":
        """Return the matrix from n_a points of which the sources are those at `places`."""
        parts = self.shares.tocoo()
        return self.from_parts([parts.row], [places[parts.col]], [parts.data], n_a, parts.shape[0])

    @cached_property
    def single(self) -> sparse.csr_matrix:
        """The shares in float32, as they are applied."""
        return self.shares.astype(np.float32, copy=False)

    def apply(self, values: Floats, out: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """Return (nt, n_b) from values (nt, n_a) without missing values.

        Sums are in float32, in the order of the sources: by the kernel what scipy gives, to the
        last bit.
        out: an earlier result that is no longer needed; its memory is used again if it suffices.
        """
        single, count = self.single, len(values)
        if out is None or len(out) < count:
            out = np.empty((count, single.shape[0]), np.float32)
        self.applied += count
        if self.applied <= FEW:
            for row, field in zip(out, values, strict=False):
                row[:] = single @ field.astype(np.float32, copy=False)
            return out[:count]
        from stormtrace.prepare.regridding.kernel import apply_shares  # with numba: see FEW

        apply_shares(single.indptr, single.indices, single.data, values, out[:count])
        return out[:count]
