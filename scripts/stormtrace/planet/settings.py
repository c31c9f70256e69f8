"""What may be chosen about the planet: the `planet:` block of the study, as one JSON flag."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from stormtrace.errors import BadInput


@dataclasses.dataclass(frozen=True)
class Settings:
    """The planet's size and seed.

    ne: elements along an edge of the CESM-like mesh. levels: hybrid levels, 8 … 60.
    days: of the CESM-like parts, half of them before New Year. merra2_days: of the MERRA-2-like.
    From 10 days on all guests (`population.guests`) are seen as what they are.
    grid, merra2_grid: nlat and nlon of the samples' grid (labels, truth) and of MERRA-2's.
    train_files, test_files: how many labelled samples; some share one time.
    """

    seed: int = 42
    ne: int = 10
    levels: int = 14
    days: int = 20
    merra2_days: int = 10
    grid: Mapping[str, int] = dataclasses.field(default_factory=lambda: {"nlat": 96, "nlon": 144})
    merra2_grid: Mapping[str, int] = dataclasses.field(
        default_factory=lambda: {"nlat": 73, "nlon": 144}
    )
    train_files: int = 72
    test_files: int = 20


SMALLEST = {"seed": 0, "ne": 2, "levels": 8, "days": 2, "merra2_days": 2}
SMALLEST |= {"train_files": 1, "test_files": 1}


def read_settings(chosen: Mapping[str, Any]) -> Settings:
    """Return `chosen` over the defaults; raise BadInput for an unknown key or a bad value."""
    if not isinstance(chosen, Mapping):
        raise BadInput(f"--settings must be a block of keys and values, found {chosen!r}")
    known = [field.name for field in dataclasses.fields(Settings)]
    for key, value in chosen.items():
        if key not in known:
            raise BadInput(f"--settings: unknown key '{key}'; the planet knows {', '.join(known)}")
        if key in SMALLEST and (not isinstance(value, int) or value < SMALLEST[key]):
            raise BadInput(
                f"--settings: {key} must be a whole number of at least {SMALLEST[key]}, "
                f"found {value!r}"
            )
        if key.endswith("grid") and not {"nlat", "nlon"} <= set(value):
            raise BadInput(f"--settings: {key} needs nlat and nlon, found {value!r}")
    settings = Settings(**chosen)
    for key in ("days", "merra2_days"):
        if getattr(settings, key) % 2:
            raise BadInput(f"--settings: {key} must be even, half before and half after New Year")
    return settings
