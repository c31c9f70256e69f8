"""What a convolution sees beyond the edges of a map."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from stormtrace.errors import BadInput
from stormtrace.grids import Grid

PADDINGS = ("circular", "sphere", "replicate")


class Padding(nn.Module):
    """Widen a map (…, ny, nx) by `width` cells on all four sides, as `widen` does.

    The module holds no weights, so it leaves no trace in a state dict. `pole_row`, whether the
    outermost rows are the poles, follows from the grid: see `suit_grid`.
    """

    def __init__(self, width: int, kind: str = "circular") -> None:
        super().__init__()
        self.width, self.kind, self.pole_row = width, kind, True

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
        return widen(x, sides, sides, self.kind, self.pole_row)


def widen(
    x: Tensor, rows: tuple[int, int], columns: tuple[int, int], kind: str, pole_row: bool = True
) -> Tensor:
    """(…, h, w) → (…, h + sum(rows), w + sum(columns)): rows and columns (before, after) to add.

    ``circular``: every edge continues at the opposite one, the poles too, as CGNet was published:
    published weights need it. ``sphere``: longitude is circular, and the rows beyond a pole are
    the rows before it, half a turn away, in mirrored order: a cell's neighbours are those it has
    on the globe. With `pole_row` the outermost rows are the poles themselves (CESM's fv, MERRA-2)
    and not repeated; without (Gaussian grids, cell centres) they are, half a turn away.
    ``replicate``: the edge itself again, for maps of a region.
    """
    (before, after), (west, east) = rows, columns
    if kind == "replicate":
        return functional.pad(x, (west, east, before, after), mode=kind)
    # functional.pad's circular mode gives the same, but loses channels-last, which every
    # convolution then restores: a tenth to a fifth of a training step.
    if kind == "sphere":
        first, last, whole = _edges(x, -2, before, after, pole=int(pole_row))
        x = torch.cat([_beyond_pole(first), *whole, _beyond_pole(last)], -2)
    else:
        first, last, whole = _edges(x, -2, after, before, pole=0)
        x = torch.cat([last, *whole, first], -2)
    first, last, whole = _edges(x, -1, east, west, pole=0)
    return torch.cat([last, *whole, first], -1)


def suit_grid(network: nn.Module, grid: Grid) -> None:
    """Let the `sphere` paddings of a network know whether the grid's outermost rows are poles."""
    for module in network.modules():
        if hasattr(module, "pole_row"):
            setattr(module, "pole_row", all(grid.pole_rows))  # noqa: B010 - mypy takes it for a tensor


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


def _beyond_pole(rows: Tensor) -> Tensor:
    return rows.flip(-2).roll(rows.shape[-1] // 2, dims=-1)


def _edges(
    x: Tensor, axis: int, first: int, last: int, pole: int
) -> tuple[Tensor, Tensor, Sequence[Tensor]]:
    """Return the `first` and the `last` cells of an axis, not counting `pole` rows at its ends.

    And all of x, cut between them where they do not overlap: the gradient of a slice is a map of
    zeros, filled and added up, that of cuts is put together (a tenth of a training step).
    """
    size = int(x.shape[axis])
    middle = size - first - last - 2 * pole
    if middle < 0 or 0 in (first, last):
        return x.narrow(axis, pole, first), x.narrow(axis, size - pole - last, last), [x]
    # Without empty pieces: these would lose channels-last.
    cuts = x.split([cells for cells in (pole, first, middle, last, pole) if cells], axis)
    return cuts[pole], cuts[-1 - pole], cuts
