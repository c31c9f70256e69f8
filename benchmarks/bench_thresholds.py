"""The cost of threshold detectors a map of 768 × 1152, in memory and from samples to masks.

    nice python benchmarks/bench_thresholds.py [--maps 20]

Writes benchmarks/thresholds.md. CPU seconds of this process, which uses one core.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy import ndimage

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

from labelled_factory import write_map_file  # noqa: E402
from stormtrace.blocks import read_block  # noqa: E402
from stormtrace.detect.conditions import RecipeOnGrid  # noqa: E402
from stormtrace.detect.recipes import ThresholdRecipe  # noqa: E402
from stormtrace.detect.thresholds import detect_by_thresholds  # noqa: E402
from stormtrace.formats.percentile_maps import PercentileMaps, write_percentiles  # noqa: E402
from stormtrace.grids import make_grid  # noqa: E402
from stormtrace.study.resolved import shipped_detectors  # noqa: E402

GRID = make_grid({"nlat": 768, "nlon": 1152})

#: What is asked for, maps a second and core: without shapes of objects, and with.
PLAIN, SHAPED = 100, 20

RECIPES = {
    "ivt-250": PLAIN,
    "ivt-85": SHAPED,
    "blocking": PLAIN,
    "cyclones": SHAPED,
}


def main():
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--maps", type=int, default=20, help="maps of each field")
    maps = parser.parse_args().maps
    fields = {name: synthetic(name, maps) for name in ("IVT", "Z500A", "PSL")}
    lines = [
        "# Threshold detectors, measured",
        "",
        f"`python benchmarks/bench_thresholds.py --maps {maps}`; maps of 768 × 1152 from smoothed "
        "noise. CPU time of one core; trust ratios.",
        "",
        "| detector | cells of a class, % | ms a map | maps a second, in memory "
        "| from samples to a mask file | asked for |",
        "|---|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as folder:
        lines += [row(name, fields, Path(folder)) for name in RECIPES]
    text = "\n".join(lines) + "\n"
    print(text)
    (ROOT / "benchmarks" / "thresholds.md").write_text(text, encoding="utf-8")


def synthetic(name, maps):
    """Return maps whose values and scales are those of the field."""
    draw = np.random.default_rng(7)
    mean, spread, cells = {
        "IVT": (130.0, 140.0, 12),
        "Z500A": (0.0, 90.0, 25),
        "PSL": (101300.0, 900.0, 15),
    }[name]
    found = []
    for _ in range(maps):
        noise = ndimage.gaussian_filter(draw.normal(size=GRID.shape), cells, mode="wrap")
        found.append((mean + spread * noise / noise.std()).astype(np.float32))
    return np.maximum(found, 0) if name == "IVT" else np.stack(found)


def row(name, fields, folder):
    """Return a line of the table."""
    recipe = read_block(ThresholdRecipe, shipped_detectors()[name], name)
    field = recipe.fields[0]
    maps = [
        PercentileMaps(
            field,
            85.0,
            "d",
            np.repeat(np.percentile(fields[field], 85, axis=0)[None].astype(np.float32), 12, 0),
            np.full(12, 3000, np.int32),
        )
        for one in recipe.conditions
        if one.percentile
    ]
    on_grid = RecipeOnGrid(recipe, GRID, "d", maps)
    on_grid.mask({field: fields[field][0]}, 1)  # compiled
    start = time.process_time()
    masks = [on_grid.mask({field: values}, 1) for values in fields[field]]
    spent = (time.process_time() - start) / len(masks)
    whole = from_files(recipe, field, fields[field], maps, folder / name)
    share = 100 * np.mean(np.stack(masks) > 0)
    return (
        f"| {name} | {share:.1f} | {1000 * spent:.1f} | {1 / spent:.0f} | {1 / whole:.0f} "
        f"| {RECIPES[name]} |"
    )


def from_files(recipe, field, values, maps, folder):
    """Return CPU seconds a map of the whole job: samples read, masks written.

    Percentiles, half a second a job, are read once a year, and left out.
    """
    for index, one in enumerate(values):
        path = folder / "samples" / f"d.2000-01-{index // 8 + 1:02d}-{index % 8 * 10800:05d}.nc"
        write_map_file(path, {field: one}, grid=GRID, time=3.0 * index)
    files = []
    for number, one in enumerate(maps):
        files.append(folder / f"{number}.nc")
        write_percentiles(files[-1], one, GRID, "1", {})
    spent = []
    for end in ("2000-01-01 06:00", "2000-02-01"):
        start = time.process_time()
        detect_by_thresholds(
            recipe,
            folder / "samples",
            folder / "masks.nc",
            dataset="d",
            year=2000,
            periods=[["2000-01-01", end]],
            percentiles=files,
            attributes={},
        )
        spent.append(time.process_time() - start)
    return (spent[1] - spent[0]) / (len(values) - 2)


if __name__ == "__main__":
    main()
