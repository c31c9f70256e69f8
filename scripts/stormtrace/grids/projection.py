"""Projected coordinates: x and y in metres, and the CF grid mapping that says what they mean."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.constants import EARTH_RADIUS_KM
from stormtrace.errors import BadInput
from stormtrace.grids.cell_edges import midpoint_edges

if TYPE_CHECKING:
    import pyproj

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Projection:
    """The plane a grid is regular in.

    x, y: (nx,) and (ny,) cell centres, ascending, in the units of the mapping (metres; degrees of
    a rotated pole). mapping: attributes of CF's grid mapping (CF 1.11, appendix F).
    """

    x: Floats
    y: Floats
    mapping: Mapping[str, Any]

    @functools.cached_property
    def crs(self) -> "pyproj.CRS":
        """The reference system; raises BadInput for a mapping that pyproj does not know."""
        import pyproj

        try:
            return pyproj.CRS.from_cf(dict(self.mapping))
        except (pyproj.exceptions.CRSError, KeyError, ValueError) as error:
            raise BadInput(
                f"the grid mapping {dict(self.mapping)} is not one that can be used ({error}); "
                "give CF's attributes, starting with grid_mapping_name"
            ) from error

    @functools.cached_property
    def _transformer(self) -> Any:
        import pyproj

        if pipeline := _polar_pipeline(self.mapping):
            return pyproj.Transformer.from_pipeline(pipeline)
        geographic = self.crs.geodetic_crs
        if self.is_rotated_pole:  # pyproj's own base system of a derived geographic one
            geographic = pyproj.CRS.from_user_input(f"+proj=longlat +R={self.radius_km * 1000}")
            rotated = pyproj.CRS.from_user_input(_rotated_pole(self.mapping, self.radius_km))
            return pyproj.Transformer.from_crs(geographic, rotated, always_xy=True)
        return pyproj.Transformer.from_crs(geographic, self.crs, always_xy=True)

    @property
    def is_rotated_pole(self) -> bool:
        """Whether x and y are longitudes and latitudes of a rotated pole."""
        return self.mapping.get("grid_mapping_name") == "rotated_latitude_longitude"

    @property
    def radius_km(self) -> float:
        """Radius of the mapping's sphere, km; the models' Earth where it is not a sphere."""
        radius = self.mapping.get("earth_radius", self.mapping.get("semi_major_axis"))
        flat = self.mapping.get("inverse_flattening", 0.0) or 0.0
        minor = self.mapping.get("semi_minor_axis", radius)
        is_sphere = radius is not None and not flat and np.isclose(float(minor), float(radius))
        return float(radius) / 1000.0 if is_sphere else EARTH_RADIUS_KM

    def forward(self, lat: Floats, lon: Floats) -> tuple[Floats, Floats]:
        """Return x, y of points in degrees; infinite where the plane has no such point."""
        turned = (np.asarray(lon, float) + 180.0) % 360.0 - 180.0  # PROJ takes none beyond 10 rad
        x, y = self._transformer.transform(turned, np.asarray(lat, float))
        if self.is_rotated_pole:  # longitudes, too: in the turn that the grid's are in
            west = midpoint_edges(self.x)[0]
            x = (np.asarray(x) - west) % 360.0 + west
        return np.asarray(x), np.asarray(y)

    def inverse(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return lat, lon in degrees, longitudes 0 … 360, of points of the plane."""
        lon, lat = self._transformer.transform(
            np.asarray(x, float), np.asarray(y, float), direction="INVERSE"
        )
        return np.asarray(lat), np.asarray(lon) % 360.0

    def edges(self) -> tuple[Floats, Floats]:
        """Return the edges of the cells along x (nx + 1) and y (ny + 1)."""
        return midpoint_edges(self.x), midpoint_edges(self.y)


def _polar_pipeline(mapping: Mapping[str, Any]) -> str | None:
    """Return PROJ's words for a mapping of `polar_stereographic`, None for any other.

    The same bits as from the reference system, for which pyproj searches its database: .4 s of CPU.
    """
    keys = (
        "latitude_of_projection_origin",
        "straight_vertical_longitude_from_pole",
        "earth_radius",
    )
    if not mapping.keys() >= set(keys):
        return None
    lat, lon, radius = (float(mapping[key]) for key in keys)
    if dict(mapping) != _polar_mapping(lat, lon, radius):
        return None
    degrees = "+proj=unitconvert +xy_in=deg +xy_out=rad"
    plane = f"+proj=stere +lat_0={lat} +lon_0={lon} +k=1 +R={radius}"
    return f"+proj=pipeline +step {degrees} +step {plane}"


def _polar_mapping(lat: float, lon: float, radius_m: float) -> dict[str, Any]:
    return {
        "grid_mapping_name": "polar_stereographic",
        "latitude_of_projection_origin": lat,
        "straight_vertical_longitude_from_pole": lon,
        "scale_factor_at_projection_origin": 1.0,
        "false_easting": 0.0,
        "false_northing": 0.0,
        "earth_radius": radius_m,
    }


def _rotated_pole(mapping: Mapping[str, Any], radius_km: float) -> str:
    """Return PROJ's words for CF's rotated pole, in degrees."""
    pole_lat = float(mapping["grid_north_pole_latitude"])
    pole_lon = float(mapping["grid_north_pole_longitude"])
    turn = float(mapping.get("north_pole_grid_longitude", 0.0))
    return (
        f"+proj=ob_tran +o_proj=longlat +o_lat_p={pole_lat} +o_lon_p={turn} "
        f"+lon_0={180.0 + pole_lon} +R={radius_km * 1000} +to_meter=0.0174532925199433"
    )


def polar_stereographic(
    south: bool, boundary_lat: float, cells: int, central_lon: float, radius_m: float
) -> Projection:
    """Return a square polar stereographic grid of `cells` × `cells`, true at the pole.

    boundary_lat: the latitude at the middle of each side. On a sphere of radius R the distance of
    latitude φ from the pole is 2 R tan((90° − |φ|) / 2) (Snyder 1987, eq. 21-33, k₀ = 1).
    """
    half = 2.0 * radius_m * np.tan(np.radians(90.0 - abs(boundary_lat)) / 2.0)
    width = 2.0 * half / cells
    centres = (np.arange(cells) + 0.5) * width - half
    mapping = _polar_mapping(-90.0 if south else 90.0, float(central_lon), float(radius_m))
    return Projection(centres, centres.copy(), mapping)
