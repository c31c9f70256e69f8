"""Memory of the jobs that read all years, for 10, 100 and 1,000 generated years.

    nice python benchmarks/bench_years.py [--years "[10, 100, 1000]"]

Writes benchmarks/years.md. A year is made once, of discs that live four days on a small grid, and
copied to others with its time moved: 2,920 steps of twelve objects. What grows with the years is
seen all the same: the difference by hundred years.
"""

import argparse
import json
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import netCDF4
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "benchmarks"), str(ROOT / "tests")]

from bench_map import account  # noqa: E402
from make_results import dates_between, write_masks  # noqa: E402
from stormtrace.formats.counts import read_counts, write_counts  # noqa: E402
from stormtrace.grids import make_grid  # noqa: E402

GRID = make_grid({"nlat": 48, "nlon": 96})
STEPS, FIRST = 2920, 1001
DISCS, LIFE = 12, 32
TRACKING = {"minimum_area_km2": 0}


def main():
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--years", type=json.loads, default=[10, 100, 1000], help="JSON")
    args = parser.parse_args()
    head = ["job", *(f"{years:,} years" for years in args.years)]
    lines = [
        "# Memory of the jobs that read all years",
        "",
        f"`python benchmarks/bench_years.py`: {STEPS:,} steps a year of {DISCS} objects, on "
        f"{GRID.shape[0]} × {GRID.shape[1]} cells. Peak MB of the process (CPU seconds).",
        "",
        "| " + " | ".join(head) + " |",
        "|" + "---|" * len(head),
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        first_year(folder)
        found = {}
        for years in args.years:
            for job, cost in jobs(folder, years):
                found.setdefault(job, []).append(cost)
                print(job, years, cost, file=sys.stderr, flush=True)
    lines += ["| " + " | ".join([job, *cells]) + " |" for job, cells in found.items()]
    text = "\n".join(lines) + "\n"
    print(text)
    (ROOT / "benchmarks" / "years.md").write_text(text, encoding="utf-8")


def first_year(folder):
    """Make the first year: masks, objects, counts."""
    dates = dates_between((FIRST, 1, 1), (FIRST + 1, 1, 1), "noleap")
    mask = write_masks(folder / "mask.nc", FIRST, dates, lambda step, _: discs(step), GRID)
    tracking = ["--tracking", json.dumps(TRACKING)]
    run("find_objects", "--mask", mask, *tracking, "--output", folder / "o.nc")
    run("count_masks", "--mask", mask, "--output", folder / "c.nc")
    events = folder / "events"
    flags = ["--experiment", "bench", "--output", events]
    run("link_events", "--objects", folder / "o.nc", *tracking, *flags)
    flags = ["--mask", mask, "--objects", folder / "o.nc", "--events", events]
    run("count_events", *flags, "--output", folder / "e.nc")


def discs(step):
    """A mask: discs that move east, each somewhere else after its life, the classes in turn."""
    mask = np.zeros(GRID.shape, np.int8)
    for disc in range(DISCS):
        life, age = divmod(step + disc * LIFE // DISCS, LIFE)
        place = np.random.default_rng((life, disc)).integers(0, GRID.shape[1])
        row, column = 2 + 4 * disc - disc // 11, (place + age // 2) % (GRID.shape[1] - 3)
        mask[row - 1 : row + 1, column : column + 3] = 1 + disc % 2
    return mask


def jobs(folder, years):
    """Yield each job and what it cost."""
    here = folder / f"{years}"
    here.mkdir()
    paths = [here / f"{FIRST + k}.nc" for k in range(years)]
    for k, path in enumerate(paths):
        shutil.copyfile(folder / "o.nc", path)
        with netCDF4.Dataset(path, "a") as nc:
            nc["time"][:] = nc["time"][:] + k * 8760.0
            nc.year = FIRST + k
    events = here / "events"
    flags = ["--tracking", json.dumps(TRACKING), "--experiment", "bench", "--output", events]
    yield "link_events", run("link_events", "--objects", *paths, *flags)
    coasts = json.dumps({"west": [230, 255, 32, 55]})
    flags = ["--events", events, "--coasts", coasts, "--output", here / "landfall.csv"]
    yield "count_landfalls", run("count_landfalls", "--objects", *paths, *flags)
    if years > 100:
        shutil.rmtree(here)
        return
    masks, tracked = (copies(folder, here, kind, years) for kind in "ce")
    frequency = here / "frequency.nc"
    flags = ["--masks", *masks, "--events", *tracked, "--output", frequency]
    yield "merge_counts", run("merge_counts", *flags)
    flags = ["--first", frequency, "--second", frequency, "--name", "self"]
    yield "compare", run("compare", *flags, "--output", here / "compared.nc")
    flags = ["--title", "Bench", "--output", here / "figures", "--events", events]
    yield "draw_experiment", run("draw_experiment", "--frequency", frequency, *flags)
    shutil.rmtree(here)


def copies(folder, here, kind, years):
    """Return counts like those of the first year, one file for each year."""
    counts = read_counts(folder / f"{kind}.nc")
    paths = [here / f"{kind}{FIRST + k}.nc" for k in range(years)]
    for k, path in enumerate(paths):
        write_counts(path, replace(counts, year=FIRST + k), {"history": "bench"})
    return paths


def run(script, *flags):
    """Run a script; return its peak memory and CPU seconds as a cell."""
    seconds, memory = account([sys.executable, ROOT / "scripts" / f"{script}.py", *flags])
    return f"{memory:,.0f} ({seconds:.1f})"


if __name__ == "__main__":
    main()
