"""Networks that OpenVINO has compiled, kept beside their model for the jobs that follow.

Tracing and converting a network takes some seconds of CPU, reading it back a quarter of one. What
is kept bears the digest of all that it was made from, so another network, grid, processor or
version never gets it; a file that is damaged, or that OpenVINO refuses, is made again.
"""

import contextlib
import hashlib
import logging
import os
import tempfile
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from torch import nn

from stormtrace.errors import BadInput
from stormtrace.network.openvino_core import openvino_core
from stormtrace.seals import SIZE, add_seal, is_sealed

log = logging.getLogger("stormtrace")

#: Files that are kept of one model (3 MB each for CGNet): grids, precisions and threads differ.
KEPT = 8

#: Attributes of a module that say how it works, where they are of these types.
PLAIN = (bool, int, float, str, tuple, list, type(None))


def kept_network(
    folder: Path | None, network: nn.Module, facts: Mapping[str, Any], make: Callable[[], Any]
) -> Any:
    """Return OpenVINO's compiled network, read from `folder` if it is there, else made and kept.

    folder: None keeps nothing. facts: `device`, `config` (of OpenVINO) and what else it is made
    for. make: compiles it.
    """
    if folder is None:
        return make()
    path = folder / f"{identity(network, facts)}.blob"
    if (found := _read(path, facts)) is not None:
        return found
    made = make()
    with contextlib.suppress(OSError):  # a folder of somebody else's, a full disk
        _write(path, made.export_model())
    return made


def identity(network: nn.Module, facts: Mapping[str, Any]) -> str:
    """Return a digest of a network as it will run: code, settings, tensors, versions, `facts`."""
    digest = hashlib.sha256(repr(sorted(facts.items())).encode())
    packages = {"torch", "openvino"}
    for name, module in network.named_modules():
        kind = type(module)
        packages.add(kind.__module__.partition(".")[0])
        plain = {key: value for key, value in vars(module).items() if isinstance(value, PLAIN)}
        digest.update(f"{name} {kind.__module__}.{kind.__qualname__} {plain}\n".encode())
    for name, tensor in network.state_dict().items():
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    for package in sorted(packages - {"stormtrace"}):
        with contextlib.suppress(metadata.PackageNotFoundError):
            digest.update(f"{package} {metadata.version(package)}\n".encode())
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:32]


def _read(path: Path, facts: Mapping[str, Any]) -> Any:
    """Return the network of a file, None if there is none that can be used."""
    try:
        if not is_sealed(path):
            return None
        with path.open("rb") as stream:
            blob = stream.read()[:-SIZE]
        return openvino_core().import_model(blob, facts["device"], facts["config"])
    except FileNotFoundError:
        return None
    except (OSError, BadInput, RuntimeError) as error:
        log.info("the compiled network %s is of no use, and made again: %s", path, error)
        return None


def _write(path: Path, blob: Any) -> None:
    """Write a file under a name of its own first: jobs of several years do so at once."""
    path.parent.mkdir(exist_ok=True)
    number, partial = tempfile.mkstemp(dir=path.parent, prefix=".blob-")
    try:
        with os.fdopen(number, "wb") as stream:
            stream.write(blob.getvalue())
        add_seal(partial)
        Path(partial).replace(path)
    finally:
        Path(partial).unlink(missing_ok=True)
    by_age = sorted(path.parent.glob("*.blob"), key=lambda one: one.stat().st_mtime)
    for old in by_age[:-KEPT]:
        old.unlink(missing_ok=True)
