"""Lines of a map: coasts, a graticule, and its degrees at the edge of a region."""

import functools
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from stormtrace.figures.projections import EqualEarth, MapProjection
from stormtrace.land import coastlines

Line = NDArray[np.float64]

#: Degrees between lines of a graticule, the first of which gives a map at least three parallels.
SPACINGS = (30, 20, 10, 5, 2, 1)


def add_lines(axes: Axes, projection: MapProjection) -> None:
    """Add coastlines and a graticule, on a region with its latitudes and longitudes."""
    is_globe = isinstance(projection, EqualEarth)
    coast = _projected_coast("coarse" if is_globe else "fine", projection)
    meridians, parallels = graticule(30 if is_globe else _spacing(projection))
    lines = projected([*meridians.values(), *parallels.values()], projection)
    axes.add_collection(LineCollection(lines, colors="#00000030", lw=0.25, zorder=2))
    axes.add_collection(LineCollection(coast, colors="#3a3a3a", lw=0.4, zorder=3))
    if not is_globe:
        _label(axes, projection, meridians, parallels)


@functools.lru_cache(maxsize=8)
def _projected_coast(detail: Literal["coarse", "fine"], projection: MapProjection) -> list[Line]:
    return projected(coastlines(detail), projection)


def graticule(spacing: int) -> tuple[dict[int, Line], dict[int, Line]]:
    """Return meridians by longitude and parallels by latitude, (point, 2) in degrees each."""
    along, around = np.linspace(-90, 90, 361), np.linspace(-180, 180, 721)
    return (
        {lon: np.column_stack([np.full_like(along, lon), along]) for lon in range(0, 360, spacing)},
        {
            lat: np.column_stack([around, np.full_like(around, lat)])
            for lat in range(-90 + spacing, 90, spacing)
        },
    )


def _spacing(projection: MapProjection) -> int:
    """Return the widest spacing that shows about three parallels."""
    (x0, y0), (x1, y1) = np.min(projection.outline(), axis=0), np.max(projection.outline(), axis=0)
    _, lat = projection.inverse(np.linspace(x0, x1, 60)[None, :], np.linspace(y0, y1, 60)[:, None])
    extent = np.nanmax(lat) - np.nanmin(lat)
    return next((spacing for spacing in SPACINGS if spacing * 3 <= extent), SPACINGS[-1])


def projected(lines: list[Line], projection: MapProjection) -> list[Line]:
    """Project lines, cut where they leave the map or jump from one edge to the other."""
    points = np.concatenate(lines)
    line_of = np.repeat(np.arange(len(lines)), [len(line) for line in lines])
    xy = np.column_stack(projection.forward(points[:, 0], points[:, 1]))
    reach = np.ptp(projection.outline()[:, 0]) / 3
    with np.errstate(invalid="ignore"):
        breaks = (np.diff(line_of) > 0) | ~(np.abs(np.diff(xy[:, 0])) < reach)
    ends = np.concatenate([np.flatnonzero(breaks) + 1, [len(xy)]])
    starts = np.concatenate([[0], ends[:-1]])
    drawn = ends - starts > 1  # points off a map are pieces of their own: a region has thousands
    return [xy[start:end] for start, end in zip(starts[drawn], ends[drawn], strict=True)]


def _label(
    axes: Axes, projection: MapProjection, meridians: dict[int, Line], parallels: dict[int, Line]
) -> None:
    """Write latitudes at the left, and longitudes where meridians reach the foot of the map."""
    low, high = projection.outline().min(axis=0), projection.outline().max(axis=0)
    size = high - low
    written: list[Line] = []
    for lat in sorted(parallels, key=abs):
        seen = _seen(parallels[lat], projection, low, high)
        if not len(seen):
            continue
        place = seen[np.argmin(seen[:, 0])]
        is_inside = 0.05 < (place[1] - low[1]) / size[1] < 0.93
        if is_inside and _is_free(place, written, size):
            _write(axes, place, f"{abs(lat)}°{'N' if lat > 0 else 'S' if lat < 0 else ''}", "left")
    written = []
    for lon in sorted(meridians, key=lambda lon: lon % 20):  # those of 20° before those of 10°
        seen = _seen(meridians[lon], projection, low, high)
        if not len(seen):
            continue
        x, y = place = seen[np.argmin(seen[:, 1])]
        is_inside = 0.09 < (x - low[0]) / size[0] < 0.96
        if y < low[1] + 0.02 * size[1] and is_inside and _is_free(place, written, size):
            east = (lon + 180) % 360 - 180
            side = "" if east in (0, -180) else "E" if east > 0 else "W"
            _write(axes, place, f"{abs(east)}°{side}", "center")


def _is_free(place: Line, written: list[Line], size: Line) -> bool:
    """Whether there is room for a label; then it is among those written."""
    apart = [np.abs((place - other) / size) for other in written]
    if any(across < 0.1 and along < 0.07 for across, along in apart):
        return False
    written.append(place)
    return True


def _seen(line: Line, projection: MapProjection, low: Line, high: Line) -> Line:
    """Return the points of a line that lie on the map, whose corners are `low` and `high`."""
    points = np.column_stack(projection.forward(line[:, 0], line[:, 1]))
    with np.errstate(invalid="ignore"):
        inside = (points >= low).all(axis=1) & (points <= high).all(axis=1)
    return points[inside]


def _write(axes: Axes, place: Line, text: str, alignment: str) -> None:
    axes.annotate(
        text,
        xy=(float(place[0]), float(place[1])),
        xytext=(2, 1.5),
        textcoords="offset points",
        size=5.5,
        color="#444444",
        ha=alignment,
        path_effects=[withStroke(linewidth=1.2, foreground="#ffffffcc")],
        zorder=6,
    )
