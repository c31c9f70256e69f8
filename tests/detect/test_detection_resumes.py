"""A detection that is stopped, terminated or killed goes on where it was, and the masks are the same."""

import os
import signal
import subprocess
import textwrap
import time
from pathlib import Path

import netCDF4
import pytest
import torch

from detection_runs import SHAPE, make_model
from labelled_factory import write_samples
from script_runs import forking_python, run_forked
from stormtrace.checkpoints import Checkpoint
from stormtrace.detect.detection import Choice, Request, detect
from stormtrace.errors import OutOfTime
from stormtrace.formats import mask_writing

SCRIPTS = Path(__file__).parents[2] / "scripts"
STEPS = 7


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return make_model(tmp_path_factory.mktemp("models") / "m", 3)


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    return write_samples(tmp_path_factory.mktemp("samples") / "2001", STEPS, shape=SHAPE)


def look(model, samples, folder, *, time_budget=float("inf"), neutral=(), **choice):
    request = Request(
        [model],
        samples,
        folder / "2001.nc",
        year=2001,
        neutral=neutral,
        choice=Choice(torch.device("cpu"), runtime="torch", **choice),
        attributes={"experiment": "test"},
        checkpoints=folder / "checkpoints",
        deadline=time.monotonic() + time_budget,
    )
    detect(request)


def content(path):
    """All variables and attributes of a mask file."""
    with netCDF4.Dataset(path) as dataset:
        dataset.set_auto_maskandscale(False)
        variables = {name: dataset[name][:].tobytes() for name in dataset.variables}
        return variables, {name: dataset.getncattr(name) for name in dataset.ncattrs()}


@pytest.fixture(scope="module")
def whole(model, samples, tmp_path_factory):
    """What comes of one attempt, in single and in reduced precision."""
    made = {}
    for precision in ("float32", "bfloat16"):
        folder = tmp_path_factory.mktemp(precision)
        look(model, samples, folder, precision=precision)
        assert [path.name for path in folder.iterdir()] == ["2001.nc"]  # and no checkpoint
        made[precision] = content(folder / "2001.nc")
    return made


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_out_of_time_it_stops_and_goes_on(model, samples, whole, tmp_path, precision):
    for done in (2, 4, 6):  # the budget is looked at after each batch
        with pytest.raises(OutOfTime, match=f"{done} of 7 steps are done"):
            look(model, samples, tmp_path, time_budget=0, batch=2, precision=precision)
        assert not (tmp_path / "2001.nc").exists()
    look(model, samples, tmp_path, time_budget=0, batch=2, precision=precision)  # the last batch
    # Blank steps and the agreement with float32 are those of all steps too.
    assert content(tmp_path / "2001.nc") == whole[precision]
    assert [path.name for path in tmp_path.iterdir()] == ["2001.nc"]


def test_what_determines_the_masks_determines_the_checkpoint(model, samples, whole, tmp_path):
    with pytest.raises(OutOfTime):
        look(model, samples, tmp_path, time_budget=0, batch=1)
    with pytest.raises(OutOfTime, match="1 of 7"):  # from the start, for another precision
        look(model, samples, tmp_path, time_budget=0, batch=1, precision="bfloat16")
    sample = sorted(samples.glob("*.nc"))[0]
    before = sample.stat().st_mtime_ns
    os.utime(sample, ns=(before + 1, before + 1))
    with pytest.raises(OutOfTime, match="1 of 7"):  # a sample was made anew
        look(model, samples, tmp_path, time_budget=0, batch=1)
    os.utime(sample, ns=(before, before))
    assert len(list((tmp_path / "checkpoints").iterdir())) == 3
    look(model, samples, tmp_path)
    assert content(tmp_path / "2001.nc") == whole["float32"]
    assert [path.name for path in tmp_path.iterdir()] == ["2001.nc"]  # all are gone


def test_other_years_keep_theirs(tmp_path):
    """The years of an experiment are at work in one folder at the same time."""
    for year in ("2000", "2001"):
        (tmp_path / "partial").write_text(year)
        Checkpoint(tmp_path / "checkpoints", year, {}).save(tmp_path / "partial")
    (tmp_path / "checkpoints" / ".2000-digest.nc.partial-1").touch()  # killed while it saved
    Checkpoint(tmp_path / "checkpoints", "2000", {"another": 1}).remove()
    left = [path.name for path in (tmp_path / "checkpoints").iterdir()]
    assert len(left) == 1 and left[0].startswith("2001-")


def test_a_damaged_checkpoint_is_left_aside(model, samples, whole, tmp_path, caplog):
    with pytest.raises(OutOfTime):
        look(model, samples, tmp_path, time_budget=0, batch=1)
    checkpoint = next((tmp_path / "checkpoints").iterdir())
    checkpoint.write_bytes(checkpoint.read_bytes()[:100])  # the node lost its power
    look(model, samples, tmp_path)
    assert "is damaged: starting over" in caplog.text
    assert content(tmp_path / "2001.nc") == whole["float32"]


def test_a_full_disk_is_told_as_such(model, samples, tmp_path, monkeypatch):
    """What failed first is told, not that nothing more could be kept."""

    def write(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(mask_writing.MaskWriter, "save", write)
    with pytest.raises(OutOfTime):
        look(model, samples, tmp_path, time_budget=0, batch=1)


SLOW = f"""
    import sys, time
    sys.path.insert(0, {str(SCRIPTS)!r})
    from stormtrace.commandline import LoggedProgress
    from stormtrace.formats import mask_writing
    mask_writing.SAVE_EVERY_S = 0
    advance = LoggedProgress.advance

    def slow(progress, count):
        advance(progress, count)
        print("step", flush=True)
        if progress.done == 3:
            time.sleep(600)

    LoggedProgress.advance = slow
    sys.argv[0] = "detect.py"
    from detect import main
    from stormtrace.commandline import run
    run(main)
"""


@pytest.mark.parametrize(("stop", "code"), [(signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_a_job_that_is_ended_from_outside_goes_on(model, samples, whole, tmp_path, stop, code):
    """The script itself, with a real signal in the midst of it."""
    flags = ["--model", model, "--samples", samples, "--output", tmp_path / "2001.nc"]
    flags += ["--year", "2001", "--experiment", "test", "--dataset", "d", "--grid", "g"]
    flags += ["--checkpoints", tmp_path / "checkpoints", "--device", "cpu", "--runtime", "torch"]
    flags += ["--batch", "1"]
    (tmp_path / "slow.py").write_text(textwrap.dedent(SLOW))
    with subprocess.Popen(
        [forking_python(), tmp_path / "slow.py", *flags], stdout=subprocess.PIPE
    ) as job:
        for _ in range(3):
            assert job.stdout.readline()
        job.send_signal(stop)
        assert job.wait(300) == code
    assert len(list((tmp_path / "checkpoints").glob("[0-9]*.nc"))) == 1
    assert not (tmp_path / "2001.nc").exists()

    assert "continuing after step 3 of 7" in run_forked("detect", *flags)
    assert content(tmp_path / "2001.nc")[0] == whole["float32"][0]
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix != ".py") == ["2001.nc"]
