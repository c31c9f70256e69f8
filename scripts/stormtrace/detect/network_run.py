"""A network, or an ensemble, made ready to run on the samples of a folder."""

import copy
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import nn

from stormtrace.detect.reading_ahead import Check
from stormtrace.detect.watch import Watch
from stormtrace.errors import BadInput
from stormtrace.formats.samples import SampleFolder
from stormtrace.grids import Grid
from stormtrace.grids.spacing import spacing_of
from stormtrace.network.learned_grid import make_learned_grid, on_learned_grid
from stormtrace.network.model_files import ModelConfig, load_model
from stormtrace.network.normalization import Normalization
from stormtrace.network.padding import suit_grid
from stormtrace.network.plausible_input import PlausibleInput
from stormtrace.network.runtimes import (
    Runtime,
    Segmenter,
    choose_runtime,
    make_runtime,
    maps_at_once,
)

log = logging.getLogger("stormtrace")

#: Samples at once on a GPU, and processes that read them.
GPU_BATCH, GPU_READERS = 16, 8

Member = tuple[ModelConfig, nn.Module]

#: Loads the model of a folder.
Load = Callable[[Path], Member]


@dataclass(frozen=True)
class Choice:
    """How to run: the flags of the script.

    blank: whether all masks may be blank; regrid_to_learned: run on the spacing that the model
    learned on, and return the masks to the samples' grid.
    """

    device: torch.device
    runtime: str = "auto"
    precision: str = "float32"
    batch: int | None = None
    threads: int = 1
    probabilities: bool = False
    blank: str = "refuse"
    regrid_to_learned: bool = False
    #: Folder for what OpenVINO compiles, which the next job of the model reads.
    kept: Path | None = None


@dataclass(frozen=True)
class NetworkRun:
    """The runtime called `name`, for batches of `size` read by `readers` processes.

    learned: the grid it runs on, where that is not the samples'.
    """

    name: str
    runtime: Runtime
    watch: Watch
    size: int
    readers: int
    check: Check
    learned: Grid | None

    def facts(self) -> dict[str, str | int | float]:
        """Return what the mask file says of the run."""
        found: dict[str, str | int | float] = {
            "precision": self.runtime.precision,
            "runtime": self.name,
        }
        if self.learned is not None:
            (rows, columns), spacing = self.learned.shape, spacing_of(self.learned)
            found["regridded_to_learned"] = (
                f"the network ran on {rows} by {columns} cells of {spacing.lat:.3g} by "
                f"{spacing.lon:.3g} degrees, the spacing it learned on; each cell here has the "
                "class that covers most of it"
            )
        return found


def prepare_run(
    members: Sequence[Member],
    normalization: Normalization,
    folder: SampleFolder,
    neutral: Sequence[str],
    choice: Choice,
    year: int,
) -> NetworkRun:
    """Choose and set up the runtime, and a float32 one to compare a reduced precision with."""
    config, segmenter = members[0][0], make_segmenter(members, choice.probabilities)
    learned = None
    if choice.regrid_to_learned:
        name = str(config.content.get("name", "of config.json"))
        learned = make_learned_grid(config.content, name, folder.grid)
        log.info("the network runs on %s, the spacing it learned on", learned.describe())
    grid = learned or folder.grid
    suit_grid(segmenter, grid)
    steps, on_gpu = len(folder.paths), choice.device.type == "cuda"
    name = choose_runtime(choice.runtime, choice.device, choice.precision, steps * grid.size)
    size = min(choice.batch or (GPU_BATCH if on_gpu else maps_at_once(grid.size)), steps)
    log.info("%s on %s, %s, batches of %d", name, choice.device, choice.precision, size)
    prepare = partial(
        make_runtime,
        segmenter=segmenter,
        normalization=normalization,
        shape=grid.shape,
        device=choice.device,
        threads=choice.threads,
        kept=choice.kept,
    )

    def prepare_for_samples(name: str, precision: str) -> Runtime:
        runtime = prepare(name, precision=precision)
        return on_learned_grid(runtime, learned, folder.grid) if learned else runtime

    runtime = prepare_for_samples(name, choice.precision)
    watch = Watch(folder, config.labels, year)
    if choice.precision != "float32":
        watch.reference = prepare_for_samples("torch", "float32")
    check = PlausibleInput(normalization, neutral).check
    return NetworkRun(name, runtime, watch, size, GPU_READERS if on_gpu else 0, check, learned)


def fields_of(normalization: Normalization, neutral: Sequence[str]) -> Mapping[str, float | None]:
    """Return field -> its mean if it is neutral, or None if it is read.

    Raises:
        BadInput: a neutral field is none of the model's.

    """
    if unknown := set(neutral) - set(normalization.fields):
        raise BadInput(
            f"neutral: {', '.join(sorted(unknown))} is not a field of the model, which are "
            f"{', '.join(normalization.fields)}"
        )
    means = zip(normalization.fields, normalization.mean, strict=True)
    return {field: mean if field in neutral else None for field, mean in means}


def copies_of_models() -> Load:
    """Return what loads each model once and hands out copies, which may be changed."""
    loaded: dict[Path, Member] = {}

    def load(folder: Path) -> Member:
        if folder not in loaded:
            loaded[folder] = load_model(folder)
        config, network = loaded[folder]
        return config, copy.deepcopy(network)

    return load


def load_members(models: Sequence[Path], load: Load = load_model) -> list[Member]:
    """Load one model, or the members of an ensemble.

    Raises:
        BadInput: members differ in fields, statistics or labels.

    """
    members = [load(folder) for folder in models]
    first = members[0][0]
    for folder, (config, _) in zip(models, members, strict=True):
        if (config.normalization, config.labels) != (first.normalization, first.labels):
            raise BadInput(
                f"{folder} and {models[0]} cannot be one ensemble: their fields, statistics or "
                "labels differ"
            )
    return members


def make_segmenter(members: Sequence[Member], probabilities: bool = False) -> Segmenter:
    """Return the networks of the members as one."""
    return Segmenter([network for _, network in members], probabilities)
