"""Fields at a pressure, and the pressures of columns, for the records of one block."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.prepare.dataset import Dataset
from stormtrace.prepare.needed_variables import partners
from stormtrace.prepare.raw.coordinate import (
    Coordinate,
    PressureFields,
    PressureLevels,
)
from stormtrace.prepare.raw.reader import Place, Reader
from stormtrace.prepare.verbs import Derivation
from stormtrace.prepare.vertical import (
    Bracket,
    HybridLevels,
    bracket_hybrid,
    bracket_levels,
    bracket_pressures,
)

Floats = NDArray[np.floating]
Places = Sequence[Place]
PlacesOf = Mapping[str, Places]

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
        self._brackets: dict[tuple[Place, float, bytes], Bracket] = {}

    def beside(self, derivation: Derivation, place: Place) -> tuple[str, ...]:
        """Return the variables a derivation needs beside its own."""
        if derivation.levels == "none":
            return ()
        coordinate = self.reader.coordinate(derivation.variable, place)
        return partners(coordinate, derivation, self.dataset)

    def at_pressure(
        self, name: str, level: float, places: Places, beside: PlacesOf
    ) -> tuple[Floats, NDArray[np.int64]]:
        """Return (records, n) values at a pressure, Pa, and the columns of each below the ground.

        beside: the records of what `beside` names, as many as `places`.
        """
        coordinate = self.paired(name, places, beside)
        if isinstance(coordinate.levels, PressureLevels):
            pairs = list(self._between_levels(name, level, coordinate.levels, places))
        else:
            (other,) = beside.values()
            pairs = list(self._interpolations(name, level, coordinate, places, other))
        return np.stack([row for row, _ in pairs]), np.array([count for _, count in pairs])

    def paired(self, name: str, places: Places, beside: PlacesOf) -> Coordinate:
        """Return a variable's vertical coordinate, its levels brought together with pressures'.

        beside: the pressure or thickness of its levels and the surface pressure, as needed.
        """
        levels = self.reader.coordinate(name, places[0]).levels
        if isinstance(levels, PressureFields):
            partner = next(each for each in (levels.pressure, levels.thickness) if each in beside)
            assert partner is not None
            self.reader.pair_levels(name, places, partner, beside[partner])
        return self.reader.coordinate(name, places[0])

    def surface(self, coordinate: Coordinate, place: Place) -> Floats:
        """Return the surface pressure (n,) of a record, Pa."""
        if place not in self._pressure:
            self._pressure[place] = self.reader.pressures(coordinate.surface, [place])[0]
            check_ground(self._pressure[place], coordinate.surface, place)
        return self._pressure[place]

    def column(self, name: str, coordinate: Coordinate, place: Place) -> Floats:
        """Return a pressure, or a thickness, of all levels (nlev, n), Pa."""
        return self.reader.pressures(name, [place], (0, coordinate.count))[0]

    def _interpolations(
        self, name: str, level: float, coordinate: Coordinate, places: Places, other: Places
    ) -> Iterator[tuple[Floats, int]]:
        size = self.reader.batch(name, places[0], BRACKET_LEVELS)
        for batch in batches(len(places), size):
            found = [self._bracket(coordinate, place, level) for place in other[batch]]
            first = min(bracket.first for bracket in found)
            last = max(bracket.last for bracket in found)
            values = self.reader.read(name, places[batch], (first, last))
            for row, bracket in zip(values, found, strict=True):
                own = row[bracket.first - first : bracket.last - first]
                filled = bracket.below_ground if self.dataset.vertical.below != "nan" else 0
                yield bracket.apply(own), filled

    def _bracket(self, coordinate: Coordinate, place: Place, level: float) -> Bracket:
        key = (place, level, coordinate.signature)
        if key not in self._brackets:
            how = self.dataset.vertical
            levels = coordinate.levels
            if isinstance(levels, HybridLevels):
                ps = self.surface(coordinate, place)
                found = bracket_hybrid(levels, ps, level, how.method, how.below)
            else:
                assert isinstance(levels, PressureFields)
                pressure = self.column(levels.pressure, coordinate, place)
                check_ground(pressure[-1], f"{levels.pressure} next to the ground", place)
                found = bracket_pressures(pressure, level, how.method, how.below)
            _check_below(coordinate, found, place, level)
            self._brackets[key] = found
        return self._brackets[key]

    def _between_levels(
        self, name: str, level: float, levels: PressureLevels, places: Places
    ) -> Iterator[tuple[Floats, int]]:
        """Interpolate between two levels of constant pressure.

        Below the ground there are no values; `below: lowest` takes the lowest level that has one.
        """
        upper, share = bracket_levels(levels.pressure, level, self.dataset.vertical.method)
        if not 0 <= share <= 1:
            raise BadInput(
                f"{places[0].path}: {level / 100:g} hPa lies outside the levels of"
                f" {name}, {levels.pressure[0] / 100:g} …"
                f" {levels.pressure[-1] / 100:g}"
            )
        if self.dataset.vertical.below == "linear":
            raise BadInput(
                f"{places[0].path}: {name} has pressure levels, but vertical.below:"
                " linear (the lowest two levels extended) needs model levels: say lowest or nan"
            )
        first, last = upper + (share == 1), upper + 1 + (share > 0)
        for place in places:
            values = self.reader.read(name, [place], (first, last))[0]
            row = values[0] if len(values) == 1 else values[0] + share * (values[1] - values[0])
            row = np.ascontiguousarray(row)
            holes = int(np.isnan(row).sum())
            if self.dataset.vertical.below == "lowest":
                self._raise_from_below(row, name, place, first, levels.pressure.size)
            yield row, holes - int(np.isnan(row).sum())

    def _raise_from_below(
        self, row: Floats, name: str, place: Place, level: int, count: int
    ) -> None:
        """Give columns whose levels from `level` down are in the ground the lowest value they have.

        What is missing above a value is a hole in the air: it stays missing.
        """
        if not np.isnan(row).any():
            return
        missing = np.isnan(self.reader.read(name, [place], (level, count))[0])
        under = np.isnan(row) & ~(missing[:-1] & ~missing[1:]).any(axis=0)
        while level >= 0 and under.any():
            above = self.reader.read(name, [place], (level, level + 1))[0, 0]
            row[under] = above[under]
            under &= np.isnan(row)
            level -= 1


def _check_below(coordinate: Coordinate, found: Bracket, place: Place, level: float) -> None:
    """Refuse (BadInput) a pressure below the lowest level where that is not next to the ground."""
    count, hanging = found.upper.size, coordinate.hanging
    if found.below_ground and (hanging or found.below_ground == count):
        raise BadInput(
            f"{place.path}: {level / 100:g} hPa lies below the lowest level of {found.below_ground}"
            f" of {count} columns, but the files have {hanging or 'no level so low anywhere'}:"
            " bring the levels down to the ground, or choose a pressure within these"
        )


def check_ground(pressure: Floats, what: str, place: Place) -> None:
    """Refuse (BadInput) what is no pressure at the ground in Pa, everywhere."""
    if not (pressure.min() > PASCALS[0] and pressure.max() < PASCALS[1]):
        raise BadInput(
            f"{place.path}: {what} of record {place.record + 1} goes from {np.nanmin(pressure):g}"
            f" to {np.nanmax(pressure):g} with {int(np.isnan(pressure).sum())} missing; a pressure"
            " at the ground in Pa (or hPa, if the file says so) is expected, complete"
        )


def batches(count: int, size: int) -> Iterator[slice]:
    """Yield slices of up to `size` of `count` records."""
    for first in range(0, count, size):
        yield slice(first, min(first + size, count))
