"""Climatologies of a field by month and latitude band: their file, written and read.

Moments: `{FIELD}_mean`, `{FIELD}_std` float64 `(month, band)`. Quantiles: `{FIELD}_quantile`
float64 `(month, probability, band)`. All are weighted by the areas of cells and missing in months
without samples and in bands without a cell. `steps(month)` counts samples.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.files import writing
from stormtrace.formats.latitude_bands import BAND_EDGES, Match, band_centres
from stormtrace.formats.netcdf import creating, opening
from stormtrace.formats.percentile_maps import MONTHS

Floats = NDArray[np.float64]
#: Per cent and, towards the ends, which are storms, closer.
PROBABILITIES: Floats = np.unique(
    np.r_[0.0, 0.001, 0.002, 0.005, np.arange(1, 100) / 100, 0.995, 0.998, 0.999, 1.0]
)

NAMES = {"moments": ("mean", "std"), "quantiles": ("quantile",)}


@dataclass(frozen=True, eq=False)
class ZonalClimatology:
    """One field of one dataset on one grid by month and latitude band.

    values: name (of `NAMES`) -> (12, bands), of quantiles (12, bands, probabilities); steps:
    (12,).
    """

    field: str
    dataset: str
    grid: str
    match: Match
    units: str
    values: Mapping[str, Floats]
    steps: NDArray[np.int64]

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which months and bands have values, (12, bands)."""
        first: Floats = next(iter(self.values.values()))
        return np.isfinite(first.reshape(*first.shape[:2], -1).sum(axis=2))

    @property
    def checksum(self) -> str:
        """A digest of all that an adjustment depends on."""
        digest = hashlib.sha256(f"{self.field} {self.match} {self.units}".encode())
        for name in NAMES[self.match]:
            digest.update(np.ascontiguousarray(self.values[name]).tobytes())
        return digest.hexdigest()[:16]


def write_zonal(path: Path, climatology: ZonalClimatology, attributes: Mapping[str, Any]) -> None:
    """Write a climatology, whole or not at all."""
    with writing(path) as partial, creating(partial) as nc:
        about = {name: getattr(climatology, name) for name in ("field", "dataset", "grid", "match")}
        title = f"Climatology of {climatology.field} by month and latitude"
        nc.setncatts({"Conventions": "CF-1.11", "title": title, **about, **attributes})
        for name, size in (("month", MONTHS), ("band", BAND_EDGES.size - 1), ("bnds", 2)):
            nc.createDimension(name, size)
        month = nc.createVariable("month", "i4", ("month",), fill_value=False)
        month.long_name = "month of the year"
        month[:] = np.arange(1, MONTHS + 1)
        lat = nc.createVariable("band", "f8", ("band",), fill_value=False)
        lat.setncatts({"standard_name": "latitude", "units": "degrees_north", "bounds": "edges"})
        lat[:] = band_centres()
        nc.createVariable("edges", "f8", ("band", "bnds"), fill_value=False)[:] = np.column_stack(
            [BAND_EDGES[:-1], BAND_EDGES[1:]]
        )
        steps = nc.createVariable("steps", "i4", ("month",), fill_value=False)
        steps.setncatts({"long_name": "samples of the month, of all years", "units": "1"})
        steps[:] = climatology.steps
        dims: tuple[str, ...] = ("month", "band")
        if climatology.match == "quantiles":
            nc.createDimension("probability", PROBABILITIES.size)
            probability = nc.createVariable("probability", "f8", ("probability",), fill_value=False)
            probability.setncatts({"long_name": "share of the values below", "units": "1"})
            probability[:] = PROBABILITIES
            dims = ("month", "probability", "band")  # CF's order: latitude last
        for name in NAMES[climatology.match]:
            variable = nc.createVariable(
                f"{climatology.field}_{name}", "f8", dims, fill_value=np.nan
            )
            words = f"{name} of {climatology.field} by month and latitude, weighted by area"
            variable.setncatts({"long_name": words, "units": climatology.units})
            values = climatology.values[name]
            variable[:] = values if values.ndim == 2 else values.swapaxes(1, 2)


def read_zonal(path: Path) -> ZonalClimatology:
    """Read a climatology.

    Raises:
        BadInput: it is none, or of other bands than those of this version.

    """
    with opening(path) as nc:
        lacks = {"field", "dataset", "grid", "match"} - set(nc.ncattrs())
        if lacks or not {"band", "steps"} <= set(nc.variables) or nc.match not in NAMES:
            raise BadInput(
                f"{path} is no climatology by month and latitude: make it with"
                " compute_zonal_climatology.py"
            )
        quantiles_differ = nc.match == "quantiles" and not np.array_equal(
            nc["probability"][:], PROBABILITIES
        )
        if not np.array_equal(nc["band"][:], band_centres()) or quantiles_differ:
            raise BadInput(f"{path} has other bands or probabilities than ours: make it again")
        names = {name: f"{nc.field}_{name}" for name in NAMES[nc.match]}
        return ZonalClimatology(
            field=nc.field,
            dataset=nc.dataset,
            grid=nc.grid,
            match=nc.match,
            units=nc[next(iter(names.values()))].units,
            values={
                name: _by_band(np.ma.filled(nc[stored][:], np.nan).astype(np.float64))
                for name, stored in names.items()
            },
            steps=np.asarray(nc["steps"][:], np.int64),
        )


def _by_band(stored: Floats) -> Floats:
    """Return what is stored as (month, …, band) as (month, band, …)."""
    return np.ascontiguousarray(np.moveaxis(stored, -1, 1))
