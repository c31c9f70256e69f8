"""Detections that read the samples of one folder together write what each writes alone."""

import math
import shlex
import sys
import time
from collections import Counter
from dataclasses import replace

import netCDF4
import numpy as np
import pytest
import torch

import detect as detect_script
from detection_runs import OWN, make_model
from labelled_factory import FIELDS, write_samples
from stormtrace.commandline import Note
from stormtrace.detect.common_reading import detect_together
from stormtrace.detect.detection import Request, detect, detecting
from stormtrace.detect.network_run import Choice, copies_of_models
from stormtrace.detect.reading_ahead import Look, Pieces, read_ahead
from stormtrace.detect.reading_processes import read_in_processes
from stormtrace.detect.shared_process import Asked, Client
from stormtrace.errors import BadInput, OutOfTime
from stormtrace.formats import samples as sample_files
from stormtrace.formats.samples import open_folder
from stormtrace.network.normalization import Normalization

STEPS, SHAPE = 6, (40, 64)
CHOICE = Choice(torch.device("cpu"), runtime="torch", blank="allow", batch=1)


class Remembering(Client):
    """A client that keeps how its detection ended."""

    error: Exception | str | None = "going on"
    wanted_for = math.inf

    def is_wanted(self):
        self.wanted_for -= 1
        return self.wanted_for >= 0

    def ended(self, error):
        self.error = error


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return [make_model(folder / f"m{seed}", seed) for seed in (3, 4)]


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    return write_samples(tmp_path_factory.mktemp("samples") / "2001", STEPS, shape=SHAPE)


@pytest.fixture
def requests(models, samples, tmp_path):
    """Different in all that a request may differ in."""
    plain = Request([models[0]], samples, tmp_path / "plain.nc", 2001, CHOICE, {"experiment": "e"})
    other = Normalization(FIELDS, tuple(mean + 1 for mean in OWN.mean), OWN.std)
    day = [["2001-01-01 03:00", "2001-01-01 12:00"]]
    reduced = replace(CHOICE, precision="bfloat16", batch=4)
    return {
        "plain": plain,
        "normalized": replace(plain, normalization=other, neutral=["PSL"]),
        "part": replace(plain, models=[models[1]], periods=day, missing_steps="refuse"),
        "ensemble": replace(plain, models=models, choice=replace(CHOICE, probabilities=True)),
        "reduced": replace(plain, choice=reduced),
    }


def content(path):
    with netCDF4.Dataset(path) as nc:
        nc.set_auto_maskandscale(False)
        variables = {name: nc[name][:].tobytes() for name in nc.variables}
        return variables, {name: nc.getncattr(name) for name in nc.ncattrs()}


def together(requests, folder, **clients):
    """Run requests together; return how each ended."""
    folder.mkdir()
    load = copies_of_models()
    who = {name: clients.get(name) or Remembering() for name in requests}
    written = {
        name: detecting(replace(request, output=folder / f"{name}.nc"), load)
        for name, request in requests.items()
    }
    detect_together([(who[name], written[name]) for name in requests])
    return {name: client.error for name, client in who.items()}


@pytest.fixture
def opened(monkeypatch):
    """How often each sample is opened."""
    found, opening = Counter(), sample_files.opening_sample

    def counting(path):
        found[path.name] += 1
        return opening(path)

    monkeypatch.setattr(sample_files, "opening_sample", counting)
    return found


def test_together_they_write_what_they_write_alone(requests, tmp_path, opened):
    for name, request in requests.items():
        detect(replace(request, output=tmp_path / f"{name}.nc"))
    opened.clear()
    assert set(together(requests, tmp_path / "together").values()) == {None}
    for name in requests:
        assert content(tmp_path / f"{name}.nc") == content(tmp_path / "together" / f"{name}.nc")
    # The first step of each request is opened for its grid and for its means, and three steps
    # (0, 3, 5) are compared with float32; all others are opened once.
    assert [opened[name] for name in sorted(opened)][2:] == [1, 2, 1, 2]


def test_one_that_fails_ends_alone(requests, models, samples, tmp_path):
    """Each for a reason of its own: a field, a time, a deadline, a check, a wish."""
    lacking = write_samples(tmp_path / "lacking", STEPS, shape=SHAPE)
    path = sorted(lacking.glob("*.nc"))[3]
    with netCDF4.Dataset(path, "a") as nc:
        nc.renameVariable("V850", "V")
        nc["PSL"][:] /= 100
    plain = replace(requests["plain"], samples=lacking)
    psl = FIELDS.index("PSL")
    loose = Normalization(FIELDS, OWN.mean, (*OWN.std[:psl], 1e5, *OWN.std[psl + 1 :]))
    tolerant = replace(plain, neutral=["V850"], normalization=loose)
    leaving = Remembering()
    leaving.wanted_for = 3  # preparing and two steps
    kept = tmp_path / "kept"
    ended = together(
        {
            "lacks a field": plain,
            "checks": replace(plain, neutral=["V850"]),
            "no model": replace(plain, models=[tmp_path / "nowhere"]),
            "late": replace(tolerant, deadline=time.monotonic(), checkpoints=kept),
            "leaving": replace(tolerant, checkpoints=kept / "leaving"),
            "well": tolerant,
        },
        tmp_path / "together",
        leaving=leaving,
    )
    assert "has no field V850" in str(ended["lacks a field"])
    assert "PSL has the mean" in str(ended["checks"])
    assert "nowhere" in str(ended["no model"]) and isinstance(ended["no model"], BadInput)
    assert isinstance(ended["late"], OutOfTime) and "1 of 6 steps" in str(ended["late"])
    assert type(ended["leaving"]).__name__ == "Withdrawn"
    assert ended["well"] is None
    assert [one.name for one in (tmp_path / "together").iterdir()] == ["well.nc"]
    detect(replace(tolerant, output=tmp_path / "alone.nc"))
    assert content(tmp_path / "alone.nc") == content(tmp_path / "together" / "well.nc")
    (saved,) = (kept / "leaving").glob("*.nc")
    with netCDF4.Dataset(saved) as nc:
        assert np.ma.count(nc["time"][:]) == 2


def test_a_stop_saves_what_all_have(requests, tmp_path):
    """A signal may arrive at anybody's turn."""

    class Stopped(Remembering):
        def is_wanted(self):
            if self.wanted_for == 2:
                raise SystemExit(143)
            return super().is_wanted()

    both = {
        name: replace(requests["plain"], checkpoints=tmp_path / name) for name in ("one", "other")
    }
    stopped = Stopped()
    stopped.wanted_for = 5
    with pytest.raises(SystemExit):
        together(both, tmp_path / "together", other=stopped)
    assert list((tmp_path / "together").iterdir()) == []
    made = {}
    for name in both:
        (saved,) = (tmp_path / name).glob("*.nc")
        with netCDF4.Dataset(saved) as nc:
            made[name] = np.ma.count(nc["time"][:])
    assert made == {"one": 3, "other": 2}
    assert set(together(both, tmp_path / "again").values()) == {None}
    detect(requests["plain"])
    for name in both:
        assert content(tmp_path / "again" / f"{name}.nc") == content(tmp_path / "plain.nc")


def test_the_history_is_that_of_the_process_it_is_for(models, samples, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["detect.py", "--experiment", "leader"])
    flags = ["--model", str(models[0]), "--samples", str(samples), "--year", "2001"]
    flags += ["--output", str(tmp_path / "m.nc"), "--experiment", "follower", "--dataset", "d"]
    flags += ["--grid", "g", "--device", "cpu", "--runtime", "torch", "--blank", "allow"]
    asked = Asked(flags, str(samples), [], math.inf)
    detect_script.prepare(detect_script.parse(flags))([(Client(), asked, Note())])
    with netCDF4.Dataset(tmp_path / "m.nc") as nc:
        assert nc.history.split(" ", 1)[1] == shlex.join(["python", "detect.py", *flags])


def test_processes_hand_out_what_a_thread_does(samples):
    """Two looks that see the same share it; a third has another field, and fewer steps."""
    folder = open_folder(samples, dict.fromkeys(FIELDS))
    other = open_folder(samples, {"PSL": None, "TMQ": 3.0})
    looks = [Look(folder, folder.paths), Look(folder, folder.paths), Look(other, other.paths[3:])]
    pieces = Pieces.of(looks, 2)
    in_thread, in_processes = list(read_ahead(pieces)), list(read_in_processes(pieces, 1))
    assert len(in_thread) == len(in_processes) == 3
    for piece, same in zip(in_thread, in_processes, strict=True):
        assert piece[0] is piece[1] and same[0] is same[1]
        for one, another in zip(piece, same, strict=True):
            assert (one is None) == (another is None)
            if one is not None:
                assert one.times == another.times
                np.testing.assert_array_equal(one.values, another.values)
    assert [None if one[2] is None else one[2].times for one in in_thread] == [
        None,
        [9.0],
        [12.0, 15.0],
    ]
    last = in_thread[-1]
    np.testing.assert_array_equal(last[2].values[:, 0], last[0].values[:, FIELDS.index("PSL")])
    assert (last[2].values[:, 1] == 3).all()
