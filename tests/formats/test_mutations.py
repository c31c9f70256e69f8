"""Whatever happens to a file of ours on disk, it is refused by name or read as it was written."""

import functools
import multiprocessing.forkserver
import os
import sys
import zlib

import cftime
import numpy as np
import pytest

from detection_runs import make_model
from labelled_factory import FIELDS, statistics, weather
from make_results import MINI, dates_between
from make_results import write_masks as write_yearly_masks
from make_results import write_samples as write_yearly_samples
from stormtrace import seals
from stormtrace.checkpoints import Checkpoint
from stormtrace.climate.all_years import compute_frequency
from stormtrace.climate.comparison import compare_files
from stormtrace.climate.composites import compose_fields
from stormtrace.errors import BadInput
from stormtrace.formats.comparison_maps import read_comparison
from stormtrace.formats.composite_sums import open_composites
from stormtrace.formats.event_maps import event_map_file
from stormtrace.formats.frequencies import open_frequency_file
from stormtrace.formats.json_files import write_json
from stormtrace.formats.labelled import read_labelled
from stormtrace.formats.labelled_writing import write_labelled
from stormtrace.formats.masks import open_masks
from stormtrace.formats.netcdf import opening
from stormtrace.formats.objects import read_objects
from stormtrace.formats.sample_writing import SampleField, SampleTime, write_sample
from stormtrace.formats.samples import open_folder, read_fields
from stormtrace.formats.tables import read_classes, read_table, write_tables
from stormtrace.formats.tracks import write_trajectories
from stormtrace.learn.training_checkpoints import read_state, write_state
from stormtrace.network.model_files import load_model
from stormtrace.network.normalization import read_statistics
from stormtrace.prepare.mesh import camse
from stormtrace.prepare.mesh.meshes import Mesh
from stormtrace.prepare.regridding.bilinear import element_bilinear
from stormtrace.prepare.regridding.matrix_files import read_matrix, write_matrix
from stormtrace.prepare.statistics import read_piece, statistics_of
from stormtrace.track.events import event_table, object_table, sightings
from track_files import random_masks, tracked

#: Mutations of each of the 18 kinds of files.
MUTATIONS = 17

CUBE = camse.columns(3)
MESH = Mesh(CUBE.lat, CUBE.lon, (CUBE.ncol,))


def flip(content, rng):
    place = rng.integers(len(content))
    content[place] ^= 1 << rng.integers(8)


def cut(content, rng):
    del content[rng.integers(len(content)) :]


def zero(content, rng):
    first = int(rng.integers(len(content)))
    last = min(len(content), first + int(rng.integers(8, 512)))
    content[first:last] = bytes(last - first)


def zero_tail(content, rng):
    size = min(len(content), int(rng.integers(1, 200)))
    content[-size:] = bytes(size)


def append(content, rng):
    content += rng.bytes(rng.integers(1, 100))


def swap(content, rng):
    size = max(1, min(512, len(content) // 4))
    one, other = sorted(rng.choice(len(content) // size, 2, replace=False) * size)
    blocks = content[one : one + size], content[other : other + size]
    content[one : one + size], content[other : other + size] = blocks[::-1]


WAYS = (flip, flip, flip, cut, zero, zero_tail, append, swap)


def plain(read):
    """All numbers and texts that a reader gave, to be compared."""
    if isinstance(read, np.ndarray):
        return read.shape, read.dtype.str, read.tolist() if read.dtype == object else read.tobytes()
    if isinstance(read, dict):
        return [(key, plain(value)) for key, value in read.items()]
    if isinstance(read, (list, tuple)):
        return [plain(one) for one in read]
    return read if isinstance(read, bytes) else repr(read)


@functools.cache
def masks():
    return random_masks(3, (8, *MINI.shape))


def sample(folder, compression):
    values, _ = weather(0, MINI.shape)
    time = SampleTime(cftime.datetime(2000, 1, 1, calendar="noleap"))
    fields = [SampleField(name, one, {"units": "1"}) for name, one in values.items()]
    path = folder / "cesm.2000-01-01-00000.nc"
    write_sample(path, MINI, time, fields, {"step_hours": 3.0}, compression)
    return path


def read_sample(path):
    opened = open_folder(path.parent, dict.fromkeys(FIELDS))
    batch = opened.read([path])
    fields = read_fields(path, FIELDS, MINI)
    return batch.values, batch.times, fields, statistics_of([path], FIELDS), opened.step_hours


def labelled(folder):
    values, labels = weather(0, MINI.shape)
    path = folder / "data-2000-01-01-01-1.nc"
    about = {name: {"units": "1"} for name in values}
    write_labelled(path, MINI, "2000-01-01", values, about, labels, {})
    return path


def read_labels(path):
    found = read_labelled(path, FIELDS, 3, MINI)
    return found.values, found.labels


def yearly(folder):
    dates = dates_between((2000, 1, 1), (2000, 1, 2), "noleap")
    return write_yearly_masks(folder / "m.nc", 2000, dates, lambda step, _: masks()[step]), dates


def mask(folder):
    return yearly(folder)[0]


def read_mask(path):
    opened = open_masks(path)
    runs = list(opened.runs())
    return list(opened.blocks()), runs, opened.time, opened.classes.flags, opened.attributes


def frequency(folder):
    compute_frequency([mask(folder)], folder / "f.nc", {})
    return folder / "f.nc"


def read_frequency(path):
    with open_frequency_file(path) as opened:
        maps = [opened.read("count", "AR", 0, month) for month in range(1, 13)]
        return maps, opened.steps, opened.attributes


def comparison(folder):
    compare_files(frequency(folder), folder / "f.nc", folder / "d.nc", {})
    return folder / "d.nc"


def read_compared(path):
    found = read_comparison(path)
    return found.fields, found.attributes, found.classes.flags


def composite(folder):
    path, dates = yearly(folder)
    maps = lambda *_: {"TMQ": np.ones(MINI.shape, np.float32)}  # noqa: E731
    samples = write_yearly_samples(folder / "s", dates, maps, MINI)
    compose_fields(path, samples, ["TMQ"], folder / "sums.nc", {})
    return folder / "sums.nc"


def read_composite(path):
    with open_composites(path, "TMQ") as opened:
        kinds = [(kind, part) for kind in ("sum", "steps") for part in range(3)]
        return [opened.read(kind, part, 1) for kind, part in kinds]


def objects(folder):
    tracked(folder, masks())
    return folder / "objects0.nc"


def read_found(path):
    found = read_objects(path)
    return found.objects, found.runs(), found.links(), found.time, found.attributes


@functools.cache
def events(folder):
    record, assignment = tracked(folder, masks(), {"minimum_area_km2": 0, "minimum_hours": 0})
    table = object_table(record, assignment)
    return record, table, event_table(record, assignment, table)


def parquet(folder):
    record, table, _ = events(folder)
    write_tables(folder, "objects", table, record.classes, {})
    return folder / "objects.parquet"


def read_rows(path):
    return read_table(path), read_classes(path).flags, read_table(path, ["event"], year=2000)


def tracks(folder):
    record, table, found = events(folder)
    seen = sightings(table, record.grid)
    time = {"units": record.time_units, "calendar": record.calendar}
    write_trajectories(folder / "t.nc", found, seen, record.classes, time, {})
    return folder / "t.nc"


def painted(folder):
    opened = open_masks(mask(folder))
    with event_map_file(folder / "e.nc", opened, "event", "i4", {}, {}) as variable:
        variable[:] = masks()
    return folder / "e.nc"


def read_all(path):
    with opening(path) as nc:
        return {name: nc[name][:] for name in nc.variables}


def matrix(folder):
    write_matrix(folder / "map.nc", element_bilinear(CUBE, MINI), MESH, MINI, {})
    return folder / "map.nc"


def read_shares(path):
    shares = read_matrix(path, MESH, MINI).shares
    return shares.data, shares.indices, shares.indptr


def moments(folder):
    write_json(folder / "s.json", statistics(), indent=1)
    return folder / "s.json"


def read_moments(path):
    return read_statistics(path, FIELDS, "area"), read_piece(path)["fields"]


def model(folder, name):
    return make_model(folder, 3) / name


def read_model(path):
    config, network = load_model(path.parent)
    tensors = [one.numpy() for one in network.state_dict().values()]
    return config.fields, config.labels, config.normalization, config.padding, tensors


def kept(folder):
    checkpoint = Checkpoint(folder, "2000", {})
    checkpoint.save(mask(folder))
    return checkpoint.path


def read_kept(path):
    copy = path.with_name("copy")
    if not Checkpoint(path.parent, "2000", {}).load(copy):
        assert not path.exists()
        raise BadInput(f"{path} is dropped")
    return copy.read_bytes()


def state(folder):
    import torch

    checkpoint = Checkpoint(folder, "state", {}, ".pt")
    write_state(checkpoint, {"epoch": 3, "weights": torch.arange(1000.0)})
    return checkpoint.path


def read_training(path):
    found = read_state(Checkpoint(path.parent, "state", {}, ".pt"))
    if found is None:
        assert not path.exists()
        raise BadInput(f"{path} is dropped")
    return found["epoch"], found["weights"].numpy()


#: Kind of file -> what writes one into a folder, and what reads it as the jobs do.
KINDS = {
    "sample": (lambda folder: sample(folder, "none"), read_sample),
    "compressed sample": (lambda folder: sample(folder, "zlib"), read_sample),
    "labelled sample": (labelled, read_labels),
    "mask": (mask, read_mask),
    "objects": (objects, read_found),
    "frequency": (frequency, read_frequency),
    "comparison": (comparison, read_compared),
    "composite": (composite, read_composite),
    "painted events": (painted, read_all),
    "trajectories": (tracks, read_all),
    "regridding matrix": (matrix, read_shares),
    "statistics": (moments, read_moments),
    "table": (parquet, read_rows),
    "weights": (lambda folder: model(folder, "weights.pth"), read_model),
    "config.json": (lambda folder: model(folder, "config.json"), read_model),
    "checkpoint of masks": (kept, read_kept),
    "checkpoint of a training": (state, read_training),
}


@pytest.fixture(scope="module")
def apart():
    """Where processes start: forks of one that has imported all of this, and computed nothing.

    A fork of the tests' own process hangs now and then, by threads that libraries had there.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        multiprocessing.forkserver.ensure_running()
    return context


@pytest.mark.parametrize("kind", KINDS)
def test_no_mutation_passes(kind, tmp_path, apart):
    """In a process of its own: a crash or a hang of a library is an outcome, too."""
    (tmp_path / "folder").mkdir()
    outcomes = apart.SimpleQueue()
    process = apart.Process(target=mutate, args=(kind, tmp_path / "folder", outcomes))
    process.start()
    process.join(timeout=120)
    hangs = process.is_alive()
    process.kill()
    assert (hangs, process.exitcode) == (False, 0)
    wrong, refused = outcomes.get()
    assert not wrong
    assert refused > MUTATIONS / 2


def mutate(kind, folder, outcomes):
    write, read = KINDS[kind]
    path = write(folder)
    whole, expected = path.read_bytes(), plain(read(path))
    rng = np.random.default_rng(zlib.crc32(kind.encode()))
    wrong, refused = [], 0
    for number in range(MUTATIONS):
        way = WAYS[number % len(WAYS)]
        content = bytearray(whole)
        while content == whole:
            way(content, rng)
        path.write_bytes(content)
        seals._holding.clear()  # a file changes more than once within a tick of the clock
        try:
            found = plain(read(path))
        except BadInput as error:
            refused += 1
            if path.name not in str(error) and str(path.parent) not in str(error):
                wrong.append(f"{number} {way.__name__}: {error}")
        except BaseException as error:
            wrong.append(f"{number} {way.__name__}: {error!r}")
        else:
            if found != expected:
                wrong.append(f"{number} {way.__name__}: read, with other values")
    outcomes.put((wrong, refused))
