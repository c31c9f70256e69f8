"""Which raw variables a field needs beside its own: it depends on the levels its files have."""

from stormtrace.errors import BadInput
from stormtrace.prepare.dataset import Dataset
from stormtrace.prepare.raw.coordinate import (
    Coordinate,
    PressureFields,
    PressureLevels,
    read_coordinate,
)
from stormtrace.prepare.raw.raw_formats import open_raw_file
from stormtrace.prepare.verbs import Derivation

#: Pressure levels of an integral reach from above the first to below the second, Pa: what they
#: leave out holds a few per cent of the water otherwise, or far more.
TOP, BOTTOM = 50000.0, 90000.0


def needed_beside(dataset: Dataset, derivation: Derivation, path: str) -> tuple[str, ...]:
    """Return the raw variables that a field needs beside its own, by the levels in a file of it."""
    if derivation.levels == "none":
        return ()
    with open_raw_file(path) as opened:
        return partners(read_coordinate(opened, derivation.variable, dataset), derivation, dataset)


def why_needed(dataset: Dataset, derivation: Derivation, partner: str) -> str:
    """Explain why a field needs a variable beside its own."""
    reason = f"{derivation.variable} needs {partner}"
    if partner not in (dataset.names.pressure, dataset.names.thickness):
        return f"{reason}, the surface pressure (`names: {{surface_pressure: …}}`)"
    return (
        f"{reason}, because its own files have no hybrid coefficients (hyam, hybm), nor levels of"
        " constant pressure; name a file that has the former with `vertical: {coefficients: …}`"
    )


def partners(coordinate: Coordinate, derivation: Derivation, dataset: Dataset) -> tuple[str, ...]:
    """Return the raw variables a derivation needs beside its own.

    Raises:
        BadInput: an integral over pressure levels that leave out much of the air.

    """
    levels, surface = coordinate.levels, coordinate.surface
    if derivation.levels == "pressure":
        if isinstance(levels, PressureLevels):
            return ()
        return (levels.pressure,) if isinstance(levels, PressureFields) else (surface,)
    if isinstance(levels, PressureFields) and levels.thickness is None:
        return (levels.pressure, surface)
    if coordinate.no_integral is not None:
        raise BadInput(
            f"dataset {dataset.name}: no integral of {derivation.variable} over its levels: its"
            f" files have {coordinate.no_integral}"
        )
    if isinstance(levels, PressureFields):
        assert levels.thickness is not None
        return (levels.thickness,)
    if isinstance(levels, PressureLevels):
        _check_reach(levels, derivation, dataset)
    return (surface,)


def _check_reach(levels: PressureLevels, derivation: Derivation, dataset: Dataset) -> None:
    top, bottom = levels.pressure[[0, -1]]
    if top > TOP or bottom < BOTTOM:
        raise BadInput(
            f"dataset {dataset.name}: {derivation.variable} is on pressure levels from"
            f" {top / 100:g} to {bottom / 100:g} hPa, which leave out much of the air: an integral"
            f" needs some at {TOP / 100:g} hPa or less and at {BOTTOM / 100:g} hPa or more; take"
            " the model's own integral, or model levels"
        )
