"""Counterfactual inputs: a field of one dataset with the climatology of another.

Moments: x · scale + shift, with scale = σ_to / σ_own and shift = μ_to − μ_own · scale by month and
latitude band, both interpolated in latitude between the middles of bands. Quantiles: x plus the
difference of the quantiles of both at the probability of x, linear between quantiles, mixed between
the two nearest bands likewise: a monotone map. Weather stays that of the dataset. Adjusted to its
own climatology, a field stays as it is, bit by bit.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.formats.labelled import attributes_of
from stormtrace.formats.latitude_bands import band_centres, uncovered
from stormtrace.formats.samples import FieldAdjustment, SampleFolder, stamp_of
from stormtrace.formats.units import convert, parse_unit
from stormtrace.formats.zonal_climatologies import (
    PROBABILITIES,
    ZonalClimatology,
    read_zonal,
)
from stormtrace.grids import Grid

Floats = NDArray[np.float64]

#: Where the first and the last per cent of a distribution begin and end, among `PROBABILITIES`.
LAST_PER_CENT = tuple(int(np.searchsorted(PROBABILITIES, p - 1e-9)) for p in (0.01, 0.99))


@dataclass(eq=False)
class Adjustment:
    """The map from a field of the samples to one with another climatology, on a grid.

    lat: (ny, 1) or (ny, nx), of cells.
    """

    own: ZonalClimatology
    to: ZonalClimatology
    lat: Floats
    _by_month: dict[int, tuple[Floats, Floats]] = field(default_factory=dict)

    def __call__(self, values: NDArray[np.float32], month: int) -> None:
        """Adjust a map (ny, nx) of a month, 1 … 12, in place."""
        if self.own.match == "quantiles":
            values += self._departure(values, month - 1)
            return
        scale, shift = self._by_month.get(month) or self._affine(month)
        values[...] = values * scale + shift

    def facts(self) -> dict[str, Any]:
        """Return what was adjusted to what, with checksums of both climatologies."""
        return {
            "to": self.to.dataset,
            "grid": self.to.grid,
            "by": ["month", "latitude"],
            "match": self.to.match,
            "own_checksum": self.own.checksum,
            "to_checksum": self.to.checksum,
        }

    def _known(self, month: int) -> NDArray[np.intp]:
        return np.flatnonzero(self.own.known[month] & self.to.known[month])

    def _affine(self, month: int) -> tuple[Floats, Floats]:
        """Return scale and shift of a month, 1 … 12, of the shape of `lat`."""
        bands = self._known(month - 1)
        (own_mean, own_std), (mean, std) = (
            (one.values["mean"][month - 1, bands], one.values["std"][month - 1, bands])
            for one in (self.own, self.to)
        )
        # A field without spread has none to scale.
        scale = np.divide(std, own_std, out=np.ones_like(std), where=own_std > 0)
        shift = mean - own_mean * scale
        at = band_centres()[bands]
        scale, shift = np.interp(self.lat, at, scale), np.interp(self.lat, at, shift)
        shift[shift == 0] = -0.0  # as in `_departure`
        self._by_month[month] = scale, shift
        return scale, shift

    def _departure(self, values: NDArray[np.float32], month: int) -> NDArray[np.float64]:
        """Return what is added to a map (ny, nx); month from 0."""
        bands = self._known(month)
        at = np.interp(self.lat, band_centres()[bands], np.arange(bands.size))
        lower = np.minimum(np.floor(at), max(bands.size - 2, 0)).astype(np.int64)
        added = np.zeros(values.shape)
        for position in np.unique(lower):
            # Rows of a rectilinear grid, cells of any other.
            cells = np.nonzero(lower == position)[: 1 if self.lat.shape[1] == 1 else 2]
            share = at[cells] - position
            for band, weight in ((position, 1.0 - share), (position + 1, share)):
                if weight.any():
                    found = self._at_band(values[cells].ravel(), month, bands[band])
                    added[cells] += weight * found.reshape(values[cells].shape)
        added[added == 0] = -0.0  # x + 0 would turn −0 into 0
        return added

    def _at_band(self, values: NDArray[np.float32], month: int, band: int) -> Floats:
        """Return the difference of quantiles at values (n,).

        Beyond the least and the greatest it goes on as over the outermost per cent.
        """
        own, to = (one.values["quantile"][month, band] for one in (self.own, self.to))
        places, inverse, counts = np.unique(own, return_inverse=True, return_counts=True)
        # Where one value has several probabilities, their mean.
        found = np.interp(values, places, np.bincount(inverse, to - own) / counts)
        for end, inner, beyond in (
            (0, LAST_PER_CENT[0], np.minimum(values - own[0], 0.0)),
            (-1, LAST_PER_CENT[1], np.maximum(values - own[-1], 0.0)),
        ):
            width = own[end] - own[inner]
            slope = (to[end] - to[inner]) / width if width else 1.0
            found += (slope - 1.0) * beyond
        return np.asarray(found, np.float64)


#: A field, its own climatology, and the one it is adjusted to.
Asked = tuple[str, Path, Path]


def adjusted(folder: SampleFolder, asked: Sequence[Asked], dataset: str) -> SampleFolder:
    """Return the samples with fields adjusted as they are read.

    dataset: whose samples they are.

    Raises:
        BadInput: the climatologies are not of the fields, of other units, or lack months or
            latitudes of the samples.

    """
    made: dict[str, Adjustment] = {}
    for name, own_file, to_file in asked:
        if name not in folder.fields:
            fields = ", ".join(folder.fields)
            raise BadInput(f"adjust: {name} is not read by the detector, which reads {fields}")
        own, to = read_zonal(own_file), read_zonal(to_file)
        _check_pair(name, own, to, own_file, to_file)
        if own.dataset != dataset:
            raise BadInput(f"{own_file} is of {own.dataset}, but the samples are of {dataset}")
        _check_units(name, own, folder, own_file)
        _check_months(name, to, folder, to_file)
        _check_latitudes(name, own, to, folder.grid, to_file)
        lat = folder.grid.lat[:, None] if folder.grid.is_rectilinear else folder.grid.lat
        made[name] = Adjustment(own, to, lat)
    return replace(folder, adjust=made)


def facts_of(adjust: Mapping[str, FieldAdjustment]) -> dict[str, str]:
    """Return the attribute of the mask file that says what was adjusted to what; none if nothing.

    With the checksums of both climatologies it is a part of what masks depend on.
    """
    return {"adjusted": json.dumps({k: v.facts() for k, v in adjust.items()})} if adjust else {}


def _check_pair(
    name: str, own: ZonalClimatology, to: ZonalClimatology, own_file: Path, to_file: Path
) -> None:
    for one, file in ((own, own_file), (to, to_file)):
        if one.field != name:
            raise BadInput(f"{file} is of {one.field}, not of {name}: name the one of {name}")
    if own.match != to.match:
        raise BadInput(f"{own_file} has {own.match}, but {to_file} {to.match}: make both alike")
    if not _same_units(own.units, to.units):
        raise BadInput(
            f"{name} is in {own.units} in {own_file}, but in {to.units} in {to_file}: give the"
            " field the same units in both datasets"
        )


def _same_units(one: str, other: str) -> bool:
    if one == other:
        return True
    parsed, wanted = parse_unit(one), parse_unit(other)
    found = convert(parsed, wanted) if parsed is not None and wanted is not None else None
    return found is not None and (found.factor, found.offset) == (1.0, 0.0)


def _check_units(name: str, own: ZonalClimatology, folder: SampleFolder, file: Path) -> None:
    units = attributes_of(folder.paths[0], [name]).get(name, {}).get("units", "1")
    if not _same_units(own.units, units):
        raise BadInput(f"{folder.paths[0]}: {name} is in {units}, but in {own.units} in {file}")


def _check_months(name: str, to: ZonalClimatology, folder: SampleFolder, file: Path) -> None:
    wanted = {int(stamp_of(path)[5:7]) for path in folder.paths}
    if lacking := sorted(month for month in wanted if not to.steps[month - 1]):
        months = ", ".join(map(str, lacking))
        raise BadInput(
            f"{file}: {to.dataset} has no samples of the months {months}, to whose climatology"
            f" {name} is to be adjusted: choose a dataset that covers them, or a shorter period"
        )


def _check_latitudes(
    name: str, own: ZonalClimatology, to: ZonalClimatology, grid: Grid, file: Path
) -> None:
    """Check that each cell lies in a band that both have, or in one next to it."""
    both = np.flatnonzero(own.known.any(axis=0) & to.known.any(axis=0))
    lat, far = grid.lat, uncovered(grid.lat, both)
    if far.size:
        raise BadInput(
            f"{file}: {to.dataset} on {to.grid} has no {name} near {far[0]:g}° latitude, where"
            f" the samples have cells: adjust to a dataset that covers {lat.min():g}° to"
            f" {lat.max():g}°"
        )
