"""Tables of events and objects, read as columns, and what maps and lines need from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.grids import EARTH_RADIUS_KM, Grid

Table = dict[str, NDArray[Any]]


def read_table(path: Path | str, needed: tuple[str, ...] = ()) -> Table:
    """Read a Parquet table as a dict of columns; refuses one that lacks a `needed` column."""
    if not Path(path).is_file():
        raise BadInput(f"there is no {path}: make it with link_events.py")
    table = pyarrow.parquet.ParquetFile(path).read()
    missing = [name for name in needed if name not in table.column_names]
    if missing:
        raise BadInput(f"{path} lacks the columns {missing}; it has {table.column_names}")
    return {name: table[name].to_numpy() for name in table.column_names}


def read_events(folder: Path | str | None) -> Table | None:
    """Read the table of events in a folder; None where there is no folder."""
    return read_table(Path(folder) / "events.parquet") if folder else None


def of_class(table: Table, code: int) -> Table:
    """Return the rows of one class."""
    rows = table["class"] == code
    return {name: column[rows] for name, column in table.items()}


def density(
    lat: NDArray[np.floating], lon: NDArray[np.floating], grid: Grid, radius_km: float = 400.0
) -> NDArray[np.float64]:
    """Return points per 10⁶ km² on `grid`, (lat, lon), smoothed on the sphere.

    Each point is spread by a von Mises–Fisher kernel (the Gaussian of the sphere) with
    κ = (R / radius)², whose integral over the globe is one: the map's integral is the number of
    points, at the poles as at the equator.
    """
    kappa = (EARTH_RADIUS_KM / radius_km) ** 2
    height = kappa / (2 * np.pi * -np.expm1(-2 * kappa)) * 1e6 / EARTH_RADIUS_KM**2
    cells = unit_vectors(*np.meshgrid(grid.lat, grid.lon, indexing="ij"))
    points = unit_vectors(np.asarray(lat, np.float64), np.asarray(lon, np.float64))
    total = np.zeros(grid.shape, np.float64)
    for start in range(0, len(points), 500):
        cosine = np.einsum("yxi,pi->pyx", cells, points[start : start + 500], optimize=True)
        total += np.exp(kappa * (cosine - 1)).sum(axis=0, dtype=np.float64)
    return height * total


def unit_vectors(lat: NDArray[np.float64], lon: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return points on the unit sphere, (…, 3), from degrees."""
    phi, lam = np.radians(lat), np.radians(lon)
    vectors = [np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)]
    return np.stack(vectors, axis=-1).astype(np.float32)
