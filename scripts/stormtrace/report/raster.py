"""The part of the Earth that the page's maps show, and the lat/lon raster they are carried on.

Grids of the whole globe are shown in Equal Earth, grids round a pole from above it, and other
regions as a rectangle. The page's script draws all three from a raster of latitudes and
longitudes, on which maps of any grid are averaged here.
"""

import functools
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from stormtrace.figures.names import DENSITY_GRID
from stormtrace.grids import Grid, make_grid
from stormtrace.grids.remapping import on_grid

#: Rasters of the globe, finest first, and the most cells of any raster.
SHAPES = ((181, 288), (145, 240), (121, 192), (91, 144), (61, 96))
MOST_CELLS = SHAPES[0][0] * SHAPES[0][1]

BYTES_A_CELL = 0.9
BUDGET_BYTES = 3_500_000

#: Degrees of latitude: a rectangle right round the Earth that is taller is shown as a globe.
WORLD = 120.0

#: Points along each side of a raster cell at which a finer grid is sampled, at most.
MOST_SAMPLES = 5


@dataclass(frozen=True)
class View:
    """Raster and projection of all maps.

    pole: 1 or −1 for a polar view, else 0. central_lon: points down (up in the south) there.
    """

    grid: Grid
    projection: Literal["equal-earth", "polar", "rectangle"]
    pole: int = 0
    central_lon: float = 0.0

    @property
    def words(self) -> str:
        """The projection for a note under the maps."""
        return {
            "equal-earth": "Equal Earth",
            "polar": "polar stereographic",
            "rectangle": "equirectangular",
        }[self.projection]

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Edges of the raster: west, east, south, north."""
        south, north = (round(float(edge), 5) for edge in self.grid.lat_bounds[[0, -1]])
        west, east = (round(float(edge), 5) for edge in self.grid.lon_bounds[[0, -1]])
        return west, east, south, north

    @property
    def density_grid(self) -> Grid:
        """The global grid that densities of events are computed on: none coarser than figures'."""
        is_fine = self.grid.is_global and self.grid.size >= DENSITY_GRID.size
        return self.grid if is_fine else DENSITY_GRID

    def script_data(self) -> dict[str, Any]:
        """Return what the page's script needs: axes, edges, projection."""
        return {
            "lat": self.grid.lat.round(5).tolist(),
            "lon": self.grid.lon.round(5).tolist(),
            "wraps": self.grid.wraps,
            "projection": self.projection,
            "pole": self.pole,
            "central_lon": self.central_lon,
            "box": self.box,
        }


def choose_view(grids: list[Grid], maps: int) -> View:
    """Return a view of everything that `grids` cover, on a raster that suits so many maps."""
    most = min(BUDGET_BYTES / BYTES_A_CELL / max(maps, 1), MOST_CELLS)
    if any(grid.is_global for grid in grids):
        return View(_globe(grids[0], most), "equal-earth")
    for pole in (1, -1):
        if all(_has_pole(grid, pole) for grid in grids):
            return View(_cap(grids, pole, most), "polar", pole, _central_lon(grids[0], pole))
    if len(grids) == 1 and grids[0].is_rectilinear and grids[0].size <= most:
        return View(grids[0], "rectangle")
    rectangle = _rectangle(grids, most)
    if rectangle.wraps and np.ptp(rectangle.lat_bounds) > WORLD:
        return View(_globe(grids[0], most), "equal-earth")
    return View(rectangle, "rectangle")


def polar_view(grid: Grid, page: View) -> dict[str, float] | None:
    """Return how an experiment's own maps are seen on a page of the globe: from above its pole.

    `limit` is the lowest latitude, counted towards the pole. None for what suits the page.
    """
    if page.projection != "equal-earth" or grid.is_global:
        return None
    for pole in (1, -1):
        if _has_pole(grid, pole) and not _has_pole(grid, -pole):
            lowest = float((pole * grid.corners[0]).min())
            return {"pole": pole, "central_lon": _central_lon(grid, pole), "limit": lowest}
    return None


def _globe(first: Grid, most: float) -> Grid:
    """Return the first grid if it is global and small, or a coarser one."""
    if first.is_global and first.size <= most:
        return first
    fitting = [shape for shape in SHAPES if shape[0] * shape[1] <= most]
    nlat, nlon = fitting[0] if fitting else SHAPES[-1]
    return make_grid({"nlat": nlat, "nlon": nlon})


def _has_pole(grid: Grid, pole: int) -> bool:
    row, _ = grid.locate(np.array(90.0 * pole), np.array(0.0))
    return bool(np.isfinite(row))


def _central_lon(grid: Grid, pole: int) -> float:
    """Return the longitude that the grid itself has at the bottom (or, in the south, the top)."""
    mapping = {} if grid.projection is None else grid.projection.mapping
    return float(mapping.get("straight_vertical_longitude_from_pole", 0.0)) % 360.0


def _cap(grids: list[Grid], pole: int, most: float) -> Grid:
    """Return rows from the pole to the lowest latitude of any grid."""
    lowest = min(float((pole * grid.corners[0]).min()) for grid in grids)
    step = max(_step(grids), np.sqrt((90.0 - lowest) * 360.0 / most))
    rows, columns = int(np.ceil((90.0 - lowest) / step)), int(np.ceil(360.0 / step))
    lat = pole * (90.0 - (90.0 - lowest) * (np.arange(rows) + 0.5) / rows)
    return Grid(np.sort(lat), np.arange(columns) * 360.0 / columns)


def _rectangle(grids: list[Grid], most: float) -> Grid:
    """Return a raster of the smallest box round all grids."""
    corners = [grid.corners for grid in grids]
    south = max(-90.0, min(float(lat.min()) for lat, _ in corners))
    north = min(90.0, max(float(lat.max()) for lat, _ in corners))
    west, width = _narrowest(np.concatenate([lon.ravel() for _, lon in corners]), _step(grids))
    step = max(_step(grids), np.sqrt((north - south) * width / most))
    rows, columns = (int(np.ceil(extent / step)) for extent in (north - south, width))
    lat = south + (np.arange(rows) + 0.5) * (north - south) / rows
    return Grid(lat, west + (np.arange(columns) + 0.5) * width / columns)


def _narrowest(lon: NDArray[np.float64], step: float) -> tuple[float, float]:
    """Return the west end and the width of the narrowest arc that holds all longitudes."""
    around = np.unique(lon % 360.0)
    gaps = np.diff(np.append(around, around[0] + 360.0))
    widest = int(gaps.argmax())
    if gaps[widest] <= 2 * step:
        return 0.0, 360.0
    west = float(around[(widest + 1) % around.size])
    return (west - 360.0 if west > 180.0 else west), 360.0 - float(gaps[widest])


def _step(grids: list[Grid]) -> float:
    """Return the finest grid's cell size in degrees of latitude."""
    return (
        min(float(np.sqrt(np.median(grid.area)) / grid.radius_km) for grid in grids) * 180 / np.pi
    )


def on_raster(values: NDArray[np.floating], source: Grid, view: View) -> NDArray[np.floating]:
    """Return a map on the view's raster: NaN where the source has no cell.

    Conservative from the globe to the globe; else the mean over points in each raster cell, or
    bilinear where the source is no finer than the raster.
    """
    if source.is_global and view.grid.is_global:
        return on_grid(values, source, view.grid)
    if source.same_as(view.grid):
        return values
    row, column = _samples(source, view.grid)
    padded = np.concatenate([values, values[:, :1]], axis=1) if source.wraps else values
    outside = np.isnan(row)
    places = np.where(outside, 0.0, row), np.where(outside, 0.0, column)
    sampled = ndimage.map_coordinates(padded.astype(float), places, order=1, mode="nearest")
    sampled[outside] = np.nan
    known = np.isfinite(sampled)
    total = np.where(known, sampled, 0.0).sum(axis=(1, 3))
    count = known.sum(axis=(1, 3))
    enough = 2 * count >= known.shape[1] * known.shape[3]
    return np.where(enough, total / np.maximum(count, 1), np.nan)


@functools.lru_cache(maxsize=4)
def _samples(source: Grid, target: Grid) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return fractional row and column in `source` of points in each cell, (nlat, n, nlon, n)."""
    finer = _step([target]) / _step([source])
    n = int(np.clip(np.ceil(finer - 0.01), 1, MOST_SAMPLES))
    share = (np.arange(n) + 0.5) / n
    lat, lon = (
        edges[:-1, None] + np.diff(edges)[:, None] * share
        for edges in (target.lat_bounds, target.lon_bounds)
    )
    return source.locate(lat[:, :, None, None], lon[None, None, :, :])
