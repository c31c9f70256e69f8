"""The cost of attribution: percentiles in two passes, and a field in and near features.

    nice python benchmarks/bench_attribution.py [--maps 400]

Writes benchmarks/attribution.md. The scripts are run as a user runs them, on samples of 768 × 1152.
CPU seconds of one core, of the difference between all maps and half of them, so that what a script
needs to start is left out. Half must be more than are sorted in memory (152).
"""

import argparse
import sys
import tempfile
from pathlib import Path

import cftime
import numpy as np
from scipy import ndimage

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests"), str(ROOT / "benchmarks")]

from make_results import write_masks  # noqa: E402
from measuring import SCRIPTS, measured  # noqa: E402
from stormtrace.formats.sample_writing import (  # noqa: E402
    SampleField,
    SampleTime,
    sample_name,
    write_sample,
)
from stormtrace.grids import make_grid  # noqa: E402

GRID = make_grid({"nlat": 768, "nlon": 1152})

#: Maps of fifteen years of three-hourly samples.
WHOLE = 15 * 2920

#: What is asked for: maps a second and core in two passes, and GB.
ASKED = 100, 2.0


def main():
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--maps", type=int, default=400, help="samples")
    maps = parser.parse_args().maps
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for count in (maps // 2, maps):
            synthetic(folder / str(count), count)
        lines = rows(folder, maps)
    text = "\n".join([
        "# Attribution, measured",
        "",
        f"`python benchmarks/bench_attribution.py --maps {maps}`; rain of 768 × 1152 from smoothed "
        "noise. CPU time of one core.",
        "",
        "| script | how | passes | ms a map and pass | maps a second and pass | peak MB "
        "| 15 years |",
        "|---|---|---|---|---|---|---|",
        *lines,
        "",
        f"Asked for: {ASKED[0]} maps a second in each of two passes, at most {ASKED[1]:g} GB.",
    ])  # fmt: skip
    print(text)
    (ROOT / "benchmarks" / "attribution.md").write_text(text + "\n", encoding="utf-8")


def synthetic(folder, count):
    """Write samples of rain, a quarter of it wet, and masks with a few features."""
    draw = np.random.default_rng(7)
    noise = [ndimage.gaussian_filter(draw.normal(size=GRID.shape), 12, mode="wrap") for _ in "abc"]
    noise = [one / one.std() for one in noise]
    calendar = "noleap"
    dates = [cftime.num2date(3 * step, "hours since 2001-01-01", calendar) for step in range(count)]
    samples = folder / "samples"
    samples.mkdir(parents=True)
    about = {"units": "mm/day", "cell_methods": "time: mean"}

    def rain(step):
        shift = draw.integers(0, 1152)
        field = np.roll(noise[step % 3], shift, axis=1)
        return (8.0 * np.maximum(field, 0) ** 3 * draw.uniform(0.5, 1.5)).astype(np.float32)

    for step, date in enumerate(dates):
        fields = [SampleField("PRECT", rain(step), about)]
        path = samples / sample_name("made", date)
        write_sample(path, GRID, SampleTime(date, 3.0), fields, {"step_hours": 3.0})

    def mask(step, _date):
        field = np.roll(noise[step % 3], 7 * step, axis=1)
        return np.where(field > 2, 2, np.where(field < -2.5, 1, 0)).astype(np.int8)

    write_masks(folder / "masks.nc", 2001, dates, mask, GRID, calendar)


def rows(folder, maps):
    """Yield the lines of the table."""
    within = '{"TC": {"km": 500, "hours": 3}}'
    cases = [
        ("compute_extremes", "one percentile", ["--percentiles", 95], 2),
        ("compute_extremes", "two percentiles", ["--percentiles", 90, 95], 2),
        ("attribute_field", "own cells", [], 1),
        ("attribute_field", "500 km and 3 h round TCs", ["--within", within], 1),
    ]
    found = []
    for script, how, flags, passes in cases:
        half, whole = (run(folder / str(count), script, flags) for count in (maps // 2, maps))
        each = (whole.cpu - half.cpu) / (passes * (maps - maps // 2))
        minutes = each * passes * WHOLE / 60
        found.append(
            f"| {script} | {how} | {passes} | {1000 * each:.1f} | {1 / each:.0f} "
            f"| {whole.peak_mb:,.0f} | {minutes:.0f} min |"
        )
    return found


def run(folder, script, flags):
    """Return what a script costs on a folder of samples."""
    command = [sys.executable, SCRIPTS / f"{script}.py", "--samples", folder / "samples"]
    command += ["--field", "PRECT", *flags, "--output", folder / f"{script}.nc"]
    if script == "attribute_field":
        command += ["--mask", folder / "masks.nc", "--extremes", folder / "compute_extremes.nc"]
    return measured([str(one) for one in command])


if __name__ == "__main__":
    main()
