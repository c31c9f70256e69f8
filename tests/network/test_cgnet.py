"""CGNet: against a second implementation, on any size of map."""

import numpy as np
import pytest
import torch

from cgnet_reference import Reference
from stormtrace.network.cgnet import CGNet, refine


def lively(network, seed=0):
    """Give every weight and statistic a value that would show if it were misused."""
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in network.state_dict().items():
        if name.endswith("running_var"):
            tensor.uniform_(0.5, 2, generator=generator)
        elif tensor.ndim <= 1 and tensor.is_floating_point():
            tensor.uniform_(-0.5, 1, generator=generator)
    return network.eval()


@pytest.mark.parametrize("shape", [(64, 96), (45, 72), (33, 49)])
@pytest.mark.parametrize(("fields", "classes"), [(4, 3), (1, 2)])
def test_forward_agrees_with_the_formulas(shape, fields, classes):
    network = lively(CGNet(fields, classes, "circular"))
    x = torch.randn(1, fields, *shape, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        ours = network(x)[0].numpy()
    reference = Reference(network.state_dict()).logits(x[0].double().numpy())
    assert ours.shape == (classes, *shape)
    np.testing.assert_allclose(ours, reference, atol=1e-4 * abs(reference).max())


def test_number_of_weights_is_the_published_one():
    assert sum(one.numel() for one in CGNet(4, 3).parameters()) == 494_232


def test_circular_network_does_not_know_where_longitude_begins():
    """Rolled by a multiple of 8 columns (the coarsest cell), the logits roll along."""
    network = lively(CGNet(2, 3, "circular")).double()
    x = torch.randn(1, 2, 40, 64, dtype=torch.float64)
    with torch.inference_mode():
        there = network.coarse_logits(x.roll(24, dims=-1))
        here = network.coarse_logits(x).roll(3, dims=-1)
    torch.testing.assert_close(there, here, rtol=1e-10, atol=1e-10)


def test_poles_do_not_touch_on_the_sphere():
    """A change at the north pole reaches the far south only through global pooling.

    With global pooling switched off (its gates are constant), the southern half of the logits must
    stay bit by bit the same on the sphere, and must not with the published padding.
    """
    changed = {}
    for padding in ("circular", "sphere"):
        torch.manual_seed(0)
        network = CGNet(1, 3, padding).eval()
        for name, tensor in network.named_parameters():
            if ".fc.2.weight" in name:
                tensor.data.zero_()
        x = torch.zeros(1, 1, 768, 64)
        y = x.clone()
        y[..., -4:, :] = 5.0
        with torch.inference_mode():
            changed[padding] = (network(x) != network(y))[..., :8, :].any().item()
    assert changed == {"circular": True, "sphere": False}


def test_a_turned_globe_gives_turned_logits_with_no_seam_at_the_first_meridian():
    """On the sphere nothing tells one meridian from another; a turn by 16 columns is one of two
    cells of the network's own coarse map, so the logits turn with it, exactly up to rounding."""
    network = lively(CGNet(2, 3, "sphere")).eval()
    x = torch.randn(1, 2, 48, 64, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        turned = network(x.roll(16, dims=-1))
        torch.testing.assert_close(turned, network(x).roll(16, dims=-1), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("padding", ["circular", "sphere"])
@pytest.mark.parametrize("rows", [768, 361, 73])
def test_a_feature_stays_where_it_is_whatever_the_number_of_rows(rows, padding):
    """The coarse cell j covers rows 8j … 8j + 7, whose middle is 8j + 3.5. A coarse map that holds
    that number must therefore say i at row i, but for the half cell at either end. Stretched from
    46 × 8 to 361 rows, as published, row 260 (40° N) would say 265."""
    count = -(-rows // 8)
    coarse = (8 * torch.arange(count, dtype=torch.float64) + 3.5).expand(1, 1, 9, count).mT
    fine = refine(coarse.contiguous(), rows, 72, padding)
    assert fine.shape == (1, 1, rows, 72)
    inner = torch.arange(4, min(rows, 8 * count - 4))
    torch.testing.assert_close(fine[0, 0, inner, 5], inner.double(), rtol=0, atol=1e-9)


def test_rows_more_in_the_far_north_do_not_move_the_south():
    network = CGNet(1, 3, "sphere").eval()
    for name, tensor in network.named_parameters():
        if ".fc.2.weight" in name:
            tensor.data.zero_()  # no global pooling
    x = torch.randn(1, 1, 600, 64, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        torch.testing.assert_close(network(x)[..., :8, :], network(x[..., :-5, :])[..., :8, :])
