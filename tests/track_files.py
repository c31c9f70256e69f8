"""Mask files for tests of tracking, and the chain from masks to events in one call."""

import json
from itertools import pairwise

import numpy as np

from mask_files import write_mask_file
from stormtrace.classes import CLIMATENET_LABELS, Classes
from stormtrace.formats.masks import open_masks
from stormtrace.formats.objects import ObjectsWriter
from stormtrace.formats.tables import write_tables
from stormtrace.grids import Grid, make_grid
from stormtrace.track.events import event_table, object_table
from stormtrace.track.joining import read_record
from stormtrace.track.object_finding import ObjectTables, find_objects
from stormtrace.track.rules import assign
from stormtrace.track.tracking import labelling_keys, read_tracking

#: Classes of test masks, unless a test says otherwise: 1 is TC, 2 is AR.
CLASSES = Classes.of_labels(CLIMATENET_LABELS)


def global_grid(nlat, nlon, first_lon=0.0):
    return make_grid({"nlat": nlat, "nlon": nlon, "first_lon": first_lon})


def write_masks(path, masks, first_hour=0.0, grid=None, hours=None, **more):
    """Write a mask file; `hours` are those of its steps, every third from `first_hour` if None."""
    hours = first_hour + 3.0 * np.arange(len(masks)) if hours is None else hours
    return write_mask_file(path, masks, grid=grid, hours=hours, **more)


def write_objects(path, mask_path, tracking=None):
    masks = open_masks(mask_path)
    steps = list(find_objects(masks, **labelling_keys(tracking)))
    attributes = masks.attributes | {"labelling": json.dumps(labelling_keys(tracking))}
    tables = ObjectTables(masks.grid)
    with ObjectsWriter(path, masks, attributes) as objects:
        for first in range(0, len(steps), 4):
            objects.append(tables.block(steps[first : first + 4], {}))
    return path


def write_events(folder, objects, tracking=None):
    """Link objects files, one a year; write the tables of events into `folder`, return it."""
    record = read_record(objects)
    assignment = assign(record, read_tracking(tracking, record.classes))
    rows = object_table(record, assignment)
    write_tables(folder, "objects", rows, record.classes, {})
    write_tables(folder, "events", event_table(record, assignment, rows), record.classes, {})
    return folder


def record_of(folder, parts, tracking=None):
    """Return the record of `parts`: (masks, keywords of `write_masks`) of each file."""
    paths = []
    for k, (masks, keywords) in enumerate(parts):
        write_masks(folder / f"mask{k}.nc", masks, **({"year": 2000 + k} | keywords))
        paths.append(write_objects(folder / f"objects{k}.nc", folder / f"mask{k}.nc", tracking))
    return read_record(paths)


def tracked(folder, masks, tracking=None, cuts=(), **keywords):
    """Track `masks`, cut into files before the steps `cuts`; return the record and assignment."""
    bounds = [0, *cuts, len(masks)]
    first_hour = keywords.pop("first_hour", 0.0)
    hours = keywords.pop("hours", first_hour + 3.0 * np.arange(len(masks)))
    parts = [
        (masks[first:last], {"hours": hours[first:last], **keywords})
        for first, last in pairwise(bounds)
    ]
    record = record_of(folder, parts, tracking)
    return record, assign(record, read_tracking(tracking, record.classes))


def painted(record, event):
    """Return the event of every cell, (time, lat, lon), from the record's runs."""
    cells = np.zeros((record.seconds.size, *record.grid.shape), np.int64)
    for k, year in enumerate(record.years):
        runs = year.runs()
        for number in range(year.count):
            step = record.first_step[k] + year.objects["step"][number]
            for i in range(year.first_run[number], year.first_run[number + 1]):
                start = runs["start"][i]
                stop = start + runs["length"][i]
                cells[step, runs["row"][i], start:stop] = event[record.first_object[k] + number]
    return cells


def disc(grid: Grid, lat, lon, radius_km, code=1):
    """Return a mask `grid.shape` of the cells whose centres are within `radius_km` of a point."""
    phi, lam = map(np.radians, grid.points)
    phi0, lam0 = np.radians(lat), np.radians(lon)
    cosine = np.sin(phi) * np.sin(phi0) + np.cos(phi) * np.cos(phi0) * np.cos(lam - lam0)
    angle = np.arccos(np.clip(cosine, -1.0, 1.0))
    return np.where(angle * grid.radius_km <= radius_km, code, 0).astype(np.int8)


def random_masks(seed, shape=(12, 10, 16), density=0.35):
    """Return masks whose blobs persist for some steps, move, merge and split: (time, lat, lon)."""
    random = np.random.default_rng(seed)
    noise = random.normal(size=shape)
    for _ in range(2):  # neighbours in time and space become alike; columns and rows wrap
        for axis in range(3):
            noise = noise + np.roll(noise, 1, axis) + np.roll(noise, -1, axis)
    noise[1:] += 0.5 * noise[:-1]
    classes = np.where(random.normal(size=shape).cumsum(axis=2) > 0, 1, 2)
    if seed % 2:
        classes = np.broadcast_to(1 + (np.arange(shape[2]) // 5) % 2, shape)
    return np.where(noise > np.quantile(noise, 1 - density), classes, 0).astype(np.int8)
