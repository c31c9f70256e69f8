"""The planet's mountains: smooth, where the Earth has its own, and high enough to matter."""

import functools
from typing import NamedTuple

import numpy as np

from stormtrace.constants import GRAVITY
from stormtrace.planet.smooth_fields import Floats, Points, smoothstep


class Mountain(NamedTuple):
    """A smooth ellipse: centre and half-widths in degrees, height in metres."""

    name: str
    lon: float
    lat: float
    half_lon: float
    half_lat: float
    height: float


MOUNTAINS = (
    Mountain("Tibet", 88, 34, 14, 6.5, 5200),
    Mountain("Tian Shan", 80, 43, 8, 3, 1800),
    Mountain("Iran", 54, 33, 8, 5, 1500),
    Mountain("Andes, centre", 291, -20, 4.5, 9, 4200),
    Mountain("Andes, north", 284, -4, 4, 8, 2600),
    Mountain("Andes, south", 288, -38, 3.5, 10, 1900),
    Mountain("Rockies", 250, 41, 8, 8, 2500),
    Mountain("Rockies, north", 238, 56, 7, 9, 1500),
    Mountain("Mexico", 258, 22, 5, 5, 1900),
    Mountain("Alps", 10, 46, 6, 2.5, 1500),
    Mountain("Greenland", 319, 73, 14, 9, 3000),
    Mountain("Ethiopia", 39, 9, 5, 5, 2000),
    Mountain("Southern Africa", 26, -27, 8, 7, 1300),
    Mountain("Siberia", 130, 60, 16, 8, 900),
)


@functools.lru_cache(maxsize=1)  # a run asks for it at each step
def height(points: Points) -> Floats:
    """Return the surface height, metres, (n,)."""
    height = 3100.0 * smoothstep((-66.0 - points.lat) / 14.0)  # Antarctica
    for mountain in MOUNTAINS:
        east = (points.lon - mountain.lon + 180.0) % 360.0 - 180.0
        across = (east / mountain.half_lon) ** 2 + (
            (points.lat - mountain.lat) / mountain.half_lat
        ) ** 2
        height = height + mountain.height * np.exp(-across)
    return height


def surface_pressure(
    sea_level_pressure: Floats, height: Floats, sea_level_kelvin: Floats
) -> Floats:
    """Return PS, Pa, below an air column that cools by 6.5 K a kilometre (hypsometric)."""
    lapse = 0.0065
    return sea_level_pressure * (1.0 - lapse * height / sea_level_kelvin) ** (
        GRAVITY / (287.04 * lapse)
    )
