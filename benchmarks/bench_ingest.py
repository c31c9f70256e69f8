"""Raw files to samples at ne120 × 30 levels, beside what people use today, in one run.

    python benchmarks/bench_ingest.py [--ne 120] [--scratch FOLDER] [--peers PYTHON] [--esmf PYTHON]

Makes one synthetic model day (8 steps of Q, U, V, PS, PSL) in CDF5 and in netCDF-4, 5 GB, in a
temporary folder, and as many again while it runs. PYTHON is the interpreter of an environment with
geocat-comp, xarray and netCDF4, or with esmpy and what make_regridding_matrix.py needs;
ncks, ncremap and cdo are taken from the PATH. Missing peers are left out. Writes
benchmarks/ingest.md.
"""

import os

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # read by numpy as it starts

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from era5_rows import era5_rows
from ingest_files import FORMS, STEPS, spec_of, write_cells, write_day
from ingest_peers import chain_rows, field_rows, map_rows, split_rows
from measuring import HEAD, IN_TURN, Cost, Row, Stopwatch, flushed, in_turn, measured, script
from stormtrace.grids import make_grid
from stormtrace.prepare.columns import Columns
from stormtrace.prepare.dataset import make_dataset
from stormtrace.prepare.fields import derive_records
from stormtrace.prepare.mesh.mesh_reading import dataset_mesh
from stormtrace.prepare.plan import make_plans
from stormtrace.prepare.raw.reader import Reader
from stormtrace.prepare.regridding.matrix import FEW
from stormtrace.prepare.regridding.matrix_files import read_matrix
from stormtrace.prepare.sample_making import SampleWriter

GRID = {"nlat": 768, "nlon": 1152}
BLOCKS = 25
"""Blocks of 32 fields regridded: one is too short for a clock of CPU time in steps of 0.01 s."""

DAYS_WRITTEN = 25
"""The day's samples are written so many times, 2.8 GB, to time the writing."""

MACHINE = {
    "arithmetic in registers": "n = 0\nfor k in range(30_000_000): n += k & 7",
    "copies in memory": "a = np.ones(2**26)\nb = a.copy()\nfor _ in range(24): b[:] = a",
}
"""Work of one process -> Python."""


def main() -> None:
    """Parse the flags, measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ne", type=int, default=120)
    parser.add_argument("--scratch", help="where some 10 GB go (the system's temporary folder)")
    parser.add_argument("--peers", help="python with geocat-comp")
    parser.add_argument("--esmf", help="python with esmpy")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.scratch) as scratch:
        text = bench(args.ne, Path(scratch), args.peers, args.esmf)
    print(text)
    if args.ne == 120:
        (Path(__file__).parent / "ingest.md").write_text(text, encoding="utf-8")


def bench(ne: int, scratch: Path, peers: str | None, esmf: str | None) -> str:
    """Return the table as text."""
    for form, name in FORMS.items():
        write_day(scratch / form, name, ne)
    specs = {form: spec_of(scratch / form) for form in FORMS}
    weights = scratch / "map.nc"
    maps = {"bilinear": specs["CDF5"], "conservative": write_cells(scratch / "cells", ne)}
    rows = [_map_row(method, spec, weights) for method, spec in reversed(maps.items())]
    made = {row.what.split()[-1]: (maps[row.what.split()[-1]], row.cost) for row in rows}
    rows += map_rows(esmf, made, GRID)
    rows += stage_rows(specs["CDF5"], weights, scratch / "stages", peers, scratch / "CDF5")
    days, whole, pair = day_rows(specs, weights, scratch)
    rows += days
    rows += chain_rows(peers, scratch / "CDF5", scratch, weights, whole)
    written = next(row.cost for row in rows if row.what.startswith("write a sample"))
    rows += split_rows(scratch / "grid.nc", scratch, written)
    rows += copy_rows(specs["CDF5"], weights, scratch)
    rows += era5_rows(scratch)
    rows.append(_statistics_row(scratch / "out"))
    return table(rows, whole.seconds, pair.seconds, ne)


def _map_row(method: str, spec: dict, weights: Path) -> Row:
    flags = ("--dataset", json.dumps(spec), "--grid", json.dumps(GRID), "--method", method)
    command = script("make_regridding_matrix.py", *flags, "--output", weights)
    measured(command)  # once to compile and to warm the page cache
    how = {"bilinear": "CAM-SE GLL points", "conservative": "54 ne² cells of a SCRIP file"}[method]
    return Row(f"regridding matrix, {method}", f"{how}, the whole job", measured(command))


def stage_rows(
    spec: dict, weights_path: Path, folder: Path, peers: str | None, day: Path
) -> list[Row]:
    """Time the stages of a day inside one process, the files in the page cache."""
    dataset, grid = make_dataset(spec), make_grid(GRID)
    mesh = dataset_mesh(dataset)
    weights = read_matrix(weights_path, mesh, grid)
    weights.applied = FEW  # as after the first steps of a year
    room = {name: weights.apply(np.zeros((8, mesh.size), np.float32)) for name in dataset.fields}
    (plan,) = make_plans(dataset, 2000)
    steps, rows, fields, costs = range(STEPS), [], {}, {}
    with Reader(dataset, mesh) as reader:
        columns = Columns(dataset, reader)
        for name in ("TMQ", "U850", "V850"):
            derivation = dataset.fields[name]
            places = {raw: plan.places(derivation, raw, steps) for raw in derivation.variables}
            beside = {"PS": plan.places(derivation, "PS", steps)}
            watch = Stopwatch()
            fields[name], _ = derive_records(columns, derivation, places, beside)
            costs[name] = watch.read()
            how = {"TMQ": "all 30 levels", "U850": "only bracketing levels, brackets found"}
            note = how.get(name, "only bracketing levels, brackets known")
            rows.append(Row(f"{name}, 8 steps, from the file", note, costs[name]))
        fields["PSL"] = reader.read("PSL", plan.places(dataset.fields["PSL"], "PSL", steps))
    rows += field_rows(peers, day, costs)
    watch = Stopwatch()
    for _ in range(BLOCKS):  # as the second and all later blocks of a job
        on_grid = {name: weights.apply(values, room[name]) for name, values in fields.items()}
    cost, count = watch.read(), BLOCKS * STEPS * len(fields)
    note = f"{count / cost.cpu:.0f} fields a CPU-s, eight at a time"
    rows.append(Row(f"regrid {count} fields", note, cost))
    folder.mkdir()
    return rows + write_rows(SampleWriter(plan, grid, folder, "none", {}), on_grid)


def write_rows(writer: SampleWriter, on_grid: dict) -> list[Row]:
    """Time the writing of samples: into memory alone, and until they are on the disk.

    Beside it the same bytes by plain write(2): what the system gives at best.
    """
    folder, count = writer.folder, DAYS_WRITTEN * STEPS
    fields = {name: values[0] for name, values in on_grid.items()}
    content = b"".join(values.tobytes() for values in fields.values())
    rows = []

    def ours(step: int) -> Path:
        return writer.write(step, fields, dict.fromkeys(fields, 0))

    def plain(step: int) -> Path:
        path = folder / f"{step}.bin"
        with path.open("wb", buffering=0) as file:
            file.write(content)
        return path

    base = None
    for where in ("page cache", "disk"):
        for how, write in (("netCDF-4, uncompressed", ours), ("plain write(2)", plain)):
            watch, paths = Stopwatch(), set()
            for index in range(count):
                path = write(index % STEPS)
                if where == "disk":
                    path = path.rename(folder / f"{index}.kept")
                paths.add(path)
            if where == "disk":
                flushed(paths)
            cost = watch.read()
            for path in paths:
                path.unlink()
            each = Cost(cost.seconds / count, cost.cpu / count)
            base = each if write is ours else base
            rate = f"{1 / each.seconds:.0f} files/s, {1 / each.cpu:.0f} a CPU-s"
            what = f"write a sample of 14 MB, {where}"
            rows.append(Row(what, f"{how}: {rate}", each, None if write is ours else base))
    return rows


def day_rows(specs: dict, weights: Path, scratch: Path) -> tuple[list[Row], Cost, Cost]:
    """Time whole jobs; return their rows, the cost of one of CDF5, and that of two at once."""
    day = "a model day, files to files"
    one, *two = (samples_command(specs["CDF5"], weights, scratch / f"out{job}") for job in range(3))
    hdf5 = samples_command(specs["netCDF-4"], weights, scratch / "hdf5")
    zipped = samples_command(specs["CDF5"], weights, scratch / "zipped", "--compression", "zlib")
    whole, pair, other, small = in_turn([one], two, [hdf5], [zipped])
    how = f"{2 * whole.seconds / pair.seconds:.2f} × as fast as one process"
    rows = [
        Row(day, "CDF5, one process, start-up included", whole),
        Row(day, "netCDF-4, one process, start-up included", other),
        Row(day, "CDF5, samples with zlib 1", small),
        Row("two model days, two processes", how, pair),
    ]
    return [*rows, *pair_rows()], whole, pair


def pair_rows() -> list[Row]:
    """Time two processes that share nothing but the machine: what no program can exceed."""
    rows = []
    for what, work in MACHINE.items():
        command = [sys.executable, "-c", f"import numpy as np\n{work}"]
        one, two = in_turn([command], [command, command])
        how = f"{2 * one.seconds / two.seconds:.2f} × as fast as one process"
        rows.append(Row(f"the machine: {what}, two processes", how, two))
    return rows


def samples_command(spec: dict, weights: Path, output: Path, *flags: str) -> list[object]:
    """Return the command that makes the samples of the synthetic day."""
    shared = ("--dataset", json.dumps(spec), "--grid", json.dumps(GRID))
    where = ("--year", 2000, "--matrix", weights, "--output", output)
    return script("make_samples.py", *shared, *where, *flags)


def copy_rows(spec: dict, weights: Path, scratch: Path) -> list[Row]:
    """Time our day and a copy of its raw files, from memory to memory and from disk to disk."""
    rows, raw, copy = [], sorted((scratch / "CDF5").glob("*.nc")), scratch / "copy"
    gigabytes = sum(path.stat().st_size for path in raw) / 1e9
    for where in ("page cache", "disk"):
        costs = {}
        for who in ("ours", "cp"):
            output = scratch / "out" if who == "ours" else copy
            command = samples_command(spec, weights, output)
            if where == "disk":
                flushed([*raw, weights])
            watch = Stopwatch()
            cost = measured(command if who == "ours" else ["cp", "-r", scratch / "CDF5", copy])
            if where == "disk":
                flushed(output.iterdir())
            costs[who] = Cost(watch.read().seconds, cost.cpu, cost.peak_mb)
            how = "four fields on the grid" if who == "ours" else "cp of its raw files"
            what = f"a model day ({gigabytes:.1f} GB), {where} to {where}"
            rows.append(Row(what, how, costs[who], costs["ours"] if who == "cp" else None))
        shutil.rmtree(copy)
    return rows


def _statistics_row(samples: Path) -> Row:
    flags = ("--samples", samples, "--fields", "TMQ", "U850", "V850", "PSL")
    cost = measured(script("compute_statistics.py", *flags, "--output", samples / "s.json"))
    return Row("statistics of 8 samples", "the whole job", cost)


def table(rows: list[Row], day: float, two_days: float, ne: int) -> str:
    """Return all rows, and what a year would take."""
    year, pair = 365 * day / 3600, 365 * two_days / 2 / 3600
    return "\n".join([
        f"# Ingest: ne{ne}np4, 30 levels, 768 × 1152, one model day (8 steps)",
        "",
        f"{os.cpu_count()} cores, one thread a process, files in the page cache unless a row says"
        f" disk. Days and pairs of processes: the best of {IN_TURN}, in turn."
        " Seconds are wall time and mean something on an idle machine; CPU seconds do on a"
        " shared one, too. \"Disk\" is: read after leaving the page cache, written until fsync.",
        "",
        *HEAD, *[row.line() for row in rows],
        "",
        f"A year is 365 such days: {year:.2f} h on one core, {pair:.2f} h on two; fifteen years on"
        f" two cores {15 * pair:.1f} h, as 15 jobs at once {year:.2f} h. Assumed: time grows with"
        " the number of steps alone (start-up, paid once a day here, is paid once a year), and the"
        " disk delivers what the page cache does; a 3-D variable is 272 GB a year, of which the"
        " winds read 40 %.",
        "",
    ])  # fmt: skip


if __name__ == "__main__":
    main()
