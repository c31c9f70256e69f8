"""Drawing a campaign: fields of 721 × 1440 cells read from ERA5-like files, drawn, pre-annotated.

    nice python benchmarks/bench_campaign.py [--times 500]

Four fields a day, a file each day, in ERA5's layout (int16, packed), for each of the chosen times;
masks with some thirty objects a step. Writes benchmarks/campaign.md. CPU seconds of this process;
memory from the kernel.
"""

import argparse
import datetime
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

import netCDF4
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

from mask_files import write_mask_file  # noqa: E402
from stormtrace.blocks import read_block  # noqa: E402
from stormtrace.classes import CLIMATENET_LABELS, Classes  # noqa: E402
from stormtrace.grids import make_grid  # noqa: E402
from stormtrace.labels.campaigns.campaign_block import Campaign  # noqa: E402
from stormtrace.labels.campaigns.campaign_making import Inputs, make_campaign  # noqa: E402
from stormtrace.labels.campaigns.campaign_masks import open_detections  # noqa: E402
from stormtrace.prepare.dataset import make_dataset  # noqa: E402
from stormtrace.prepare.mesh.mesh_reading import dataset_mesh  # noqa: E402
from stormtrace.prepare.regridding.makers import own_matrix  # noqa: E402
from stormtrace.prepare.sample_making import FieldSource  # noqa: E402

GRID = make_grid({"nlat": 721, "nlon": 1440})
#: Raw variable -> least and greatest value, standard name, units.
FIELDS = {
    "tcwv": (0.0, 70.0, "lwe_thickness_of_atmosphere_mass_content_of_water_vapor", "kg m**-2"),
    "u": (-60.0, 60.0, "eastward_wind", "m s**-1"),
    "v": (-60.0, 60.0, "northward_wind", "m s**-1"),
    "msl": (95000.0, 105000.0, "air_pressure_at_mean_sea_level", "Pa"),
}
STEPS = 1


def main() -> None:
    """Measure and write the table."""
    flags = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    flags.add_argument("--times", type=int, default=500)
    args = flags.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        text = bench(Path(folder), args.times)
    print(text)
    if args.times >= 500:
        (ROOT / "benchmarks" / "campaign.md").write_text(text, encoding="utf-8")


def bench(folder: Path, times: int) -> str:
    """Return the page."""
    start = datetime.date(2001, 1, 1)
    one_day(folder / "day.nc")
    for number in range(times):
        date = start + datetime.timedelta(number)
        path = folder / f"era5.{date:%Y%m%d}.nc"
        path.write_bytes((folder / "day.nc").read_bytes())
        with netCDF4.Dataset(path, "a") as nc:
            nc["time"][:] = 24 * number + 3 * np.arange(STEPS)
    (folder / "day.nc").unlink()
    end = start + datetime.timedelta(times)
    dataset = make_dataset({
        "name": "era5", "source": "era5", "step_hours": 24,
        "parts": [{"period": [f"{start}", f"{end}"], "files": f"{folder}/era5.{{year}}*.nc"}],
        "fields": {"TMQ": {"take": "tcwv"}, "U850": {"take": "u"}, "SPD": {"magnitude": ["u", "v"]},
                   "PSL": {"take": "msl"}},
    })  # fmt: skip
    masks = write_mask_file(
        folder / "masks.nc", blobs(times), grid=GRID, hours=24.0 * np.arange(times),
        units=f"hours since {start}", calendar="standard",
    )  # fmt: skip
    mesh = dataset_mesh(dataset)
    matrix, _ = own_matrix(mesh, GRID, "bilinear")
    block = {"dataset": "era5", "grid": "g", "times": times, "apart_hours": 24, "annotate": "e"}
    campaign = read_block(Campaign, block, "campaign").model_copy(update={"name": "c"})
    inputs = Inputs(
        FieldSource(dataset, mesh, GRID, matrix, {}),
        Classes.of_labels(CLIMATENET_LABELS),
        detections=open_detections([masks], CLIMATENET_LABELS, GRID),
    )
    wall, cpu = time.monotonic(), time.process_time()
    make_campaign(campaign, inputs, folder / "c", {})
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    load = f"{os.getloadavg()[2]:.0f} on {os.cpu_count()} cores"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size = sum(path.stat().st_size for path in (folder / "c" / "pictures").iterdir()) / 2**20
    tasks = (folder / "c" / "tasks.json").stat().st_size / 2**20
    return f"""# Drawing a campaign, measured on a CPU

`python benchmarks/bench_campaign.py --times {times}`, one core, {datetime.date.today()}.
721 × 1440 cells, four fields, a file a day in ERA5's layout, some thirty objects a time.

| times | CPU s | wall s | load of the machine | peak MB | pictures MB | tasks MB |
|---|---|---|---|---|---|---|
| {times} | {cpu:.0f} | {wall:.0f} | {load} | {peak:.0f} | {size:.0f} | {tasks:.0f} |

So ten minutes of a core draw some {round(600 / cpu * times, -2):.0f} times.
Fields on model levels take as long to derive as samples do: [ingest](ingest.md).
"""


def one_day(path: Path) -> None:
    """Write one step of smooth fields, packed, latitude descending."""
    lat, lon = 90 - 0.25 * np.arange(721), 0.25 * np.arange(1440)
    with netCDF4.Dataset(path, "w", format="NETCDF3_64BIT_OFFSET") as nc:
        for name, size in (("time", STEPS), ("latitude", 721), ("longitude", 1440)):
            nc.createDimension(name, size)
        axis = nc.createVariable("time", "i4", ("time",))
        axis.setncatts({"units": "hours since 2001-01-01", "calendar": "standard"})
        for name, values, units in (
            ("latitude", lat, "degrees_north"), ("longitude", lon, "degrees_east"),
        ):  # fmt: skip
            variable = nc.createVariable(name, "f4", (name,))
            variable.units = units
            variable[:] = values
        random = np.random.default_rng(0)
        for name, (low, high, standard, units) in FIELDS.items():
            variable = nc.createVariable(name, "i2", ("time", "latitude", "longitude"))
            variable.setncatts({"standard_name": standard, "units": units})
            variable.setncatts(
                {"scale_factor": (high - low) / 60000, "add_offset": (high + low) / 2}
            )
            for step in range(STEPS):
                wave = np.sin(np.radians(3 * lat[:, None] + 5 * step)) * np.cos(np.radians(4 * lon))
                noise = 0.1 * random.standard_normal((721, 1440)).cumsum(1) / 40
                share = np.clip(0.5 + 0.4 * wave + noise, 0, 1)
                variable[step] = low + (high - low) * share


def blobs(times: int) -> np.ndarray:
    """Return masks of ten cyclones and twenty long rivers a step, (times, 721, 1440)."""
    random = np.random.default_rng(0)
    masks = np.zeros((times, 721, 1440), np.int8)
    for mask in masks:
        for _ in range(20):
            row, column = random.integers(100, 600), random.integers(0, 1300)
            for along in range(120):
                top = row + along // 3
                mask[top : top + 30, column + along] = 2
        for _ in range(10):
            row, column = random.integers(200, 500), random.integers(20, 1400)
            mask[row - 12 : row + 12, column - 12 : column + 12] = 1
    return masks


if __name__ == "__main__":
    main()
