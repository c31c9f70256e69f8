"""Labelled samples in ClimateNet's layout: which files there are, and what is in them.

A file is one labelling of one time; several experts may have labelled the same time. Files are
opened one by one: joined by their coordinate they would collapse (61 test files to 31).
What LABELS declares as its `_FillValue` or `missing_value` are cells that nobody looked at
(`classes.IGNORED`, docs/decisions/fronts.md).
Their names are understood in `labelled_names`.
"""

import hashlib
import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.class_table import flag_name
from stormtrace.classes import IGNORED
from stormtrace.errors import BadInput
from stormtrace.formats.axes import check_grid, read_grid
from stormtrace.formats.complete_maps import TURNED, read_map
from stormtrace.formats.labelled_names import FORMS, plain_names_end_in_a_step, read_name
from stormtrace.formats.netcdf import opening
from stormtrace.grids import Grid

log = logging.getLogger("stormtrace")

#: What to do about a damaged labelled sample.
COPY_AGAIN = (
    "copy it again from where it came (or, if it is of the mini planet, remove the planet's folder "
    "and run snakemake again)"
)

#: Variables of a labelled sample with maps that are no fields.
NO_FIELDS = ("lat", "lon", "LABELS", "CONFIDENCE")


@dataclass(frozen=True, order=True)
class LabelledFile:
    """One labelling of one time.

    time: ``YYYY-MM-DD-RR-S`` or ``YYYY-MM-DD-NN``, the same for all labellings of a time.
    """

    time: str
    labelling: int
    path: Path

    @property
    def date(self) -> str:
        """``YYYY-MM-DD``."""
        return self.time[:10]


@dataclass(frozen=True)
class LabelledSample:
    """What a file holds, complete and checked.

    values: (fields, *grid.shape), as stored: not normalized; labels: `grid.shape`, class codes and,
    where nobody looked, `classes.IGNORED`.
    confidence: `grid.shape`, 0 … 1, how sure the annotator was; None where the file does not say.
    """

    values: NDArray[np.float32]
    labels: NDArray[np.uint8]
    confidence: NDArray[np.float32] | None = None


def list_labelled(folder: Path | str, exclude: Iterable[str] = ()) -> list[LabelledFile]:
    """Return the labelled files of a folder in order of time, without the names in `exclude`.

    Only files named as labelled samples count; a warning names others.

    Raises:
        BadInput: there are no files, an excluded one does not exist, or two files are the same
            labelling of one time.

    """
    folder, exclude = Path(folder), set(exclude)
    names = {path.name for path in folder.glob("*.nc") if not path.name.startswith(".")}
    if absent := exclude - names:
        raise BadInput(f"{folder} has no {', '.join(sorted(absent))}, named under `exclude`")
    ends_in_step = plain_names_end_in_a_step(
        names, lambda name: _time_inside(folder / name), lambda name: _weather(folder / name)
    )
    files, others = [], []
    for name in sorted(names - exclude):
        read = read_name(name, ends_in_step)
        if read is None:
            others.append(name)
        else:
            files.append(LabelledFile(*read, folder / name))
    if others:
        log.warning(
            "%s: %d files are not named as labelled samples (%s) and are left out: %s",
            folder,
            len(others),
            FORMS,
            ", ".join(others[:3]),
        )
    if not files:
        named = f": `exclude` names all {len(exclude)}" if exclude and not others else ""
        raise BadInput(f"{folder} has no labelled samples ({FORMS}){named}")
    files.sort()
    for first, second in pairwise(files):
        if (first.time, first.labelling) == (second.time, second.labelling):
            raise BadInput(
                f"{folder}: {first.path.name} and {second.path.name} are the same labelling of one "
                "time: rename one (…_K.nc, K the labelling) or name it under `exclude`"
            )
    return files


def _time_inside(path: Path) -> str | None:
    """Return the time in a file as text, whatever its type; None if it cannot be read."""
    with suppress(BadInput), opening(path, COPY_AGAIN) as nc:
        text = read_text_time(nc)
        if text is not None or "time" not in nc.variables:
            return text
        return repr(np.ravel(nc["time"][:])[:1].tolist())
    return None  # an error of the job that reads it


def _weather(path: Path) -> str | None:
    """Return a digest of the first field in a file; None if it cannot be read."""
    with suppress(BadInput), opening(path, COPY_AGAIN) as nc:
        for name, variable in nc.variables.items():
            is_map = variable.dimensions[-2:] in (("lat", "lon"), ("y", "x"))
            if is_map and name not in NO_FIELDS and variable.dtype.kind == "f":
                return hashlib.sha256(np.asarray(variable[:]).tobytes()).hexdigest()
    return None


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


def read_labelled(path: Path, fields: Sequence[str], classes: int, grid: Grid) -> LabelledSample:
    """Read one labelled sample on `grid`; classes: number of classes, background included.

    Raises:
        BadInput: it is on another grid; a field or LABELS is missing, not finite, of another shape
            or order; or a code has no class.

    """
    with opening(path, COPY_AGAIN) as nc:
        check_grid(nc, grid, path)
        labels = _read_labels(nc, path, grid, classes)
        confidence = _read_confidence(nc, path, grid)
        values = np.empty((len(fields), *grid.shape), np.float32)
        for channel, field in enumerate(fields):
            values[channel] = read_map(nc, field, path, grid.shape)
    return LabelledSample(values, labels, confidence)


def grid_of(files: Sequence[LabelledFile]) -> Grid:
    """Return the grid of labelled samples, that of the first; reading the others checks it."""
    with opening(files[0].path, COPY_AGAIN) as nc:
        return read_grid(nc, files[0].path)


def attributes_of(path: Path, fields: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return field -> attributes, as text, of the fields that a labelled sample has."""
    with opening(path, COPY_AGAIN) as nc:
        return {
            field: {key: str(nc[field].getncattr(key)) for key in nc[field].ncattrs()}
            for field in fields
            if field in nc.variables
        }


def read_text_time(nc: netCDF4.Dataset) -> str | None:
    """Return the string a labelled sample has for its time, or None."""
    if "time" not in nc.variables:
        return None
    time = nc["time"]
    if time.dtype is str:
        return str(np.ravel(time[:])[0]) if time.size else None
    if time.dtype.kind == "S":  # characters, one a cell
        return (
            b"".join(np.ravel(np.ma.filled(time[:], b""))).decode("utf-8", "replace").strip("\0 ")
        )
    return None


def one_label_map(
    nc: netCDF4.Dataset, shape: tuple[int, int]
) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
    """Return LABELS and which of its cells are declared missing.

    Without its axis of time, if it has one; both are of `shape` if the file is right.
    """
    variable = nc["LABELS"]
    variable.set_auto_mask(False)
    labels = np.asarray(variable[:])
    ignored = np.zeros(labels.shape, bool)
    for code in _declared_missing(variable):
        ignored |= np.isnan(labels) if np.isnan(code) else labels == code
    if labels.shape == (1, *shape):
        return labels[0], ignored[0]
    return labels, ignored


def _declared_missing(variable: netCDF4.Variable) -> list[float]:
    """Return the values that stand for no label, of CF's attributes."""
    if np.dtype(variable.dtype).kind not in "biuf":
        return []
    about = variable.__dict__
    given = [about[key] for key in ("_FillValue", "missing_value") if key in about]
    return [value for one in given for value in np.ravel(one).astype(np.float64).tolist()]


def codes_off(labels: NDArray[np.generic], ignored: NDArray[np.bool_], classes: int) -> list[float]:
    """Return the first ten codes outside 0 … classes − 1, fractions and NaN included.

    ignored: cells whose code says nothing.
    """
    found = np.unique(labels[~ignored]).tolist()
    return [code for code in found if code not in range(classes)][:10]


def classes_ignored(
    labels: NDArray[np.generic], ignored: NDArray[np.bool_], classes: int
) -> list[float]:
    """Return the codes of classes, 0 … classes − 1, that cells declared missing have."""
    return [code for code in np.unique(labels[ignored]).tolist() if code in range(classes)]


def check_classes(files: Sequence[LabelledFile], labels: Sequence[str]) -> None:
    """Check that a model's labels are those that the first labelled sample names, if it does.

    Raises:
        BadInput: LABELS has flag_meanings (CF) that are other classes, or in another order.

    """
    with opening(files[0].path, COPY_AGAIN) as nc:
        about = nc["LABELS"].__dict__ if "LABELS" in nc.variables else {}
    if "flag_meanings" not in about:
        return
    meanings = str(about["flag_meanings"]).split()
    codes = np.ravel(about.get("flag_values", range(len(meanings)))).tolist()
    named = [flag_name(one) for _, one in sorted(zip(codes, meanings, strict=False))]
    if named != [flag_name(label) for label in labels]:
        raise BadInput(
            f"{files[0].path}: the codes of LABELS are {' '.join(named)}, but the model's labels "
            f"are {', '.join(labels)}: give the model the `labels` of its dataset, in this order"
        )


def states_confidence(files: Iterable[LabelledFile]) -> bool:
    """Whether any of the labelled samples says how sure its annotator was."""
    for file in files:
        with opening(file.path, COPY_AGAIN) as nc:
            if "CONFIDENCE" in nc.variables:
                return True
    return False


def _read_labels(nc: netCDF4.Dataset, path: Path, grid: Grid, classes: int) -> NDArray[np.uint8]:
    if "LABELS" not in nc.variables:
        raise BadInput(f"{path} has no LABELS: it is not a labelled sample")
    labels, ignored = one_label_map(nc, grid.shape)
    dimensions = nc["LABELS"].dimensions
    if labels.shape != grid.shape or dimensions[-2:] in TURNED:
        raise BadInput(
            f"{path}: LABELS ({', '.join(dimensions)}) is {labels.shape}, expected one map "
            f"({', '.join(grid.dims)}) of {grid.shape}: transpose or crop it"
        )
    if missing := classes_ignored(labels, ignored, classes):
        raise BadInput(
            f"{path}: LABELS declares {missing[0]:g} as missing (_FillValue or missing_value), but "
            f"that is the code of a class, 0 … {classes - 1}: declare another one, such as "
            f"{IGNORED}, for cells that nobody looked at, or none"
        )
    if off := codes_off(labels, ignored, classes):
        raise BadInput(
            f"{path}: LABELS has the codes {off}, outside 0 … {classes - 1}: give the model all "
            "`labels`, or declare the code of cells that nobody looked at as LABELS' _FillValue"
        )
    return np.where(ignored, IGNORED, labels).astype(np.uint8)


def _read_confidence(nc: netCDF4.Dataset, path: Path, grid: Grid) -> NDArray[np.float32] | None:
    """Return CONFIDENCE, `grid.shape`, or None; BadInput unless it is 0 … 1 everywhere."""
    if "CONFIDENCE" not in nc.variables:
        return None
    values = np.asarray(nc["CONFIDENCE"][:], np.float32)
    if values.shape != grid.shape or not ((values >= 0) & (values <= 1)).all():
        raise BadInput(
            f"{path}: CONFIDENCE {values.shape} goes from {np.min(values):g} to "
            f"{np.max(values):g}; expected 0 … 1 on {grid.shape}: make the file again"
        )
    return values
