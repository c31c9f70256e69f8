"""The parts of the planet by name."""

from collections.abc import Callable
from pathlib import Path

from stormtrace.planet.climatenet_files import write_climatenet
from stormtrace.planet.settings import Settings

_WRITERS: dict[str, Callable[[Path, Settings], None]] = {
    "climatenet": write_climatenet,
}

PARTS = tuple(_WRITERS)


def write_part(part: str, folder: Path, settings: Settings) -> None:
    """Write the raw files (and the truth) of `part` into `folder`, which exists and is empty."""
    _WRITERS[part](folder, settings)
