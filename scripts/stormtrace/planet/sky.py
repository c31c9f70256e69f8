"""The state of the atmosphere at one instant, whole columns of it, in closed form.

Everything that varies with height is a horizontal field times a function of pressure: so a column
can be asked at any pressure, and its integrals are known exactly.
"""

from dataclasses import dataclass

import numpy as np

from stormtrace.constants import GRAVITY
from stormtrace.planet.smooth_fields import Floats, Points
from stormtrace.planet.terrain import height, surface_pressure

#: Pa; the pressure the vertical profiles are scaled by.
SURFACE = 101300.0

#: The modes of the wind, each with its own profile (`wind_profiles`).
TRADES, JET, EDDY, VORTEX, RIVER = range(5)

#: The modes of moisture; a DEEP column is moist further up, as in storms.
SHALLOW, DEEP = range(2)

#: Specific humidity of a mode falls as (p / SURFACE)**power.
HUMIDITY_POWER = (3.0, 2.2)


@dataclass(eq=False)
class Sky:
    """What weather and storms write into, and columns are read from.

    psl: Pa, (n,). kelvin: temperature at sea level, K, (n,). moisture: water vapour of a column
    that reaches down to SURFACE, kg m⁻², (2, n). wind: m s⁻¹ eastward and northward, (5, 2, n).
    """

    points: Points
    psl: Floats
    kelvin: Floats
    moisture: Floats
    wind: Floats

    @classmethod
    def calm(cls, points: Points) -> "Sky":
        """Return a dry, still sky of standard pressure, to be written into."""
        n = points.size
        standard = np.full(n, SURFACE), np.full(n, 288.0)
        return cls(points, *standard, np.zeros((2, n)), np.zeros((5, 2, n)))

    @property
    def ps(self) -> Floats:
        """Surface pressure, Pa, (n,)."""
        return surface_pressure(self.psl, height(self.points), self.kelvin)

    def precipitable_water(self, ps: Floats) -> Floats:
        """Return TMQ = ∫ q dp / g from 0 to `ps`, kg m⁻², (n,): exact."""
        s = ps / SURFACE
        return sum(
            w * s ** (power + 1) for w, power in zip(self.moisture, HUMIDITY_POWER, strict=True)
        )

    def humidity(self, pressure: Floats) -> Floats:
        """Return specific humidity, kg/kg, at `pressure` in Pa, (…, n)."""
        s = pressure / SURFACE
        scale = GRAVITY / SURFACE
        return sum(
            (scale * (power + 1) * w).astype(s.dtype) * s**power
            for w, power in zip(self.moisture, HUMIDITY_POWER, strict=True)
        )

    def winds(self, pressure: Floats) -> tuple[Floats, Floats]:
        """Return U and V, m s⁻¹, at `pressure` in Pa, (…, n)."""
        profiles = wind_profiles(pressure)
        wind = self.wind.astype(pressure.dtype)
        east, north = (
            sum(p * w for p, w in zip(profiles, wind[:, axis], strict=True)) for axis in (0, 1)
        )
        return east, north


def wind_profiles(pressure: Floats) -> list[Floats]:
    """Return how strong each mode of the wind is at `pressure` (Pa), 1 being nominal.

    Trades and westerlies fade aloft, the jet lives at 200 hPa, eddies grow with height, a warm
    vortex weakens with it, and an atmospheric river's jet lies at 880 hPa; friction slows all that
    touches the ground.
    """
    s = pressure / SURFACE
    friction = 1.0 - 0.45 * s**14
    return [
        s * friction,
        np.exp(-(((s - 0.2) / 0.22) ** 2)),
        (2.2 - 1.2 * s) * friction,
        np.sqrt(s) * s**0.25 * friction,
        np.exp(-(((s - 0.87) / 0.17) ** 2)),
    ]


def precipitation(water: Floats) -> Floats:
    """Return precipitation, m/s, of precipitable water, kg m⁻²: 13 mm a day under 60."""
    return 1.5e-7 * (water / 60.0) ** 4
