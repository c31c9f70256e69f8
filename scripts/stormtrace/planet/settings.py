"""Settings of the mini planet: the `planet:` block of the study, and what the workflow adds."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from stormtrace.blocks import Block, read_block
from stormtrace.grids.specification import GridSpecification


def _even(days: int) -> int:
    if days % 2:
        raise ValueError("it must be even, half before and half after New Year")
    return days


Days = Annotated[int, Field(ge=2, le=60), AfterValidator(_even)]


class Planet(Block):
    """The mini planet of demo and tests; made when a dataset lies under {results}/planet."""

    seed: int = Field(42, ge=0, description="Seed of its weather.")
    ne: int = Field(
        10, ge=2, le=240, description="Elements along a cube edge of its spectral-element mesh."
    )
    levels: int = Field(14, ge=8, le=60, description="Number of hybrid levels.")
    days: Days = Field(
        20,
        description="Days of each climate state, half of them before New Year (datasets name the "
        "same period). From 10 on each storm is a class's or a look-alike's.",
    )
    merra2_days: Days = Field(10, description="Days of the MERRA-2-like part, likewise.")
    front_days: Days = Field(8, description="Days of the CESM-like files of part fronts, likewise.")
    train_files: int = Field(72, ge=1, description="Labelled samples to learn from.")
    test_files: int = Field(20, ge=1, description="Labelled samples to score on.")


class Settings(Planet):
    """What `make_planet.py` needs to know: `Planet` and its grids (nlat and nlon)."""

    grid: GridSpecification = Field(
        GridSpecification(nlat=96, nlon=144),
        description="The grid of the labelled samples and of the truth.",
    )
    merra2_grid: dict[Literal["nlat", "nlon"], int] = Field(
        {"nlat": 73, "nlon": 144}, description="The MERRA-2-like part's own grid."
    )


def read_settings(block: Mapping[str, Any]) -> Settings:
    """Return the settings in a block, with defaults.

    Raises:
        BadInput: a key is unknown, or a value is not allowed.

    """
    return read_block(Settings, block, "--settings")
