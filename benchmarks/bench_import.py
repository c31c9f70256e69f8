"""Annotations to labelled samples: voxels like those of ClimateNetLarge, and fields of ERA5.

    nice python benchmarks/bench_import.py [--steps 10000] [--written 200] [--workers 4]

Each zip of WEBKNOSSOS holds 100 steps of two layers, rivers and cyclones (Zarr 3 of 32³, blosc) at
721 × 1440; ten are made, and read with as many tables as it takes, a time a day. Labelled samples
are on 768 × 1152; their four fields come from a file a day in ERA5's layout. Writes
benchmarks/import.md. CPU seconds of this process and those it starts; memory is the highest
proportional set size (PSS) of all of them together.
"""

import argparse
import datetime
import io
import json
import multiprocessing
import os
import shutil
import sys
import tempfile
import threading
import zipfile
from pathlib import Path

import netCDF4
import numcodecs
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

from annotation_files import AR, TC, entry_of, imported  # noqa: E402
from bench_campaign import one_day  # noqa: E402
from stormtrace.grids import make_grid  # noqa: E402
from stormtrace.labels.labelled_making import make_labelled  # noqa: E402
from stormtrace.prepare.dataset import make_dataset  # noqa: E402
from stormtrace.prepare.mesh.mesh_reading import dataset_mesh  # noqa: E402
from stormtrace.prepare.regridding.makers import own_matrix  # noqa: E402
from stormtrace.prepare.sample_making import FieldSource  # noqa: E402

GRID, SHOWN = make_grid({"nlat": 768, "nlon": 1152}), {"nlat": 721, "nlon": 1440}
START = datetime.date(1980, 1, 1)
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
    flags.add_argument("--written", type=int, default=200, help="labelled samples to write")
    flags.add_argument("--workers", type=int, default=4, help="processes that share the writing")
    args = flags.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        text = bench(Path(folder), args)
    print(text)
    if args.steps >= 10_000:
        (ROOT / "benchmarks" / "import.md").write_text(text, encoding="utf-8")


def bench(folder: Path, args: argparse.Namespace) -> str:
    """Return the page."""
    made = multiprocessing.Process(target=write_zips, args=(folder,))  # its memory goes with it
    made.start()
    made.join()
    blocks = []
    for first in range(-(-args.steps // PLANES)):
        days = [START + datetime.timedelta(first * PLANES + day) for day in range(PLANES)]
        table = folder / f"{first}.txt"
        table.write_text("\n".join(f"{day} 00:00:00" for day in days))
        blocks.append(
            {"format": "webknossos", "files": str(folder / f"{first % ZIPS}.zip"),
             "times": {"table": str(table)}, "classes": {"AR": AR, "TC": TC},
             "map": {"grid": "era5"}}
        )  # fmt: skip
    with Measured() as reading:
        store = imported(GRID, *blocks, grids={"era5": SHOWN})
    kept = sum(len(one.ranks) for one in store.labellings.values()) / 1e6
    steps = len(store.labellings)
    store.labellings = dict(list(store.labellings.items())[: args.written])
    source = raw_fields(folder, args.written)
    rows = [("voxels, two layers, to labels", steps, reading, "")]
    for compression, workers in (("zlib", 1), ("none", 1), ("none", args.workers)):
        out = folder / f"{compression}-{workers}"
        entry = entry_of(blocks[0])
        with Measured() as writing:
            make_labelled(entry, store, source, out, {}, compression, workers)
        size = sum(path.stat().st_size for path in out.rglob("*.nc")) / args.written / 1e6
        several = "a process" if workers == 1 else f"{workers} processes"
        said = f"labelled samples with fields, compression: {compression}, {several}"
        rows.append((said, args.written, writing, f"{size:.1f}"))
        shutil.rmtree(out)
    lines = [
        f"| {what} | {number} | {cost.cpu:.1f} | {number / cost.cpu:.1f} |"
        f" {cost.peak:.0f} | {size} |"
        for what, number, cost, size in rows
    ]
    read, write = reading.cpu / steps, rows[2][2].cpu / args.written
    rates = ", ".join(f"{1 / (read + write / n):.0f} with {n}" for n in (1, 2, 4, 8))
    page = [
        "# Importing annotations, measured on a CPU",
        "",
        f"`python benchmarks/bench_import.py --steps {args.steps} --written {args.written}`,"
        f" {datetime.date.today()}.",
        f"CPU seconds of all processes, at a load of {os.getloadavg()[2]:.0f} on"
        f" {os.cpu_count()} cores; memory of all together (PSS).",
        "Voxels of 721 × 1440, samples of 768 × 1152 with four fields made from a file a day.",
        "",
        "| what | steps | CPU s | steps a CPU second | peak MB | MB a sample |",
        "|---|---|---|---|---|---|",
        *lines,
        "",
        "Voxels are read by one process, samples are written by `--workers`: of these CPU seconds"
        f" follow {rates} processes, in steps a second, each on a core of its own.",
        f"Labels of all steps wait for their fields in {kept:.0f} MB of memory, compressed.",
    ]
    return "\n".join(page) + "\n"


class Measured:
    """CPU seconds of a block, and the highest memory, MB, of this process and its children."""

    cpu, peak = 0.0, 0.0

    def __enter__(self) -> "Measured":
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        self._before = sum(os.times()[:4])
        return self

    def __exit__(self, *_: object) -> None:
        self.cpu = sum(os.times()[:4]) - self._before
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(1.0):
            ids = [os.getpid(), *(child.pid for child in multiprocessing.active_children())]
            self.peak = max(self.peak, sum(map(_proportional, ids)))


def _proportional(process: int | None) -> float:
    """Return the memory of a process, MB, of pages shared with others its share alone."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1000


def raw_fields(folder: Path, days: int) -> FieldSource:
    """Return a dataset with a file a day, of four fields."""
    one_day(folder / "day.nc")
    for number in range(days):
        path = folder / f"era5.{START + datetime.timedelta(number):%Y%m%d}.nc"
        shutil.copy(folder / "day.nc", path)
        with netCDF4.Dataset(path, "a") as nc:
            nc["time"].units = f"hours since {START}"
            nc["time"][:] = 24 * number
    (folder / "day.nc").unlink()
    dataset = make_dataset({
        "name": "era5", "source": "era5", "step_hours": 24,
        "parts": [{"period": [f"{START}", f"{START + datetime.timedelta(days)}"],
                   "files": f"{folder}/era5.{{year}}*.nc"}],
        "fields": {"TMQ": {"take": "tcwv"}, "U850": {"take": "u"}, "V850": {"take": "v"},
                   "PSL": {"take": "msl"}},
    })  # fmt: skip
    mesh = dataset_mesh(dataset)
    matrix, _ = own_matrix(mesh, GRID, "bilinear")
    return FieldSource(dataset, mesh, GRID, matrix, {})


def write_zips(folder: Path) -> None:
    """Write the annotations."""
    random = np.random.default_rng(0)
    for number in range(ZIPS):
        write_zip(folder / f"{number}.zip", "annotator", random)


def write_zip(path: Path, user: str, random: np.random.Generator) -> None:
    """Write one annotation: 100 steps without order, five rivers and six cyclones in each."""
    layers = {"AR": np.zeros((PLANES, SHOWN["nlat"], SHOWN["nlon"]), bool), "TC": None}
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
