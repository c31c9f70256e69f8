"""Coded surface bulletins of the WPC (CODSUS): the fronts that forecasters drew, as text.

    VALID 062818Z                                     month, day, hour; no year
    HIGHS 1022 3961069 …                              pressure, position
    COLD 6051081 5981087 5851113 …                    points of a line, which wrap without keyword
    STNRY WK 32100 32101 …                            with its strength, in the coarse form

ASUS02 gives points in tenths of a degree, LLLWWWW; ASUS01 in degrees, LLWW or LLWWW. Latitude is
north, longitude west.
"""

import datetime
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.grids import Grid
from stormtrace.labels.annotation_blocks import AnnotationFiles
from stormtrace.labels.importers.annotation import Annotation, Annotations, Shape
from stormtrace.sphere import distances_km

Points = NDArray[np.float64]

#: Words that begin a line of points.
LINES = ("COLD", "WARM", "STNRY", "OCFNT", "TROF", "SQLN", "DRYLN")

CENTRES = ("HIGHS", "LOWS")
STRENGTHS = ("WK", "MDT", "STG")

#: Between the day a bulletin is issued and the time it is valid at.
LATEST = datetime.timedelta(days=2)

#: Between two points of a line, km: those of real ones are some 500 apart at most.
FARTHEST_KM = 3000.0

#: Before each bulletin of a file, with the number of the transmission.
_HEADING = re.compile(r"^(?=(?:\d{3}\s*\n)?ASUS0[12] )", re.M)

#: Marks of the end of a bulletin and of its transmission.
_END = re.compile(r"\$\$|NNNN|\x03")

_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f]")
_VALID = re.compile(r"\bVALID\s+(\d{2})(\d{2})(\d{2})Z")
_ISSUED = re.compile(
    r"^\d{3,4}\s*(?:[AP]M\s+\w+|UTC|GMT|Z)\s+\w+\s+(\w{3})\s+(\d{1,2})\s+(\d{4})\s*$", re.M
)


@dataclass(frozen=True, eq=False)
class FrontLine:
    """One line of a bulletin: its word, its strength (or ""), points (n, 2) lat, lon in degrees."""

    word: str
    strength: str
    points: Points


@dataclass(frozen=True, eq=False)
class Bulletin:
    """When a bulletin is valid, and its lines in their order."""

    time: datetime.datetime
    lines: tuple[FrontLine, ...]


def read_surface_bulletins(path: Path, block: AnnotationFiles, grid: Grid) -> Annotations:
    """Yield an annotation for every bulletin of a file: lines on `grid`, one shape a line."""
    for bulletin in read_bulletins(path, block.year, block.end_mark):
        shapes = [
            Shape((line.word,), partial(line_cells, line.points, grid, block.width_degrees))
            for line in bulletin.lines
        ]
        time = f"{bulletin.time:%Y-%m-%d %H:%M}"
        yield Annotation(
            f"{path} at {time}", time, "", grid.shape, shapes, time=time, is_on_grid=True
        )


def read_bulletins(
    path: Path, year: int | None = None, end_mark: bool = True
) -> Iterator[Bulletin]:
    """Yield the bulletins of a file.

    year: of the times it is valid at, where the heads do not say when they were issued. end_mark:
    whether each must have a mark of its end: one that is cut off between two points looks whole.

    Raises:
        BadInput: a bulletin has no valid time, no year or another one than its head says; it has no
            mark of its end; a line is cut off, has an impossible point, or points of another form
            than the others.

    """
    text = path.read_text(encoding="ascii", errors="replace")
    text = _CONTROLS.sub(" ", _END.sub(" $$ ", text))
    parts = [part for part in _HEADING.split(text) if _VALID.search(part)]
    for part in parts or [text]:
        yield _bulletin(part, year, path, end_mark)


def _bulletin(text: str, year: int | None, path: Path, end_mark: bool) -> Bulletin:
    time = _valid_time(text, year, path)
    body, end, rest = text[_VALID.search(text).end() :].partition("$$")  # type: ignore[union-attr]
    if end_mark and not end:
        raise BadInput(
            f"{path}: nothing marks the end of the bulletin of {time:%Y-%m-%d %H:%M} ($$ or NNNN), "
            "so it is cut off: get the whole file; or, if your archive leaves the marks out, set "
            "`end_mark: false`"
        )
    if _VALID.search(rest):
        raise BadInput(f"{path} has a second VALID without a heading (ASUS01, ASUS02): add it")
    lines: list[FrontLine] = []
    digits: set[bool] = set()
    for word, values in _statements(body, path):
        if word in CENTRES:
            continue
        strength = values.pop(0) if values and values[0] in STRENGTHS else ""
        points = np.array([_point(value, word, path) for value in values]).reshape(-1, 2)
        if len(points) < 2:
            raise BadInput(
                f"{path}: a line {word} has {len(points)} point(s), so the bulletin is cut off or "
                "damaged: expected at least two"
            )
        digits |= {len(value) == 7 for value in values}
        _check_points(word, points, digits, path)
        lines.append(FrontLine(word, strength, points))
    if not lines:
        raise BadInput(f"{path}: no line after VALID: the bulletin is cut off")
    return Bulletin(time, tuple(lines))


def _statements(body: str, path: Path) -> Iterable[tuple[str, list[str]]]:
    """Yield each word with what follows it, over the ends of lines."""
    statement: tuple[str, list[str]] | None = None
    for token in body.split():
        if token in LINES or token in CENTRES:
            if statement:
                yield statement
            statement = (token, [])
        elif statement is not None and (token.isdigit() or token in STRENGTHS):
            statement[1].append(token)
        else:
            known = ", ".join((*CENTRES, *LINES))
            raise BadInput(f"{path}: {token!r} is no word of a bulletin: expected {known}")
    if statement:
        yield statement


def _point(text: str, word: str, path: Path) -> tuple[float, float]:
    """Return latitude and longitude of LLLWWWW (tenths of a degree) or LLWW, LLWWW (degrees)."""
    if len(text) == 7:
        lat, lon = int(text[:3]) / 10, -int(text[3:]) / 10
    elif len(text) in (4, 5):
        lat, lon = float(text[:2]), -float(text[2:])
    else:
        raise BadInput(
            f"{path}: {word} has a point {text}: expected 7 digits, LLLWWWW, or 4 or 5, LLWW[W]"
        )
    if lat > 90 or lon < -360:
        raise BadInput(f"{path}: {word} has a point {text}, at {lat:g}° N, {-lon:g}° W: no place")
    return lat, lon


def _check_points(word: str, points: Points, digits: set[bool], path: Path) -> None:
    """Refuse (BadInput) what lost digits make of a point: another form, or a place far away.

    digits: whether the points so far have seven.
    """
    if len(digits) > 1:
        raise BadInput(
            f"{path}: {word} has points of 7 digits and of 4 or 5, but a bulletin has one form: it "
            "is cut off or damaged"
        )
    farthest = distances_km(points[:, 0], points[:, 1]).max()
    if farthest > FARTHEST_KM:
        raise BadInput(
            f"{path}: two points of a line {word} are {farthest:.0f} km apart, expected at most "
            f"{FARTHEST_KM:.0f}: the bulletin is cut off or damaged"
        )


def _valid_time(text: str, year: int | None, path: Path) -> datetime.datetime:
    found = _VALID.search(text)
    if found is None:
        raise BadInput(f"{path} has no line `VALID MMDDHHZ`: is it a coded surface bulletin?")
    month, day, hour = map(int, found.groups())
    issued = _issued(text, path)
    if year is None and issued is None:
        raise BadInput(f"{path} does not say its year: give it, `year: …`")
    # Issued on 31 December it may be valid in January, and the other way round.
    years = [year] if issued is None else [issued.year, issued.year + 1, issued.year - 1]
    for candidate in filter(None, years):
        try:
            time = datetime.datetime(candidate, month, day, hour)
        except ValueError:
            continue
        if issued is None or abs(time - issued) <= LATEST:
            if year is not None and year != time.year:
                raise BadInput(f"{path} is of {time.year}, but the year {year} is given")
            return time
    said = f"issued on {issued:%Y-%m-%d}" if issued else f"of {year}"
    raise BadInput(f"{path}, {said}, is valid at month {month}, day {day}, {hour} h: no such time")


def _issued(text: str, path: Path) -> datetime.datetime | None:
    """Return the day that the head says, `342 PM EDT MON JUN 28 2021`; None if it says none."""
    found = _ISSUED.search(text)
    if found is None:
        return None
    try:
        return datetime.datetime.strptime(" ".join(found.groups()), "%b %d %Y")
    except ValueError:
        raise BadInput(f"{path}: its head says {found.group(0).strip()!r}: no date") from None


def line_cells(points: Points, grid: Grid, width_degrees: float) -> NDArray[np.bool_]:
    """Return the cells whose centre lies within half a width of a polyline, `grid.shape`.

    points (n, 2): lat, lon. Distances are in degrees of latitude and longitude, as in the published
    labels (Biard & Kunkel 2019); exactly half the width is inside. A segment goes the short way
    round, so a line over the date line paints no bar across the map.
    """
    lat, lon = grid.points
    inside = np.zeros(grid.shape, bool)
    reach = width_degrees / 2 * (1 + 1e-12)
    for (lat_a, lon_a), (lat_b, lon_b) in pairwise(points):
        east = (lon_b - lon_a + 180) % 360 - 180
        north = lat_b - lat_a
        x = (lon - lon_a + 180) % 360 - 180  # from the first point, −180 … 180
        y = lat - lat_a
        near = (y >= min(0, north) - reach) & (y <= max(0, north) + reach)
        near &= (x >= min(0, east) - reach) & (x <= max(0, east) + reach)
        x, y = x[near], y[near]
        length = east**2 + north**2
        along = np.clip((x * east + y * north) / length, 0, 1) if length else np.zeros_like(x)
        apart = (x - along * east) ** 2 + (y - along * north) ** 2
        inside[near] |= apart <= reach**2
    return inside
