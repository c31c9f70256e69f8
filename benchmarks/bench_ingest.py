"""Raw files to samples at ne120 × 30 levels, beside what people use today, in one run.

    python benchmarks/bench_ingest.py [--ne 120] [--scratch FOLDER] [--peers PYTHON]

Makes one synthetic model day (8 steps of Q, U, V, PS, PSL) in CDF5 and in netCDF-4, 5 GB, in a
temporary folder. PYTHON is the interpreter of an environment with geocat-comp, xarray and netCDF4;
ncremap is NCO's. Peers that are not there are left out. Writes benchmarks/ingest.md.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import netCDF4
import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "scripts"))

from stormtrace.grids import make_grid  # noqa: E402
from stormtrace.prepare import camse  # noqa: E402
from stormtrace.prepare.columns import Columns  # noqa: E402
from stormtrace.prepare.dataset import make_dataset  # noqa: E402
from stormtrace.prepare.meshes import dataset_mesh  # noqa: E402
from stormtrace.prepare.plan import make_plans  # noqa: E402
from stormtrace.prepare.reader import Reader  # noqa: E402
from stormtrace.prepare.samples import SampleWriter  # noqa: E402
from stormtrace.prepare.weights_map import load_map  # noqa: E402

STEPS, GRID = 8, {"nlat": 768, "nlon": 1152}
FORMS = {"CDF5": "NETCDF3_64BIT_DATA", "netCDF-4": "NETCDF4"}
# CAM5's 30 levels, as η = a + b; the transition to pure pressure is at the ninth.
ETA = np.array([2.255, 5.032, 10.16, 18.56, 30.67, 45.87, 63.32, 80.7, 94.94, 111.7, 131.4, 154.6,
                181.9, 214.0, 251.7, 296.1, 348.4, 409.8, 482.2, 567.2, 652.3, 730.4, 796.4, 845.4,
                873.7, 900.3, 925.0, 947.4, 967.5, 985.1, 1000.0]) / 1000  # fmt: skip
B = np.clip((ETA - ETA[8]) / (1 - ETA[8]), 0, None) ** 1.15
A = ETA - B
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


@dataclass
class Row:
    """One line of the table: seconds and peak memory, of us and of a peer."""

    what: str
    seconds: float
    peak_mb: float | None = None
    beside: str = ""
    ratio_to: float | None = None

    def line(self) -> str:
        """Return the row in Markdown."""
        memory = "" if self.peak_mb is None else f"{self.peak_mb:,.0f}"
        ratio = "" if self.ratio_to is None else f"{self.seconds / self.ratio_to:.1f}"
        return f"| {self.what} | {self.beside} | {self.seconds:.2f} | {memory} | {ratio} |"


# --- the synthetic day --------------------------------------------------------------------------


def write_day(folder: Path, form: str, ne: int) -> None:
    """Write Q, U, V, PS and PSL of one day, one variable a file, as CAM names them."""
    cube = camse.columns(ne)
    rng = np.random.default_rng(0)
    lat, lon = np.radians(cube.lat), np.radians(cube.lon)
    plateau = 45000 * np.exp(-(((cube.lat - 33) / 8) ** 2) - ((cube.lon - 88) / 15) ** 2)
    ps = [101000 - plateau + 800 * np.sin(3 * lon + step / 5) for step in range(STEPS)]
    a_mid, b_mid = (A[1:] + A[:-1]) / 2, (B[1:] + B[:-1]) / 2
    for name in ("Q", "U", "V", "PS", "PSL"):
        with _history_file(folder, name, form, cube) as file:
            for step in range(STEPS):
                if name in ("PS", "PSL"):
                    file[name][step] = ps[step] + (plateau if name == "PSL" else 0)
                    continue
                pressure = (a_mid[:, None] * 1e5 + b_mid[:, None] * ps[step]).astype("f4")
                law = 0.016 * (pressure / 1e5) ** 3 if name == "Q" else 20 * np.log(pressure / 3e4)
                noise = 1 + 0.01 * rng.standard_normal(cube.ncol, dtype="f4")
                file[name][step] = law * np.cos(lat).astype("f4") * noise


def _history_file(folder: Path, name: str, form: str, cube: camse.Mesh) -> netCDF4.Dataset:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"case.cam.h3.{name}.2000010100Z-2000010121Z.nc"
    file = netCDF4.Dataset(path, "w", format=form)
    file.set_fill_off()
    for dimension, size in (
        ("time", None),
        ("lev", 30),
        ("ilev", 31),
        ("ncol", cube.ncol),
        ("nbnd", 2),
    ):
        file.createDimension(dimension, size)
    mid = {"hyam": (A[1:] + A[:-1]) / 2, "hybm": (B[1:] + B[:-1]) / 2}
    for key, values in {**mid, "hyai": A, "hybi": B}.items():
        file.createVariable(key, "f8", ("lev" if key in mid else "ilev",))[:] = values
    file.createVariable("lev", "f8", ("lev",))[:] = 1000 * (mid["hyam"] + mid["hybm"])
    file.createVariable("P0", "f8", ())[...] = 1e5
    for key, values in (("lat", cube.lat), ("lon", cube.lon)):
        file.createVariable(key, "f8", ("ncol",))[:] = values
        file[key].units = "degrees_north" if key == "lat" else "degrees_east"
    time_ = file.createVariable("time", "f8", ("time",))
    time_.setncatts({"units": "days since 2000-01-01", "calendar": "noleap", "bounds": "time_bnds"})
    bounds = file.createVariable("time_bnds", "f8", ("time", "nbnd"))
    edges = np.arange(STEPS + 1) / 8
    time_[:STEPS], bounds[:STEPS] = edges[1:], np.stack([edges[:-1], edges[1:]], axis=1)
    three = name in ("Q", "U", "V")
    chunks = (
        {"chunksizes": (1, 1, cube.ncol) if three else (1, cube.ncol)} if form == "NETCDF4" else {}
    )
    file.createVariable(
        name, "f4", ("time", "lev", "ncol") if three else ("time", "ncol"), **chunks
    )
    return file


def spec_of(folder: Path) -> dict:
    """Return the dataset of a folder, as a script gets it."""
    part = {
        "period": ["2000-01-01", "2000-01-02"],
        "files": f"{folder}/*.{{variable}}.{{year}}*.nc",
    }
    return {"name": "ne120", "source": "cesm", "parts": [{**part, "stamps": "end"}]}


# --- measuring ----------------------------------------------------------------------------------


def measured(*commands: list[str]) -> tuple[float, float]:
    """Run commands at the same time; return wall seconds and the greatest peak memory, MB."""
    start = time.perf_counter()
    jobs = [
        subprocess.Popen(
            command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        for command in commands
    ]
    peak = 0.0
    while any(job.poll() is None for job in jobs):
        peak = max(peak, *(_high_water(job.pid) for job in jobs))
        time.sleep(0.02)
    for job in jobs:
        if job.returncode:
            raise SystemExit(f"{job.args} failed:\n{job.stderr.read().decode()}")  # type: ignore
    return time.perf_counter() - start, peak


def _high_water(pid: int) -> float:
    """Return the peak memory so far, MB (what wait4 tells counts the parent's at the fork)."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    lines = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(lines[0].split()[1]) / 1000 if lines else 0.0


def script(name: str, *flags: object) -> list[str]:
    """Return the command of one of our scripts."""
    return [sys.executable, str(HERE.parent / "scripts" / name), *map(str, flags)]


def samples_command(spec: dict, weights: Path, output: Path, *flags: str) -> list[str]:
    """Return the command that makes the samples of the synthetic day."""
    shared = ("--dataset", json.dumps(spec), "--grid", json.dumps(GRID))
    where = ("--year", 2000, "--weights", weights, "--output", output)
    return script("make_samples.py", *shared, *where, *flags)


def stages(spec: dict, weights_path: Path, folder: Path) -> list[Row]:
    """Time the stages of a day inside one process, the files in the page cache."""
    dataset, grid = make_dataset(spec), make_grid(GRID)
    mesh = dataset_mesh(dataset)
    weights = load_map(weights_path, mesh, grid)
    weights.single  # noqa: B018
    (plan,) = make_plans(dataset, 2000)
    steps, rows, fields = range(STEPS), [], {}
    folder.mkdir()
    with Reader(dataset, mesh) as reader:
        columns = Columns(dataset, reader)
        for name in ("TMQ", "U850", "V850"):
            recipe = dataset.fields[name]
            places = plan.places(recipe, recipe.variable, steps)
            beside = plan.places(recipe, "PS", steps)
            start = time.perf_counter()
            fields[name], _ = columns.derive(recipe, places, beside)
            what = {"TMQ": "all 30 levels", "U850": "only bracketing levels, brackets found"}
            note = what.get(name, "only bracketing levels, brackets known")
            rows.append(
                Row(f"{name}, 8 steps, from the file", time.perf_counter() - start, None, note)
            )
        fields["PSL"] = reader.read("PSL", plan.places(dataset.fields["PSL"], "PSL", steps))
    start = time.perf_counter()
    on_grid = {name: weights.apply(values) for name, values in fields.items()}
    spent = time.perf_counter() - start
    rows.append(
        Row("regrid 32 fields", spent, None, f"{32 / spent:.0f} fields/s, scipy CSR float32")
    )
    writer = SampleWriter(plan, grid, folder, "none", {})
    writer.write(0, {name: values[0] for name, values in on_grid.items()}, dict.fromkeys(fields, 0))
    start = time.perf_counter()
    for step in steps:
        own = {name: values[step] for name, values in on_grid.items()}
        writer.write(step, own, dict.fromkeys(own, 0))
    spent = time.perf_counter() - start
    rows.append(
        Row("write 8 samples of 14 MB", spent, None, f"{8 / spent:.0f} files/s, uncompressed")
    )
    return rows


# --- peers, run by their own interpreter ----------------------------------------------------------

PEERS = {
    "geocat-comp interp_hybrid_to_pressure": """
import sys, xarray as xr, geocat.comp as gc
folder = sys.argv[1]
u = xr.open_dataset(f"{folder}/case.cam.h3.U.2000010100Z-2000010121Z.nc")
ps = xr.open_dataset(f"{folder}/case.cam.h3.PS.2000010100Z-2000010121Z.nc").PS
gc.interp_hybrid_to_pressure(u.U.load(), ps.load(), u.hyam, u.hybm, p0=1e5, new_levels=[85000.0],
    lev_dim="lev", method="log", extrapolate=True, variable="other",
    t_bot=u.U.isel(lev=-1), phi_sfc=ps * 0).compute()
""",
    "geocat-comp delta_pressure_hybrid": """
import sys, xarray as xr, geocat.comp as gc
folder = sys.argv[1]
q = xr.open_dataset(f"{folder}/case.cam.h3.Q.2000010100Z-2000010121Z.nc")
ps = xr.open_dataset(f"{folder}/case.cam.h3.PS.2000010100Z-2000010121Z.nc").PS
dp = gc.delta_pressure_hybrid(ps.load(), q.hyai, q.hybi, p0=1e5)
level = next(d for d in dp.dims if d not in ps.dims)
dp = dp.rename({level: "lev"}).drop_vars("lev", errors="ignore").transpose(*q.Q.dims)
((q.Q.load() * dp).sum("lev") / 9.80616).compute()
""",
    "plain xarray": """
import sys, xarray as xr
folder = sys.argv[1]
q = xr.open_dataset(f"{folder}/case.cam.h3.Q.2000010100Z-2000010121Z.nc").drop_vars("lev")
ps = xr.open_dataset(f"{folder}/case.cam.h3.PS.2000010100Z-2000010121Z.nc").PS
p = q.hyai * 1e5 + q.hybi * ps
((q.Q * p.diff("ilev").rename(ilev="lev")).sum("lev") / 9.80616).load()
""",
}  # fmt: skip


def peer_rows(python: str | None, folder: Path, ours: dict[str, float]) -> list[Row]:
    """Time what peers offer for single fields."""
    rows = []
    for name, code in PEERS.items():
        if python is None:
            continue
        idle, _ = measured([python, "-c", code.partition("folder =")[0]])
        seconds, peak = measured([python, "-c", code, str(folder)])
        field = "U850" if "interp" in name else "TMQ"
        note = f"{name}; imports ({idle:.1f} s) left out"
        rows.append(
            Row(f"{field}, 8 steps, from the file", seconds - idle, peak, note, ours[field])
        )
    return rows


def chain_rows(python: str | None, day: Path, work: Path, weights: Path, ours: float) -> list[Row]:
    """Time the day as it is done today: geocat-comp's fields, ncremap with a map, ncks to split."""
    if python is None or shutil.which("ncremap") is None:
        return []
    derive = HERE / "ingest_chain.py"
    spent, peak = measured([python, str(derive), str(day), str(work / "fields.nc")])
    remap = ["ncremap", "-m", str(weights), str(work / "fields.nc"), str(work / "grid.nc")]
    more, memory = measured(remap)
    split, _ = measured(["ncks", "-O", "-d", "time,0", str(work / "grid.nc"), str(work / "s.nc")])
    total = spent + more + STEPS * split
    note = f"geocat-comp {spent:.0f} s, ncremap {more:.0f} s, ncks 8 × {split:.1f} s"
    return [Row("a model day, files to files", total, max(peak, memory), note, ours)]


# --- the table ----------------------------------------------------------------------------------


def main() -> None:
    """Parse the flags, measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ne", type=int, default=120)
    parser.add_argument("--scratch", help="where the 5 GB go (the system's temporary folder)")
    parser.add_argument("--peers", help="python with geocat-comp")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.scratch) as scratch:
        text = bench(args.ne, Path(scratch), args.peers)
    print(text)
    if args.ne == 120:
        (HERE / "ingest.md").write_text(text, encoding="utf-8")


def bench(ne: int, scratch: Path, peers: str | None) -> str:
    """Return the table as text."""
    weights, rows = scratch / "map.nc", []
    for form, name in FORMS.items():
        write_day(scratch / form, name, ne)
    day = scratch / "CDF5"
    specs = {form: spec_of(scratch / form) for form in FORMS}
    make = ("--dataset", json.dumps(specs["CDF5"]), "--grid", json.dumps(GRID), "--output", weights)
    rows.append(
        Row(
            "weights map",
            *measured(script("make_weights.py", *make)),
            "CAM-SE GLL bilinear, the whole job",
        )
    )
    rows += stages(specs["CDF5"], weights, scratch / "stages")
    ours = {row.what.partition(",")[0]: row.seconds for row in rows}
    whole = {}
    for form in FORMS:
        command = samples_command(specs[form], weights, scratch / "out")
        measured(command)  # once to warm the page cache
        whole[form], peak = measured(command)
        rows.append(
            Row(
                "a model day, files to files",
                whole[form],
                peak,
                f"{form}, one process, start-up included",
            )
        )
    seconds, peak = measured(
        samples_command(specs["CDF5"], weights, scratch / "out", "--compression", "zlib")
    )
    rows.append(Row("a model day, files to files", seconds, peak, "CDF5, samples with zlib 1"))
    two = [samples_command(specs["CDF5"], weights, scratch / f"out{job}") for job in (1, 2)]
    seconds, peak = measured(*two)
    rows.append(
        Row(
            "two model days, two processes",
            seconds,
            peak,
            f"{2 * whole['CDF5'] / seconds:.2f} × one process",
        )
    )
    rows += peer_rows(peers, day, ours)
    rows += chain_rows(peers, day, scratch, weights, whole["CDF5"])
    return table(rows, whole["CDF5"], two_days=seconds, ne=ne)


def table(rows: list[Row], day: float, two_days: float, ne: int) -> str:
    """Return all rows, and what a year would take."""
    head = ["| what | how | seconds | peak MB | times ours |", "|---|---|---|---|---|"]
    year, pair = 365 * day / 3600, 365 * two_days / 2 / 3600
    return "\n".join([
        f"# Ingest: ne{ne}np4, 30 levels, 768 × 1152, one model day (8 steps)",
        "",
        f"{os.cpu_count()} cores, one thread a process, files in the page cache; the machine"
        " was shared: trust ratios.",
        "",
        *head, *[row.line() for row in rows],
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
