"""Sums over columns: of a variable, or of humidity times wind, for the records of one block."""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.prepare.air_layers import HybridLayers, Layers, ThickLayers, layers_above_ground
from stormtrace.prepare.columns import Columns, batches, check_ground
from stormtrace.prepare.field_units import same_units
from stormtrace.prepare.needed_variables import BOTTOM, TOP
from stormtrace.prepare.raw.coordinate import Coordinate, PressureFields, PressureLevels
from stormtrace.prepare.raw.reader import Place
from stormtrace.prepare.verbs import Derivation
from stormtrace.prepare.vertical import HybridLevels

Floats = NDArray[np.floating]
PlacesOf = Mapping[str, Sequence[Place]]


def column_integrals(
    columns: Columns, derivation: Derivation, places: PlacesOf, beside: PlacesOf
) -> Iterator[Floats]:
    """Yield Σ x dp / g of each record, (n,), or the transport of its first variable by the others.

    places, beside: variable -> its records, all as many; of the derivation's own variables, and of
    those it needs beside.

    Raises:
        BadInput: variables are on different levels, or pressures are none.

    """
    reader, (name, *winds) = columns.reader, derivation.variables
    coordinate = columns.paired(name, places[name], beside)
    for wind in winds:
        other = columns.paired(wind, places[wind], beside)
        _check_same_levels(coordinate, name, other, wind, places[wind][0])
    count = coordinate.count
    size = reader.batch(name, places[name][0], count * (1 + len(winds)))
    slabs = reader.slabs({each: places[each][0] for each in (name, *winds)}, count)
    scales = [_scale(columns, wind, winds[0], places) for wind in winds]
    for batch in batches(len(places[name]), size):
        others = {other: records[batch] for other, records in beside.items()}
        layers = list(_layers(columns, coordinate, places[name][batch], others))
        sums: Floats = functools.reduce(
            np.add,
            (
                _part(
                    [reader.read(each, places[each][batch], slab) for each in (name, *winds)],
                    [functools.partial(layer.integrate, levels=slice(*slab)) for layer in layers],
                    scales,
                )
                for slab in slabs
            ),
        )
        yield from np.hypot(*sums) if len(sums) > 1 else sums[0]


def _part(
    variables: Sequence[Floats],
    integrals: Sequence[Callable[[Floats], Floats]],
    scales: Sequence[np.float32],
) -> Floats:
    """Return what some levels add: (1, records, n), or with winds (winds, records, n).

    variables: the first, and the winds, each (records, levels, n). integrals: of each record.
    """
    values, *blown = variables
    if not blown:
        return np.stack([[over(row) for over, row in zip(integrals, values, strict=True)]])
    return np.stack([
        [over(row * wind) * scale for over, row, wind in zip(integrals, values, by, strict=True)]
        for by, scale in zip(blown, scales, strict=True)
    ])  # fmt: skip


def _scale(columns: Columns, wind: str, first: str, places: PlacesOf) -> np.float32:
    """Return the factor from one wind's units to the other's."""
    place = places[wind][0]
    units = columns.reader.units(wind, place), columns.reader.units(first, places[first][0])
    return np.float32(same_units(*units, wind, first, place.path))


def _layers(
    columns: Columns, coordinate: Coordinate, places: Sequence[Place], beside: PlacesOf
) -> Iterator[Layers]:
    """Yield the layers of each of some records."""
    levels = coordinate.levels
    for index in range(len(places)):
        here = {name: records[index] for name, records in beside.items()}
        if isinstance(levels, HybridLevels):
            yield HybridLayers(levels, columns.surface(coordinate, here[coordinate.surface]))
        elif isinstance(levels, PressureFields) and levels.thickness is not None:
            other = here[levels.thickness]
            thickness = columns.column(levels.thickness, coordinate, other)
            check_ground(thickness.sum(axis=0), f"the sum of {levels.thickness}", other)
            yield ThickLayers(thickness)
        else:
            ground = columns.surface(coordinate, here[coordinate.surface])
            yield layers_above_ground(_pressures(columns, coordinate, here), ground)


def _pressures(columns: Columns, coordinate: Coordinate, here: Mapping[str, Place]) -> Floats:
    """Return the pressures of levels without a thickness, (nlev, n) or (nlev, 1)."""
    levels = coordinate.levels
    if isinstance(levels, PressureLevels):
        return levels.pressure[:, None]
    assert isinstance(levels, PressureFields)
    place = here[levels.pressure]
    pressure = columns.column(levels.pressure, coordinate, place)
    if not (pressure[0].max() <= TOP and pressure[-1].max() >= BOTTOM):
        raise BadInput(
            f"{place.path}: {levels.pressure} goes from {pressure[0].min() / 100:g} to"
            f" {pressure[-1].max() / 100:g} hPa, which leaves out much of the air of an integral:"
            " take the model's own, or choose files with all levels"
        )
    return pressure


def _check_same_levels(
    coordinate: Coordinate, name: str, other: Coordinate, wind: str, place: Place
) -> None:
    """Refuse (BadInput) factors of a transport that are on different levels."""
    if type(other.levels) is not type(coordinate.levels) or not coordinate.alike(other):
        raise BadInput(
            f"{place.path}: {wind} has {other.count} levels, but {name}, which it is multiplied"
            f" with, {coordinate.count} others: choose files of one set of levels"
        )
