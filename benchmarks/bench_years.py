"""Memory of the jobs that read all years, for 10, 100 and 1,000 generated years.

    nice python benchmarks/bench_years.py [--years "[10, 100, 1000]"]

Writes benchmarks/years.md. A year of events is made once, of discs that live four days on a small
grid, and copied to others with its time moved: 2,920 steps of twelve objects, eleven of which are
rivers and one a cyclone, as many as in nature. A year of samples is 73 maps, one in five days. What
grows with the years is seen all the same: the difference by hundred years. Linking alone is done
for more than a hundred.
"""

import argparse
import json
import shutil
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

import cftime
import netCDF4
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
TEMPLATES = ROOT / "workflow" / "report"
sys.path[:0] = [str(ROOT / name) for name in ("scripts", "benchmarks", "tests")]

from bench_map import account  # noqa: E402
from bench_track import shift_year  # noqa: E402
from ibtracs_files import row, write_csv  # noqa: E402
from make_results import dates_between, write_frequency, write_masks, write_samples  # noqa: E402
from stormtrace.grids import make_grid  # noqa: E402

GRID = make_grid({"nlat": 48, "nlon": 96})
LARGE = make_grid({"nlat": 768, "nlon": 1152})
STEPS, FIRST = 2920, 1001
FIELDS, STEP_HOURS = ("TMQ", "PRECT"), 120.0
DISCS, LIFE = 12, 32
CYCLONE = DISCS // 2
#: Years of observed storms, whatever the experiment's: IBTrACS is one file.
OBSERVED = 100
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
    """Make the masks and objects of the first year."""
    dates = dates_between((FIRST, 1, 1), (FIRST + 1, 1, 1), "noleap")
    mask = write_masks(folder / "mask.nc", FIRST, dates, lambda step, _: discs(step), GRID)
    tracking = ["--tracking", json.dumps(TRACKING)]
    run("find_objects", "--mask", mask, *tracking, "--output", folder / "o.nc")


def discs(step):
    """A mask: discs that move east, each somewhere else after its life; one is a cyclone."""
    mask = np.zeros(GRID.shape, np.int8)
    for disc in range(DISCS):
        life, age = divmod(step + disc * LIFE // DISCS, LIFE)
        place = np.random.default_rng((life, disc)).integers(0, GRID.shape[1])
        row, column = 2 + 4 * disc - disc // 11, (place + age // 2) % (GRID.shape[1] - 3)
        mask[row - 1 : row + 1, column : column + 3] = 1 if disc == CYCLONE else 2
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
    flags = ["--storms", observed_storms(here), "--output", here / "verified.json"]
    flags += ["--maps", here / "verified.nc"]
    yield "verify", run("verify", "--objects", *paths, "--events", events, *flags)
    flags = ["--comparison", here / "verified.nc", "--title", "Bench", "--output", here / "tracks"]
    yield "draw_comparison of tracks", run("draw_comparison", *flags)
    frequency = here / "frequency.nc"
    masks = [here / f"m{FIRST + k}.nc" for k in range(years)]
    for k, path in enumerate(masks):
        shift_year(folder / "mask.nc", path, FIRST - 2000 + k, STEPS)
    flags = ["--masks", *masks, "--objects", *paths, "--events", events, "--output", frequency]
    yield "compute_frequency", run("compute_frequency", *flags)
    flags = ["--first", frequency, "--second", frequency, "--name", "self"]
    compared = here / "compared.nc"
    yield "compare", run("compare", *flags, "--output", compared)
    yield "compare on 768 × 1152 cells", compare_large(here, years)
    sides = ["--first", frequency, "--second", frequency, "--fields", "TMQ", "--name", "parts"]
    sides += ["--of-first", frequency, "--of-second", frequency]
    flags = ["--output", here / "parts.nc", "--table", here / "parts.csv"]
    yield "decompose", run("decompose", *sides, *flags)
    files = {"masks": [*map(str, masks)], "objects": [*map(str, paths)], "events": str(events)}
    pair = [{"experiment": "bench", "class": name, **files} for name in ("TC", "AR")]
    yield from agreements(here, pair)
    flags = ["--title", "Bench", "--output", here / "figures", "--events", events]
    yield "draw_experiment", run("draw_experiment", "--frequency", frequency, *flags)
    page = report_of(here, frequency, events, compared)
    flags = ["--report", f"@{page}", "--templates", TEMPLATES, "--output", here / "report.html"]
    yield "write_report", run("write_report", *flags)
    yield from jobs_of_samples(here, years)
    shutil.rmtree(here)


def agreements(here, pair):
    """Yield what it costs to count the last year of two experiments, and to add all years up."""
    members, sums = here / "members.json", []
    flags = ["--name", "pair", "--lags", 0, 24, "--members", f"@{members}"]
    masks = pair[0]["masks"]
    for k in range(len(masks)):
        near = slice(max(k - 1, 0), k + 1)
        some = [one | {n: one[n][near] for n in ("masks", "objects")} for one in pair]
        members.write_text(json.dumps(some), encoding="utf-8")
        sums.append(here / f"sums{FIRST + k}.nc")
        last = run("count_agreement", *flags, "--year", FIRST + k, "--output", sums[-1])
    yield "count_agreement, the last year", last
    members.write_text(json.dumps(pair), encoding="utf-8")
    yield "agree", run("agree", *flags, "--sums", *sums, "--output", here / "agreement")


def compare_large(here, years):
    """Compare two experiments on the grid of the NCAR study; return what it cost."""
    sides = []
    for seed in (0, 1):
        drawn = OfYears.fromkeys(range(FIRST, FIRST + years), seed)
        sides.append(write_frequency(here / f"f{seed}.nc", drawn, STEPS // 12, LARGE))
    flags = ["--first", sides[0], "--second", sides[1], "--name", "large"]
    return run("compare", *flags, "--output", here / "large.nc")


class OfYears(dict):
    """Counts of a year, of one seed, drawn when they are asked for: a few in every second cell."""

    def __getitem__(self, year):
        """Return (month, class, nlat, nlon)."""
        rng = np.random.default_rng((self.get(year), year))
        counts = np.zeros((12, 2, *LARGE.shape), np.int16)
        counts[..., ::2, :] = rng.binomial(200, 0.1, LARGE.lon.size)
        return counts


def jobs_of_samples(here, years):
    """Yield each job that reads samples of all years, or sums of them, and what it cost."""
    folders, pieces = [], []
    for year in range(FIRST, FIRST + years):
        dates = dates_between((year, 1, 1), (year + 1, 1, 1), "noleap", STEP_HOURS)
        where = here / "samples" / str(year)
        folders.append(write_samples(where, dates, fields, GRID, step_hours=STEP_HOURS))
        pieces.append(here / f"{year}.json")
    flags = ["--samples", folders[0], "--fields", *FIELDS, "--output", pieces[0]]
    run("compute_statistics", *flags)
    first = json.loads(pieces[0].read_text(encoding="utf-8"))
    del first["digest"]  # what is not sealed is read
    for piece in pieces:
        piece.write_text(json.dumps(first), encoding="utf-8")
    named = ["--dataset", "bench", "--grid", "bench"]
    flags = ["--pieces", *pieces, *named, "--output", here / "statistics.json"]
    yield "merge_statistics", run("merge_statistics", *flags)
    of_all, field = ["--samples", *folders], ["--field", "TMQ"]
    flags = ["--fields", *FIELDS, "--output", here / "climatology.nc"]
    yield "make_climatology", run("make_climatology", *of_all, *flags)
    flags = [*named[:2], *field, "--percentile", 85, "--output", here / "percentiles.nc"]
    yield "compute_percentiles", run("compute_percentiles", *of_all, *flags)
    flags = [*named, *field, "--match", "quantiles", "--output", here / "zonal.nc"]
    yield "compute_zonal_climatology", run("compute_zonal_climatology", *of_all, *flags)
    extremes = here / "extremes.nc"
    flags = [*field, "--percentiles", 80, "--over", "steps", "--by", "season"]
    yield "compute_extremes", run("compute_extremes", *of_all, *flags, "--output", extremes)
    dates = dates_between((FIRST, 1, 1), (FIRST + 1, 1, 1), "noleap", STEP_HOURS)
    rare = {"step_hours": STEP_HOURS}
    mask = write_masks(here / "m.nc", FIRST, dates, lambda step, _: discs(step), GRID, **rare)
    sums, composites = here / "sums.nc", here / "composites.nc"
    flags = [*field, "--extremes", extremes, "--output", sums]
    run("attribute_field", "--mask", mask, "--samples", folders[0], *flags)
    flags = ["--fields", *FIELDS, "--output", composites]
    run("compose_fields", "--mask", mask, "--samples", folders[0], *flags)
    flags = ["--sums", *of_years(sums, years), *field, "--percentiles", 80]
    yield "summarize_attribution", run("summarize_attribution", *flags, "--output", here / "s.json")
    flags += ["--title", "Bench", "--output", here / "shares"]
    yield "draw_attribution", run("draw_attribution", *flags)
    flags = ["--composites", *of_years(composites, years), *field, "--title", "Bench"]
    yield "draw_composite", run("draw_composite", *flags, "--output", here / "composite")


def fields(step, date):
    """Return a map of each field, of another kind each step."""
    rng = np.random.default_rng((date.year, step))
    return {name: rng.gamma(2, 10, GRID.shape).astype(np.float32) for name in FIELDS}


def of_years(path, years):
    """Return copies of a year's file of months, one for each year."""
    copied = [path.with_name(f"{path.stem}-{FIRST + k}.nc") for k in range(years)]
    for k, copy in enumerate(copied):
        shutil.copyfile(path, copy)
        with netCDF4.Dataset(copy, "a") as nc:
            nc["time"].units = f"days since {FIRST + k}-01-01"
    return copied


def observed_storms(here):
    """Write eighty storms a year as IBTrACS does; return the file."""
    rows = []
    for year in range(FIRST, FIRST + OBSERVED):
        for storm in range(80):
            day, west = 1 + storm * 4, (storm * 37) % 360 - 180
            start = cftime.DatetimeNoLeap(year, 1, 1) + timedelta(days=day)
            for step in range(24):
                time = (start + timedelta(hours=3 * step)).strftime("%Y-%m-%d %H:%M:%S")
                name = f"{year}{storm:03d}N10E100"
                rows.append(row(name, time.strip().rjust(19, "0"), 10 + 0.3 * step, west))
    return write_csv(here / "ibtracs.csv", rows)


def report_of(here, frequency, events, compared):
    """Write what the report is made of, one experiment and its comparison; return the file."""
    entry = {"name": "bench", "title": "Bench", "model": "net"}
    entry |= {"frequency": str(frequency), "events": str(events)}
    change = {"name": "self", "first": "bench", "second": "bench", "file": str(compared)}
    page = here / "report.json"
    told = {"title": "Bench", "experiments": [entry], "comparisons": [change]}
    page.write_text(json.dumps(told), encoding="utf-8")
    return page


def run(script, *flags):
    """Run a script; return its peak memory and CPU seconds as a cell."""
    seconds, memory = account([sys.executable, ROOT / "scripts" / f"{script}.py", *flags])
    return f"{memory:,.0f} ({seconds:.1f})"


if __name__ == "__main__":
    main()
