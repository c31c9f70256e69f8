"""Which model it is: a digest of everything its masks depend on, however it was saved."""

import hashlib
import json

import torch
from torch import nn

from stormtrace.class_table import flag_name
from stormtrace.network.model_files import ModelConfig


def model_checksum(config: ModelConfig, network: nn.Module) -> str:
    """Return ``sha256:…`` over architecture, padding, fields, labels and all tensors of a model.

    Of a tensor count its name, shape, type and bytes. torch's files of the same weights differ
    from one save to the next; this digest does not. How labels are spelled makes no difference,
    and what a field is normalized with is a choice of the experiment.
    """
    digest = hashlib.sha256()
    facts = {
        "architecture": config.architecture,
        "padding": config.padding,
        "fields": list(config.fields),
        "labels": [flag_name(label) for label in config.labels],
    }
    digest.update(json.dumps(facts, sort_keys=True).encode())
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(f"\n{name} {list(tensor.shape)} {tensor.dtype} ".encode())
        stored = tensor.detach().cpu().contiguous().flatten()
        digest.update(stored.view(torch.uint8).numpy().tobytes())
    return f"sha256:{digest.hexdigest()}"
