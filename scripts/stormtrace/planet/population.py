"""Who is born where and when, and the five guests every part of the planet has."""

from collections.abc import Callable, Iterable

import numpy as np

from stormtrace.planet.climates import Climate
from stormtrace.planet.feature_codes import CYCLONE, RIVER
from stormtrace.planet.smooth_fields import Floats, unit
from stormtrace.planet.storms import Filament, Glide, Life, Path, Storm, Vortex

#: Makes a storm of a climate that is born at an hour.
Draw = Callable[[Climate, np.random.Generator, float], Storm]

#: Hours; storms are born from this long before the period, so that it opens on a lively sky.
LONGEST_LIFE = 160.0

#: Degrees two events of a class keep from each other, unless they are meant to meet.
ELBOW_ROOM = {RIVER: 20.0, CYCLONE: 20.0}


def populate(
    climate: Climate, random: np.random.Generator, hours: float, new_year: float | None = None
) -> list[Storm]:
    """Return the storms of `hours` hours, events and decoys.

    new_year: hours from the start to the turn of the year; with it come the guests (`guests`).
    """
    storms: list[Storm] = [] if new_year is None else guests(climate, random, new_year)
    days = (hours + LONGEST_LIFE) / 24.0
    makers: list[tuple[Draw, float]] = [
        (draw_river, climate.rivers),
        (draw_cyclone, climate.cyclones),
        (draw_moist_patch, 1.3),
        (draw_dry_low, 0.7),
        (draw_streak, 0.8),
    ]
    for draw, rate in makers:
        for _ in range(round(rate * days)):
            for _attempt in range(60):
                storm = draw(climate, random, random.uniform(-LONGEST_LIFE, hours))
                if storm.life.death < 0:
                    break
                if has_room(storm, storms):
                    storms.append(storm)
                    break
    rivers = [s for s in storms if isinstance(s, Filament) and s.label == RIVER]
    return storms + [low_of(river) for river in rivers]


def guests(climate: Climate, random: np.random.Generator, new_year: float) -> list[Storm]:
    """Return the events every part has: over the date line, near a pole, merging, splitting.

    All live across the turn of the year. The second river glides into the first one; the last
    leaves the one before it. Chance moves them a little.
    """
    hour = new_year + random.uniform(-9, 9)
    east = random.uniform(-7, 7, 4)
    lat = random.uniform(-1.5, 1.5, 4)

    def river(
        life: tuple[float, float],
        path: Path,
        reach: tuple[float, float, float],
        glide: Glide | None = None,
    ) -> Filament:
        water, jet = 22.0 * climate.moisture, 20.0 * climate.wind_bias
        return Filament(Life(*life), path, *reach, 5.4, water, jet, glide, RIVER)

    eve = hour - 60.0
    drift = 0.30, 0.01
    pacific, to_pacific = Path(140 + east[0], 17 + lat[0], *drift), (38.0, 33.0, 6.0)
    arctic, to_arctic = Path(322 + east[1], 34 + lat[1], 0.2, 0.03), (34.0, 52.0, 9.0)
    indian, to_indian = Path(50 + east[2], -17 + lat[2], *drift), (36.0, -34.0, 6.0)
    part_of_indian = Path(indian.lon + 9, indian.lat - 0.4, *drift)
    meeting = Glide(36.0, 0.0, eve + 20, eve + 80)
    parting = Glide(0.0, 36.0, hour - 15, hour + 45)
    return [
        river((eve, eve + 130), pacific, to_pacific),
        river((eve, eve + 95), pacific, to_pacific, meeting),
        river((hour - 40, hour + 60), arctic, to_arctic),
        river((hour - 70, hour + 70), indian, to_indian),
        river((hour - 30, hour + 80), part_of_indian, to_indian, parting),
        Vortex(
            Life(hour - 75, hour + 65),
            Path(196 + east[3] / 2, -11 + lat[3], -0.24, -0.07, 0.0004),
            radius=3.6,
            wind=30 * climate.strength,
            depth=3800 * climate.strength,
            moisture=20 * climate.moisture,
            label=CYCLONE,
        ),
    ]


def draw_river(climate: Climate, random: np.random.Generator, birth: float) -> Filament:
    """Return an atmospheric river that curves poleward out of the moist tropics."""
    hemisphere = random.choice([-1, 1])
    length = climate.length * random.uniform(0.85, 1.2)
    return Filament(
        Life(birth, birth + random.uniform(60, 150)),
        Path(
            random.uniform(0, 360),
            hemisphere * random.uniform(15, 24),
            random.uniform(0.22, 0.38),
            hemisphere * random.uniform(-0.01, 0.03),
        ),
        reach_lon=36 * length * random.uniform(0.8, 1.15),
        reach_lat=hemisphere * 33 * length * random.uniform(0.85, 1.1),
        bend=random.uniform(-4, 14),
        width=random.uniform(5.2, 6.6),
        moisture=climate.moisture * random.uniform(18, 26),
        jet=climate.wind_bias * random.uniform(15, 24),
        label=RIVER,
    )


def draw_streak(climate: Climate, random: np.random.Generator, birth: float) -> Filament:
    """Return a filament too weak to be an event: moist, but not very, and without a jet."""
    river = draw_river(climate, random, birth)
    return Filament(
        river.life, river.path, river.reach_lon * 0.7, river.reach_lat * 0.7, river.bend,
        width=3.8, moisture=0.38 * river.moisture, jet=3.0,
    )  # fmt: skip


def draw_cyclone(climate: Climate, random: np.random.Generator, birth: float) -> Vortex:
    """Return a tropical cyclone that drifts west and poleward, then recurves."""
    strength = climate.strength * random.uniform(0.75, 1.25)
    return Vortex(
        Life(birth, birth + random.uniform(70, 155)),
        _tropical_path(random),
        radius=random.uniform(3.2, 4.2),
        wind=climate.wind_bias * 28 * strength,
        depth=3400 * strength,
        moisture=climate.moisture * random.uniform(16, 25),
        label=CYCLONE,
    )


def draw_moist_patch(climate: Climate, random: np.random.Generator, birth: float) -> Vortex:
    """Return a patch as moist and as large as a cyclone's, in its seas, that does not turn."""
    return Vortex(
        Life(birth, birth + random.uniform(50, 150)),
        _tropical_path(random),
        radius=random.uniform(3.0, 4.4),
        wind=0.0,
        depth=0.0,
        moisture=climate.moisture * random.uniform(15, 26),
    )


def draw_dry_low(climate: Climate, random: np.random.Generator, birth: float) -> Vortex:
    """Return a low that turns, weakly, and is dry: wind or pressure alone do not make a cyclone."""
    path = _tropical_path(random)
    return Vortex(
        Life(birth, birth + random.uniform(50, 120)),
        Path(path.lon, path.lat * 1.5, -0.05, 0.0),
        radius=random.uniform(3.2, 5.0),
        wind=climate.wind_bias * random.uniform(8, 13),
        depth=random.uniform(1000, 1700),
        moisture=0.0,
        dryness=0.35,
    )


def low_of(river: Filament) -> Vortex:
    """Return the mid-latitude low on whose warm side the river runs, at its poleward end."""
    path = river.path
    lon = path.lon + river.reach_lon - 9.0 + (river.glide.after if river.glide else 0.0)
    lat = float(np.clip(path.lat + 0.85 * river.reach_lat, -68, 68))
    return Vortex(
        river.life, Path(lon, lat, path.east, path.north),
        radius=6.0, wind=13.0, depth=2000.0, moisture=0.0, dryness=0.25,
    )  # fmt: skip


def _tropical_path(random: np.random.Generator) -> Path:
    hemisphere = random.choice([-1, 1])
    return Path(
        random.uniform(0, 360),
        hemisphere * random.uniform(8, 17),
        east=random.uniform(-0.30, -0.16),
        north=hemisphere * random.uniform(0.05, 0.13),
        recurve=random.uniform(0.0004, 0.0016),
    )


def has_room(new: Storm, others: Iterable[Storm]) -> bool:
    """Whether a storm keeps its distance from all round (or long) ones while they live together."""
    room = ELBOW_ROOM[RIVER if isinstance(new, Filament) else CYCLONE]
    for other in others:
        begin = max(new.life.birth, other.life.birth, 0.0)
        end = min(new.life.death, other.life.death)
        if type(new) is not type(other) or begin >= end:
            continue
        hours = np.arange(begin, end + 12.0, 12.0)
        closest = (_skeleton(new, hours) @ _skeleton(other, hours).swapaxes(1, 2)).max()
        if closest > np.cos(np.radians(room)):
            return False
    return True


def _skeleton(storm: Storm, hours: Floats) -> Floats:
    """Return places of a storm as unit vectors, (hours, places, 3)."""
    if isinstance(storm, Filament):
        return storm.spine(hours, every=6)
    return unit(*storm.path.at(hours - storm.life.birth))[:, None]
