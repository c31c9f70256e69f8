"""The climates the planet can have: what differs from one part to the next."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Climate:
    """One state of the climate.

    warming: K above the historical state.
    rivers, cyclones: how many are born in a day.
    length, strength: of rivers and of cyclones, relative to the historical state.
    moisture_bias, wind_bias: factors by which another model's or analysis' fields differ.
    """

    name: str
    warming: float = 0.0
    rivers: float = 1.5
    cyclones: float = 0.95
    length: float = 1.0
    strength: float = 1.0
    moisture_bias: float = 1.0
    wind_bias: float = 1.0

    @property
    def moisture(self) -> float:
        """Moisture relative to the historical state: 7 % a kelvin (Clausius-Clapeyron)."""
        return self.moisture_bias * 1.07**self.warming


HISTORICAL = Climate("historical")
WARMER = Climate("warmer", warming=3.5, rivers=1.8, cyclones=0.7, length=1.15, strength=1.25)
MERRA2 = Climate("merra2", moisture_bias=0.96, wind_bias=1.04)
