"""Made-up samples in the layouts of docs/architecture.md, small enough to write by the dozen."""

from pathlib import Path

import netCDF4
import numpy as np

from stormtrace.formats.axes import write_grid

FIELDS = ("TMQ", "U850", "V850", "PSL")
MEAN = dict(zip(FIELDS, (20.0, 1.5, 0.25, 100800.0), strict=True))
STD = dict(zip(FIELDS, (16.0, 8.0, 6.0, 1460.0), strict=True))


def write_map_file(
    path,
    fields,
    lat=None,
    lon=None,
    *,
    grid=None,
    labels=None,
    confidence=None,
    time=0.0,
    units="hours since 2000-01-01",
):
    """Write one sample on `grid` (or its axes, right or wrong); with `labels`, as ClimateNet does."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with netCDF4.Dataset(path, "w") as dataset:
        if grid is not None:
            write_grid(dataset, grid)
        else:
            for name, values in (("lat", lat), ("lon", lon)):
                dataset.createDimension(name, len(values))
                dataset.createVariable(name, "f8", (name,))[:] = values
        dims = ("lat", "lon") if grid is None else grid.dims
        dataset.createDimension("time", 1)
        if labels is None:
            variable = dataset.createVariable("time", "f8", ("time",))
            variable.units, variable.calendar = units, "noleap"
            variable[:] = time
            dataset.step_hours = 3.0
        else:
            dataset.createVariable("time", str, ("time",))[0] = path.name
            dataset.createVariable("LABELS", "i8", dims)[:] = labels
            if confidence is not None:
                dataset.createVariable("CONFIDENCE", "f4", dims)[:] = confidence
        for name, values in fields.items():
            variable = dataset.createVariable(name, values.dtype, ("time", *dims))
            variable[:] = values[None]


def coordinates(shape):
    """Latitudes with both poles, longitudes from 0."""
    nlat, nlon = shape
    return np.linspace(-90, 90, nlat), np.arange(nlon) * 360 / nlon


def weather(seed, shape=(40, 64)):
    """Fields with one moist band (AR) and one deep low (TC), and the labels that say where."""
    generator = np.random.default_rng(seed)
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    labels = np.zeros(shape, np.int64)
    noise = generator.normal(size=(4, *shape))
    fields = {name: MEAN[name] + 0.2 * STD[name] * noise[i] for i, name in enumerate(FIELDS)}
    row, column = generator.integers(3, shape[0] - 3), generator.integers(shape[1])
    band = (abs(rows - row) <= 1) & ((columns - column) % shape[1] < 16)
    labels[band] = 2
    fields["TMQ"][band] += 2.5 * STD["TMQ"]
    row, column = generator.integers(3, shape[0] - 3), generator.integers(shape[1])
    away = (columns - column + shape[1] // 2) % shape[1] - shape[1] // 2
    low = (rows - row) ** 2 + away**2 <= 6
    labels[low] = 1
    fields["PSL"][low] -= 3 * STD["PSL"]
    return {name: values.astype(np.float32) for name, values in fields.items()}, labels


def write_labelled(folder, count, *, shape=(40, 64), first=0, labellings=1, fields=FIELDS):
    """Write `count` labelled times of made-up weather, one a day; return the folder."""
    lat, lon = coordinates(shape)
    for i in range(first, first + count):
        values, labels = weather(i, shape)
        for labelling in range(1, labellings + 1):
            name = f"data-2000-{1 + i // 28:02d}-{1 + i % 28:02d}-01-{labelling}.nc"
            seen = np.roll(labels, labelling - 1, axis=1)
            write_map_file(
                Path(folder) / name, {f: values[f] for f in fields}, lat, lon, labels=seen
            )
    return Path(folder)


def write_samples(folder, count, *, shape=(40, 64), year=2001, fields=FIELDS, dtype=np.float32):
    """Write `count` unlabelled 3-hourly samples from the start of `year`; return the folder."""
    lat, lon = coordinates(shape)
    for i in range(count):
        values, _ = weather(1000 + i, shape)
        day, hour = divmod(3 * i, 24)
        name = f"made-up.{year}-01-{1 + day:02d}-{3600 * hour:05d}.nc"
        write_map_file(
            Path(folder) / name,
            {f: values[f].astype(dtype) for f in fields},
            lat,
            lon,
            time=3.0 * i,
            units=f"hours since {year}-01-01",
        )
    return Path(folder)


def statistics(fields=FIELDS, **about):
    """A statistics file's content: the moments the made-up weather is made from; `about`: of what."""
    moments = {
        name: {"mean": MEAN[name], "std": STD[name], "area_mean": MEAN[name], "area_std": STD[name]}
        for name in fields
    }
    return {"dataset": "made-up", "grid": "tiny", "steps": 1, "fields": moments} | about
