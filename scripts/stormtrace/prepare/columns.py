"""Integrals and interpolations of one block of records, sharing what they have in common."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.prepare.dataset import Dataset
from stormtrace.prepare.derivations import Derivation
from stormtrace.prepare.needed_variables import partners
from stormtrace.prepare.raw.coordinate import (
    Coordinate,
    PressureFields,
    PressureLevels,
)
from stormtrace.prepare.raw.reader import Place, Reader
from stormtrace.prepare.vertical import (
    Bracket,
    HybridLevels,
    bracket_hybrid,
    bracket_levels,
    bracket_pressures,
    integrate_layers,
)

Floats = NDArray[np.floating]
Places = Sequence[Place]

#: About this many of 30 levels lie between 850 hPa over the lowest and over the highest ground.
BRACKET_LEVELS = 12

#: Between these lies every surface pressure on Earth: others are in hPa, or no pressures.
PASCALS = (20000.0, 120000.0)


class Columns:
    """Derives fields from variables with levels, for the records of one block.

    Surface pressure and the brackets of a level are worked out once and serve all fields: both
    winds lie between the same levels.
    """

    def __init__(self, dataset: Dataset, reader: Reader) -> None:
        self.dataset = dataset
        self.reader = reader
        self._pressure: dict[Place, Floats] = {}
        self._brackets: dict[tuple[Place, float], Bracket] = {}

    def beside(self, derivation: Derivation, place: Place) -> tuple[str, ...]:
        """Return the variables a derivation needs beside its own: one, or none."""
        return partners(
            self.reader.coordinate(derivation.variable, place), derivation, self.dataset
        )

    def derive(
        self, derivation: Derivation, places: Places, other: Places = ()
    ) -> tuple[Floats, NDArray[np.int64]]:
        """Return (len(places), n) values, and how many columns of each were below the ground.

        other: the records of the variable that `beside` names, one for each of `places`.
        """
        coordinate = self.reader.coordinate(derivation.variable, places[0])
        if isinstance(coordinate.levels, PressureFields):
            (partner,) = self.beside(derivation, places[0])
            self.reader.pair_levels(derivation.variable, places, partner, other)
        if derivation.kind == "integrate":
            rows = self._integrals(derivation, coordinate, places, other)
            return np.stack(list(rows)), np.zeros(len(places), np.int64)
        if isinstance(coordinate.levels, PressureLevels):
            pairs = list(self._between_levels(derivation, coordinate.levels, places))
        else:
            pairs = list(self._interpolations(derivation, coordinate, places, other))
        return np.stack([row for row, _ in pairs]), np.array([count for _, count in pairs])

    def _integrals(
        self, derivation: Derivation, coordinate: Coordinate, places: Places, other: Places
    ) -> Iterator[Floats]:
        levels, everything = coordinate.levels, (0, coordinate.count)
        size = self.reader.batch(derivation.variable, places[0], coordinate.count)
        for batch in _batches(len(places), size):
            values = self.reader.read(derivation.variable, places[batch], everything)
            if isinstance(levels, HybridLevels):
                for row, place in zip(values, other[batch], strict=True):
                    yield levels.integrate(row, self._surface(coordinate, place))
            else:
                assert isinstance(levels, PressureFields)
                thickness = self.reader.pressures(levels.thickness, other[batch], everything)
                for row, layer, place in zip(values, thickness, other[batch], strict=True):
                    _check_ground(layer.sum(axis=0), f"the sum of {levels.thickness}", place)
                    yield integrate_layers(row, layer)

    def _interpolations(
        self, derivation: Derivation, coordinate: Coordinate, places: Places, other: Places
    ) -> Iterator[tuple[Floats, int]]:
        for batch in _batches(
            len(places), self.reader.batch(derivation.variable, places[0], BRACKET_LEVELS)
        ):
            found = [self._bracket(coordinate, place, derivation.level) for place in other[batch]]
            first = min(bracket.first for bracket in found)
            last = max(bracket.last for bracket in found)
            values = self.reader.read(derivation.variable, places[batch], (first, last))
            for row, bracket in zip(values, found, strict=True):
                own = row[bracket.first - first : bracket.last - first]
                filled = bracket.below_ground if self.dataset.vertical.below != "nan" else 0
                yield bracket.apply(own), filled

    def _bracket(self, coordinate: Coordinate, place: Place, level: float) -> Bracket:
        key = (place, level)
        if key not in self._brackets:
            how = self.dataset.vertical
            levels = coordinate.levels
            if isinstance(levels, HybridLevels):
                ps = self._surface(coordinate, place)
                found = bracket_hybrid(levels, ps, level, how.method, how.below)
            else:
                assert isinstance(levels, PressureFields)
                everything = (0, coordinate.count)
                pressure = self.reader.pressures(levels.pressure, [place], everything)[0]
                _check_ground(pressure[-1], f"{levels.pressure} next to the ground", place)
                found = bracket_pressures(pressure, level, how.method, how.below)
            self._brackets[key] = found
        return self._brackets[key]

    def _between_levels(
        self, derivation: Derivation, levels: PressureLevels, places: Places
    ) -> Iterator[tuple[Floats, int]]:
        """Interpolate between two levels of constant pressure.

        Below the ground there are no values; `below: lowest` takes the lowest level that has one.
        """
        upper, share = bracket_levels(
            levels.pressure, derivation.level, self.dataset.vertical.method
        )
        if not 0 <= share <= 1:
            raise BadInput(
                f"{places[0].path}: {derivation.level / 100:g} hPa lies outside the levels of"
                f" {derivation.variable}, {levels.pressure[0] / 100:g} …"
                f" {levels.pressure[-1] / 100:g}"
            )
        if self.dataset.vertical.below == "linear":
            raise BadInput(
                f"{places[0].path}: {derivation.variable} has pressure levels, but vertical.below:"
                " linear (the lowest two levels extended) needs model levels: say lowest or nan"
            )
        first, last = upper + (share == 1), upper + 1 + (share > 0)
        for place in places:
            values = self.reader.read(derivation.variable, [place], (first, last))[0]
            row = values[0] if len(values) == 1 else values[0] + share * (values[1] - values[0])
            row = np.ascontiguousarray(row)
            holes = int(np.isnan(row).sum())
            if self.dataset.vertical.below == "lowest":
                self._raise_from_below(row, derivation.variable, place, first)
            yield row, holes - int(np.isnan(row).sum())

    def _raise_from_below(self, row: Floats, name: str, place: Place, level: int) -> None:
        while level >= 0 and np.isnan(row).any():
            above = self.reader.read(name, [place], (level, level + 1))[0, 0]
            hole = np.isnan(row)
            row[hole] = above[hole]
            level -= 1

    def _surface(self, coordinate: Coordinate, place: Place) -> Floats:
        if place not in self._pressure:
            self._pressure[place] = self.reader.pressures(coordinate.surface, [place])[0]
            _check_ground(self._pressure[place], coordinate.surface, place)
        return self._pressure[place]


def _check_ground(pressure: Floats, what: str, place: Place) -> None:
    """Refuse (BadInput) what is no pressure at the ground in Pa, everywhere."""
    if not (pressure.min() > PASCALS[0] and pressure.max() < PASCALS[1]):
        raise BadInput(
            f"{place.path}: {what} of record {place.record + 1} goes from {np.nanmin(pressure):g}"
            f" to {np.nanmax(pressure):g} with {int(np.isnan(pressure).sum())} missing; a pressure"
            " at the ground in Pa (or hPa, if the file says so) is expected, complete"
        )


def _batches(count: int, size: int) -> Iterator[slice]:
    for first in range(0, count, size):
        yield slice(first, min(first + size, count))
