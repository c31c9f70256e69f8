"""Labelled samples in ClimateNet's layout: which files there are, and what is in them.

A file is one labelling of one time; several experts may have labelled the same time. Files are
opened one by one: joined by their coordinate they would collapse (61 test files to 31).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.formats.samples import grid_of, netcdf_files, open_netcdf, read_map
from stormtrace.grids import Grid

NAME = re.compile(r"^.*?(?P<time>\d{4}-\d{2}-\d{2}-\d+)-(?P<labelling>\d+)\.nc$")
"""``data-YYYY-MM-DD-NN-K.nc``: the step NN of a day, the labelling K of that time."""


@dataclass(frozen=True, order=True)
class LabelledFile:
    """One labelling of one time."""

    time: str
    """``YYYY-MM-DD-NN``: the same for all labellings of a time."""
    labelling: int
    path: Path

    @property
    def date(self) -> str:
        """``YYYY-MM-DD``."""
        return self.time[:10]


@dataclass(frozen=True)
class LabelledSample:
    """What a file holds, complete and checked."""

    values: NDArray[np.float32]
    """(fields, lat, lon), as in the file: not normalized."""
    labels: NDArray[np.uint8]
    """(lat, lon), class codes."""


def list_labelled(folder: Path | str, exclude: Iterable[str] = ()) -> list[LabelledFile]:
    """Return the labelled files of a folder in order of time, without the names in `exclude`.

    Raises:
        BadInput: no files, a name that tells no time, or an excluded name that is not there.

    """
    folder, exclude = Path(folder), set(exclude)
    names = {path.name: path for path in netcdf_files(folder)}
    if not names:
        raise BadInput(f"{folder} has no labelled samples (data-YYYY-MM-DD-NN-K.nc)")
    if absent := exclude - names.keys():
        raise BadInput(f"{folder} has no {', '.join(sorted(absent))}, named under `exclude`")
    if not names.keys() - exclude:
        raise BadInput(f"{folder} has no labelled samples left: `exclude` names all {len(names)}")
    return sorted(_parse(path) for name, path in names.items() if name not in exclude)


def _parse(path: Path) -> LabelledFile:
    match = NAME.match(path.name)
    if match is None:
        raise BadInput(f"{path}: the name must end in YYYY-MM-DD-NN-K.nc (time and labelling)")
    return LabelledFile(match["time"], int(match["labelling"]), path)


def by_time(files: Iterable[LabelledFile]) -> dict[str, list[LabelledFile]]:
    """Group files by their time, in order."""
    groups: dict[str, list[LabelledFile]] = {}
    for file in sorted(files):
        groups.setdefault(file.time, []).append(file)
    return groups


def split_by_time(
    files: Sequence[LabelledFile], fraction: float
) -> tuple[list[LabelledFile], list[LabelledFile]]:
    """Split into (training, validation): the last `fraction` of the dates, at least one date.

    Whole dates go to one side: labellings of one time are the same weather, and so nearly are
    the steps of one day. A fraction of 0 leaves nothing for validation.
    """
    dates = sorted({file.date for file in files})
    if fraction == 0:
        return list(files), []
    held_out = max(1, round(fraction * len(dates)))
    if held_out >= len(dates):
        raise BadInput(
            f"validation: {fraction} of {len(dates)} dates leaves no date to train on; "
            "give more labelled dates or a smaller fraction (0: none)"
        )
    first = dates[-held_out]
    return [f for f in files if f.date < first], [f for f in files if f.date >= first]


def read_labelled(path: Path, fields: Sequence[str], classes: int) -> LabelledSample:
    """Read one labelled sample.

    Raises:
        BadInput: a field or LABELS is missing, not finite, of another shape or order, or a code
            is off the list of classes.

    """
    with open_netcdf(path) as dataset:
        labels = _read_labels(dataset, path, grid_of(dataset, path), classes)
        values = np.empty((len(fields), *labels.shape), np.float32)
        for channel, field in enumerate(fields):
            values[channel] = read_map(dataset, field, path, labels.shape)
    return LabelledSample(values, labels)


def read_grid(path: Path) -> Grid:
    """Return the grid of a labelled sample."""
    with open_netcdf(path) as dataset:
        return grid_of(dataset, path)


def read_text_time(dataset: netCDF4.Dataset) -> str | None:
    """Return the string a labelled sample has for its time, or None."""
    if "time" not in dataset.variables or dataset["time"].dtype is not str:
        return None
    return str(np.ravel(dataset["time"][:])[0])


def codes_off(labels: NDArray[np.generic], classes: int) -> list[float]:
    """Return the first codes in a map that are none of 0 … classes − 1 (NaN and 0.5 are none)."""
    return [code for code in np.unique(labels).tolist() if code not in range(classes)][:10]


def _read_labels(
    dataset: netCDF4.Dataset, path: Path, grid: Grid, classes: int
) -> NDArray[np.uint8]:
    if "LABELS" not in dataset.variables:
        raise BadInput(f"{path} has no LABELS: it is not a labelled sample")
    labels = np.asarray(dataset["LABELS"][:])
    dimensions = dataset["LABELS"].dimensions
    if labels.shape != grid.shape or dimensions == ("lon", "lat"):
        raise BadInput(
            f"{path}: LABELS ({', '.join(dimensions)}) is {labels.shape}, not one (lat, lon) map "
            f"of {grid.shape}: turn or cut it so"
        )
    if off := codes_off(labels, classes):
        raise BadInput(f"{path}: LABELS has the codes {off}, outside 0 … {classes - 1}")
    return labels.astype(np.uint8)
