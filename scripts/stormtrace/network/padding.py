"""What a convolution sees beyond the edges of a lat/lon map."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from stormtrace.errors import BadInput
from stormtrace.grids import Grid

PADDINGS = ("circular", "sphere", "replicate")


class Padding(nn.Module):
    """Widen a map (…, lat, lon) by `width` cells on all four sides, as `widen` does.

    The module holds no weights, so it leaves no trace in a state dict.
    """

    def __init__(self, width: int, kind: str = "circular") -> None:
        super().__init__()
        self.width, self.kind = width, kind

    def forward(self, x: Tensor) -> Tensor:
        """Return x with 2 · width more rows and columns."""
        if self.width == 0:
            return x
        if min(x.shape[-2:]) <= self.width:
            raise BadInput(
                f"a map of {x.shape[-2]} × {x.shape[-1]} cells at this depth of the network is too "
                f"small for {self.width} neighbours: use a grid of at least 40 × 40 cells"
            )
        return widen(x, (self.width, self.width), (self.width, self.width), self.kind)


def widen(x: Tensor, rows: tuple[int, int], columns: tuple[int, int], kind: str) -> Tensor:
    """(…, h, w) → (…, h + sum(rows), w + sum(columns)): so many (before, after) on each axis.

    ``circular``: every edge continues at the opposite one, the poles too, as CGNet was published:
    published weights need it. ``sphere``: longitude is circular, and the rows beyond a pole are
    the rows before it, half a turn away, in mirrored order: a cell's neighbours are those it has
    on the globe. The row of the pole itself is not repeated, since grids with poles as rows
    (CESM's fv, MERRA-2) have it once. ``replicate``: the edge itself again, for maps of a region.
    """
    (before, after), (west, east) = rows, columns
    if kind == "replicate":
        return functional.pad(x, (west, east, before, after), mode=kind)
    # functional.pad's circular mode gives the same, but loses channels-last, which every
    # convolution then restores: a tenth to a fifth of a training step.
    if kind == "sphere":
        first, last, whole = _edges(x, -2, before, after, pole=1)
        x = torch.cat([_beyond_pole(first), *whole, _beyond_pole(last)], -2)
    else:
        first, last, whole = _edges(x, -2, after, before, pole=0)
        x = torch.cat([last, *whole, first], -2)
    first, last, whole = _edges(x, -1, east, west, pole=0)
    return torch.cat([last, *whole, first], -1)


def check_padding(kind: str, grid: Grid) -> None:
    """Refuse a padding that would join what are no neighbours.

    Raises:
        BadInput: `sphere` on a grid that does not go round the globe.

    """
    if kind == "sphere" and not grid.is_global:
        raise BadInput(
            f"padding: sphere makes neighbours of longitudes {grid.lon[0]:g} and {grid.lon[-1]:g}, "
            "which are none on this grid of a region: use padding: replicate"
        )


def false_neighbours(kind: str, grid: Grid) -> str:
    """Say that a padding joins what are no neighbours, as on a part of the globe, or ""."""
    south, north = grid.lat_bounds[[0, -1]]
    row = float(np.diff(grid.lat).mean())  # Gaussian grids end a little before the pole
    whole = grid.is_global and south < row - 90 and north > 90 - row
    if kind == "replicate" or whole:
        return ""
    return (
        f"these maps are a part of the globe ({south:g} to {north:g} degrees north, "
        f"{grid.lon_bounds[0]:g} to {grid.lon_bounds[-1]:g} east), but the network's padding is "
        f"{kind}: cells at its edges are given neighbours that are none, so what is found there "
        "is doubtful"
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
