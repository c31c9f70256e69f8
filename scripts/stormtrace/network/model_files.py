"""A model on disk: config.json and weights.pth, ClimateNet's own layout, so models travel.

Both files may come from anyone, so both are read as data: the weights with `weights_only=True`
(a pickle that would run code is refused), the configuration within limits.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from stormtrace.class_table import flag_name
from stormtrace.classes import CLIMATENET_LABELS
from stormtrace.errors import BadInput
from stormtrace.files import write_text, writing
from stormtrace.formats.json_files import read_json, write_json
from stormtrace.network.architectures import make_network
from stormtrace.network.mirror_average import with_mirror
from stormtrace.network.normalization import Normalization, from_moments
from stormtrace.seals import MAKE_AGAIN, Damaged, digest_of

CONFIG, WEIGHTS, HISTORY = "config.json", "weights.pth", "history.csv"
WEIGHTS_DIGEST = "weights_digest"
MAX_CONFIG_BYTES = 2**20
MAX_WEIGHTS_BYTES = 2**31
MAX_FIELDS = MAX_LABELS = 64

#: Keys under which the checkpoint of somebody's training keeps the network's weights.
WRAPPERS = ("state_dict", "model_state_dict", "model")

#: What DataParallel and torch.compile put before every name.
PREFIXES = ("module.", "_orig_mod.")


@dataclass(frozen=True)
class ModelConfig:
    """What is needed to rebuild a network and feed it.

    labels: names of the classes in the order of their codes; content: the whole config.json.
    """

    architecture: str
    padding: str
    normalization: Normalization
    labels: tuple[str, ...]
    content: Mapping[str, Any]

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the channels, in order."""
        return self.normalization.fields


def read_config(folder: Path | str) -> ModelConfig:
    """Read and check a model's config.json, ours or ClimateNet's.

    Raises:
        BadInput: the file is missing, too large, not JSON, or asks for something absurd.

    """
    path = Path(folder) / CONFIG
    if not path.is_file():
        raise BadInput(f"{folder} is not a model: it has no {CONFIG}")
    if path.stat().st_size > MAX_CONFIG_BYTES:
        raise BadInput(f"{path} has {path.stat().st_size} bytes; a configuration has few thousand")
    return parse_config(read_json(path, "train.py or adopt_model.py"), str(path))


def parse_config(content: Mapping[str, Any], source: str) -> ModelConfig:
    """Check the content of a config.json; `source` names it in errors."""
    fields = content.get("fields")
    if not isinstance(fields, dict) or not all(isinstance(one, dict) for one in fields.values()):
        raise BadInput(f"{source}: `fields` must map each field to its mean and std")
    labels = content.get("labels", list(CLIMATENET_LABELS))
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise BadInput(f"{source}: `labels` must be a list of names")
    for what, count, least, most in (
        ("fields", len(fields), 1, MAX_FIELDS),
        ("labels", len(labels), 2, MAX_LABELS),
    ):
        if not least <= count <= most:
            raise BadInput(f"{source}: {count} {what}; a model has {least} to {most}")
    check_labels(labels, source)
    return ModelConfig(
        architecture=str(content.get("architecture", "cgnet")),
        padding=str(content.get("padding", "circular")),
        normalization=from_moments(list(fields), fields, "none", source),
        labels=tuple(labels),
        content=content,
    )


def check_labels(labels: Sequence[str], source: str) -> None:
    """Check the names of a model's classes, whatever their case, spaces and underscores.

    Raises:
        BadInput: the first is not the background, or a class is named twice or not at all.

    """
    names = [flag_name(label) for label in labels]
    if len(set(names)) != len(names) or "" in names:
        raise BadInput(f"{source}: `labels` names a class twice, or an empty one: {list(labels)}")
    if names[0] != flag_name("Background"):
        raise BadInput(
            f"{source}: `labels` are {list(labels)}; the first must be Background, whose code is 0"
        )


def read_weights(path: Path | str, digest: object = None) -> dict[str, Tensor]:
    """Read a state dict of finite tensors, on the CPU, without running anything in the file.

    A checkpoint that holds the state dict among other things, and names that DataParallel or
    torch.compile have prefixed, are understood. digest: what `digest_of` must give, unless None.

    Raises:
        BadInput: the file is missing, too large, damaged, hostile, or not a state dict.

    """
    path = Path(path)
    if not path.is_file():
        raise BadInput(f"{path} is missing: a model is a folder with {CONFIG} and {WEIGHTS}")
    if path.stat().st_size > MAX_WEIGHTS_BYTES:
        raise BadInput(f"{path} has {path.stat().st_size} bytes, more than {MAX_WEIGHTS_BYTES}")
    try:
        _check_digest(path, digest)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Damaged:
        raise
    except PermissionError as error:
        raise BadInput(f"{path} may not be read: no permission") from error
    except Exception as error:  # whatever torch stumbles over in a file that is damaged
        # Anything else torch says is advice on torch.load.
        found = re.search(r"WeightsUnpickler error: (\S.*)", str(error))
        reason = f" ({found[1].strip()[:200]})" if found else ""
        raise BadInput(
            f"{path} holds more than tensors, or is damaged, and is not loaded{reason}"
        ) from error
    state = _unwrapped(state)
    if not state or not all(
        isinstance(name, str) and isinstance(one, Tensor) and one.layout is torch.strided
        for name, one in state.items()
    ):
        raise BadInput(f"{path} is not a state dict: it must map names to tensors")
    # A tensor may repeat a few stored values for ever: what it claims must fit into the file.
    if sum(one.numel() * one.element_size() for one in state.values()) > path.stat().st_size:
        raise BadInput(f"{path} claims more values than it holds: it is damaged or hostile")
    for name, tensor in state.items():
        if not torch.isfinite(tensor).all():
            raise BadInput(f"{path}: {name} has values that are not finite; training diverged")
    return state


def _check_digest(path: Path, digest: object) -> None:
    """Raise Damaged unless weights are those that their config.json was written with."""
    if digest is not None and digest_of(path) != digest:
        remedy = f"{MAKE_AGAIN}; if you replaced it, remove `{WEIGHTS_DIGEST}` and `digest` from"
        why = "its bytes are not those that were written"
        raise Damaged(path, why, f"{remedy} {path.with_name(CONFIG)}")


def _unwrapped(content: Any) -> dict[str, Any]:
    """Return the state dict in what `torch.load` gave; empty if there is none."""
    for key in WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping):
        return {}
    state = dict(content)
    for prefix in PREFIXES:
        if all(isinstance(name, str) and name.startswith(prefix) for name in state):
            state = {name.removeprefix(prefix): one for name, one in state.items()}
    return state


def load_weights(network: nn.Module, state: Mapping[str, Tensor], source: str) -> None:
    """Load `state` strictly; say what differs in one sentence."""
    expected = network.state_dict()
    problems = [
        f"{len(names)} weights are {what} ({min(names)}, …)"
        for what, names in (
            ("missing", expected.keys() - state.keys()),
            ("unknown", state.keys() - expected.keys()),
        )
        if names
    ]
    shapes = [
        f"{name} is {tuple(state[name].shape)} instead of {tuple(tensor.shape)}"
        for name, tensor in expected.items()
        if name in state and state[name].shape != tensor.shape
    ]
    problems += shapes[:3]
    if problems:
        raise BadInput(f"{source} does not fit its {CONFIG}: {'; '.join(problems)}")
    network.load_state_dict(dict(state))


def load_model(folder: Path | str) -> tuple[ModelConfig, nn.Module]:
    """Return a model's configuration and its network, on the CPU, ready to predict."""
    config = read_config(folder)
    state = read_weights(Path(folder) / WEIGHTS, config.content.get(WEIGHTS_DIGEST))
    network = make_network(
        config.architecture, len(config.fields), len(config.labels), config.padding
    )
    load_weights(network, state, str(Path(folder) / WEIGHTS))
    source = str(Path(folder) / CONFIG)
    return config, with_mirror(network.eval(), config.content, config.normalization, source)


def write_model(
    folder: Path | str,
    content: Mapping[str, Any],
    state: Mapping[str, Tensor],
    history: str | None = None,
) -> None:
    """Write the files of a model, config.json with a digest of weights.pth.

    The weights are in torch's older format: the environments ClimateNet runs in (torch 1.2) read
    nothing else.
    """
    folder = Path(folder)
    cpu_state = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    with writing(folder / WEIGHTS) as partial:
        torch.save(cpu_state, partial, _use_new_zipfile_serialization=False)
        digest = digest_of(partial)
    if history is not None:
        write_text(folder / HISTORY, history)
    write_json(folder / CONFIG, {**content, WEIGHTS_DIGEST: digest}, indent=4)
