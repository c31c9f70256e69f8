"""Part `fronts`: labelled samples of cold and warm fronts, and a CESM-like run that has them.

A part of its own: masks of fronts and of rivers overlap, and the other parts stay as they are.
"""

import datetime
from pathlib import Path

import numpy as np

from stormtrace.formats.labelled_writing import write_labelled
from stormtrace.formats.mask_writing import mask_file
from stormtrace.grids import Grid, make_grid
from stormtrace.planet.cesm_files import CALENDAR, STEP_HOURS, Run, write_history
from stormtrace.planet.climatenet_files import BOTTOM, UNITS, Snapshot, temperature
from stormtrace.planet.climates import HISTORICAL
from stormtrace.planet.fronts import CLASSES, front_mask
from stormtrace.planet.globe import Globe
from stormtrace.planet.settings import Settings
from stormtrace.planet.sky import Sky
from stormtrace.planet.smooth_fields import Floats, Points
from stormtrace.planet.times import Times
from stormtrace.prepare.mesh import camse
from stormtrace.provenance import provenance

#: Temperature, humidity and wind near the ground, and sea-level pressure: the study's own fields.
FIELDS = ("TREFHT", "QREFHT", "UBOT", "VBOT", "PSL")

RUN = Run(
    "mini.FRONTS.ne{ne}_g16.001",
    HISTORICAL,
    2000,
    stamps="end",
    tapes=dict.fromkeys(FIELDS, "h2"),
    seed=40,
)


def write_fronts(folder: Path, settings: Settings) -> None:
    """Write `train/`, `test/`, raw files of a run and `truth/masks.nc` into `folder`."""
    grid = make_grid(settings.grid)
    points = Points.of(grid)
    splits = {"train": (settings.train_files, 1996), "test": (settings.test_files, 2011)}
    for number, (split, (files, year)) in enumerate(splits.items()):
        (folder / split).mkdir(parents=True)
        random = np.random.default_rng([settings.seed, 50, number])
        first = datetime.date(year, 1, 1).toordinal()
        for day in random.permutation(np.arange(first, first + 5 * 365))[:files]:
            time = datetime.date.fromordinal(int(day)), int(random.integers(1, 9))
            snapshot = Snapshot(*time, experts=1)
            _write_snapshot(folder / split, snapshot, grid, points, settings)
    _write_run(folder, grid, points, settings)


def _write_snapshot(
    folder: Path, snapshot: Snapshot, grid: Grid, points: Points, settings: Settings
) -> None:
    """Write one labelled time: the truth, that experts agree on."""
    seed = [settings.seed, 51, snapshot.day.toordinal(), snapshot.number]
    first_day = snapshot.day.timetuple().tm_yday - 1
    planet = Globe.create(HISTORICAL, seed, hours=24, first_day=first_day, with_fronts=True)
    hours = 3.0 * (snapshot.number - 1)
    fields = surface_fields(planet.sky(points, hours))
    labels = front_mask(planet.fronts, points, hours).astype(np.int64)
    units = {name: {"units": UNITS[name]} for name in FIELDS}
    about = provenance(title="Fronts of Stormtrace's mini planet, in ClimateNet's layout")
    name = snapshot.name()
    write_labelled(folder / name, grid, name, fields, units, labels, about)


def _write_run(folder: Path, grid: Grid, points: Points, settings: Settings) -> None:
    """Write raw files of `front_days` days, and where fronts are in the middle of each step."""
    mesh = camse.columns(settings.ne)
    columns = Points(mesh.lon, mesh.lat)
    times = Times.around(RUN.year, CALENDAR, settings.front_days)
    seeds = [settings.seed, RUN.seed]
    planet = Globe.create(
        RUN.climate, seeds, times.hours, times.first_day, times.new_year, with_fronts=True
    )
    for piece in np.split(times.starts, 2):
        fields = {name: np.empty((piece.size, columns.size), np.float32) for name in FIELDS}
        for step, hours in enumerate(piece + STEP_HOURS / 2):
            for name, values in surface_fields(planet.sky(columns, hours)).items():
                fields[name][step] = values
        write_history(folder, RUN, settings, times, piece, fields)

    middles = times.starts + STEP_HOURS / 2
    masks = np.array([front_mask(planet.fronts, points, hour) for hour in middles])
    axis = {"units": times.units("hours"), "calendar": CALENDAR}
    (folder / "truth").mkdir()
    with mask_file(folder / "truth" / "masks.nc", grid, CLASSES, axis, steps=len(masks)) as writer:
        shape = f"{grid.shape[0]}x{grid.shape[1]}"
        writer.describe(experiment="truth", dataset="fronts", grid=shape, statistics="{}")
        writer.describe(year=RUN.year, step_hours=STEP_HOURS, model="the planet itself")
        writer.describe(model_checksum="", precision="exact", runtime="numpy", **provenance())
        hours = (times.starts - times.new_year).tolist()
        writer.write(hours, {"mask": masks.reshape(-1, *grid.shape)})


def surface_fields(sky: Sky) -> dict[str, Floats]:
    """Return `FIELDS`, each (n,)."""
    ps = sky.ps
    ubot, vbot = sky.winds(BOTTOM * ps)
    values = temperature(sky, ps), sky.humidity(ps), ubot, vbot, sky.psl
    return dict(zip(FIELDS, values, strict=True))
