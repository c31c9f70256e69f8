"""Losses: the numbers that follow from their formulas."""

import numpy as np
import pytest
import torch

from stormtrace.learn.losses import LOSSES, cross_entropy, jaccard, published_double_softmax

SHARES = (0.9386, 0.0055, 0.0559)  # of ClimateNet's test pixels


def alone(x):
    return x


def labelled_rows():
    """A target whose every column has ClimateNet's shares: (1, 3, 10000, 2)."""
    rows = torch.repeat_interleave(
        torch.arange(3), torch.tensor([round(10_000 * share) for share in SHARES])
    )
    return torch.nn.functional.one_hot(rows, 3).T[None, :, :, None].float().repeat(1, 1, 1, 2)


def never_a_cyclone(target):
    seen = target.clone()
    seen[:, 0] += seen[:, 1]
    seen[:, 1] = 0
    return seen


# By hand, for p = softmax(10 · one-hot), q = softmax(p): a perfect prediction has q = .576 on the
# true class and .212 elsewhere; IoU of background .568, TC .015, AR .126; mean .236: loss .764.
@pytest.mark.parametrize(
    ("loss", "perfect", "no_cyclone"),
    [(published_double_softmax, 0.764, 0.767), (jaccard, 0.003, 0.335)],
)
def test_floor_of_the_published_loss_and_of_ours(loss, perfect, no_cyclone):
    target = labelled_rows()
    assert loss(10 * target, target, alone).item() == pytest.approx(perfect, abs=6e-4)
    seen = 10 * never_a_cyclone(target)
    assert loss(seen, target, alone).item() == pytest.approx(no_cyclone, abs=6e-4)


def test_jaccard_by_hand():
    """Two cells, two classes, probabilities .5: hits 1·.5 each; union .5 + .5 + 1 − .5 = 1.5."""
    target = torch.tensor([[[[1.0, 0.0]], [[0.0, 1.0]]]])
    assert jaccard(torch.zeros_like(target), target, alone).item() == pytest.approx(1 - 0.5 / 1.5)


def test_jaccard_counts_present_classes_only():
    target = torch.zeros(1, 3, 4, 4)
    target[:, 0] = 1
    assert jaccard(20 * target, target, alone).item() == pytest.approx(0, abs=1e-6)


def test_cross_entropy_by_hand():
    """Counts 9 and 1 weigh 1/3 and 1; equal logits cost ln 2 whatever the weights.

    A miss of the one rare cell by a logit difference d costs, when all else is certain,
    1·d / (9/3 + 1) = d / 4.
    """
    target = torch.zeros(1, 2, 1, 10)
    target[0, 0, 0, :9] = 1
    target[0, 1, 0, 9] = 1
    assert cross_entropy(torch.zeros_like(target), target, alone).item() == pytest.approx(0.693147)
    logits = torch.zeros_like(target)
    logits[0, 0] = 40.0
    assert cross_entropy(logits, target, alone).item() == pytest.approx(10.0, abs=1e-4)


@pytest.mark.parametrize("name", LOSSES)
def test_losses_fall_along_their_gradient(name):
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 3, 8, 8, generator=generator, requires_grad=True)
    codes = torch.randint(0, 3, (2, 8, 8), generator=generator)
    target = torch.nn.functional.one_hot(codes, 3).permute(0, 3, 1, 2).float()
    before = LOSSES[name](logits, target, alone)
    (gradient,) = torch.autograd.grad(before, logits)
    after = LOSSES[name](logits - 0.1 * gradient / gradient.abs().max(), target, alone)
    assert after < before


def learned(loss, target, weight=None):
    """Probabilities of class 1 after following a loss's gradient from indifference, (h, w)."""
    logits = torch.zeros_like(target, requires_grad=True)
    optimizer = torch.optim.Adam([logits], lr=0.02)
    for _ in range(600):
        optimizer.zero_grad()
        loss(logits, target, alone, weight).backward()
        optimizer.step()
    return logits.detach().softmax(1)[0, 1].numpy()


def disputed():
    """Shares of class 1 of four cells: none, half, a quarter and all of the experts."""
    share = torch.tensor([[0.0, 0.5], [0.25, 1.0]])
    return torch.stack([1 - share, share])[None]


def test_a_disputed_cell_is_learned_as_disputed():
    """The loss is nought where p = t alone; the soft Jaccard loss drives ½ to 1 and ¼ to 0."""
    target = disputed()
    exact = jaccard(target.clamp(min=1e-30).log(), target, alone)
    assert exact.item() == pytest.approx(0, abs=1e-6)
    found = learned(jaccard, target)
    np.testing.assert_allclose(found, [[0, 0.5], [0.25, 1]], atol=0.03)


def test_jaccard_metric_loss_by_hand():
    """Background: Σ min = ½ + ½, Σ max = 1 + ½; the feature the same: 1 − ⅔."""
    target = torch.tensor([[[[1.0, 0.5]], [[0.0, 0.5]]]])
    by_hand = 1 - ((0.5 + 0.5) / (1 + 0.5) + 0.5 / 1.0) / 2
    assert jaccard(torch.zeros_like(target), target, alone).item() == pytest.approx(by_hand)


def test_with_one_hot_labels_nothing_has_changed():
    """Rahman & Wang's soft Jaccard, bit by bit, gradients too, saturated cells included."""

    def soft_jaccard(logits, target):
        p = torch.nn.functional.log_softmax(logits, dim=1).exp()
        sums = [(p * target).sum((0, 2, 3)), p.sum((0, 2, 3)), target.sum((0, 2, 3))]
        return 1 - (sums[0] / (sums[1] + sums[2] - sums[0]))[sums[2] > 0].mean()

    generator = torch.Generator().manual_seed(0)
    codes = torch.randint(0, 3, (2, 40, 50), generator=generator)
    target = torch.nn.functional.one_hot(codes, 3).permute(0, 3, 1, 2).float()
    for scale in (1, 20, 200):
        logits = scale * torch.randn(2, 3, 40, 50, generator=generator)
        logits.requires_grad_()
        old, new = soft_jaccard(logits, target), jaccard(logits, target, alone)
        assert torch.equal(old, new)
        gradients = [torch.autograd.grad(one, logits)[0] for one in (old, new)]
        assert torch.equal(*gradients)


@pytest.mark.parametrize("loss", [jaccard, cross_entropy])
def test_a_cell_of_weight_two_counts_as_two_and_one_of_none_not_at_all(loss):
    target = disputed()
    logits = torch.tensor([[[[0.3, -1.0], [0.2, 2.0]], [[0.1, 0.5], [-0.4, 1.0]]]])
    weight = torch.tensor([[[[1.0, 2.0], [1.0, 0.0]]]])
    cells = [0, 1, 1, 2]
    twice = [one.flatten(2)[:, :, cells].unsqueeze(2) for one in (logits, target)]
    assert loss(logits, target, alone, weight).item() == pytest.approx(loss(*twice, alone).item())
