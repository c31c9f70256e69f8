"""Losses of a segmentation, from logits.

Each takes logits (b, classes, h, w) and the target, the share of experts who voted for each class
(b, classes, h, w; one-hot where there is one labelling). Sums over the batch go through `total`,
which adds up what several processes hold: so the loss is that of the whole batch, however many
processes it is spread over. `weight` (b, 1, h, w) is what each cell counts in the sums, nothing
where nobody looked; without it every cell counts the same. Where no cell counts the loss is 0, and
so is its gradient.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional

Total = Callable[[Tensor], Tensor]
Loss = Callable[[Tensor, Tensor, Total, Tensor | None], Tensor]

#: Keeps 0 / 0 from being no number.
TINY = 1e-30


def jaccard(logits: Tensor, target: Tensor, total: Total, weight: Tensor | None = None) -> Tensor:
    """1 − mean IoU over the classes present in the batch's target: the Jaccard metric loss.

    For probabilities p and target t, the IoU of a class is Σ min(p, t) / Σ max(p, t), sums over
    cells and samples (Wang et al. 2023, arXiv:2302.05666, JML1). It is least where p = t, also
    where experts disagree. With one-hot labels it is the soft Jaccard loss Σ p·t / Σ (p + t − p·t)
    of Rahman & Wang 2016, number by number; that one, with a share of ½, is least at p = 0 or 1.
    A class that is absent from the target has no IoU to raise, so it does not count.
    """
    probability = functional.log_softmax(_exact(logits), dim=1).exp()
    # The minimum; torch.minimum would halve the gradient where p is 1 to rounding.
    both = torch.where(probability <= target, probability, target)
    sums = total(_sums([both, probability, target], weight))
    hits, predicted, true = sums
    present = true > 0
    if not present.any():
        return sums.sum() * 0
    return 1 - (hits / (predicted + true - hits))[present].mean()


def cross_entropy(
    logits: Tensor, target: Tensor, total: Total, weight: Tensor | None = None
) -> Tensor:
    """Cross-entropy, classes weighted by the inverse square root of their share in the batch.

    The plain inverse (weights of 180 for TCs) predicts far too much area; no weights, far too
    little.
    """
    likelihood = functional.log_softmax(_exact(logits), dim=1) * target
    sums = total(_sums([-likelihood, target], weight))
    weights = sums[1].detach().clamp(min=1).rsqrt()
    return (weights * sums[0]).sum() / (weights * sums[1]).sum().clamp(min=TINY)


def published_double_softmax(
    logits: Tensor, target: Tensor, total: Total, weight: Tensor | None = None
) -> Tensor:
    """ClimateNet's published loss, kept to reproduce its numbers: a softmax of a softmax.

    The second softmax squeezes probabilities of 0 and 1 to 0.21 and 0.58, so a perfect prediction
    still scores 0.764. As published, sums run over samples and latitudes, and the mean over classes
    and longitudes, absent classes included; every cell counts the same (see `Recipe`), but for
    those that nobody looked at: a longitude of nothing else has no part in the mean.
    """
    probability = _exact(logits).softmax(dim=1).softmax(dim=1)
    maps = [probability * target, probability + target]
    weighted = maps if weight is None else [one * weight for one in maps]
    hits, both = total(torch.stack([one.sum(dim=(0, 2)) for one in weighted]))
    ious = hits / (both - hits + 1e-7)
    if weight is None:
        return 1 - ious.mean()
    seen = both.detach().sum(dim=0) > 0
    return 1 - ious[:, seen].mean() if seen.any() else both.sum() * 0


def _sums(maps: Sequence[Tensor], weight: Tensor | None) -> Tensor:
    """Sum maps (b, classes, h, w) over samples and cells: (maps, classes)."""
    weighted = maps if weight is None else [one * weight for one in maps]
    return torch.stack([one.sum(dim=(0, 2, 3)) for one in weighted])


def _exact(logits: Tensor) -> Tensor:
    """Sums over a million cells need float32 at least, whatever the network computed in."""
    return logits.to(torch.promote_types(logits.dtype, torch.float32))


LOSSES: dict[str, Loss] = {
    "jaccard": jaccard,
    "cross-entropy": cross_entropy,
    "published-double-softmax": published_double_softmax,
}
