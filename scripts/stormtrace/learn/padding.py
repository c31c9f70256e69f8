"""What a convolution sees beyond the edges of a lat/lon map."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from stormtrace.errors import BadInput

PADDINGS = ("circular", "sphere")


class Padding(nn.Module):
    """Widen a map (…, lat, lon) by `width` cells on all four sides.

    ``circular``: every edge continues at the opposite one, the poles too, as CGNet was published:
    published weights need it. ``sphere``: longitude is circular, and the rows beyond a pole are
    the rows before it, half a turn away, in mirrored order: a cell's neighbours are those it has
    on the globe. The row of the pole itself is not repeated, since grids with poles as rows
    (CESM's fv, MERRA-2) have it once. The module holds no weights, so it leaves no trace in a
    state dict.
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
        return widen(x, self.width, self.kind)


def widen(x: Tensor, width: int, kind: str) -> Tensor:
    """(…, h, w) → (…, h + 2 · width, w + 2 · width)."""
    if kind == "circular":
        return functional.pad(x, (width,) * 4, mode="circular")
    south = _beyond_pole(x[..., 1 : width + 1, :])
    north = _beyond_pole(x[..., -width - 1 : -1, :])
    return functional.pad(torch.cat([south, x, north], -2), (width, width, 0, 0), mode="circular")


def _beyond_pole(rows: Tensor) -> Tensor:
    return rows.flip(-2).roll(rows.shape[-1] // 2, dims=-1)
