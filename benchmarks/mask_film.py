"""A sequence of realistic masks: filaments and discs that drift, wrap, merge, split and decay.

On 768 × 1152 a step has 6–12 filaments (class 2) of 2,000–8,000 cells and 3–8 discs (class 1) of
250–1,500, and some specks. Every step is a pure function of the seed and the step.
"""

from dataclasses import dataclass

import numpy as np

FILAMENT_STEPS, DISC_STEPS, SPECK_STEPS = (20, 60), (20, 80), (1, 4)


@dataclass
class Storm:
    """One feature: born at `birth`, `life` steps long; places and sizes in cells of 768 × 1152."""

    code: int
    birth: int
    life: int
    row: float
    column: float
    drift: tuple[float, float]  # rows, columns a step
    length: float
    width: float
    tilt: float
    bend: float
    pinched: bool  # its middle gets lost for a while: a split and a merge

    def ellipses(self, step):
        """Return (rows, columns, half width) of the ellipses that make the feature at `step`."""
        age = (step - self.birth + 0.5) / self.life
        grown = 0.25 + 0.75 * np.sin(np.pi * age)
        row = self.row + self.drift[0] * (step - self.birth)
        column = self.column + self.drift[1] * (step - self.birth)
        if not self.length:
            return np.array([row]), np.array([column]), np.array([self.width / 2 * np.sqrt(grown)])
        along = np.linspace(-1, 1, int(3 + 3 * self.length * grown / self.width))
        x = along * self.length * grown / 2
        y = self.tilt * x + self.bend * self.length / 8 * (along**2 - 0.5)
        half = self.width / 2 * (0.4 + 0.6 * grown) * np.sqrt(1 - 0.8 * along**2)
        half *= 1 + 0.25 * np.sin(9 * along + 0.4 * step)  # ragged edges
        if self.pinched and 0.4 < age < 0.6:
            half[np.abs(along - 0.2) < 0.25] = 0
        return row + y, column + x, half


class Film:
    """Masks by step: ``film.mask(step)``, (nlat, nlon) int8."""

    def __init__(self, steps, seed=0, scale=1):
        """`scale` multiplies rows and columns, and every size and drift with them."""
        self.shape = round(768 * scale), round(1152 * scale)
        self.scale = scale
        random = np.random.default_rng(seed)
        kinds = [(9.5, FILAMENT_STEPS, filament), (5.5, DISC_STEPS, disc), (6, SPECK_STEPS, speck)]
        self.storms = []
        for alive, (shortest, longest), make in kinds:
            number = random.poisson(alive * (steps + longest) / ((shortest + longest) / 2))
            for birth in random.integers(-longest, steps, number):
                life = int(random.integers(shortest, longest + 1))
                self.storms += make(random, int(birth), life)
        self.births = np.array([storm.birth for storm in self.storms])
        self.ends = np.array([storm.birth + storm.life for storm in self.storms])

    def mask(self, step):
        """Paint one step."""
        mask = np.zeros(self.shape, np.int8)
        alive = np.flatnonzero((self.births <= step) & (step < self.ends))
        for k in sorted(alive, key=lambda k: -self.storms[k].code):  # cyclones over rivers
            for row, column, half in zip(*self.storms[k].ellipses(step), strict=True):
                if half > 0:
                    stamp(
                        mask,
                        row * self.scale,
                        column * self.scale,
                        half * self.scale,
                        self.storms[k].code,
                    )
        return mask


def stamp(mask, row, column, half, code):
    """Paint a disc, over the seam but not over the poles."""
    rows = np.arange(max(0, int(row - half)), min(mask.shape[0], int(row + half) + 2))
    columns = np.arange(int(column - half), int(column + half) + 2)
    inside = (rows[:, None] - row) ** 2 + (columns - column) ** 2 <= half**2
    block = np.ix_(rows, columns % mask.shape[1])
    mask[block] = np.where(inside, code, mask[block])


def filament(random, birth, life):
    """A river in the westerlies, now and then with a companion that runs into it."""
    side = random.choice([-1, 1])
    one = Storm(
        code=2,
        birth=birth,
        life=life,
        row=384 + side * random.uniform(100, 210),
        column=random.uniform(0, 1152),
        drift=(side * random.uniform(0.2, 1.2), random.uniform(3, 7)),
        length=random.uniform(180, 330),
        width=random.uniform(21, 36),
        tilt=side * random.uniform(0.1, 0.7),
        bend=random.uniform(-1, 1),
        pinched=bool(random.random() < 0.3),
    )
    if random.random() > 0.2:
        return [one]
    drift = one.drift[0], one.drift[1] * 1.3
    other = Storm(
        2, birth, life, one.row - side * 25, one.column - 110, drift,
        one.length * 0.6, one.width, one.tilt, -one.bend, False,
    )  # fmt: skip
    return [one, other]


def disc(random, birth, life):
    """A cyclone in the trades."""
    side = random.choice([-1, 1])
    row, drift = (
        384 + side * random.uniform(35, 80),
        (side * random.uniform(0.3, 1), -random.uniform(1, 2.5)),
    )
    width = random.uniform(21, 44)
    return [Storm(1, birth, life, row, random.uniform(0, 1152), drift, 0, width, 0, 0, False)]


def speck(random, birth, life):
    """Something too small to be an event."""
    row, column = random.uniform(20, 748), random.uniform(0, 1152)
    code, drift = int(random.integers(1, 3)), (0, random.uniform(-2, 4))
    return [Storm(code, birth, life, row, column, drift, 0, random.uniform(3, 15), 0, 0, False)]
