"""The background: zonal-mean climate, and the waves that disturb it."""

import functools

import numpy as np

from stormtrace.constants import EARTH_RADIUS_KM
from stormtrace.planet.climates import Climate
from stormtrace.planet.sky import EDDY, JET, SHALLOW, TRADES, Sky
from stormtrace.planet.smooth_fields import Floats, Points, Waves

ROTATION = 7.292e-5  # radians a second
AIR_DENSITY = 1.2  # kg m⁻³ at sea level


class Weather:
    """An endless, seeded spell of weather without storms: `at` may be asked for any time."""

    def __init__(self, climate: Climate, random: np.random.Generator) -> None:
        self.climate = climate
        self.eddies = Waves.draw(random, 16, 4.0, 8.0, drift=0.35)
        self.meander = Waves.draw(random, 14, 3.0, 9.0, drift=0.3)
        self.texture = Waves.draw(random, 18, 9.0, 22.0, drift=0.15)
        self.swirl = Waves.draw(random, 10, 3.0, 6.0, drift=0.1)
        self.regions = Waves.draw(random, 8, 1.0, 3.0)

    def at(self, points: Points, hours: float, day_of_year: float) -> Sky:
        """Return the sky `hours` after the spell began; `day_of_year` (0 … 365) is the season."""
        season = np.cos(2 * np.pi * (day_of_year - 196.0) / 365.0)  # +1 in July, −1 in January
        sky = Sky.calm(points)
        sky.kelvin[:] = 301.0 + self.climate.warming - 45.0 * (points.sin_lat - 0.1 * season) ** 2
        self._pressure_and_wind(sky, hours, season)
        sky.moisture[SHALLOW] = self._moisture(points, hours, season)
        return sky

    def _pressure_and_wind(self, sky: Sky, hours: float, season: float) -> None:
        points = sky.points
        lat = points.lat - 3.0 * season
        poleward = np.abs(lat)
        sky.psl[:] = (
            101300.0
            - 500.0 * np.exp(-((lat / 12.0) ** 2))
            + 700.0 * np.exp(-(((poleward - 31.0) / 13.0) ** 2))
            - np.where(lat < 0, 2200.0, 900.0) * np.exp(-(((poleward - 63.0) / 13.0) ** 2))
        )
        bias = self.climate.wind_bias
        westerlies = 9.0 * np.exp(-(((poleward - 47.0) / 13.0) ** 2))
        easterlies = 7.5 * np.exp(-(((poleward - 13.0) / 11.0) ** 2))
        sky.wind[TRADES, 0] = bias * (westerlies - easterlies) * points.cos_lat
        sky.wind[TRADES, 1] = (
            -bias * 2.0 * np.sin(np.radians(4 * lat)) * np.exp(-((lat / 22.0) ** 2))
        )
        sky.wind[JET, 0] = bias * 42.0 * np.exp(-(((poleward - 36.0) / 12.0) ** 2)) * points.cos_lat

        # Rotational wind k × ∇ψ of a stream function, and the pressure in balance with it.
        storm_track = np.exp(-(((poleward - 50.0) / 17.0) ** 2))
        belt = 0.15 + 0.85 * storm_track
        slope = -2 * (poleward - 50.0) / 17.0**2 * np.sign(lat)  # of log storm_track, a degree
        belt_north = 0.85 * storm_track * np.degrees(slope)
        strength = 9.0e6  # m² s⁻¹
        wave, east, north = self.eddies.gradient(points, hours)
        scale = bias * strength / (1000.0 * EARTH_RADIUS_KM)
        sky.wind[EDDY, 0] = -scale * (belt * north + belt_north * wave)
        sky.wind[EDDY, 1] = scale * belt * east
        sky.psl += AIR_DENSITY * 2 * ROTATION * points.sin_lat * strength * belt * wave

    def _moisture(self, points: Points, hours: float, season: float) -> Floats:
        """Return the column water of the background, kg m⁻²: tropics with ragged, folded edges."""
        meander = 6.5 * self.meander.value(points, hours) * np.sqrt(points.cos_lat)
        from_rain_belt = np.abs(points.lat - 5.0 * season + meander)
        zonal = 3.0 + 43.0 * np.exp(-((from_rain_belt / 31.0) ** 1.6))
        fold = 2.5 * self.swirl.value(points, hours)
        ragged = 0.13 * self.texture.value(points, hours, warp=fold)
        regional = 0.10 * _standing(self, points)
        return self.climate.moisture * zonal * np.exp(ragged + regional)


@functools.lru_cache(maxsize=1)  # a run asks for it at each step
def _standing(weather: Weather, points: Points) -> Floats:
    """Return the pattern of moist and dry regions, which stays where it is, (n,)."""
    return weather.regions.value(points, 0.0)
