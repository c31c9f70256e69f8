"""Where a network runs, and what must be set before it does."""

import ctypes
import os
import resource
import sys

import torch

from stormtrace.errors import BadInput

DEVICES = ("auto", "cuda", "mps", "cpu")
#: Parameters of glibc's `mallopt`.
M_MMAP_THRESHOLD, M_TRIM_THRESHOLD = -3, -1


def choose_device(name: str) -> torch.device:
    """Return the device called `name`; `auto` is the fastest there is: cuda, mps, cpu.

    Of several processes each process gets the GPU of its local rank.
    """
    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        name = next(one for one in ("cuda", "mps", "cpu") if available[one])
    if not available.get(name, False):
        there = ", ".join(one for one, is_there in available.items() if is_there)
        raise BadInput(f"device {name!r} is not on this machine; there is {there} (or use auto)")
    if name == "cuda":
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    return torch.device(name)


def prepare_device(device: torch.device, threads: int | None = None) -> None:
    """Make float32 mean float32, and memory stay with the process once it has it."""
    if threads is not None:
        torch.set_num_threads(threads)
    if device.type == "cuda":
        torch.cuda.set_device(device)
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False  # on by default: 10-bit mantissas, silently
        torch.backends.cudnn.benchmark = True
    else:
        keep_freed_memory()


def memory_format(device: torch.device) -> torch.memory_format:
    """Return how maps lie in memory: channels last where the network is faster so (measured)."""
    return torch.contiguous_format if device.type == "mps" else torch.channels_last


def keep_freed_memory() -> None:
    """Tell glibc not to hand large freed blocks back to the kernel.

    Otherwise each activation map of a large batch is mapped again, page by page, in every layer:
    that is three quarters of the published code's time on CPUs. Elsewhere than on glibc nothing
    happens.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return
    mallopt(M_MMAP_THRESHOLD, 2**30)
    mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


def peak_memory(device: torch.device) -> float:
    """Return the most memory this process has had on the device so far, bytes."""
    if device.type == "cuda":
        return float(torch.cuda.max_memory_allocated(device))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak if sys.platform == "darwin" else peak * 1024)
