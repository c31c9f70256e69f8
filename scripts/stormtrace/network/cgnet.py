"""CGNet, the light-weight context guided network, as ClimateNet uses it.

Wu et al. (2019, arXiv:1811.08201) give the blocks; Kapp-Schwoerer et al. (2020, "Spatio-temporal
segmentation and tracking of weather patterns with light-weight neural networks") train it on
climate data with periodic padding. Modules bear the names of the published state dicts, so that
ClimateNet's weights load here strictly, and ours load there.

Shapes: b samples, c channels, h × w cells of the map a module works on.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from stormtrace.network.padding import Padding
from stormtrace.network.slopes import Slopes

BATCH_NORM_EPSILON = 1e-3
LEVEL2_BLOCKS, LEVEL3_BLOCKS = 2, 20
LEVEL2_DILATION, LEVEL3_DILATION = 2, 4
LEVEL2_REDUCTION, LEVEL3_REDUCTION = 8, 16

#: Cells of the map along one of the network's coarsest: three halvings.
COARSE = 8


class PaddedConvolution(nn.Module):
    """A convolution without bias whose output has the size of its input, divided by the stride."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        padding: str,
        *,
        stride: int = 1,
        dilation: int = 1,
        channelwise: bool = False,
    ) -> None:
        super().__init__()
        self.pad = Padding((kernel - 1) // 2 * dilation, padding)
        self.conv = nn.Conv2d(
            inputs,
            outputs,
            kernel,
            stride=stride,
            dilation=dilation,
            groups=inputs if channelwise else 1,
            bias=False,
        )

    def forward(self, x: Tensor) -> Tensor:
        """(b, inputs, h, w) → (b, outputs, ⌈h/stride⌉, ⌈w/stride⌉)."""
        return self.conv(self.pad(x))


class NormalizedActivation(nn.Module):
    """Batch normalization, then a PReLU with one slope a channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bn = nn.BatchNorm2d(channels, eps=BATCH_NORM_EPSILON)
        self.act = Slopes(channels)

    def forward(self, x: Tensor) -> Tensor:
        """(b, channels, h, w) → the same shape."""
        return self.act(self.bn(x))


class ConvolutionBlock(PaddedConvolution):
    """Convolution, batch normalization, PReLU."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, padding: str, stride: int = 1
    ) -> None:
        super().__init__(inputs, outputs, kernel, padding, stride=stride)
        self.bn = nn.BatchNorm2d(outputs, eps=BATCH_NORM_EPSILON)
        self.act = Slopes(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(b, inputs, h, w) → (b, outputs, ⌈h/stride⌉, ⌈w/stride⌉)."""
        return self.act(self.bn(super().forward(x)))


class GlobalContext(nn.Module):
    """Weigh channels by what the whole map holds (F_glo of the paper)."""

    def __init__(self, channels: int, reduction: int) -> None:
        super().__init__()
        self.fc = nn.Sequential(
            nn.Linear(channels, channels // reduction),
            nn.ReLU(inplace=True),
            nn.Linear(channels // reduction, channels),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(b, channels, h, w) → the same shape."""
        weights = self.fc(x.mean(dim=(2, 3)))
        return x * weights[:, :, None, None]


class _LocalAndSurrounding(nn.Module):
    """What both context guided blocks share: F_loc and F_sur, side by side."""

    def __init__(self, channels: int, dilation: int, padding: str) -> None:
        super().__init__()
        self.F_loc = PaddedConvolution(channels, channels, 3, padding, channelwise=True)
        self.F_sur = PaddedConvolution(
            channels, channels, 3, padding, dilation=dilation, channelwise=True
        )

    def joint(self, x: Tensor) -> Tensor:
        """(b, channels, h, w) → (b, 2 · channels, h, w)."""
        return torch.cat([self.F_loc(x), self.F_sur(x)], dim=1)


class ContextGuidedBlock(_LocalAndSurrounding):
    """A residual block at constant resolution."""

    def __init__(self, channels: int, dilation: int, reduction: int, padding: str) -> None:
        super().__init__(channels // 2, dilation, padding)
        self.conv1x1 = ConvolutionBlock(channels, channels // 2, 1, padding)
        self.bn_prelu = NormalizedActivation(channels)
        self.F_glo = GlobalContext(channels, reduction)

    def forward(self, x: Tensor) -> Tensor:
        """(b, channels, h, w) → the same shape."""
        return x + self.F_glo(self.bn_prelu(self.joint(self.conv1x1(x))))


class ContextGuidedDownsampling(_LocalAndSurrounding):
    """A block that halves the resolution."""

    def __init__(
        self, inputs: int, outputs: int, dilation: int, reduction: int, padding: str
    ) -> None:
        super().__init__(outputs, dilation, padding)
        self.conv1x1 = ConvolutionBlock(inputs, outputs, 3, padding, stride=2)
        self.bn = nn.BatchNorm2d(2 * outputs, eps=BATCH_NORM_EPSILON)
        self.act = Slopes(2 * outputs)
        self.reduce = PaddedConvolution(2 * outputs, outputs, 1, padding)
        self.F_glo = GlobalContext(outputs, reduction)

    def forward(self, x: Tensor) -> Tensor:
        """(b, inputs, h, w) → (b, outputs, ⌈h/2⌉, ⌈w/2⌉)."""
        joint = self.joint(self.conv1x1(x))
        return self.F_glo(self.reduce(self.act(self.bn(joint))))


class InputInjection(nn.Module):
    """The input itself, averaged down `times` times by 3 × 3 windows of stride 2."""

    def __init__(self, times: int, padding: str) -> None:
        super().__init__()
        self.pad = Padding(1, padding)
        self.times = times

    def forward(self, x: Tensor) -> Tensor:
        """(b, c, h, w) → (b, c, ⌈h/2^times⌉, ⌈w/2^times⌉)."""
        for _ in range(self.times):
            x = functional.avg_pool2d(self.pad(x), kernel_size=3, stride=2)
        return x


class CGNet(nn.Module):
    """The network: three levels at 1/2, 1/4 and 1/8 of the resolution, and a 1 × 1 classifier."""

    def __init__(self, fields: int, classes: int, padding: str = "circular") -> None:
        super().__init__()
        self.padding = padding
        self.level1_0 = ConvolutionBlock(fields, 32, 3, padding, stride=2)
        self.level1_1 = ConvolutionBlock(32, 32, 3, padding)
        self.level1_2 = ConvolutionBlock(32, 32, 3, padding)
        self.sample1 = InputInjection(1, padding)
        self.sample2 = InputInjection(2, padding)
        self.b1 = NormalizedActivation(32 + fields)

        self.level2_0 = ContextGuidedDownsampling(
            32 + fields, 64, LEVEL2_DILATION, LEVEL2_REDUCTION, padding
        )
        self.level2 = nn.ModuleList(
            ContextGuidedBlock(64, LEVEL2_DILATION, LEVEL2_REDUCTION, padding)
            for _ in range(LEVEL2_BLOCKS)
        )
        self.bn_prelu_2 = NormalizedActivation(128 + fields)

        self.level3_0 = ContextGuidedDownsampling(
            128 + fields, 128, LEVEL3_DILATION, LEVEL3_REDUCTION, padding
        )
        self.level3 = nn.ModuleList(
            ContextGuidedBlock(128, LEVEL3_DILATION, LEVEL3_REDUCTION, padding)
            for _ in range(LEVEL3_BLOCKS)
        )
        self.bn_prelu_3 = NormalizedActivation(256)
        self.classifier = nn.Sequential(PaddedConvolution(256, classes, 1, padding))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)

    def coarse_logits(self, x: Tensor) -> Tensor:
        """(b, fields, h, w) → logits (b, classes, ⌈h/8⌉, ⌈w/8⌉), before the upsampling."""
        half = self.level1_2(self.level1_1(self.level1_0(x)))
        half = self.b1(torch.cat([half, self.sample1(x)], dim=1))

        first = quarter = self.level2_0(half)
        for block in self.level2:
            quarter = block(quarter)
        quarter = self.bn_prelu_2(torch.cat([quarter, first, self.sample2(x)], dim=1))

        first = eighth = self.level3_0(quarter)
        for block in self.level3:
            eighth = block(eighth)
        return self.classifier(self.bn_prelu_3(torch.cat([first, eighth], dim=1)))

    def forward(self, x: Tensor) -> Tensor:
        """(b, fields, h, w) → logits (b, classes, h, w)."""
        return refine(self.coarse_logits(x), int(x.shape[2]), int(x.shape[3]), self.padding)


def refine(coarse: Tensor, height: int, width: int, padding: str) -> Tensor:
    """(b, classes, ⌈height/8⌉, ⌈width/8⌉) → (b, classes, height, width), bilinear.

    A coarse cell stands for `COARSE` × `COARSE` cells on every grid; what the last ones reach over
    the map's edge is cut off. (The published code stretches the coarse map to the map's size: on
    MERRA-2's 361 rows, 46 × 8 = 368, that moves what is found at 40° N by 2.5° to the south.)

    As published (``circular``), nothing is blended across the first meridian, which leaves a seam
    in what is found there. On the ``sphere`` a column of the other side is put beside each edge.
    """
    beside = COARSE if padding == "sphere" else 0
    if beside:
        coarse = functional.pad(coarse, (1, 1, 0, 0), mode="circular")
    size = (COARSE * int(coarse.shape[2]), COARSE * int(coarse.shape[3]))
    fine = functional.interpolate(coarse, size=size, mode="bilinear", align_corners=False)
    return fine[..., :height, beside : beside + width]
