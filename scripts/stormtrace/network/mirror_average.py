"""A network that looks at a map and at its mirror image, and means the probabilities of both."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from stormtrace.errors import BadInput
from stormtrace.network.normalization import Normalization

#: Key of config.json: the fields that change sign in a mirror at the equator, where both are meant.
MIRROR_AVERAGE = "mirror_average"


class MirrorAverage(nn.Module):
    """Log of the mean probability over a map and its mirror at the equator, mirrored back.

    x is normalized, so a field whose raw values r change sign becomes −x − 2 · mean / std. The
    offsets follow from the normalization in use: see `suit_normalization`.
    """

    needs_symmetric_grid = True
    signs: Tensor
    offsets: Tensor

    def __init__(self, network: nn.Module, odd: tuple[bool, ...]) -> None:
        super().__init__()
        self.network = network
        self.odd = odd
        sign = torch.where(torch.tensor(odd), -1.0, 1.0)[:, None, None]
        self.register_buffer("signs", sign, persistent=False)
        self.register_buffer("offsets", torch.zeros(len(odd), 1, 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(b, fields, h, w) → logits (b, classes, h, w)."""
        mirrored = self.network(x.flip(-2) * self.signs + self.offsets).float().flip(-2)
        plain = self.network(x).float()
        return ((plain.softmax(dim=1) + mirrored.softmax(dim=1)) / 2).clamp(min=1e-30).log()


def suit_normalization(network: nn.Module, normalization: Normalization) -> None:
    """Let the mirror averages in a network know what its input is normalized with."""
    mean, std = (torch.from_numpy(one) for one in normalization.columns())
    for module in network.modules():
        if isinstance(module, MirrorAverage):
            offsets = torch.where(module.signs.cpu() < 0, -2 * mean / std, 0.0)
            module.offsets = offsets.to(module.offsets)


def with_mirror(
    network: nn.Module, content: Mapping[str, Any], normalization: Normalization, source: str
) -> nn.Module:
    """Return the network as its config.json says: itself, or the mean with its mirror image.

    Raises:
        BadInput: the key names what is no field.

    """
    odd = content.get(MIRROR_AVERAGE)
    if odd is None:
        return network
    if not isinstance(odd, list) or not set(odd) <= set(normalization.fields):
        raise BadInput(
            f"{source}: `{MIRROR_AVERAGE}` is {odd!r}, but must list the fields that change sign in"
            f" a mirror at the equator, of {', '.join(normalization.fields)}"
        )
    averaged = MirrorAverage(network, tuple(field in odd for field in normalization.fields))
    suit_normalization(averaged, normalization)
    return averaged.eval()
