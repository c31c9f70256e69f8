"""PReLU with a gradient of our own: value by value and derivative by derivative torch's."""

import pytest
import torch

from stormtrace.network.slopes import Slopes


@pytest.mark.parametrize("form", [torch.contiguous_format, torch.channels_last])
def test_values_and_gradients_are_those_of_torch(form):
    torch.manual_seed(0)
    ours, theirs = Slopes(5), torch.nn.PReLU(5)
    theirs.weight.data = ours.weight.data = torch.randn(5)
    maps = torch.randn(3, 5, 7, 8)
    maps[0, 0, :2] = 0.0  # where either slope would do; torch takes that of negative values
    gradient = torch.randn(3, 5, 7, 8)
    found = []
    for module in (ours, theirs):
        x = maps.clone(memory_format=form).requires_grad_()
        y = module(x)
        y.backward(gradient)
        found.append((y, x.grad, module.weight.grad))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other)


def test_gradients_are_right_by_differences():
    torch.manual_seed(1)
    module = Slopes(3).double()
    x = torch.randn(2, 3, 4, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x, w: _with(module, w)(x), (x, module.weight))


def _with(module, weight):
    return lambda x: torch.func.functional_call(module, {"weight": weight}, (x,))


def test_without_gradients_it_is_torchs_own():
    module = Slopes(3)
    with torch.no_grad():
        assert module(torch.randn(1, 3, 2, 2)).grad_fn is None
    assert "aten::prelu" in str(
        torch.jit.trace(module.requires_grad_(False), torch.randn(1, 3, 2, 2)).graph
    )
