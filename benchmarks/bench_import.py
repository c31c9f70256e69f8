"""Annotations to labels: voxels like those of ClimateNetLarge, at 721 × 1440, and what is written.

    nice python benchmarks/bench_import.py [--steps 10000] [--written 20]

Each zip of WEBKNOSSOS holds 100 steps of two layers, rivers and cyclones (Zarr 3 of 32³, blosc);
ten are made, and read by as many tables as it takes. Writes benchmarks/import.md. CPU seconds of
this process; memory from the kernel.
"""

import argparse
import datetime
import io
import json
import resource
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import numcodecs
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

from annotation_files import AR, TC, imported  # noqa: E402
from stormtrace.formats.labelled_writing import write_labelled  # noqa: E402
from stormtrace.grids import make_grid  # noqa: E402

GRID = make_grid({"nlat": 721, "nlon": 1440})
PLANES, SIDE, ZIPS = 100, 32, 10
ABOUT = {
    "node_type": "array",
    "data_type": "uint32",
    "fill_value": 0,
    "chunk_grid": {"configuration": {"chunk_shape": [1, SIDE, SIDE, SIDE]}},
    "chunk_key_encoding": {"configuration": {"separator": "."}},
    "codecs": [
        {"name": "transpose", "configuration": {"order": "F"}},
        {"name": "bytes", "configuration": {"endian": "little"}},
        {"name": "blosc"},
    ],
}


def main() -> None:
    """Measure and write the table."""
    flags = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    flags.add_argument("--steps", type=int, default=10_000)
    flags.add_argument("--written", type=int, default=20, help="labelled samples to write")
    args = flags.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        text = bench(Path(folder), args.steps, args.written)
    print(text)
    if args.steps >= 10_000:
        (ROOT / "benchmarks" / "import.md").write_text(text, encoding="utf-8")


def bench(folder: Path, steps: int, written: int) -> str:
    """Return the page."""
    random = np.random.default_rng(0)
    for number in range(ZIPS):
        write_zip(folder / f"{number}.zip", f"annotator {number}", random)
    blocks = []
    for first in range(-(-steps // (PLANES * ZIPS))):
        start = datetime.datetime(1980, 1, 1) + first * datetime.timedelta(hours=PLANES)
        lines = [f"{start + datetime.timedelta(hours=hour)}" for hour in range(PLANES)]
        table = folder / f"{first}.txt"
        table.write_text("\n".join(lines))
        blocks.append(
            {"format": "webknossos", "files": str(folder / "*.zip"), "times": {"table": str(table)},
             "classes": {"AR": AR, "TC": TC}}
        )  # fmt: skip
    before = time.process_time()
    store = imported(GRID, *blocks)
    spent, count = time.process_time() - before, len(store.labellings)
    kept = sum(len(one.ranks) for one in store.labellings.values()) / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    fields = {name: random.normal(size=GRID.shape).astype("f4") for name in "ABCD"}
    about = {name: {"units": "1"} for name in fields}
    before = time.process_time()
    for key in list(store.labellings)[:written]:
        labels = store.read(key)[0].astype(np.int64)
        write_labelled(folder / "a.nc", GRID, "data.nc", fields, about, labels, {})
    each = (time.process_time() - before) / written
    rows = [
        ("voxels of WEBKNOSSOS, two layers, to labels", count, spent, f"{peak:.0f}"),
        ("writing a labelled sample, 4 fields of noise", written, each * written, ""),
    ]
    lines = [
        f"| {what} | {number} | {cost:.1f} | {number / cost:.1f} | {memory} |"
        for what, number, cost, memory in rows
    ]
    page = [
        "# Importing annotations, measured on a CPU",
        "",
        f"`python benchmarks/bench_import.py --steps {steps}`, one core, {datetime.date.today()}.",
        "CPU seconds; 721 × 1440 cells. The peak includes the making of the voxels.",
        "",
        "| what | steps | CPU s | steps a CPU second | peak MB |",
        "|---|---|---|---|---|",
        *lines,
        "",
        f"Labels of all steps wait for their fields in {kept:.0f} MB of memory, compressed.",
    ]
    return "\n".join(page) + "\n"


def write_zip(path: Path, user: str, random: np.random.Generator) -> None:
    """Write one annotation: 100 steps without order, five rivers and six cyclones in each."""
    layers = {"AR": np.zeros((PLANES, *GRID.shape), bool), "TC": None}
    layers["TC"] = np.zeros_like(layers["AR"])
    for plane in range(PLANES):
        for _ in range(5):
            row, column = random.integers(100, 600), random.integers(1200)
            for i in range(240):
                middle = row + i // 3
                layers["AR"][plane, middle - 12 : middle + 12, column + i] = True
        for _ in range(6):
            row, column = random.integers(200, 500), random.integers(1400)
            layers["TC"][plane, row : row + 20, column : column + 20] = True
    codec = numcodecs.Blosc(cname="lz4")
    with zipfile.ZipFile(path, "w") as outer:
        volumes = "".join(f'<volume name="{name}" location="{name}.zip"/>' for name in layers)
        outer.writestr(
            "a.nml",
            f'<things><meta name="username" content="{user}"/><taskBoundingBox topLeftX="0"'
            f' width="{PLANES}"/>{volumes}</things>',
        )
        for name, voxels in layers.items():
            target = io.BytesIO()
            with zipfile.ZipFile(target, "w") as inner:
                inner.writestr("v/1/zarr.json", json.dumps(ABOUT))
                for place in np.ndindex(*(-(-size // SIDE) for size in voxels.shape)):
                    part = voxels[tuple(slice(at * SIDE, (at + 1) * SIDE) for at in place)]
                    if not part.any():
                        continue
                    chunk = np.zeros((SIDE,) * 3, np.uint32)
                    chunk[tuple(slice(size) for size in part.shape)] = part
                    key = "v/1/c.0." + ".".join(map(str, place))
                    inner.writestr(key, codec.encode(chunk.tobytes(order="F")))
            outer.writestr(f"{name}.zip", target.getvalue())


if __name__ == "__main__":
    main()
