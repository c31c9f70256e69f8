"""What each row or column of a rectilinear mesh covers: an interval of latitude or longitude."""

import logging
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stormtrace.grids.cell_edges import gaussian_edges
from stormtrace.prepare.mesh.meshes import POSITION_TOLERANCE

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

log = logging.getLogger("stormtrace")

#: A step this many times the usual one, and one of its neighbours, is a gap.
GAP = 2.5


class AxisCells(NamedTuple):
    """Intervals, ascending, that do not overlap: degrees, both (n,)."""

    low: Floats
    high: Floats

    def edges(self) -> tuple[Floats, NDArray[np.int64]]:
        """Return all edges ascending (m + 1,), and which of the m intervals is whose, (n,).

        Between cells that do not touch is an interval of none.
        """
        edges, whose = [self.low[0]], []
        for low, high in zip(*self, strict=True):
            if low > edges[-1] + POSITION_TOLERANCE:
                edges.append(low)
            whose.append(len(edges) - 1)
            edges.append(high)
        return np.array(edges), np.array(whose)


def gaps_between(steps: Floats, around: bool = False) -> Flags:
    """Return which steps of an axis are gaps: far wider than the usual one and than a neighbour.

    So rows that widen gradually are no gaps. around: the last step is next to the first.
    """
    if steps.size < 2:
        return np.zeros(steps.size, np.bool_)
    usual = np.quantile(steps, 0.5, method="lower")
    before, after = np.roll(steps, 1), np.roll(steps, -1)
    if not around:
        before[0], after[-1] = after[0], before[-1]
    return (steps > GAP * usual) & (steps > GAP * np.minimum(before, after))


def row_cells(lat: Floats, gaps: Flags, wraps: bool, bounds: Floats | None) -> AxisCells:
    """Return the cells of ascending rows, never beyond a pole.

    By their bounds (nlat, 2), if the file has them and they fit; those of Gaussian rows as wide as
    their quadrature weights; else half-way to the next row, and to a pole half a row away.
    """
    given = _given(lat, bounds, "latitudes")
    if given is not None:
        return AxisCells(*(np.clip(each, -90.0, 90.0) for each in given))
    edges = gaussian_edges(lat) if wraps else None
    if edges is not None:
        return AxisCells(edges[:-1], edges[1:])
    down, up = _half_steps(np.where(gaps, np.nan, np.diff(lat)))
    low, high = np.maximum(lat - down, -90.0), np.minimum(lat + up, 90.0)
    if wraps and lat.size > 1:
        low[0] = -90.0 if low[0] < -90.0 + (high[0] - low[0]) / 2 else low[0]
        high[-1] = 90.0 if high[-1] > 90.0 - (high[-1] - low[-1]) / 2 else high[-1]
    return AxisCells(low, high)


def column_cells(lon: Floats, gaps: Flags, wraps: bool, bounds: Floats | None) -> AxisCells:
    """Return the cells of ascending columns: by their bounds, or half-way to the next."""
    if bounds is not None:  # 359.5 … 0.5 is −0.5 … 0.5
        bounds = lon[:, None] + (bounds - lon[:, None] + 180.0) % 360.0 - 180.0
    given = _given(lon, bounds, "longitudes")
    if given is not None and given.high[-1] - given.low[0] <= 360.0 + POSITION_TOLERANCE:
        return given
    steps = np.where(gaps, np.nan, np.diff(lon))
    down, up = _half_steps(steps)
    if wraps:
        down[0] = up[-1] = (lon[0] + 360.0 - lon[-1]) / 2
    return AxisCells(lon - down, lon + up)


def _given(axis: Floats, bounds: Floats | None, what: str) -> AxisCells | None:
    """Return the file's bounds as cells; None, with a warning, where they do not fit the axis."""
    if bounds is None:
        return None
    low, high = bounds.min(axis=1), bounds.max(axis=1)
    slack = POSITION_TOLERANCE
    fits = (low <= axis + slack) & (axis <= high + slack) & (high - low > slack)
    if not fits.all() or (low[1:] < high[:-1] - slack).any():
        log.warning(
            "the bounds of the %s in the raw files are not around their rows or columns, or"
            " overlap: edges half-way between these are used", what,
        )  # fmt: skip
        return None
    return AxisCells(low, high)


def _half_steps(steps: Floats) -> tuple[Floats, Floats]:
    """Return half the step to the point before and after each, (n + 1,); steps: NaN for gaps.

    The outermost reach as far outwards as inwards; a point alone half the usual step.
    """
    down, up = np.append(np.nan, steps) / 2, np.append(steps, np.nan) / 2
    down, up = np.where(np.isnan(down), up, down), np.where(np.isnan(up), down, up)
    known = steps[np.isfinite(steps)]
    usual = np.median(known) / 2 if known.size else 0.5
    return np.nan_to_num(down, nan=usual), np.nan_to_num(up, nan=usual)
