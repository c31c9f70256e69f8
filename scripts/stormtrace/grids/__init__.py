"""Grids: where samples, masks and maps live.

grid               a rectilinear or projected grid that knows its cells: areas, edges, neighbours
grid_checks        what coordinates must be to describe a grid
curvilinear        cells known by their centres alone
projection         coordinates x, y in metres and what they mean: CF's grid mappings, by pyproj
specification      the entries of a study's `grids:`, and the grids they describe
coordinates        the grid of a netCDF file
boxes              cells inside a box of longitudes and latitudes
cell_edges         edges between centres along an axis
polygons           cells as polygons of great circles
great_circle_areas area under the edges of a polygon, by row and column
lattice_overlaps   how much of each polygon lies in each cell of a rectilinear grid
polygon_overlaps   how much of each polygon lies in each other polygon
remapping          area means of a field on another grid
basins             ocean basins, by where an event begins
spacing            how far apart cells are
resampling         a field on a grid of another spacing, smooth where that is finer
common_area        whether two grids cover the same part of the Earth
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stormtrace.grids.boxes import box_cells
from stormtrace.grids.grid import Grid

if TYPE_CHECKING:
    from stormtrace.grids.specification import GridSpecification

__all__ = ["Grid", "box_cells", "make_grid"]


def make_grid(entry: "GridSpecification | Mapping[str, Any]") -> Grid:
    """Return the grid that an entry of `grids:` describes; see `specification.make_grid`."""
    from stormtrace.grids import specification  # pydantic starts slowly, and most jobs read grids

    return specification.make_grid(entry)
