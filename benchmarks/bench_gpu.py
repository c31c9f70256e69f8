"""What a GPU makes of detection and training: one run of at most eight minutes.

    python benchmarks/bench_gpu.py [--minutes 8] [--output benchmarks/gpu.md]
    python benchmarks/bench_gpu.py --quick

Measures on the CUDA device it finds and writes the table with the device's name, row by row: what
was measured stays if the run ends early, and a row that no time is left for says so. --quick runs
everything on small maps, on a CPU where there is no GPU, and prints. Networks, readers, jobs and
training steps are the library's own (gpu_rows.py calls them). torch.compile is off in --quick,
since it takes a minute, unless TORCH_COMPILE_DISABLE=0.
"""

import argparse
import os
import platform
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))


@dataclass(frozen=True)
class Scale:
    """How much is measured. seconds: of each row that repeats something."""

    shape: tuple[int, int] = (768, 1152)
    year: int = 2920
    on_disk: int = 730
    labelled: int = 398
    batches: tuple[int, ...] = (1, 4, 16, 64)
    batch: int = 16
    readers: tuple[int, ...] = (4, 8, 16)
    jobs: tuple[str, ...] = ("float32", "bfloat16", "float16")
    seconds: float = 1.0
    copied: int = 2**30


QUICK = Scale((40, 48), 8, 4, 8, (1, 4), 4, (2,), ("bfloat16",), 0.0, 2**20)


@dataclass
class Page:
    """The tables so far, and the time that is left for more."""

    title: str
    deadline: float
    output: Path | None
    lines: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def section(self, text, *columns):
        """Begin a table."""
        self.lines += ["", text, "", self._line(columns), "|" + "---|" * len(columns)]
        self.columns = len(columns)

    def row(self, *what, needs, measure):
        """Measure a row, a list of cells, if the seconds it needs are left; return its numbers.

        measure returns (cells, numbers), or cells alone.
        """
        import torch

        found = None
        if time.monotonic() + needs > self.deadline:
            cells = ["left out: no time"]
        else:
            try:
                found = measure()
                cells = found[0] if isinstance(found, tuple) else found
            except torch.OutOfMemoryError:
                cells = ["does not fit into the device's memory"]
            except (Exception, SystemExit) as error:
                traceback.print_exc()
                lines = str(error).strip().splitlines() or [type(error).__name__]
                # What a job says last is why it failed.
                cells = [f"failed: {lines[-isinstance(error, SystemExit)][:200]}"]
                self.failed.append(" ".join(map(str, what)))
        self.add(*what, *cells)
        return found[1] if isinstance(found, tuple) else None

    def add(self, *cells):
        """Add a row of finished cells, and keep the page."""
        cells = [*map(str, cells), *[""] * (self.columns - len(cells))]
        self.lines.append(self._line(cells))
        print(self.lines[-1], file=sys.stderr, flush=True)
        self.save()

    def save(self):
        """Write the page, where it is written."""
        if self.output is not None:
            self.output.write_text(self.text(), encoding="utf-8")

    def text(self):
        """Return the page."""
        return "\n".join([f"# {self.title}", *self.lines]) + "\n"

    @staticmethod
    def _line(cells):
        return "| " + " | ".join(cells) + " |"


def main():
    """Measure everything and write the page."""
    began = time.monotonic()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small maps, any device, printed")
    parser.add_argument("--minutes", type=float, default=8.0, help="when no row begins any more")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "gpu.md")
    parser.add_argument("--folder", type=Path, help="where samples are on disk (default: TMPDIR)")
    flags = parser.parse_args()

    import torch
    import torch._dynamo

    from gpu_files import memory_folder
    from gpu_rows import Bench
    from stormtrace.network.devices import choose_device, prepare_device

    if flags.quick:
        torch._dynamo.config.disable = True
    if not (flags.quick or torch.cuda.is_available()):
        sys.exit("no CUDA device here: run it where there is one, or say --quick")
    device = choose_device("cuda" if torch.cuda.is_available() else "cpu")
    prepare_device(device, None if device.type == "cuda" else 1)
    # The last row that began may need some seconds more: jobs are stopped at the deadline.
    deadline = began + 60 * flags.minutes - 10
    page = Page(title_of(device), deadline, None if flags.quick else flags.output)
    page.lines += ["", about(device)]
    with (
        tempfile.TemporaryDirectory(dir=flags.folder) as disk,
        tempfile.TemporaryDirectory(dir=memory_folder() or disk) as memory,
    ):
        scale = QUICK if flags.quick else Scale()
        Bench(page, device, scale, Path(memory), Path(disk)).run()
    page.lines += ["", f"Measured in {(time.monotonic() - began) / 60:.1f} minutes."]
    page.save()
    print(page.text())
    if page.failed:
        sys.exit(f"{len(page.failed)} rows failed: {'; '.join(page.failed)}")


def title_of(device):
    """Return the page's title, with the device's name."""
    import torch

    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    return f"Detection and training, measured on {name}"


def about(device):
    """Return what it ran on and with."""
    import torch

    parts = [f"`make bench-gpu`: torch {torch.__version__}, {os.cpu_count()} CPU cores"]
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        parts.append(
            f"CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}, "
            f"{properties.total_memory / 2**30:.0f} GiB, compute capability "
            f"{properties.major}.{properties.minor}"
        )
    if torch._dynamo.config.disable:
        parts.append("torch.compile is off: its rows run uncompiled")
    return "; ".join(parts) + "."


if __name__ == "__main__":
    main()
