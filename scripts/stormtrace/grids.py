"""Lat/lon grids: where samples, masks and maps live."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

EARTH_RADIUS_KM = 6371.22
"""CESM's own radius (SHR_CONST_REARTH)."""


@dataclass(frozen=True, eq=False)
class Grid:
    """A rectilinear grid, south to north and west to east.

    lat, lon: degrees, float64, cell centres; lat ascends, lon ascends within one turn.
    """

    lat: NDArray[np.float64]
    lon: NDArray[np.float64]

    @property
    def shape(self) -> tuple[int, int]:
        """(nlat, nlon)."""
        return self.lat.size, self.lon.size

    @functools.cached_property
    def is_global(self) -> bool:
        """Whether the last column touches the first (within a hundredth of a step)."""
        step = np.diff(self.lon).mean() if self.lon.size > 1 else 360.0
        return bool(abs(self.lon.size * step - 360.0) < 0.01 * step)

    @functools.cached_property
    def lat_bounds(self) -> NDArray[np.float64]:
        """Cell edges (nlat + 1), half-way between centres, never beyond a pole."""
        return np.clip(_edges(self.lat), -90.0, 90.0)

    @functools.cached_property
    def lon_bounds(self) -> NDArray[np.float64]:
        """Cell edges (nlon + 1), half-way between centres."""
        return _edges(self.lon)

    @functools.cached_property
    def row_area(self) -> NDArray[np.float64]:
        """Area of one cell of each row, km², (nlat,): R² Δλ (sin φ_north − sin φ_south).

        Exact for cells bounded by meridians and parallels; on a global grid all cells together
        are 4πR².
        """
        width = np.radians(360.0 / self.lon.size if self.is_global else np.diff(self.lon).mean())
        height = np.diff(np.sin(np.radians(self.lat_bounds)))
        return EARTH_RADIUS_KM**2 * width * height


def box_cells(grid: Grid, box: Sequence[float]) -> NDArray[np.bool_]:
    """Return which cells have their centre in ``[west, east, south, north]``, (nlat, nlon).

    Degrees; west may be greater than east across the date line, and 0 or 360 between them is all
    the way round. Raises ValueError if north is not beyond south.
    """
    west, east, south, north = map(float, box)
    if not south < north:
        raise ValueError(f"a box is [west, east, south, north], found {list(box)}")
    width = 360.0 if abs(east - west) >= 360.0 else (east - west) % 360.0 or 360.0
    rows = (grid.lat >= south) & (grid.lat <= north)
    columns = (grid.lon - west) % 360.0 <= width
    return rows[:, None] & columns[None, :]


def _edges(centres: NDArray[np.float64]) -> NDArray[np.float64]:
    if centres.size == 1:
        return np.array([centres[0] - 0.5, centres[0] + 0.5])
    inner = (centres[1:] + centres[:-1]) / 2
    first = centres[0] - (inner[0] - centres[0])
    last = centres[-1] + (centres[-1] - inner[-1])
    return np.concatenate([[first], inner, [last]])


def make_grid(spec: Mapping[str, Any]) -> Grid:
    """Return the grid a `grids:` entry of the study describes.

    ``{nlat: 768, nlon: 1152}`` has both poles as rows and starts at `first_lon` (0 by default):
    CESM's fv grids and MERRA-2's are of this kind.
    """
    nlat, nlon = int(spec["nlat"]), int(spec["nlon"])
    first_lon = float(spec.get("first_lon", 0.0))
    return Grid(np.linspace(-90.0, 90.0, nlat), first_lon + np.arange(nlon) * 360.0 / nlon)
