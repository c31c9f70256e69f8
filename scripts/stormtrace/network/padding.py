"""What a convolution sees beyond the edges of a map."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from stormtrace.errors import BadInput
from stormtrace.grids import Grid
from stormtrace.grids.spacing import is_symmetric

PADDINGS = ("circular", "sphere", "replicate")


class Padding(nn.Module):
    """Widen a map (…, ny, nx) by `width` cells on all four sides, as `widen` does.

    The module holds no weights, so it leaves no trace in a state dict. `poles`, how many
    half rows the South Pole lies beyond the first row and the North Pole beyond the last, follows
    from the grid: see `suit_grid`.
    """

    def __init__(self, width: int, kind: str = "circular") -> None:
        super().__init__()
        self.width, self.kind, self.poles = width, kind, (0, 0)

    def forward(self, x: Tensor) -> Tensor:
        """Return x with 2 · width more rows and columns."""
        if self.width == 0:
            return x
        if min(x.shape[-2:]) <= self.width:
            raise BadInput(
                f"a map of {x.shape[-2]} × {x.shape[-1]} cells at this depth of the network is too "
                f"small for {self.width} neighbours: use a grid of at least 40 × 40 cells"
            )
        sides = (self.width, self.width)
        return widen(x, sides, sides, self.kind, self.poles)


def widen(
    x: Tensor,
    rows: tuple[int, int],
    columns: tuple[int, int],
    kind: str,
    poles: tuple[int, int] = (0, 0),
) -> Tensor:
    """(…, h, w) → (…, h + sum(rows), w + sum(columns)): rows and columns (before, after) to add.

    ``circular``: every edge continues at the opposite one, the poles too, as CGNet was published:
    published weights need it. ``sphere``: longitude is circular, and the rows beyond a pole are
    the rows before it, half a turn away, in mirrored order: a cell's neighbours are those it has
    on the globe. The poles lie `poles` half rows beyond the first and the last row: 0, the pole is
    that row (CESM's fv, MERRA-2), which is not repeated; 1 (cell centres, Gaussian grids), the row
    is repeated, half a turn away; 2, it is a row that the file leaves out (720 rows of ERA5), and
    the mean of the cells on both sides takes its place.
    ``replicate``: the edge itself again, for maps of a region.
    """
    (before, after), (west, east) = rows, columns
    if kind == "replicate":
        return functional.pad(x, (west, east, before, after), mode=kind)
    # functional.pad's circular mode gives the same, but loses channels-last, which every
    # convolution then restores: a tenth to a fifth of a training step.
    if kind == "sphere":
        # Rows that are the pole are not repeated; in place of missing ones comes one less.
        missing = [int(pole == 2) for pole in poles]
        needed = [max(0, rows - one) for rows, one in zip((before, after), missing, strict=True)]
        at_pole = int(poles[0] == 0), int(poles[1] == 0)
        first, last, whole = _edges(x, -2, needed[0], needed[1], at_pole)
        south, north = [], []
        if missing[0] and before > 0:
            south = [_mean_of_sides(x.narrow(-2, 0, 1))]
        if missing[1] and after > 0:
            north = [_mean_of_sides(x.narrow(-2, x.shape[-2] - 1, 1))]
        pieces = [_beyond_pole(first), *south, *whole, *north, _beyond_pole(last)]
        # Without empty pieces: these would lose channels-last.
        x = torch.cat([one for one in pieces if one.shape[-2]], -2)
    else:
        first, last, whole = _edges(x, -2, after, before)
        x = torch.cat([last, *whole, first], -2)
    first, last, whole = _edges(x, -1, east, west)
    return torch.cat([last, *whole, first], -1)


def suit_grid(network: nn.Module, grid: Grid) -> None:
    """Let the `sphere` paddings of a network know how far the poles are from its outermost rows.

    Raises:
        BadInput: the network looks at mirror images, and the grid is not symmetric.

    """
    for module in network.modules():
        if getattr(module, "needs_symmetric_grid", False) and not is_symmetric(grid):
            raise BadInput(
                "mirror_average looks at maps and at their mirror images at the equator, but "
                f"latitudes run from {grid.lat.min():g} to {grid.lat.max():g}: run the model on a "
                "grid that is symmetric about the equator, or remove the key from its config.json"
            )
        if hasattr(module, "poles"):
            setattr(module, "poles", _pole_distances(grid))  # noqa: B010 - mypy takes it for a tensor


def _pole_distances(grid: Grid) -> tuple[int, int]:
    """Return how many half rows the poles lie beyond the first and the last row: 0, 1 or 2."""
    if not grid.is_rectilinear:
        return 1, 1
    steps = np.diff(grid.lat)[[0, -1]]
    beyond = np.array([grid.lat[0] + 90.0, 90.0 - grid.lat[-1]]) / steps
    # Gaussian rows are 0.77 rows from the pole: the nearest of three is the half.
    south, north = np.where(beyond < 0.1, 0, np.where(beyond > 0.9, 2, 1)).tolist()
    return south, north


def check_padding(kind: str, grid: Grid) -> None:
    """Refuse a padding that is wrong on a grid, before a network is trained with it.

    Raises:
        BadInput: `sphere` on a grid that does not cover the globe.

    """
    if kind == "sphere" and not grid.is_global:
        raise BadInput(
            f"padding: sphere joins the eastern edge to the western one and the rows across each "
            f"pole, but these maps cover a part of the globe ({_extent(grid)}): use padding: "
            "replicate"
        )


def false_neighbours(kind: str, grid: Grid) -> str:
    """Say that a padding joins cells that are not neighbours, as on a part of the globe, or ""."""
    if kind == "replicate" or grid.is_global:
        return ""
    return (
        f"these maps cover a part of the globe ({_extent(grid)}), but the network's padding is "
        f"{kind}, which joins opposite edges: what is found near the edges is doubtful"
    )


def _extent(grid: Grid) -> str:
    if not grid.is_rectilinear:
        ny, nx = grid.shape
        return f"{ny} by {nx} cells, {grid.lat.min():g} to {grid.lat.max():g} degrees north"
    south, north = grid.lat_bounds[[0, -1]]
    return (
        f"{south:g} to {north:g} degrees north, {grid.lon_bounds[0]:g} to "
        f"{grid.lon_bounds[-1]:g} east"
    )


def _mean_of_sides(row: Tensor) -> Tensor:
    """Return the pole as it is interpolated along every meridian, (…, 1, w)."""
    return (row + _beyond_pole(row)) / 2


def _beyond_pole(rows: Tensor) -> Tensor:
    mirrored = rows.flip(-2) if int(rows.shape[-2]) > 1 else rows
    return mirrored.roll(rows.shape[-1] // 2, dims=-1)


def _edges(
    x: Tensor, axis: int, first: int, last: int, poles: tuple[int, int] = (0, 0)
) -> tuple[Tensor, Tensor, Sequence[Tensor]]:
    """Return the `first` and the `last` cells of an axis, not counting `poles` rows at its ends.

    And all of x, cut between them where they do not overlap: the gradient of a slice is a map of
    zeros, filled and added up, that of cuts is put together (a tenth of a training step).
    """
    size, (south, north) = int(x.shape[axis]), poles
    middle = size - first - last - south - north
    if middle < 0 or 0 in (first, last):
        return x.narrow(axis, south, first), x.narrow(axis, size - north - last, last), [x]
    # Without empty pieces: these would lose channels-last.
    cuts = x.split([cells for cells in (south, first, middle, last, north) if cells], axis)
    return cuts[south], cuts[-1 - north], cuts
