"""Ocean basins, by where an event begins."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.floating]

#: The basins of tropical cyclones (WMO; as IBTrACS draws them), and what lies outside.
TC_BASINS = (
    "North Atlantic",
    "East Pacific",
    "West Pacific",
    "North Indian",
    "South Indian",
    "South Pacific",
    "South Atlantic",
)
AR_BASINS = (
    "North Pacific",
    "North Atlantic",
    "North Indian and Asia",
    "South Pacific",
    "South Atlantic",
    "South Indian",
)

#: Central America's divide, longitude (degrees east) by latitude: west of it is Pacific.
DIVIDE_LAT = (0.0, 8.0, 9.0, 13.0, 17.0, 20.0, 30.0)
DIVIDE_LON = (285.0, 283.0, 277.0, 274.0, 266.0, 260.0, 250.0)


def tc_basin(lat: Places, lon: Places) -> NDArray[np.int64]:
    """Return each point's index into `TC_BASINS`."""
    lon = np.asarray(lon) % 360.0
    pacific_edge = np.interp(lat, DIVIDE_LAT, DIVIDE_LON)
    north = np.select(
        [
            (lon >= 30) & (lon < 100),
            (lon >= 100) & (lon < 180),
            (lon >= 180) & (lon < pacific_edge),
        ],
        [3, 2, 1],
        default=0,
    )
    south = np.select([(lon >= 20) & (lon < 135), (lon >= 135) & (lon < 290)], [4, 5], default=6)
    return np.where(np.asarray(lat) >= 0, north, south)


def ar_basin(lat: Places, lon: Places) -> NDArray[np.int64]:
    """Return each point's index into `AR_BASINS`."""
    lon = np.asarray(lon) % 360.0
    pacific_edge = np.interp(lat, DIVIDE_LAT, DIVIDE_LON)
    north = np.select([(lon >= 100) & (lon < pacific_edge), (lon >= 20) & (lon < 100)], [0, 2], 1)
    south = np.select([(lon >= 135) & (lon < 290), (lon >= 20) & (lon < 135)], [3, 5], 4)
    return np.where(np.asarray(lat) >= 0, north, south)


#: What a class's `basins` are called in the study -> names of the basins, and the choice of one.
BASINS: dict[str, tuple[tuple[str, ...], Callable[[Places, Places], NDArray[np.int64]]]] = {
    "tropical cyclones": (TC_BASINS, tc_basin),
    "atmospheric rivers": (AR_BASINS, ar_basin),
}


def by_basin(basins: str, lat: Places, lon: Places) -> dict[str, int]:
    """Return the number of points in each basin; basins: `FeatureClass.basins`."""
    names, index = BASINS[basins]
    counts = np.bincount(index(lat, lon), minlength=len(names))
    return dict(zip(names, counts.tolist(), strict=True))
