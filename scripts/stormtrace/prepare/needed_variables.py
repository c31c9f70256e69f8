"""Which raw variables a field needs beside its own: it depends on the levels its files have."""

from stormtrace.errors import BadInput
from stormtrace.prepare.dataset import Dataset
from stormtrace.prepare.derivations import Derivation
from stormtrace.prepare.raw.coordinate import Coordinate, PressureFields, read_coordinate
from stormtrace.prepare.raw.raw_formats import open_raw_file
from stormtrace.prepare.vertical import HybridLevels


def needed_beside(dataset: Dataset, derivation: Derivation, path: str) -> tuple[str, ...]:
    """Return the raw variables that a field needs beside its own, by the levels in a file of it."""
    if derivation.kind == "take":
        return ()
    with open_raw_file(path) as opened:
        return partners(read_coordinate(opened, derivation.variable, dataset), derivation, dataset)


def why_needed(dataset: Dataset, derivation: Derivation, partner: str) -> str:
    """Explain why a field needs a variable beside its own."""
    reason = f"{derivation.variable} needs {partner}"
    if partner == dataset.names.surface_pressure:
        return reason
    return (
        f"{reason}, because its own files have no hybrid coefficients (hyam, hybm), nor levels of"
        " constant pressure; name a file that has the former with `vertical: {coefficients: …}`"
    )


def partners(coordinate: Coordinate, derivation: Derivation, dataset: Dataset) -> tuple[str, ...]:
    """Return the raw variables a derivation needs beside its own."""
    levels = coordinate.levels
    if derivation.kind == "integrate" and coordinate.no_integral is not None:
        raise BadInput(
            f"dataset {dataset.name}: no integral of {derivation.variable} over its levels: its"
            f" files have {coordinate.no_integral}"
        )
    if isinstance(levels, HybridLevels):
        return (coordinate.surface,)
    if isinstance(levels, PressureFields):
        return (levels.thickness if derivation.kind == "integrate" else levels.pressure,)
    if derivation.kind == "integrate":
        raise BadInput(
            f"dataset {dataset.name}: {derivation.variable} is on pressure levels, which leave out"
            " the air next to the ground: take the model's own integral (TQV) or model levels"
        )
    return ()
