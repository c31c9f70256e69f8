"""The networks a model can be: CGNet, written here, and the families of a library.

`architecture:` in a model's YAML is a key of `ARCHITECTURES`. The families besides CGNet come from
segmentation_models_pytorch, which is optional: it needs torchvision (see
docs/decisions/second-architecture.md).
"""

from collections.abc import Callable
from typing import Any

from torch import nn

from stormtrace.errors import BadInput
from stormtrace.learn.cgnet import CGNet
from stormtrace.learn.padding import PADDINGS

LIBRARY_FAMILIES = {
    "deeplabv3plus": ("DeepLabV3Plus", {"encoder_name": "resnet34"}),
    "unet": ("Unet", {"encoder_name": "resnet34"}),
    "segformer": ("Segformer", {"encoder_name": "mit_b0"}),
}
"""Our name -> class of segmentation_models_pytorch and its arguments."""


def _cgnet(fields: int, classes: int, padding: str) -> nn.Module:
    return CGNet(fields, classes, padding)


def _from_library(name: str) -> Callable[[int, int, str], nn.Module]:
    def build(fields: int, classes: int, padding: str) -> nn.Module:
        library = _import_library(name)
        family, arguments = LIBRARY_FAMILIES[name]
        network = getattr(library, family)(
            in_channels=fields, classes=classes, encoder_weights=None, **arguments
        )
        return PaddedToMultiple(network, padding)

    return build


ARCHITECTURES: dict[str, Callable[[int, int, str], nn.Module]] = {
    "cgnet": _cgnet,
    **{name: _from_library(name) for name in LIBRARY_FAMILIES},
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


class PaddedToMultiple(nn.Module):
    """A library's network behind our padding: wide enough for its encoder, cut to size after.

    Their encoders halve the map five times and pad with zeros; here the map first gets
    `MARGIN` true neighbours on every side, then as many more as make it a multiple of 32.
    """

    MULTIPLE, MARGIN = 32, 32

    def __init__(self, network: nn.Module, padding: str) -> None:
        super().__init__()
        self.network = network
        self.kind = padding

    def forward(self, x: Any) -> Any:
        """(b, fields, h, w) → logits (b, classes, h, w)."""
        from torch.nn import functional

        from stormtrace.learn.padding import Padding

        height, width = x.shape[2:]
        wide = Padding(self.MARGIN, self.kind)(x)
        more_rows, more_columns = (-size % self.MULTIPLE for size in wide.shape[2:])
        wide = functional.pad(wide, (0, more_columns, 0, more_rows), mode="replicate")
        logits = self.network(wide)
        return logits[:, :, self.MARGIN : self.MARGIN + height, self.MARGIN : self.MARGIN + width]


def _import_library(name: str) -> Any:
    try:
        import segmentation_models_pytorch
    except ImportError as error:
        raise BadInput(
            f"architecture {name!r} needs the package segmentation_models_pytorch ({error}); "
            "install it with `pip install segmentation-models-pytorch` (it brings torchvision), "
            "use envs/torch.yaml, or choose architecture: cgnet"
        ) from error
    return segmentation_models_pytorch
