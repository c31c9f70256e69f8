"""The planet: one weather with its storms, seen wherever and whenever one likes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stormtrace.classes import BACKGROUND
from stormtrace.planet.climates import Climate
from stormtrace.planet.feature_codes import CYCLONE
from stormtrace.planet.fronts import Front, draw_fronts
from stormtrace.planet.population import populate
from stormtrace.planet.sky import Sky
from stormtrace.planet.smooth_fields import Points
from stormtrace.planet.storms import Storm
from stormtrace.planet.weather import Weather


@dataclass(frozen=True, eq=False)
class Globe:
    """A climate's weather, storms and (on request) fronts.

    first_day: the day of the year (0 … 365) at hour 0.
    """

    weather: Weather
    storms: Sequence[Storm]
    first_day: float
    fronts: Sequence[Front] = ()

    @classmethod
    def create(
        cls,
        climate: Climate,
        seed: Sequence[int],
        hours: float,
        first_day: float,
        new_year: float | None = None,
        with_fronts: bool = False,
    ) -> "Globe":
        """Return the planet that `seed` gives; see `population.populate` for the rest.

        Fronts are drawn last: weather and storms are the same without them.
        """
        random = np.random.default_rng(seed)
        weather = Weather(climate, random)
        storms = populate(climate, random, hours, new_year)
        return cls(weather, storms, first_day, draw_fronts(random, hours) if with_fronts else ())

    @property
    def events(self) -> list[Storm]:
        """The storms that are events, oldest first."""
        events = [storm for storm in self.storms if storm.label != BACKGROUND]
        return sorted(events, key=lambda storm: storm.life.birth)

    def sky(self, points: Points, hours: float) -> Sky:
        """Return the sky at `hours`."""
        sky = self.weather.at(points, hours, (self.first_day + hours / 24.0) % 365.0)
        for each in (*self.storms, *self.fronts):
            each.write(sky, hours)
        return sky


def draw_mask(
    storms: Sequence[Storm], points: Points, hours: float, reach: float = 1.0
) -> np.ndarray:
    """Return class codes, int8, (n,); a cyclone is drawn over a river. `reach` scales outlines."""
    mask = np.zeros(points.size, np.int8)
    for storm in sorted(storms, key=lambda storm: storm.label == CYCLONE):
        mask[storm.covers(points, hours, reach)] = storm.label
    return mask
