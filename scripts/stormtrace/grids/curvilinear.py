"""Cells known by the latitude and longitude of their centres alone."""

import numpy as np
from numpy.typing import NDArray

from stormtrace.sphere import unit_vectors

Floats = NDArray[np.float64]


def corners_of_points(lat: Floats, lon: Floats) -> tuple[Floats, Floats]:
    """Return latitude and longitude of the corners (ny + 1, nx + 1) of cells (ny, nx).

    Each inner corner is the direction of the mean of the four centres around it; the rim extends
    as far outwards as it does inwards. On the sphere, so that neither pole nor date line matters.
    """
    vectors = unit_vectors(lat, lon)  # (3, ny, nx)
    for axis in (1, 2):
        first = 2 * vectors.take([0], axis) - vectors.take([1], axis)
        last = 2 * vectors.take([-1], axis) - vectors.take([-2], axis)
        vectors = np.concatenate([first, vectors, last], axis=axis)
    corners = vectors[:, 1:, 1:] + vectors[:, :-1, 1:] + vectors[:, 1:, :-1] + vectors[:, :-1, :-1]
    x, y, z = corners
    return np.degrees(np.arctan2(z, np.hypot(x, y))), np.degrees(np.arctan2(y, x)) % 360.0


class NearestCells:
    """Finds the cell whose centre is nearest to a point.

    lat, lon: (ny, nx) centres; corners: latitude and longitude (ny + 1, nx + 1); degrees.
    """

    def __init__(self, lat: Floats, lon: Floats, corners: tuple[Floats, Floats]) -> None:
        ny, nx = self.shape = lat.shape
        centres = unit_vectors(lat.ravel(), lon.ravel())
        vectors = unit_vectors(*corners)
        of_cells = [vectors[:, j : j + ny, i : i + nx] for j in (0, 1) for i in (0, 1)]
        away = [np.linalg.norm(one.reshape(3, -1) - centres, axis=0) for one in of_cells]
        #: Chord from each centre to the farthest corner of its cell.
        self.reach: Floats = np.max(away, axis=0)
        from scipy.spatial import cKDTree  # not at the top: the plan of a study needs no trees

        self.tree = cKDTree(centres.T)

    def locate(self, lat: Floats, lon: Floats) -> tuple[Floats, Floats]:
        """Return row and column of the nearest cell; NaN farther from it than its own corners."""
        known = np.isfinite(lat) & np.isfinite(lon)
        vectors = unit_vectors(np.where(known, lat, 0.0).ravel(), np.where(known, lon, 0.0).ravel())
        distance, index = self.tree.query(vectors.T)
        inside = known.ravel() & (distance <= self.reach[index])
        row, column = (
            np.where(inside, one, np.nan).reshape(lat.shape)
            for one in np.divmod(index, self.shape[1])
        )
        return row, column
