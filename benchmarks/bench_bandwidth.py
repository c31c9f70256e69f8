"""How near to memory bandwidth regridding, counting and compositing come, one core, in memory.

    nice python benchmarks/bench_bandwidth.py [--steps 240]

Writes benchmarks/bandwidth.md. Bytes are those that cannot be spared: inputs read once, results
written once, sums read and written. The share is of what a plain copy moves in the same run.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests"), str(ROOT / "benchmarks")]

from make_results import dates_between, write_masks  # noqa: E402
from mask_film import Film  # noqa: E402
from stormtrace.climate.composites import _sum  # noqa: E402
from stormtrace.climate.counting import _count  # noqa: E402
from stormtrace.formats.masks import open_masks  # noqa: E402
from stormtrace.grids import make_grid  # noqa: E402
from stormtrace.prepare.mesh import camse  # noqa: E402
from stormtrace.prepare.regridding.bilinear import element_bilinear  # noqa: E402

GRID = make_grid({"nlat": 768, "nlon": 1152})
CELLS = GRID.shape[0] * GRID.shape[1]
FIELDS, SAMPLES = 32, 30


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=2920)
    args = parser.parse_args()
    copied = copy_bandwidth()
    lines = [
        "# Share of memory bandwidth",
        "",
        f"`python benchmarks/bench_bandwidth.py --steps {args.steps}`: 768 × 1152, one core, in "
        f"memory. A copy moves {copied / 1e9:.1f} GB/s, reading and writing. CPU time; bytes are "
        "those that cannot be spared (inputs once, results once).",
        "",
        "| work | bytes | CPU ms | GB/s | share of a copy's |",
        "|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as folder:
        for name, size, seconds in rows(Path(folder), args.steps):
            rate = size / seconds
            lines.append(
                f"| {name} | {size / 1e6:,.1f} MB | {1e3 * seconds:,.1f} | {rate / 1e9:.2f} | "
                f"{100 * rate / copied:.0f} % |"
            )
            print(lines[-1], flush=True)
    (ROOT / "benchmarks" / "bandwidth.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def rows(folder, steps):
    """Yield each work, the bytes it must move, and its CPU seconds."""
    yield regridding()
    film = Film(steps, seed=1)
    dates = dates_between((2001, 1, 1), (2002, 1, 1), "noleap")[:steps]
    path = write_masks(folder / "m.nc", 2001, dates, lambda s, _: film.mask(s), GRID)
    masks, months = open_masks(path), np.array([date.month for date in dates])
    kept = list(masks.runs())
    object.__setattr__(masks, "runs", lambda: iter(kept))  # what is timed reads no file
    size = sum(column.nbytes for runs in kept for column in runs[2:])
    size += 12 * len(masks.classes.codes) * CELLS * 2
    yield f"counting {steps:,} steps from runs", size, best(lambda: _count(masks, months, None))
    some = [film.mask(step) for step in range(SAMPLES)]
    field = np.random.default_rng(0).uniform(0, 60, GRID.shape).astype(np.float32)
    inside = np.mean([(mask > 0).mean() for mask in some])
    # A field and a mask read; a sum (float64) and a count (int32) read and written, of all cells
    # and once more of those inside features.
    size = SAMPLES * CELLS * (5 + 2 * 12 * (1 + inside))
    seconds = best(lambda: _sum([field] * SAMPLES, some, masks.classes, GRID.shape))
    yield f"compositing {SAMPLES} samples", size, seconds


def regridding():
    """Return the row of regridding float32 fields from ne120."""
    cube = camse.columns(120)
    matrix = element_bilinear(cube, GRID)
    fields = np.random.default_rng(0).normal(size=(FIELDS, cube.ncol)).astype(np.float32)
    out = np.empty((FIELDS, CELLS), np.float32)
    shares = matrix.single
    once = shares.data.nbytes + shares.indices.nbytes + shares.indptr.nbytes
    size = fields.nbytes + out.nbytes + once * FIELDS // 8  # eight fields at a time
    return f"regridding {FIELDS} fields, ne120", size, best(lambda: matrix.apply(fields, out))


def copy_bandwidth() -> float:
    """Return the bytes a second that one core reads and writes in a copy beyond its caches."""
    source = np.ones(2**25)
    target = np.empty_like(source)
    return 2 * source.nbytes / best(lambda: np.copyto(target, source))


def best(work: Callable[[], object]) -> float:
    """Return the least CPU seconds of five runs."""
    seconds = []
    for _ in range(5):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return min(seconds[1:])


if __name__ == "__main__":
    main()
