"""One process or several: the same batch, the same sums, the same weights.

`train.py --processes N` (or torchrun) splits every batch among N processes. The loss and the batch
normalization add up over all of them, so the result does not depend on N except by rounding.
"""

import os
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from stormtrace.learn.launching import MEETING


@dataclass(frozen=True)
class Processes:
    """Which of how many processes this is."""

    rank: int = 0
    count: int = 1
    local_rank: int = 0

    @property
    def is_first(self) -> bool:
        """Whether this process writes the files and the log."""
        return self.rank == 0

    def total(self, x: Tensor) -> Tensor:
        """Sum of x over all processes; differentiable, its gradient being a sum too."""
        return x if self.count == 1 else _Total.apply(x)

    def any(self, flag: bool) -> bool:
        """Whether any process says so: what one decides by its clock, all must do."""
        return bool(self.total(torch.tensor([int(flag)])) > 0) if self.count > 1 else flag


def join_processes(device: torch.device) -> Processes:
    """Join the processes that `launch` or torchrun has started, or be the only one."""
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        return Processes()
    # Flags and sums of losses may lie on the CPU, gradients on the GPU: a way for each.
    distributed.init_process_group(
        "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo",
        init_method=os.environ.get(MEETING),
        rank=int(os.environ["RANK"]),
        world_size=count,
    )
    return Processes(distributed.get_rank(), count, int(os.environ["LOCAL_RANK"]))


def leave_processes() -> None:
    """Close the connection to the other processes, if there are any."""
    if distributed.is_available() and distributed.is_initialized():
        distributed.destroy_process_group()


def share_gradients(network: nn.Module, processes: Processes, device: torch.device) -> nn.Module:
    """Return the network as training calls it: gradients are means over all processes."""
    if processes.count == 1:
        return network
    devices = [device] if device.type == "cuda" else None
    # Every process computes the same running statistics: nothing to broadcast.
    return DistributedDataParallel(network, device_ids=devices, broadcast_buffers=False)


def share_batch_norm(network: nn.Module, processes: Processes, device: torch.device) -> nn.Module:
    """Let every batch normalization see the whole batch, not one process's part of it."""
    if processes.count == 1:
        return network
    if device.type == "cuda":
        return nn.SyncBatchNorm.convert_sync_batchnorm(network)
    for module in network.modules():
        for name, child in module.named_children():
            if type(child) is nn.BatchNorm2d:
                setattr(module, name, SharedBatchNorm(child, processes))
    return network


class SharedBatchNorm(nn.BatchNorm2d):
    """Batch normalization over all processes, for CPUs (torch's own needs a GPU)."""

    def __init__(self, like: nn.BatchNorm2d, processes: Processes) -> None:
        super().__init__(like.num_features, eps=like.eps, momentum=like.momentum)
        self.load_state_dict(like.state_dict())
        self.processes = processes

    def forward(self, x: Tensor) -> Tensor:
        """(b, c, h, w) → the same shape."""
        if not self.training:
            return super().forward(x)
        given, x = x.dtype, x.to(self.weight.dtype)  # sums of bfloat16 would lose their small end
        over = (0, 2, 3)
        cells = torch.tensor([x.numel() / x.shape[1]], dtype=torch.float64)
        count = float(self.processes.total(cells))
        mean = self.processes.total(x.sum(over)) / count
        centred = x - mean[:, None, None]
        variance = self.processes.total(centred.square().sum(over)) / count
        self._remember(mean.detach(), variance.detach() * count / (count - 1))
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return torch.addcmul(self.bias[:, None, None], centred, scale[:, None, None]).to(given)

    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        assert self.running_mean is not None and self.running_var is not None
        assert self.momentum is not None and self.num_batches_tracked is not None
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance, self.momentum)
        self.num_batches_tracked += 1


class _Total(torch.autograd.Function):
    """Sum over processes. Its gradient is a sum too: every process has a loss of its own."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        x = x.clone()
        distributed.all_reduce(x)
        return x

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        gradient = gradients[0].clone()
        distributed.all_reduce(gradient)
        return gradient
