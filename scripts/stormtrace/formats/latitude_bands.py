"""The bands of latitude that climatologies are computed in."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: What of a climatology becomes another's: mean and standard deviation, or the distribution.
Match = Literal["moments", "quantiles"]

#: Degrees of latitude from one edge of a band to the next.
BAND_DEGREES = 5.0

#: The edges of all bands, south to north.
BAND_EDGES: Floats = np.arange(-90.0, 90.0 + BAND_DEGREES, BAND_DEGREES)


def band_centres() -> Floats:
    """Return the latitudes in the middle of the bands, (bands,)."""
    return (BAND_EDGES[:-1] + BAND_EDGES[1:]) / 2


def band_of(lat: Floats) -> NDArray[np.int64]:
    """Return the number of the band that each latitude lies in, of the shape of `lat`."""
    found = np.searchsorted(BAND_EDGES, lat, "right") - 1
    return np.clip(found, 0, BAND_EDGES.size - 2).astype(np.int64)  # 90° is in the last


def uncovered(lat: Floats, bands: NDArray[np.int64]) -> Floats:
    """Return the latitudes that are in none of some bands, nor in one next to them."""
    centres = band_centres()[np.unique(bands)]
    if not centres.size:
        return lat.ravel()
    away = np.abs(lat.ravel()[:, None] - centres).min(axis=1)
    return lat.ravel()[away > 1.5 * BAND_DEGREES]
