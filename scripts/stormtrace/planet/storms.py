"""What lives in the weather: vortices and filaments, and which of them are events.

A `Vortex` is a tropical cyclone, or, without wind and pressure, a moist patch that only looks like
one, or a dry low. A `Filament` is an atmospheric river, or, weak and without its jet, a streak of
moisture. Only those with a `label` are events; the others are decoys.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stormtrace.classes import BACKGROUND
from stormtrace.planet.sky import DEEP, RIVER, SHALLOW, VORTEX, Sky
from stormtrace.planet.smooth_fields import Floats, Points, smoothstep, unit

Bools = NDArray[np.bool_]
Integers = NDArray[np.int64]

#: The vigour from which on a storm counts as an event.
VISIBLE = 0.4


@dataclass(frozen=True)
class Life:
    """Birth and death, hours."""

    birth: float
    death: float

    def vigour(self, hours: float) -> float:
        """Return 0 before birth and after death, 1 in the prime of life."""
        if not self.birth < hours < self.death:
            return 0.0
        age = (hours - self.birth) / (self.death - self.birth)
        return float(smoothstep(min(age, 1.0 - age) / 0.2))


@dataclass(frozen=True)
class Path:
    """Where a storm is `hours` after its birth: degrees, degrees an hour (and an hour²)."""

    lon: float
    lat: float
    east: float
    north: float
    recurve: float = 0.0

    def at(self, hours: Any) -> tuple[Any, Any]:
        """Return (lon, lat), at one time or an array of them."""
        lon = self.lon + self.east * hours + self.recurve * hours**2
        return lon, self.lat + self.north * hours


@dataclass(frozen=True)
class Glide:
    """A sideways shift, degrees of longitude, that goes from one value to another."""

    before: float
    after: float
    begin: float
    end: float

    def at(self, hours: Floats) -> Floats:
        """Return the shift at `hours`."""
        done = smoothstep((hours - self.begin) / (self.end - self.begin))
        return self.before + (self.after - self.before) * done


@dataclass(frozen=True)
class Vortex:
    """A round storm: radius of strongest wind in degrees, wind in m s⁻¹, depth in Pa.

    moisture: kg m⁻² added in its core; dryness: the part of the background's moisture it lacks.
    """

    life: Life
    path: Path
    radius: float
    wind: float
    depth: float
    moisture: float
    dryness: float = 0.0
    label: int = BACKGROUND

    def write(self, sky: Sky, hours: float) -> None:
        """Add the storm to the sky."""
        vigour = self.life.vigour(hours)
        if vigour == 0.0:
            return
        points = sky.points
        lon, lat = self.path.at(hours - self.life.birth)
        centre = unit(lon, lat)
        near = np.flatnonzero(points.xyz @ centre > np.cos(np.radians(6 * self.radius)))
        r = np.degrees(np.arccos(np.clip(points.xyz[near] @ centre, -1.0, 1.0))) / self.radius
        core = vigour * np.exp(-((r / 1.7) ** 2))
        sky.psl[near] -= self.depth * vigour * np.exp(-((r / 1.5) ** 2))
        sky.moisture[SHALLOW, near] *= 1.0 - self.dryness * core
        sky.moisture[DEEP, near] += self.moisture * core

        # Cyclonic: counterclockwise in the north. Strongest at r = 1, along centre × point.
        swirl = np.cross(centre, points.xyz[near]) * np.sign(lat)
        swirl /= np.maximum(np.linalg.norm(swirl, axis=1, keepdims=True), 1e-9)
        speed = self.wind * vigour * r * np.exp((1.0 - r**2) / 4)
        sky.wind[VORTEX, 0, near] += speed * (swirl * points.east[near]).sum(1)
        sky.wind[VORTEX, 1, near] += speed * (swirl * points.north[near]).sum(1)

    def covers(self, points: Points, hours: float, reach: float = 1.0) -> Bools:
        """Return which points lie within the storm: 2 radii, times `reach`."""
        vigour = self.life.vigour(hours)
        if vigour <= VISIBLE:
            return np.zeros(points.size, bool)
        size = 2.0 * self.radius * reach * (0.7 + 0.3 * vigour)
        return points.distance(*self.path.at(hours - self.life.birth)) < size


@dataclass(frozen=True)
class Filament:
    """A long, narrow storm on a curved spine, drifting with its equatorward end.

    reach_lon, reach_lat: degrees from the equatorward to the poleward end; bend: degrees it bulges
    eastward in between; width: half-width in degrees; moisture: kg m⁻² on its spine; jet: m s⁻¹
    along it; glide: a shift against its path, so that two filaments merge or part.
    """

    life: Life
    path: Path
    reach_lon: float
    reach_lat: float
    bend: float
    width: float
    moisture: float
    jet: float
    glide: Glide | None = None
    label: int = BACKGROUND

    VERTICES = 49
    #: From one end of the spine to the other, and the shapes that it is made of.
    ALONG = np.linspace(0.0, 1.0, VERTICES)
    BULGE, RISE = np.sin(np.pi * ALONG), ALONG**1.15

    def spine(self, hours: Floats | float, every: int = 1) -> Floats:
        """Return the spine, equatorward end first, as unit vectors (…, VERTICES, 3).

        hours: (…); every: 2 for each second vertex.
        """
        hours = np.asarray(hours)[..., None]
        s, bulge, rise = self.ALONG[::every], self.BULGE[::every], self.RISE[::every]
        lon, lat = self.path.at(hours - self.life.birth)
        if self.glide is not None:
            lon = lon + self.glide.at(hours)
        wiggle = 2.0 * np.sin(2 * np.pi * (1.3 * s - hours / 90.0)) * s
        east = lon + self.reach_lon * s + self.bend * bulge
        return unit(east, lat + self.reach_lat * rise + wiggle)

    def write(self, sky: Sky, hours: float) -> None:
        """Let the filament stand out of the sky; where two cross, the stronger is seen."""
        vigour = self.life.vigour(hours)
        if vigour == 0.0:
            return
        near, profile, along = self._profile(sky.points, hours, vigour)
        water = self.moisture * vigour * profile
        sky.moisture[DEEP, near] = np.maximum(sky.moisture[DEEP, near], water)
        speed = self.jet * vigour * profile
        stronger = speed > np.hypot(*sky.wind[RIVER][:, near])
        where = near[stronger]
        for axis, direction in enumerate((sky.points.east, sky.points.north)):
            component = (along[stronger] * direction[where]).sum(1)
            sky.wind[RIVER, axis, where] = speed[stronger] * component

    def covers(self, points: Points, hours: float, reach: float = 1.0) -> Bools:
        """Return which points lie within the filament: one half-width, times `reach`."""
        vigour = self.life.vigour(hours)
        covered = np.zeros(points.size, bool)
        if vigour > VISIBLE:
            near, profile, _ = self._profile(points, hours, vigour)
            covered[near] = profile > np.exp(-(reach**2))
        return covered

    def _profile(
        self, points: Points, hours: float, vigour: float
    ) -> tuple[Integers, Floats, Floats]:
        """Return the points near, the filament's profile there (1 on its spine), and its course.

        The course is the unit tangent of the spine at the nearest vertex, (near, 3).
        """
        line = beside(points, self.spine(hours), 4 * self.width)
        s = line.s
        width = np.radians(self.width) * (0.75 + 0.25 * vigour)
        beyond = np.maximum(np.maximum(-s, s - 1.0), 0.0) * (self.VERTICES - 1) * line.step
        taper = 0.55 + 0.45 * smoothstep(np.minimum(s, 1.0 - s) / 0.2)
        off = np.hypot(line.across, beyond) / (width * taper)
        return line.near, np.exp(-(off**2)), line.tangent


Storm = Vortex | Filament


class Beside(NamedTuple):
    """Points near a line on the sphere, (near,) indices, and where they lie from it.

    across: radians to the left of it (its sine); s: along it, 0 … 1 and beyond past its ends;
    tangent, left: unit vectors of the line at the nearest vertex, (near, 3); step: radians from
    that vertex to the next.
    """

    near: Integers
    across: Floats
    s: Floats
    tangent: Floats
    left: Floats
    step: Floats


def beside(points: Points, spine: Floats, reach: float) -> Beside:
    """Return the points within `reach` degrees (or more) of a line, unit vectors (vertices, 3)."""
    tangent = np.gradient(spine, axis=0)
    tangent -= spine * (spine * tangent).sum(axis=1, keepdims=True)  # along the sphere
    step = np.linalg.norm(tangent, axis=1, keepdims=True)
    tangent = tangent / step
    left = np.cross(spine, tangent)

    middle = spine[len(spine) // 2]
    extent = np.arccos(np.clip((spine @ middle).min(), -1.0, 1.0)) + np.radians(reach)
    near = np.flatnonzero(points.xyz @ middle > np.cos(min(extent, np.pi)))
    xyz = points.xyz[near]
    nearest = (xyz.astype(np.float32) @ spine.T.astype(np.float32)).argmax(axis=1)
    across = (xyz * left[nearest]).sum(1)
    onward = (xyz * tangent[nearest]).sum(1) / step[nearest, 0]
    s = (nearest + onward) / (len(spine) - 1)
    return Beside(near, across, s, tangent[nearest], left[nearest], step[nearest, 0])
