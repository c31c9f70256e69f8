"""The cost of tracking a step, a year and fifteen years, and of other tools on the same masks.

    nice python benchmarks/bench_track.py [--years 15] [--steps 2920]

Writes benchmarks/track.md. CPU seconds of whole processes, memory from the kernel's accounts.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import netCDF4
import numpy as np
from scipy import ndimage
from skimage import measure

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests"), str(ROOT / "benchmarks")]

import published_tracker  # noqa: E402
from mask_film import Film  # noqa: E402
from stormtrace.classes import CLIMATENET_LABELS, Classes  # noqa: E402
from stormtrace.formats.mask_runs import find_runs  # noqa: E402
from stormtrace.formats.masks import mask_file  # noqa: E402
from stormtrace.formats.own_end import hdf5_end  # noqa: E402
from stormtrace.grids import make_grid  # noqa: E402
from stormtrace.seals import SIZE, add_seal  # noqa: E402
from stormtrace.track.labelling import Labeller  # noqa: E402

STEP_HOURS = 3.0
CLASSES = Classes.of_labels(CLIMATENET_LABELS)


def main():
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--years", type=int, default=15)
    parser.add_argument("--steps", type=int, default=2920, help="steps a year")
    parser.add_argument("--scale", type=float, default=1, help="of 768 rows and 1152 columns")
    parser.add_argument("--repeats", type=int, default=4, help="runs, the least of which counts")
    args = parser.parse_args()
    film = Film(args.steps, seed=1, scale=args.scale)
    masks = np.stack([film.mask(step) for step in range(100)])
    lines = [
        "# Tracking, measured",
        "",
        f"`python benchmarks/bench_track.py --years {args.years} --steps {args.steps}`; masks of "
        f"{film.shape[0]} × {film.shape[1]}, {(masks > 0).sum(axis=(1, 2)).mean():.0f} cells of "
        "features a step, from `benchmarks/mask_film.py`. CPU time; trust ratios.",
        "",
        *in_memory(masks, args.scale, args.repeats),
        "",
    ]
    with tempfile.TemporaryDirectory() as folder:
        lines += whole_jobs(Path(folder), film, args.years, args.steps, args.repeats)
    text = "\n".join(lines) + "\n"
    print(text)
    (ROOT / "benchmarks" / "track.md").write_text(text, encoding="utf-8")


def cpu(function, *args, repeats=1):
    """Return the CPU seconds of a call, the least of `repeats`: the machine is shared."""
    return min(_once(function, *args) for _ in range(repeats))


def _once(function, *args):
    start = time.process_time()
    function(*args)
    return time.process_time() - start


def grid_of(mask):
    """Return the global grid of the shape of a mask or a film."""
    return make_grid({"nlat": mask.shape[0], "nlon": mask.shape[1]})


def in_memory(masks, scale, repeats):
    """Compare costs a step, masks in memory."""

    def least(step, what):
        return cpu(lambda: [step(one) for one in what], repeats=repeats) / len(what)

    labeller = Labeller(grid_of(masks[0]))
    labeller.step(masks[0])
    found = list(find_runs(masks).each())
    ours = least(labeller.step_of, found)
    runs = sum(one.row.size for one in found) / len(masks)
    with_lines = list(find_runs(np.stack([with_fronts(mask) for mask in masks])).each())
    more = sum(one.row.size for one in with_lines) / len(masks)
    lines = least(labeller.step_of, with_lines)
    dense = least(labeller.step, masks)
    large = [Film(200, seed=1, scale=2 * scale).mask(step) for step in range(100, 110)]
    larger = Labeller(grid_of(large[0]))
    larger.step(large[0])
    four = least(larger.step, large)
    some = masks[::10]
    peers = [
        ("scipy.ndimage.label, two classes: labels alone", cpu(lambda: [_scipy(m) for m in some])),
        ("skimage.measure.label: labels alone", cpu(lambda: [_skimage(m) for m in some])),
        ("scipy label + seam + overlaps + areas (numpy)", cpu(_scipy_linked, some)),
    ]
    published = cpu(published_tracker.track, masks[:5], 250) / 5
    rows = [
        ("**Stormtrace: objects, measures, links, from runs**", ours),
        (f"the same with 20 fronts, {more:.0f} runs a step instead of {runs:.0f}", lines),
        ("the same, the runs found first", dense),
        ("the same at 4 × the cells", four),
        *[(name, seconds / len(some)) for name, seconds in peers],
        ("published algorithm, plain Python (the tests' oracle)", published),
    ]
    return [
        "| a step, masks in memory | CPU ms | against ours |",
        "|---|---|---|",
        *[f"| {name} | {1e3 * seconds:.2f} | {seconds / ours:.1f} |" for name, seconds in rows],
    ]


def with_fronts(mask, fronts=20, width=3):
    """Return a mask with slanting lines of another class, half the rows long, behind it."""
    drawn, (nlat, nlon) = mask.copy(), mask.shape
    for front in range(fronts):
        rows = np.arange(nlat // 2) + front * nlat // (2 * fronts)
        columns = (front * nlon // fronts + rows // 2)[:, None] + np.arange(width)
        cells = rows[:, None], columns % nlon
        drawn[cells] = np.where(drawn[cells] == 0, 3, drawn[cells])
    return drawn


def _scipy(mask):
    return [ndimage.label(mask == code, np.ones((3, 3)))[0] for code in (1, 2)]


def _skimage(mask):
    return measure.label(mask, background=0, connectivity=2)


def _scipy_linked(masks):
    """The same results with arrays: seam, areas, sums for centroids, and overlaps."""
    area = np.repeat(grid_of(masks[0]).row_area, masks[0].shape[1])
    before = None
    for mask in masks:
        one, two = _scipy(mask)
        labels = np.where(two > 0, two + one.max(), one)
        ends = labels[:, [0, -1]]
        both = (ends > 0).all(axis=1) & (mask[:, 0] == mask[:, -1])
        for left, right in np.unique(ends[both], axis=0):
            labels[labels == max(left, right)] = min(left, right)
        cells = np.flatnonzero(labels)
        label = labels.ravel()[cells]
        for weight in (np.ones(cells.size), area[cells], area[cells], area[cells], area[cells]):
            np.bincount(label, weight)
        if before is not None:
            shared = (labels > 0) & (before[0] > 0) & (mask == before[1])
            np.unique(before[0][shared] * 100_000 + labels[shared], return_counts=True)
        before = labels, mask


def whole_jobs(folder, film, years, steps, repeats):
    """Run the scripts on files and return the table."""
    best = partial(best_of, repeats)
    first = folder / "2000.nc"
    write_year(first, film, 0, steps)
    outputs = [folder / f"objects/{2000 + year}.nc" for year in range(years)]
    rows = []
    mask = {0: first}
    seconds, wall, memory = best("find_objects.py", "--mask", first, "--output", outputs[0])
    rows.append(("find_objects.py, a year", seconds, wall, memory, 1e3 * seconds / steps))
    bare = folder / "bare.nc"
    bare.write_bytes(first.read_bytes()[: hdf5_end(first)])
    seconds, wall, memory = best("find_objects.py", "--mask", bare, "--output", folder / "b.nc")
    name = "the same of masks without runs, decoded"
    rows.append((name, seconds, wall, memory, 1e3 * seconds / steps))
    idle = folder / "empty.nc"
    write_year(idle, film, 0, 1)
    seconds, wall, memory = best("find_objects.py", "--mask", idle, "--output", folder / "e.nc")
    rows.append(("find_objects.py, one step (the start)", seconds, wall, memory, None))
    for year in range(1, years):
        mask[year] = folder / f"{2000 + year}.nc"
        shift_year(first, mask[year], year, steps)
    start = time.perf_counter()
    cost, memory = two_at_a_time(
        [("--mask", mask[year], "--output", outputs[year]) for year in range(years)]
    )
    wall = time.perf_counter() - start
    total = years * steps
    rows.append(
        (
            f"find_objects.py, {total:,} steps, two jobs at once",
            cost,
            wall,
            memory,
            1e3 * cost / total,
        )
    )
    for rule in ("graph", "climatenet", "components"):
        block = json.dumps({"rule": rule, "pole_wrap": False})
        seconds, wall, memory = run(
            "link_events.py", "--objects", *outputs, "--tracking", block,
            "--experiment", "bench", "--output", folder / rule,
        )  # fmt: skip
        rows.append(
            (
                f"link_events.py {rule}, {total:,} steps",
                seconds,
                wall,
                memory,
                1e3 * seconds / total,
            )
        )
    sizes = [bare.stat().st_size, first.stat().st_size, outputs[0].stat().st_size]
    sizes[1] -= sizes[0]
    return [
        "| job | CPU s | wall s | peak MB | CPU ms a step |",
        "|---|---|---|---|---|",
        *[
            f"| {name} | {seconds:.1f} | {wall:.1f} | {memory:.0f} | "
            + (f"{each:.2f} |" if each is not None else "|")
            for name, seconds, wall, memory, each in rows
        ],
        "",
        "Kilobytes a step: masks {:.1f}, the runs they keep {:.1f}, objects {:.1f}.".format(
            *(size / steps / 1e3 for size in sizes)
        ),
    ]


def write_year(path, film, year, steps):
    """Write a mask file as detection does."""
    grid = grid_of(film)
    time = {"units": "hours since 2000-01-01", "calendar": "noleap"}
    with mask_file(path, grid, CLASSES, time, steps=steps) as writer:
        for step in range(steps):
            writer.write([STEP_HOURS * step], {"mask": film.mask(step)[None]})
        writer.describe(step_hours=STEP_HOURS, year=2000 + year, experiment="bench")


def shift_year(source, path, year, steps):
    """Copy a year to another, `year` after 2000."""
    content, end = source.read_bytes(), hdf5_end(source)
    path.write_bytes(content[:end])
    with netCDF4.Dataset(path, "a") as nc:
        nc["time"][:] = 8760.0 * year + STEP_HOURS * np.arange(steps)
        nc.year = 2000 + year
    with path.open("ab") as stream:  # the masks are the same, hence their runs
        stream.write(content[end:-SIZE])
    add_seal(path)


#: A small process between: on Linux a child's peak memory begins with that of its parent.
LAUNCHER = """
import os, sys
process = os.spawnv(os.P_NOWAIT, sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(process, 0)
print(status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
"""


def launch(script, *flags):
    """Start a script; CPU seconds and peak memory come on the standard output."""
    job = [sys.executable, str(ROOT / "scripts" / script), *map(str, flags)]
    launcher = [sys.executable, "-S", "-c", LAUNCHER, *job]
    return subprocess.Popen(launcher, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process):
    """Wait for a script; return its CPU seconds and its peak memory in MB."""
    out, error = process.communicate()
    status, seconds, memory = out.split()
    if int(status):
        sys.exit(error)
    return float(seconds), float(memory)


def run(script, *flags):
    """Run a script; return its CPU and wall seconds and its peak memory in MB."""
    start = time.perf_counter()
    seconds, memory = finish(launch(script, *flags))
    return seconds, time.perf_counter() - start, memory


def best_of(repeats, script, *flags):
    """Return the least of several runs: the machine is shared."""
    return min(run(script, *flags) for _ in range(repeats))


def two_at_a_time(jobs):
    """Run find_objects.py on all, two at once; return CPU seconds and the peak of one in MB."""
    waiting, running, accounts = list(jobs), [], []
    while waiting or running:
        while waiting and len(running) < 2:
            running.append(launch("find_objects.py", *waiting.pop(0)))
        accounts.append(finish(running.pop(0)))
    return sum(seconds for seconds, _ in accounts), max(memory for _, memory in accounts)


if __name__ == "__main__":
    main()
