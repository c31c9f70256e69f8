"""Fronts of mid-latitude lows: a cold one that trails equatorward, a warm one that runs ahead.

A front is a moving line across which temperature, moisture and wind change and along which the
pressure has a trough. What lies ahead of a cold front is warm, ahead of a warm front cold; behind
either the wind blows towards the line, ahead of it along the line towards the low. Troughs look
like fronts but for temperature and moisture, and are no events.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stormtrace.classes import BACKGROUND, Classes
from stormtrace.planet.sky import SHALLOW, VORTEX, Sky
from stormtrace.planet.smooth_fields import Floats, Points, smoothstep, unit
from stormtrace.planet.storms import VISIBLE, Life, Path, beside

CLASSES = Classes.of_labels(("Background", "Cold Front", "Warm Front"))
COLD, WARM = CLASSES.codes

#: Lows with fronts that may be born in a day, and hours that they may live.
LOWS_A_DAY = 7.0
LIFE = (70.0, 140.0)

#: Degrees of longitude between two lows of a hemisphere. Nearer ones would lay a warm sector over
#: another's cold air: a front whose fields are not those of its class.
APART = 50.0

#: Share of the lows whose lines are troughs alone.
TROUGHS = 0.25

#: Degrees: half-widths of the change across a front, of its trough, and of its air masses.
CHANGE, TROUGH, AIR_MASS = 1.6, 2.4, 9.0

#: Degrees from the line to the edge of what is labelled.
HALF_WIDTH = 2.4

#: Share of the moisture that a kelvin changes.
MOISTURE_A_KELVIN = 0.06


@dataclass(frozen=True)
class Front:
    """A line from a low to a place (reach_lon, reach_lat) degrees from it.

    bend: degrees northward that it bulges in between;
    contrast: K across the line; shift: m s⁻¹; depth: Pa of its trough; label: its class.
    """

    life: Life
    path: Path
    reach_lon: float
    reach_lat: float
    bend: float
    contrast: float
    shift: float
    depth: float
    label: int

    VERTICES = 25

    def spine(self, hours: float) -> Floats:
        """Return the line, the low first, as unit vectors (VERTICES, 3)."""
        lon, lat = self.path.at(hours - self.life.birth)
        s = np.linspace(0.0, 1.0, self.VERTICES)
        bend = self.bend * np.sin(np.pi * s)
        return unit(lon + self.reach_lon * s, lat + self.reach_lat * s + bend)

    def write(self, sky: Sky, hours: float) -> None:
        """Add the front to the sky."""
        vigour = self.life.vigour(hours)
        if vigour == 0.0:
            return
        near, ahead, tangent, normal, taper = self._frame(sky.points, hours)
        change = np.tanh(ahead / CHANGE)
        strength = vigour * taper * np.exp(-((ahead / AIR_MASS) ** 2))
        sky.psl[near] -= self.depth * vigour * taper * np.exp(-((ahead / TROUGH) ** 2))
        if self.label != BACKGROUND:
            sign = 1.0 if self.label == COLD else -1.0
            warmth = sign * self.contrast / 2 * change * strength
            sky.kelvin[near] += warmth
            sky.moisture[SHALLOW, near] *= np.exp(MOISTURE_A_KELVIN * warmth)
        along = -(1.0 + change) / 2 * strength * self.shift
        towards = (1.0 - change) / 2 * strength * self.shift
        wind = along[:, None] * tangent + towards[:, None] * normal
        for axis, direction in enumerate((sky.points.east, sky.points.north)):
            sky.wind[VORTEX, axis, near] += (wind * direction[near]).sum(axis=1)

    def covers(self, points: Points, hours: float) -> NDArray[np.bool_]:
        """Return which points lie within `HALF_WIDTH` of the line, (n,)."""
        covered = np.zeros(points.size, bool)
        if self.life.vigour(hours) > VISIBLE:
            near, ahead, _, _, taper = self._frame(points, hours)
            covered[near] = (np.abs(ahead) < HALF_WIDTH) & (taper > 0.3)
        return covered

    def _frame(
        self, points: Points, hours: float
    ) -> tuple[NDArray[np.int64], Floats, Floats, Floats, Floats]:
        """Return the points near, and where they lie from the line.

        Degrees ahead of it (negative behind), unit vectors along it (from the low) and ahead of it,
        (near, 3), and what is 1 along it and falls to 0 at its ends.
        """
        spine = self.spine(hours)
        line = beside(points, spine, 2.5 * AIR_MASS)
        side = np.sign(self.path.lat)  # left of the line in the north, right in the south
        ahead = side * np.degrees(np.arcsin(np.clip(line.across, -1.0, 1.0)))
        taper = smoothstep(np.minimum(line.s + 0.1, 1.1 - line.s) / 0.2)
        return line.near, ahead, line.tangent, side * line.left, taper


def draw_fronts(random: np.random.Generator, hours: float) -> list[Front]:
    """Return the fronts of `hours` hours, those of each low a cold and a warm one."""
    lows: list[tuple[Life, Path]] = []
    for _ in range(round(LOWS_A_DAY * (hours + LIFE[1]) / 24.0)):
        birth = random.uniform(-LIFE[1], hours)
        life = Life(birth, birth + random.uniform(*LIFE))
        side = random.choice([-1, 1])
        place = random.uniform(0, 360), side * random.uniform(46, 58)
        low = life, Path(*place, random.uniform(0.35, 0.6), 0.02 * side)
        if all(_are_apart(low, other) for other in lows):
            lows.append(low)
    return [front for low in lows if low[0].death > 0.0 for front in _of_low(random, *low)]


def _are_apart(one: tuple[Life, Path], other: tuple[Life, Path]) -> bool:
    """Whether two lows never come within `APART` of each other in one hemisphere.

    What they drift apart or together in a life is less than `APART`: first and last hours suffice.
    """
    (life, path), (life_of_other, path_of_other) = one, other
    begin = max(life.birth, life_of_other.birth)
    end = min(life.death, life_of_other.death)
    if begin > end or path.lat * path_of_other.lat < 0:
        return True
    ahead = [
        path.at(hours - life.birth)[0] - path_of_other.at(hours - life_of_other.birth)[0]
        for hours in (begin, end)
    ]
    return all(abs((gap + 180.0) % 360.0 - 180.0) >= APART for gap in ahead)


def _of_low(random: np.random.Generator, life: Life, path: Path) -> list[Front]:
    """Return the cold and the warm front of a low that drifts east, or its two troughs."""
    side = np.sign(path.lat)
    contrast, shift = random.uniform(9, 15), random.uniform(9, 15)
    depth, is_trough = random.uniform(500, 900), random.random() < TROUGHS
    reaches = {
        COLD: (random.uniform(-18, -10), -side * random.uniform(15, 22), -side * 2.0),
        WARM: (random.uniform(15, 24), -side * random.uniform(4, 9), side * 2.0),
    }
    return [
        Front(life, path, *reach, contrast, shift, depth, BACKGROUND if is_trough else label)
        for label, reach in reaches.items()
    ]


def front_mask(fronts: Sequence[Front], points: Points, hours: float) -> NDArray[np.int8]:
    """Return class codes, (n,); where two lines meet the warm one, as in labels of bulletins."""
    mask = np.zeros(points.size, np.int8)
    for front in sorted(fronts, key=lambda front: front.label):
        if front.label != BACKGROUND:
            mask[front.covers(points, hours)] = front.label
    return mask
