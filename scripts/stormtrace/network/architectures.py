"""The networks a model can be: CGNet, written here, and the families of a library.

`architecture:` in a model's YAML is a key of `ARCHITECTURES`.
"""

from collections.abc import Callable
from functools import partial

from torch import nn

from stormtrace.errors import BadInput
from stormtrace.network.cgnet import CGNet
from stormtrace.network.library import FAMILIES, make_library_network
from stormtrace.network.padding import PADDINGS

ARCHITECTURES: dict[str, Callable[[int, int, str], nn.Module]] = {
    "cgnet": CGNet,
    **{name: partial(make_library_network, name) for name in FAMILIES},
}


def make_network(architecture: str, fields: int, classes: int, padding: str) -> nn.Module:
    """Return a network with fresh weights: (b, fields, h, w) → logits (b, classes, h, w).

    Raises:
        BadInput: the architecture or the padding is unknown, or its library is not installed.

    """
    if architecture not in ARCHITECTURES:
        raise BadInput(
            f"architecture {architecture!r} is unknown; there are {', '.join(ARCHITECTURES)}"
        )
    if padding not in PADDINGS:
        raise BadInput(f"padding {padding!r} is unknown; there are {', '.join(PADDINGS)}")
    return ARCHITECTURES[architecture](fields, classes, padding)
