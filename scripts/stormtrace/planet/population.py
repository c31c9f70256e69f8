"""Who is born where and when, and the five guests every part of the planet has."""

from collections.abc import Iterable

import numpy as np

from stormtrace.classes import AR, TC
from stormtrace.planet.climates import Climate
from stormtrace.planet.sphere import unit
from stormtrace.planet.storms import Filament, Glide, Life, Path, Storm, Vortex

LONGEST_LIFE = 160.0
"""Hours; storms are born from this long before the period, so that it opens on a lively sky."""

ELBOW_ROOM = {AR: 24.0, TC: 20.0}
"""Degrees two events of a class keep from each other, unless they are meant to meet."""


def populate(
    climate: Climate, random: np.random.Generator, hours: float, new_year: float | None = None
) -> list[Storm]:
    """Return the storms of `hours` hours, events and decoys.

    new_year: hours from the start to the turn of the year; with it come the guests (`guests`).
    """
    storms: list[Storm] = [] if new_year is None else guests(climate, new_year)
    days = (hours + LONGEST_LIFE) / 24.0
    makers = [
        (draw_river, climate.rivers),
        (draw_cyclone, climate.cyclones),
        (draw_moist_patch, 1.3),
        (draw_dry_low, 0.7),
        (draw_streak, 0.8),
    ]
    for draw, rate in makers:
        for _ in range(round(rate * days)):
            for _attempt in range(40):
                storm = draw(climate, random, random.uniform(-LONGEST_LIFE, hours))
                if storm.life.death < 0:
                    break
                if _has_room(storm, storms):
                    storms.append(storm)
                    break
    return storms + [low_of(storm) for storm in storms if _is_river(storm)]


def guests(climate: Climate, new_year: float) -> list[Storm]:
    """Return the events every part has: over the date line, near a pole, merging, splitting.

    The first two of each class live across the turn of the year.
    """
    deep, jet = 21.0 * climate.moisture, 20.0 * climate.wind_bias
    river = {"width": 5.2, "moisture": deep, "jet": jet, "label": AR}
    drift = {"east": 0.30, "north": 0.01}
    eve = new_year - 60.0

    pacific = Life(eve, eve + 130)
    meeting = Glide(34.0, 0.0, eve + 20, eve + 80)
    arctic = Life(new_year - 40, new_year + 60)
    southern = Life(new_year - 70, new_year + 70)
    parting = Glide(0.0, 34.0, new_year - 15, new_year + 45)
    return [
        Filament(pacific, Path(140, 17, **drift), 38, 33, 6, **river),
        Filament(Life(eve, eve + 95), Path(140, 17, **drift), 38, 33, 6, glide=meeting, **river),
        Filament(arctic, Path(322, 34, 0.2, 0.03), 34, 52, 9, **river),
        Filament(southern, Path(50, -17, **drift), 36, -34, 6, **river),
        Filament(
            Life(new_year - 30, new_year + 80), Path(59, -17.4, **drift), 36, -34, 6,
            glide=parting, **river,
        ),
        Vortex(
            Life(new_year - 75, new_year + 65), Path(196, -11, -0.24, -0.07, 0.0004),
            3.6, 30 * climate.strength, 3800 * climate.strength, 20 * climate.moisture, label=TC,
        ),
    ]  # fmt: skip


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
        label=AR,
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
        label=TC,
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


def _is_river(storm: Storm) -> bool:
    return isinstance(storm, Filament) and storm.label == AR


def _has_room(new: Storm, others: Iterable[Storm]) -> bool:
    """Whether a storm keeps its distance from all round (or long) ones while they live together."""
    room = ELBOW_ROOM[AR if isinstance(new, Filament) else TC]
    for other in others:
        begin = max(new.life.birth, other.life.birth, 0.0)
        end = min(new.life.death, other.life.death)
        if type(new) is not type(other) or begin >= end:
            continue
        for hours in np.arange(begin, end + 12.0, 12.0):
            closest = (_skeleton(new, hours) @ _skeleton(other, hours).T).max()
            if closest > np.cos(np.radians(room)):
                return False
    return True


def _skeleton(storm: Storm, hours: float) -> np.ndarray:
    if isinstance(storm, Filament):
        return storm.spine(hours)[::6]
    return unit(*storm.path.at(hours - storm.life.birth))[None]
