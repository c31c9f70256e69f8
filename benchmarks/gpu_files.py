"""Samples and labelled samples for bench_gpu.py: made-up weather, many files in little time."""

import datetime
import shutil
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import netCDF4
import numpy as np

from bench_detect import FIELDS, coordinates, waves, write_fields

#: Different maps; further samples are these at other times.
DISTINCT = 8
#: As many samples as are written without further processes.
FEW = 16


#: Where files are in memory, and the room that the small ones need there.
MEMORY, LEAST = Path("/dev/shm"), 8 * 2**30


def memory_folder():
    """Return a folder in memory with room for all but the year of samples, or None."""
    return MEMORY if MEMORY.is_dir() and room(MEMORY) > LEAST else None


def room(folder):
    """Bytes that may be written to a folder: half of what is free, on disk or in memory."""
    free = shutil.disk_usage(folder).free
    return min(free, _free_memory() if MEMORY in folder.parents or folder == MEMORY else free) / 2


def _free_memory():
    """Bytes of memory that are free, in this container where it is one."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    free = next(1024 * int(one.split()[1]) for one in lines if one.startswith("MemAvailable"))
    group = Path("/sys/fs/cgroup")
    try:
        limit, used = ((group / f"memory.{name}").read_text() for name in ("max", "current"))
        return min(free, int(limit) - int(used))
    except (OSError, ValueError):  # no such group, or no limit
        return free


def write_samples(folder, shape, count, processes):
    """Write `count` samples, three hours apart, in the calendar without leap years."""
    folder.mkdir()
    distinct, copy = partial(_write_distinct, folder, shape), partial(_copy_sample, folder)
    if count <= FEW:
        list(map(distinct, range(DISTINCT))), list(map(copy, range(count)))
    else:  # not forked: this process has threads
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            list(pool.map(distinct, range(DISTINCT)))
            list(pool.map(copy, range(count), chunksize=max(1, count // (8 * processes))))
    for number in range(DISTINCT):
        _distinct(folder, number).unlink()


def write_labelled(folder, shape, count):
    """Write `count` names of labelled samples; as many differ as DISTINCT says, each is read.

    Labels are what a network can learn: a cyclone where pressure is lowest, a river where there
    is most water.
    """
    folder.mkdir()
    for number in range(DISTINCT):
        maps = _maps(shape, number)
        labels = np.where(maps["TMQ"] > 1.3, 2, np.where(maps["PSL"] < -2.0, 1, 0))
        with netCDF4.Dataset(_distinct(folder, number), "w") as nc:
            coordinates(nc, shape)
            nc.createDimension("time", 1)
            nc.createVariable("time", str, ("time",))[0] = "made up"
            nc.createVariable("LABELS", "i8", ("lat", "lon"))[:] = labels
            write_fields(nc, maps)
    first = datetime.date(1996, 1, 1)
    for number in range(count):
        name = f"data-{first + datetime.timedelta(days=number)}-01-1_0.nc"
        (folder / name).symlink_to(_distinct(folder, number % DISTINCT).name)


def _distinct(folder, number):
    return folder / f".{number}.nc"  # hidden: no sample, no labelled sample


def _maps(shape, number):
    generator = np.random.default_rng(number)
    return {name: waves(generator, shape) for name in FIELDS}


def _write_distinct(folder, shape, number):
    with netCDF4.Dataset(_distinct(folder, number), "w") as nc:
        coordinates(nc, shape)
        nc.createDimension("time", 1)
        time = nc.createVariable("time", "f8", ("time",))
        time.units, time.calendar = "hours since 2001-01-01", "noleap"
        nc.step_hours = 3.0
        write_fields(nc, _maps(shape, number))


def _copy_sample(folder, step):
    day, hour = divmod(3 * step, 24)
    date = datetime.date(2001, 1, 1) + datetime.timedelta(days=day)
    path = folder / f"waves.{date}-{3600 * hour:05d}.nc"
    shutil.copyfile(_distinct(folder, step % DISTINCT), path)
    with netCDF4.Dataset(path, "r+") as nc:
        nc["time"][0] = 3.0 * step
