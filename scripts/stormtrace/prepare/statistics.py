"""Moments of fields over samples: one pass, exact, mergeable year by year.

Area weights of rectilinear grids are cos(latitude) of the rows, ClimateNet's convention, or the
rows' exact areas where the grid has edges of its own (Gaussian rows); other grids know the area of
each cell.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.formats.axes import check_grid, read_grid
from stormtrace.formats.json_files import read_json
from stormtrace.formats.labelled import list_labelled
from stormtrace.formats.samples import SAMPLE_NAME, one_time, opening_sample, samples_by_time
from stormtrace.formats.units import is_same_unit
from stormtrace.grids import Grid
from stormtrace.prepare.moments import Moments

Floats = NDArray[np.float64]


@dataclass(eq=False)
class FieldStatistics:
    """Running statistics of one field; rows are latitudes, or single cells (`weight_rows`)."""

    rows: Moments
    missing: int
    least: float
    most: float

    @classmethod
    def of(cls, values: NDArray[np.floating]) -> "FieldStatistics":
        """Return the statistics of one (rows, cells a row) field."""
        rows = Moments.of_rows(values.astype(np.float64))
        missing = values.size - int(rows.weight.sum())
        if missing == values.size:
            return cls(rows, missing, np.inf, -np.inf)
        least, most = (np.nanmin, np.nanmax) if missing else (np.min, np.max)
        return cls(rows, missing, float(least(values)), float(most(values)))

    def __add__(self, other: "FieldStatistics") -> "FieldStatistics":
        """Merge two."""
        return FieldStatistics(
            self.rows + other.rows,
            self.missing + other.missing,
            min(self.least, other.least),
            max(self.most, other.most),
        )

    def summary(self, weight: Floats) -> dict[str, float]:
        """Return what a piece of statistics holds of a field; weight: of a cell of each row."""
        plain = self.rows.over_rows(np.ones(weight.size))
        area = self.rows.over_rows(weight)
        return {
            "count": int(plain.weight),
            "missing": self.missing,
            **_numbers(plain, ""),
            "min": self.least,
            "max": self.most,
            **_numbers(area, "area_"),
            "area_weight": float(area.weight),
        }


def _numbers(moments: Moments, prefix: str) -> dict[str, float]:
    return {
        f"{prefix}mean": float(moments.mean),
        f"{prefix}std": float(moments.std),
        f"{prefix}squares": float(moments.squares),
    }


def check_on_grid(path: Path, grid: Grid) -> None:
    """Check that a sample, labelled or not, is on a grid, to a hundredth of its step.

    Raises:
        BadInput: it is on another one.

    """
    with opening_sample(path) as nc:
        found = read_grid(nc, path)
    axes = ((found.lat, grid.lat), (found.lon, grid.lon))
    near = found.shape == grid.shape and all(
        np.abs(one - other).max() < 0.01 * np.abs(np.diff(other)).max() for one, other in axes
    )
    if not near:
        raise BadInput(
            f"{path} is on {found.describe()}, but the `grid` it is said to be on is "
            f"{grid.describe()}: give the model (or experiment) the name of the samples' grid"
        )


def sample_paths(folder: Path, exclude: Sequence[str] = ()) -> list[Path]:
    """Return the samples of a folder in order of time, or, if it has none, its labelled samples.

    exclude: names of labelled samples that count nowhere.

    Raises:
        BadInput: it has neither.

    """
    if any(SAMPLE_NAME.fullmatch(path.name) for path in folder.glob("*.nc")):
        return list(samples_by_time(folder).values())
    if any(folder.glob("[!.]*.nc")):
        return [file.path for file in list_labelled(folder, exclude)]
    raise BadInput(f"{folder} has no samples (*.nc): make them with make_samples.py")


def statistics_of(
    paths: Iterable[Path], fields: Sequence[str]
) -> tuple[int, dict[str, dict[str, float]]]:
    """Read samples (labelled ones too) once; return their number and each field's summary.

    Raises:
        BadInput: no sample, one without a field, or on another grid than the first.

    """
    return statistics_of_maps(_maps(paths, fields))


#: The grid of one time, and its fields as (name, values of `grid.shape`) in order.
Step = tuple[Grid, Iterable[tuple[str, NDArray[np.floating]]]]


def _maps(paths: Iterable[Path], fields: Sequence[str]) -> Iterator[Step]:
    grid: Grid | None = None
    for path in paths:
        with opening_sample(path) as nc:
            nc.set_auto_scale(False)  # `one_time` does it
            if grid is None:
                grid = read_grid(nc, path)
            check_grid(nc, grid, path)
            shape = grid.shape
            yield grid, ((name, one_time(nc, name, shape)) for name in fields)


def statistics_of_maps(maps: Iterable[Step]) -> tuple[int, dict[str, dict[str, float]]]:
    """Return the number of steps and each field's summary, as `statistics_of`."""
    running: dict[str, FieldStatistics] = {}
    grid: Grid | None = None
    steps = 0
    for grid, by_name in maps:
        for name, values in by_name:
            found = FieldStatistics.of(values if grid.is_rectilinear else values.reshape(-1, 1))
            running[name] = running[name] + found if name in running else found
        steps += 1
    if grid is None:
        raise BadInput("there are no samples to compute statistics of")
    weight = weight_rows(grid)
    return steps, {name: each.summary(weight) for name, each in running.items()}


def weight_rows(grid: Grid) -> Floats:
    """Return the area weight of a cell of each row, (nlat,), or of each cell (ny · nx,)."""
    if not grid.is_rectilinear:
        return grid.area.ravel()
    if grid.row_edges is not None:
        return grid.row_area
    return np.cos(np.radians(grid.lat))


def merge(pieces: Sequence[Mapping[str, Any]]) -> tuple[int, dict[str, dict[str, float]]]:
    """Merge the `steps` and `fields` of pieces as if their samples had been read in one go.

    Raises:
        BadInput: pieces with different fields, or with a field in different units.

    """
    names = list(pieces[0]["fields"])
    for piece in pieces[1:]:
        if list(piece["fields"]) != names:
            raise BadInput(
                f"pieces have different fields: {', '.join(names)} and {', '.join(piece['fields'])}"
            )
    for name in names:
        said = [piece["units"][name] for piece in pieces if piece.get("units", {}).get(name)]
        if other := [one for one in said if not is_same_unit(said[0], one)]:
            raise BadInput(
                f"{name} is in {said[0]!r} in one year and in {other[0]!r} in another: say "
                f"`units: {said[0]}` of {name} in the `fields` of its dataset, which converts the "
                "raw files', and make the samples again"
            )
    fields = {name: _merge_field([piece["fields"][name] for piece in pieces]) for name in names}
    return sum(piece["steps"] for piece in pieces), fields


def excluded_from(pieces: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return `excluded`, the names of labelled samples that pieces leave out, if any say so."""
    said = [json.loads(piece.get("provenance", {}).get("excluded", "[]")) for piece in pieces]
    names = sorted({name for names in said for name in names})
    return {"excluded": names} if names else {}


def _merge_field(pieces: Sequence[Mapping[str, float]]) -> dict[str, float]:
    plain = _sum(_stored(piece, "", "count") for piece in pieces)
    area = _sum(_stored(piece, "area_", "area_weight") for piece in pieces)
    return {
        "count": int(plain.weight),
        "missing": int(sum(piece["missing"] for piece in pieces)),
        **_numbers(plain, ""),
        "min": min(piece["min"] for piece in pieces),
        "max": max(piece["max"] for piece in pieces),
        **_numbers(area, "area_"),
        "area_weight": float(area.weight),
    }


def _stored(piece: Mapping[str, float], prefix: str, weight: str) -> Moments:
    numbers = (piece[weight], piece[f"{prefix}mean"], piece[f"{prefix}squares"])
    return Moments(*(np.asarray(number, np.float64) for number in numbers))


def _sum(moments: Iterable[Moments]) -> Moments:
    all_of_them = iter(moments)
    total = next(all_of_them)
    for one in all_of_them:
        total = total + one
    return total


def read_piece(path: Path) -> dict[str, Any]:
    """Read a file of statistics.

    Raises:
        BadInput: it is not one.

    """
    try:
        piece = read_json(path, "compute_statistics.py")
        piece["steps"], piece["fields"]
    except KeyError as error:
        raise BadInput(f"{path} is not a file of statistics ({error!r}): make it again") from error
    return piece
