"""What a convolution sees beyond the edges of a lat/lon map."""

from torch import Tensor, cat, nn
from torch.nn import functional

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
        width = self.width
        if width == 0:
            return x
        if self.kind == "circular":
            return functional.pad(x, (width,) * 4, mode="circular")
        half_turn = x.roll(x.shape[-1] // 2, dims=-1)
        south = half_turn[..., 1 : width + 1, :].flip(-2)
        north = half_turn[..., -width - 1 : -1, :].flip(-2)
        return functional.pad(cat([south, x, north], dim=-2), (width, width, 0, 0), mode="circular")
