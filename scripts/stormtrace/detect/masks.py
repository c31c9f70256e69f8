"""The mask file: class codes of every step of a year, and where they come from."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.detect.reading import NETCDF
from stormtrace.files import writing
from stormtrace.grids import Grid

PROBABILITY_STEPS = 250
"""Probabilities are stored as uint8 of 1/250: 0 and 1 are exact, 255 stays free."""


@dataclass
class MaskWriter:
    """An open mask file."""

    dataset: netCDF4.Dataset
    steps: int = 0

    def write(self, times: Sequence[float], outputs: Mapping[str, NDArray[np.generic]]) -> None:
        """Append steps: `mask` int8 (steps, lat, lon) and whatever else the file was made for."""
        following = self.steps + len(times)
        with NETCDF:
            self.dataset["time"][self.steps : following] = times
            for name, values in outputs.items():
                self.dataset[name][self.steps : following] = values
        self.steps = following

    def describe(self, **attributes: str | int | float) -> None:
        """Set global attributes."""
        with NETCDF:
            self.dataset.setncatts(attributes)


@contextmanager
def mask_file(
    path: Path | str,
    grid: Grid,
    labels: Sequence[str],
    time: Mapping[str, str],
    *,
    steps: int,
    probabilities: bool = False,
    agreement: bool = False,
) -> Iterator[MaskWriter]:
    """Open a mask file for `steps` steps; it is at `path` when the block succeeds, else nowhere.

    labels: names of the classes, code 0 first; time: `units` and `calendar`.
    """
    with writing(path) as partial, netCDF4.Dataset(partial, "w") as dataset:
        _define_coordinates(dataset, grid, time, steps)
        names = [_flag_name(label) for label in labels]
        _define_map(dataset, "mask", "i1", ("time",), "class at each cell")
        dataset["mask"].flag_values = np.arange(len(labels), dtype=np.int8)
        dataset["mask"].flag_meanings = " ".join(names)
        if probabilities:
            dataset.createDimension("class", len(labels))
            dataset.createVariable("class", str, ("class",))[:] = np.array(names, object)
            _define_map(dataset, "probability", "u1", ("time", "class"), "probability of a class")
            dataset["probability"].scale_factor = 1 / PROBABILITY_STEPS
        if agreement:
            _define_map(
                dataset, "agreement", "u1", ("time",), "members of the ensemble that see this class"
            )
        dataset.set_auto_maskandscale(False)
        yield MaskWriter(dataset)


def _define_coordinates(
    dataset: netCDF4.Dataset, grid: Grid, time: Mapping[str, str], steps: int
) -> None:
    dataset.Conventions = "CF-1.11"
    for name, values, units in (
        ("lat", grid.lat, "degrees_north"),
        ("lon", grid.lon, "degrees_east"),
    ):
        dataset.createDimension(name, values.size)
        variable = dataset.createVariable(name, "f8", (name,))
        variable.units = units
        variable.standard_name = {"lat": "latitude", "lon": "longitude"}[name]
        variable[:] = values
    dataset.createDimension("time", steps)
    variable = dataset.createVariable("time", "f8", ("time",))
    variable.standard_name = "time"
    variable.setncatts(dict(time))


def _define_map(
    dataset: netCDF4.Dataset, name: str, kind: str, leading: tuple[str, ...], meaning: str
) -> None:
    dims = (*leading, "lat", "lon")
    chunk = (1, *(dataset.dimensions[dim].size for dim in dims[1:]))
    variable = dataset.createVariable(
        name, kind, dims, zlib=True, complevel=1, chunksizes=chunk, fill_value=False
    )
    variable.long_name = meaning


def _flag_name(label: str) -> str:
    return "_".join(label.lower().split())


def read_json_attribute(path: Path | str, name: str) -> object:
    """Return a global attribute that holds JSON, such as `statistics`."""
    with NETCDF, netCDF4.Dataset(path) as dataset:
        return json.loads(dataset.getncattr(name))
