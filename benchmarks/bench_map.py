"""What counting, comparing, drawing and filming cost, at 768 × 1152; beside xarray.

    nice python benchmarks/bench_map.py [--steps 2920] [--years 15]

Writes benchmarks/map.md. CPU seconds of whole processes, start included; memory from the kernel.
"""

import argparse
import datetime
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests"), str(ROOT / "benchmarks")]

from bench_track import shift_year  # noqa: E402
from make_results import dates_between, write_masks, write_samples  # noqa: E402
from mask_film import Film  # noqa: E402
from stormtrace.grids import make_grid  # noqa: E402
from stormtrace.grids.remapping import conservative  # noqa: E402

XARRAY = """
import sys, xarray as xr
masks = xr.open_dataset(sys.argv[1], chunks={"time": 32}).mask
names = [(masks == code).groupby("time.month").sum() for code in (1, 2)]
xr.concat(names, "class").to_dataset(name="count").to_netcdf(sys.argv[2])
"""


def main():
    """Measure and write the table."""
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--steps", type=int, default=2920)
    flags.add_argument("--years", type=int, default=15)
    flags.add_argument("--frames", type=int, default=60)
    flags.add_argument("--scale", type=float, default=1, help="of 768 rows and 1152 columns")
    args = flags.parse_args()
    film = Film(args.steps, seed=1, scale=args.scale)
    lines = [
        "# Maps, measured",
        "",
        f"`python benchmarks/bench_map.py --steps {args.steps} --years {args.years}`, one core, "
        f"{film.shape[0]} × {film.shape[1]}, {datetime.date.today():%Y-%m-%d}. "
        "CPU time of whole processes; trust ratios.",
        "",
        "| what | CPU s | rate | peak MB |",
        "|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as name:
        for row in measure(Path(name), film, args.steps, args.years, args.frames):
            lines.append("| " + " | ".join(row) + " |")
            print(lines[-1], flush=True)
    (ROOT / "benchmarks" / "map.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def measure(folder, film, steps, years, frames):
    """Yield the rows of the table."""
    grid = make_grid({"nlat": film.shape[0], "nlon": film.shape[1]})
    dates = dates_between((2001, 1, 1), (2002, 1, 1), "noleap")[:steps]
    mask = write_masks(folder / "2001.nc", 2001, dates, lambda s, _: film.mask(s), grid)
    alone = ["--masks", mask, "--output", folder / "f2001.nc"]
    seconds, memory = run("compute_frequency", *alone)
    yield row(
        "compute_frequency, masks of a year", seconds, f"{steps / seconds:.0f} steps/s", memory
    )
    command = [sys.executable, "-c", XARRAY, mask, folder / "x.nc"]
    peer, memory = account(command)
    yield row("xarray + dask, groupby month", peer, f"{steps / peer:.0f} steps/s", memory)
    objects, masks = [folder / f"o{year}.nc" for year in range(years)], [mask]
    for year in range(1, years):
        masks.append(folder / f"{2001 + year}.nc")
        shift_year(mask, masks[-1], 1 + year, steps)
    for one, found in zip(masks, objects, strict=True):
        run("find_objects", "--mask", one, "--output", found)
    events, frequency = folder / "events", folder / "frequency.nc"
    run("link_events", "--objects", *objects, "--experiment", "bench", "--output", events)
    flags = ["--masks", *masks, "--objects", *objects, "--events", events, "--output", frequency]
    seconds, memory = run("compute_frequency", *flags)
    each = f"{seconds / years:.1f} s a year"
    yield row(f"compute_frequency, masks and events of {years} years", seconds, each, memory)
    flags = ["--first", frequency, "--second", frequency, "--name", "self"]
    seconds, memory = run("compare", *flags, "--output", folder / "compared.nc")
    yield row(f"compare, {years} years, 1000 draws, 5 periods", seconds, "", memory)
    flags = ["--title", "Bench", "--output", folder / "figures", "--events", events]
    seconds, memory = run("draw_experiment", "--frequency", frequency, *flags)
    count = len(list((folder / "figures").glob("*.pdf")))
    yield row(f"draw_experiment, {count} figures, PNG and PDF", seconds, "", memory)
    yield regridding(grid)
    field = np.random.default_rng(0).uniform(0, 60, grid.shape).astype(np.float32)
    samples = write_samples(folder / "s", dates[:frames], lambda *_: {"TMQ": field}, grid)
    short = write_masks(folder / "m.nc", 2001, dates[:frames], lambda s, _: film.mask(s), grid)
    flags = ["--samples", samples, "--mask", short, "--output", folder / "film.mp4"]
    seconds, memory = run("animate", *flags)
    yield row("animate (encoder included)", seconds, f"{frames / seconds:.1f} frames/s", memory)


def regridding(grid):
    """Return the row of a conservative regridding, in memory."""
    values = np.random.default_rng(0).uniform(0, 100, grid.shape)
    target = make_grid({"nlat": 361, "nlon": 576, "first_lon": -180})
    start = time.process_time()
    conservative(values, grid, target)
    seconds = time.process_time() - start
    shape = " × ".join(map(str, grid.shape))
    return row(f"conservative, {shape} → 361 × 576, weights included", seconds, "", 0)


def run(script, *flags):
    """Run one of our scripts; return CPU seconds and peak memory in MB."""
    return account([sys.executable, ROOT / "scripts" / f"{script}.py", *flags])


def account(command):
    """Run a command; return its CPU seconds and peak memory in MB, children included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    watched = ["/usr/bin/env", "OMP_NUM_THREADS=1", *map(str, command)]
    wrapper = (
        "import resource, subprocess, sys; r = subprocess.run(sys.argv[1:]).returncode; "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024); sys.exit(r)"
    )
    done = subprocess.run(
        [sys.executable, "-c", wrapper, *watched], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, float(done.stdout.split()[-1])


def row(what, seconds, rate, memory):
    """Return the cells of one row."""
    return what, f"{seconds:.2f}", rate, f"{memory:.0f}" if memory else ""


if __name__ == "__main__":
    main()
