"""Grids: where samples, masks and maps live.

grid            a rectilinear or projected grid that knows its cells: areas, edges, neighbours
projection      coordinates x, y in metres and what they mean: CF's grid mappings, by pyproj
specification   the entries of a study's `grids:`, and the grids they describe
boxes           cells inside a box of longitudes and latitudes
"""

from stormtrace.constants import EARTH_RADIUS_KM
from stormtrace.grids.boxes import box_cells
from stormtrace.grids.grid import Grid
from stormtrace.grids.specification import GridSpecification, make_grid

__all__ = ["EARTH_RADIUS_KM", "Grid", "GridSpecification", "box_cells", "make_grid"]
