"""CGNet's forward pass once more, from the formulas alone: numpy, float64, no padding anywhere.

A circular convolution is a sum of rolled maps, one for each tap of the kernel; the second
implementation shares nothing with the first but the names of the weights.
"""

import numpy as np


def convolve(x, kernel, *, dilation=1, stride=1):
    """Σ over taps of kernel · rolled x; x (c, h, w), kernel (out, c or 1, k, k), circular."""
    half = kernel.shape[-1] // 2
    channelwise = kernel.shape[1] == 1 and len(x) > 1
    total = 0.0
    for i in range(kernel.shape[-1]):
        for j in range(kernel.shape[-1]):
            shift = ((half - i) * dilation, (half - j) * dilation)
            seen = np.roll(x, shift, axis=(1, 2))[:, ::stride, ::stride]
            tap = kernel[:, :, i, j]
            total = total + (
                tap[:, 0, None, None] * seen
                if channelwise
                else np.einsum("oc,chw->ohw", tap, seen, optimize=True)
            )
    return total


def average_pool(x):
    shifts = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    return sum(np.roll(x, shift, axis=(1, 2)) for shift in shifts)[:, ::2, ::2] / 9


def upsample(x, shape):
    """Bilinear; the centre of output cell i lies at (i + ½) / 8 − ½ of the input, clamped."""
    for axis, size in zip((1, 2), shape, strict=True):
        count = x.shape[axis]
        place = np.clip((np.arange(size) + 0.5) / 8 - 0.5, 0, None)
        low = np.minimum(place.astype(int), count - 1)
        share = np.expand_dims(place - low, 1) if axis == 1 else place - low
        high = np.minimum(low + 1, count - 1)
        x = x.take(low, axis) * (1 - share) + x.take(high, axis) * share
    return x


class Reference:
    """The network of one state dict of numpy arrays."""

    def __init__(self, weights):
        self.weights = {name: np.asarray(one, np.float64) for name, one in weights.items()}

    def normalize(self, x, name):
        """Batch normalization with running statistics (ε = 1e-3)."""
        w = {
            key: self.weights[f"{name}.{key}"][:, None, None]
            for key in ("weight", "bias", "running_mean", "running_var")
        }
        return (x - w["running_mean"]) / np.sqrt(w["running_var"] + 1e-3) * w["weight"] + w["bias"]

    def prelu(self, x, name):
        return np.where(x > 0, x, self.weights[f"{name}.weight"][:, None, None] * x)

    def block(self, x, name, stride=1):
        x = convolve(x, self.weights[f"{name}.conv.weight"], stride=stride)
        return self.prelu(self.normalize(x, f"{name}.bn"), f"{name}.act")

    def joint(self, x, name, dilation):
        near = convolve(x, self.weights[f"{name}.F_loc.conv.weight"])
        far = convolve(x, self.weights[f"{name}.F_sur.conv.weight"], dilation=dilation)
        return np.concatenate([near, far])

    def context(self, x, name):
        hidden = self.weights[f"{name}.fc.0.weight"] @ x.mean((1, 2))
        hidden = np.maximum(hidden + self.weights[f"{name}.fc.0.bias"], 0)
        gate = self.weights[f"{name}.fc.2.weight"] @ hidden + self.weights[f"{name}.fc.2.bias"]
        return x * (1 / (1 + np.exp(-gate)))[:, None, None]

    def down(self, x, name, dilation):
        x = self.joint(self.block(x, f"{name}.conv1x1", stride=2), name, dilation)
        x = self.prelu(self.normalize(x, f"{name}.bn"), f"{name}.act")
        return self.context(
            convolve(x, self.weights[f"{name}.reduce.conv.weight"]), f"{name}.F_glo"
        )

    def guided(self, x, name, dilation):
        joint = self.joint(self.block(x, f"{name}.conv1x1"), name, dilation)
        joint = self.prelu(self.normalize(joint, f"{name}.bn_prelu.bn"), f"{name}.bn_prelu.act")
        return x + self.context(joint, f"{name}.F_glo")

    def logits(self, x):
        """(fields, h, w) → (classes, h, w)."""
        half = self.block(x, "level1_0", stride=2)
        half = self.block(self.block(half, "level1_1"), "level1_2")
        joined = np.concatenate([half, average_pool(x)])
        joined = self.prelu(self.normalize(joined, "b1.bn"), "b1.act")
        first = deep = self.down(joined, "level2_0", 2)
        for i in range(2):
            deep = self.guided(deep, f"level2.{i}", 2)
        joined = np.concatenate([deep, first, average_pool(average_pool(x))])
        joined = self.prelu(self.normalize(joined, "bn_prelu_2.bn"), "bn_prelu_2.act")
        first = deep = self.down(joined, "level3_0", 4)
        for i in range(20):
            deep = self.guided(deep, f"level3.{i}", 4)
        joined = np.concatenate([first, deep])
        joined = self.prelu(self.normalize(joined, "bn_prelu_3.bn"), "bn_prelu_3.act")
        return upsample(convolve(joined, self.weights["classifier.0.conv.weight"]), x.shape[1:])
