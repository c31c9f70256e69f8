"""What runs a network: torch on any device, or OpenVINO on CPUs.

Both take fields as they are stored and give the same masks in float32. Why OpenVINO, and how it was
measured: docs/decisions/cpu-runtime.md.
"""

import logging
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from stormtrace.errors import BadInput
from stormtrace.formats.mask_writing import PROBABILITY_STEPS
from stormtrace.network.devices import memory_format
from stormtrace.network.kept_networks import kept_network
from stormtrace.network.mirror_average import suit_normalization
from stormtrace.network.normalization import Normalization
from stormtrace.network.openvino_core import openvino_core
from stormtrace.network.predictor import classes_of

log = logging.getLogger("stormtrace")

Outputs = dict[str, NDArray[Any]]
Run = Callable[[NDArray[np.float32]], Outputs]

#: Output that is not finite if any logit of a map is not: the argmax of NaN would be a class.
LOGIT_SUM = "logit_sum"

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
OPENVINO_PRECISIONS = {"float32": "f32", "bfloat16": "bf16"}

#: Cells × steps from which converting a network (3 s) is repaid.
WORTH_OPENVINO = 2e7

#: Cells, and maps, that torch runs at once on a CPU. Its caches hold one large map, and more cost
#: more time and memory each; of a small one, Python's own steps are half of the time.
CELLS_AT_ONCE, MAPS_AT_ONCE = 60_000, 8


@dataclass(frozen=True)
class Runtime:
    """A network made ready to run.

    run: raw fields (b, fields, ny, nx) → `mask` int8 (b, ny, nx), and what else was asked for;
    precision: of the arithmetic that it really runs in.
    """

    run: Run
    precision: str

    def __call__(self, values: NDArray[np.float32]) -> Outputs:
        """Run it.

        Raises:
            BadInput: the network gives no finite numbers.

        """
        outputs = self.run(values)
        if not np.isfinite(outputs.pop(LOGIT_SUM)).all():
            reduced = self.precision != "float32"
            raise BadInput(
                "the network's output is not finite (NaN or infinite), so there is no mask: "
                + (
                    f"its numbers do not fit into {self.precision}; say precision: float32"
                    if reduced
                    else "its weights are damaged, or its input is far outside of what it was "
                    "trained on; compare the fields' units with the model's config.json"
                )
            )
        return outputs


class Segmenter(nn.Module):
    """Networks and what follows them: classes, and on demand probabilities and agreement.

    One network: the class of the largest logit (a softmax would change nothing). Several (an
    ensemble): the class of the largest mean probability.
    """

    def __init__(self, networks: Sequence[nn.Module], probabilities: bool = False) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)
        self.probabilities = probabilities

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the outputs, in order."""
        extra = ["probability"] * self.probabilities + ["agreement"] * (len(self.networks) > 1)
        return ("mask", *extra, LOGIT_SUM)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """(b, fields, h, w) → int8 (b, h, w), uint8 for further names, last the sums of logits."""
        logits = [network(x).float() for network in self.networks]
        logit_sum = torch.stack([one.sum(dim=(1, 2, 3)) for one in logits]).sum(dim=0)
        if len(logits) == 1 and not self.probabilities:
            return classes_of(logits[0]).to(torch.int8), logit_sum
        mean = torch.stack([one.softmax(dim=1) for one in logits]).mean(dim=0)
        mask = classes_of(logits[0] if len(logits) == 1 else mean)
        outputs = [mask.to(torch.int8)]
        if self.probabilities:
            outputs.append((mean * PROBABILITY_STEPS).round().to(torch.uint8))
        if len(logits) > 1:
            same = [(classes_of(one) == mask).to(torch.uint8) for one in logits]
            outputs.append(torch.stack(same).sum(dim=0).to(torch.uint8))
        return (*outputs, logit_sum)


def choose_runtime(name: str, device: torch.device, precision: str, cells: int) -> str:
    """Resolve `auto` to `torch` or `openvino` from the number of cells of all steps.

    Raises:
        BadInput: `openvino` on a device that is not a CPU.

    """
    if name != "auto":
        if name == "openvino" and device.type != "cpu":
            raise BadInput(f"runtime openvino runs on the CPU, not on {device.type}: use torch")
        return name
    able = device.type == "cpu" and precision in OPENVINO_PRECISIONS
    if not able or cells < WORTH_OPENVINO:
        return "torch"
    try:
        import openvino  # noqa: F401
    except ImportError:
        log.info("openvino is not installed: torch is two to three times slower on this CPU")
        return "torch"
    return "openvino"


def make_runtime(
    name: str,
    segmenter: Segmenter,
    normalization: Normalization,
    shape: tuple[int, int],
    *,
    device: torch.device,
    precision: str,
    threads: int,
    kept: Path | None = None,
) -> Runtime:
    """Return a runtime for maps of `shape` (ny, nx).

    kept: folder for what OpenVINO compiles, which the next job reads (None: nothing is kept).

    Raises:
        BadInput: an unknown precision, one that the runtime does not have, or no OpenVINO.

    """
    if precision not in PRECISIONS:
        raise BadInput(f"precision {precision!r} is not one of {', '.join(PRECISIONS)}")
    suit_normalization(segmenter, normalization)
    if name == "openvino":
        run, ran = _openvino(segmenter, normalization, shape, precision, threads, kept)
        if ran != precision:
            log.warning("precision: %s: this CPU has none, OpenVINO runs in %s", precision, ran)
        return Runtime(_in_batches_of(1, run), ran)
    run = _torch(segmenter, normalization, device, precision)
    if device.type == "cpu":
        run = _in_batches_of(maps_at_once(shape[0] * shape[1]), run)
    return Runtime(run, precision)


def maps_at_once(cells: int) -> int:
    """Return how many maps of `cells` cells torch runs at once on a CPU."""
    return min(max(CELLS_AT_ONCE // cells, 1), MAPS_AT_ONCE)


def _in_batches_of(count: int, run: Run) -> Run:
    """Run `count` maps at a time, the last of them repeated where fewer are left.

    Batches of another size round otherwise (1e-6 of a logit); in batches of one size no map's
    numbers depend on the others: so masks do not on where a run was stopped, or a year began.
    """

    def run_batches(values: NDArray[np.float32]) -> Outputs:
        spare = -len(values) % count
        if spare:
            values = np.concatenate([values, np.repeat(values[-1:], spare, axis=0)])
        outputs = [run(values[i : i + count]) for i in range(0, len(values), count)]
        total = len(values) - spare
        return {key: np.concatenate([one[key] for one in outputs])[:total] for key in outputs[0]}

    return run_batches


def _torch(
    segmenter: Segmenter, normalization: Normalization, device: torch.device, precision: str
) -> Run:
    kind, layout = PRECISIONS[precision], memory_format(device)
    segmenter = segmenter.to(device).eval()
    segmenter = segmenter.to(memory_format=layout)  # type: ignore[call-overload]
    mean, std = (torch.from_numpy(one).to(device) for one in normalization.columns())

    @torch.inference_mode()
    def run(values: NDArray[np.float32]) -> Outputs:
        x = (torch.from_numpy(values).to(device, non_blocking=True) - mean) / std
        x = x.contiguous(memory_format=layout)
        with torch.autocast(device.type, dtype=kind, enabled=kind is not torch.float32):
            outputs = segmenter(x)
        return {key: one.cpu().numpy() for key, one in zip(segmenter.names, outputs, strict=True)}

    return run


def _openvino(
    segmenter: Segmenter,
    normalization: Normalization,
    shape: tuple[int, int],
    precision: str,
    threads: int,
    kept: Path | None,
) -> tuple[Run, str]:
    """Return what runs it, and the precision that OpenVINO has chosen for its convolutions."""
    if precision not in OPENVINO_PRECISIONS:
        raise BadInput(f"runtime openvino has {', '.join(OPENVINO_PRECISIONS)}, not {precision}")
    config = {  # explicit: on recent CPUs OpenVINO's own choice is bfloat16
        "INFERENCE_PRECISION_HINT": OPENVINO_PRECISIONS[precision],
        "INFERENCE_NUM_THREADS": threads,
        "PERFORMANCE_HINT": "LATENCY",
    }
    fields = len(normalization.fields)
    segmenter = segmenter.cpu().eval()
    try:
        facts = {
            "device": "CPU",
            "processor": _processor(),
            "shape": shape,
            "config": config,
            "outputs": segmenter.names,
            "normalization": normalization.as_json(),  # of which mirror images depend
        }
        compiled = kept_network(
            kept, segmenter, facts, lambda: _compile(segmenter, (1, fields, *shape), config)
        )
    except ImportError as error:
        raise BadInput(
            f"runtime openvino needs the package openvino ({error}): install it with `pip install "
            "openvino`, use envs/torch.yaml, or say runtime: torch"
        ) from error
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1]
        raise BadInput(
            f"OpenVINO cannot run this network ({reason}): say runtime: torch"
        ) from error
    request = compiled.create_infer_request()

    def run(values: NDArray[np.float32]) -> Outputs:
        results = request.infer([normalization.apply(values)], share_inputs=True)
        return {key: results[index] for index, key in enumerate(segmenter.names)}

    return run, _ran_in(compiled)


def _ran_in(compiled: Any) -> str:
    """Return the precision of a compiled model's convolutions, whatever it was asked for."""
    kinds = {
        str(layer.get_rt_info()["runtimePrecision"].get())
        for layer in compiled.get_runtime_model().get_ordered_ops()
        if layer.get_rt_info()["layerType"].get() == "Convolution"
    }
    names = {short: name for name, short in OPENVINO_PRECISIONS.items()}
    return "/".join(sorted(names.get(kind, kind) for kind in kinds)) or "float32"


def _processor() -> str:
    return str(openvino_core().get_property("CPU", "FULL_DEVICE_NAME"))


def _compile(segmenter: Segmenter, shape: tuple[int, ...], config: dict[str, Any]) -> Any:
    import openvino

    example = torch.zeros(*shape)  # true size: what a trace knows, it keeps
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore", torch.jit.TracerWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        traced = torch.jit.trace(segmenter, example, check_trace=False)
        model = openvino.convert_model(traced, example_input=example)
    model.reshape(list(shape))
    return openvino_core().compile_model(model, "CPU", config)
