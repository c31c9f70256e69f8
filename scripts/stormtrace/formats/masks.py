"""Mask files: class codes of every step of a year, written by detection and read by all others.

`mask(time, lat, lon)` (or `(time, y, x)`), int8, with CF flags that say which code is which class;
`probability` and `agreement` where asked for, int16, since classic netCDF has no unsigned bytes. A
file is checked once, when it is opened.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.class_table import ClassTable
from stormtrace.classes import BACKGROUND, Classes
from stormtrace.errors import BadInput
from stormtrace.formats.axes import read_grid
from stormtrace.formats.kept_runs import read_runs
from stormtrace.formats.mask_runs import MaskRuns, find_runs
from stormtrace.formats.mask_writing import MaskWriter, mask_file
from stormtrace.formats.netcdf import keep_no_chunks, opening
from stormtrace.grids import Grid

__all__ = ["INHERITED", "MaskFile", "MaskWriter", "mask_file", "open_masks"]

#: Steps read at once; more would be hardly faster and need more memory.
BLOCK_STEPS = 4

#: Attributes of a mask file that its objects file carries on.
INHERITED = (
    *("experiment", "dataset", "grid", "year", "period"),
    *("model", "model_checksum", "detector", "detector_checksum", "adjusted"),
)


@dataclass(frozen=True)
class MaskFile:
    """Coordinates, classes and attributes of a mask file; `blocks` and `runs` read the masks.

    time: (steps,), in `time_units` of `calendar`.
    """

    path: Path
    grid: Grid
    classes: Classes
    time: NDArray[np.float64]
    time_units: str
    calendar: str
    step_hours: float
    attributes: dict[str, Any]

    def blocks(self) -> Iterator[NDArray[np.int8]]:
        """Yield the masks in order of time, some steps at once: int8 (steps, *grid.shape)."""
        with opening(self.path) as nc:
            mask = nc["mask"]
            mask.set_auto_maskandscale(False)
            chunks = mask.chunking()
            # A list, "contiguous", or None in a classic file.
            steps = max(BLOCK_STEPS, chunks[0]) if isinstance(chunks, list) else BLOCK_STEPS
            keep_no_chunks(mask)
            for first in range(0, self.time.size, steps):
                yield mask[first : first + steps]

    def runs(self) -> Iterator[MaskRuns]:
        """Yield the runs of the masks in order of time, some steps at once.

        Files that detection wrote keep them; of others, the masks are decoded.

        Raises:
            BadInput: a mask holds a code that its flags do not name.

        """
        for runs in read_runs(self.path, self.grid.shape, self.time.size) or self._found_runs():
            self._check_codes(runs)
            yield runs

    def _found_runs(self) -> Iterator[MaskRuns]:
        first = 0
        for block in self.blocks():
            yield find_runs(block, first)
            first += len(block)

    def _check_codes(self, runs: MaskRuns) -> None:
        """Refuse codes that the file's flags do not name (a fill value, most likely)."""
        codes = np.array([BACKGROUND, *self.classes.codes], np.int8)
        unknown = ~np.isin(runs.code, codes)
        if unknown.any():
            step = runs.step[unknown][0]
            wrong = np.unique(runs.code[unknown & (runs.step == step)]).tolist()
            named = {one.code: one.name for one in self.classes.features}
            raise BadInput(
                f"{self.path}: codes must be among {codes.tolist()}, but step {step} holds "
                f"{wrong}; its flags name 0 (background) and {named}: correct the masks or their "
                "flags, or run the detection of this year again"
            )


def open_masks(path: Path | str, table: ClassTable | None = None) -> MaskFile:
    """Read the coordinates, classes and attributes of a mask file.

    table: the study's `classes:`, for short names and colours.

    Raises:
        BadInput: it is not a mask file: no int8 `mask` of time and the grid's two axes, no flags,
            times without units or that do not ascend, no `step_hours`.

    """
    path = Path(path)
    if not path.is_file():
        raise BadInput(f"there is no mask file {path}: make it first (scripts/detect.py)")
    with opening(path) as nc:
        classes = _classes(nc, path, table)
        time, units, calendar = _read_time(nc, path)
        attributes = {name: nc.getncattr(name) for name in INHERITED if name in nc.ncattrs()}
        if "year" not in attributes and time.size:
            first: Any = netCDF4.num2date(time[0], units, calendar)
            attributes["year"] = np.int32(first.year)
        return MaskFile(
            path=path,
            grid=read_grid(nc, path),
            classes=classes,
            time=time,
            time_units=units,
            calendar=calendar,
            step_hours=_step_hours(nc, path),
            attributes=attributes,
        )


def _read_time(nc: netCDF4.Dataset, path: Path) -> tuple[NDArray[np.float64], str, str]:
    time = nc["time"]
    stamps = np.asarray(time[:], np.float64)
    if not (np.isfinite(stamps).all() and (np.diff(stamps) > 0).all()):
        raise BadInput(f"{path}: time must be finite and ascend, without doubles; found {stamps}")
    units = getattr(time, "units", "")
    if " since " not in units:
        raise BadInput(f"{path}: time needs CF units, such as 'hours since …'; found {units!r}")
    return stamps, units, getattr(time, "calendar", "standard")


def _step_hours(nc: netCDF4.Dataset, path: Path) -> float:
    if "step_hours" not in nc.ncattrs():
        raise BadInput(
            f"{path} has no global attribute step_hours: add the hours from one step to the next"
        )
    return float(nc.getncattr("step_hours"))


def _classes(nc: netCDF4.Dataset, path: Path, table: ClassTable | None) -> Classes:
    """Check the mask variable; return what its codes mean."""
    missing = {"mask", "time", "lat", "lon"} - set(nc.variables)
    if missing:
        raise BadInput(
            f"{path} is no mask file: it lacks {sorted(missing)}; it has {list(nc.variables)}"
        )
    mask = nc["mask"]
    if mask.ndim != 3 or mask.dimensions[0] != "time" or mask.dtype != np.int8:
        raise BadInput(
            f"{path}: mask must be int8 (time, lat, lon); found {mask.dtype} {mask.dimensions}"
        )
    axes = tuple(dict.fromkeys(nc["lat"].dimensions + nc["lon"].dimensions))
    if mask.dimensions[1:] != axes:
        raise BadInput(
            f"{path}: mask is {mask.dimensions}, but its coordinates lie on {axes}: expected "
            f"{('time', *axes)}"
        )
    if not {"flag_values", "flag_meanings"} <= set(mask.ncattrs()):
        raise BadInput(
            f"{path}: mask has no flag_values and flag_meanings, which say which code is which "
            "class; add them (CF 1.11, section 3.5)"
        )
    try:
        return Classes.of_flags(np.atleast_1d(mask.flag_values), mask.flag_meanings, table)
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from None
