"""What a script writes is all there or not at all, whatever comes between.

Here scripts run within this process, up to the end of their work: a stop or a full disk then comes
to the last of their outputs, or into the moment when these appear. `test_stops.py` has what comes
earlier.
"""

import ast
import contextlib
import errno
import json
import re
import runpy
import signal
import sys
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from detection_runs import make_model
from labelled_factory import FIELDS, statistics, write_labelled, write_samples
from mock_raw import Cesm
from stormtrace import files, signals
from stormtrace.climate.all_years import compute_frequency
from stormtrace.formats.json_files import write_json
from test_stops import FLAGS
from track_files import random_masks, write_masks, write_objects

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "scripts"
LABELS = json.dumps(["Background", "Tropical Cyclone", "Atmospheric River"])
GRID = json.dumps({"nlat": 24, "nlon": 36})
RECIPE = {"name": "tiny", "fields": FIELDS, "dataset": "d", "grid": "g", "epochs": 1}
PLANET = {"ne": 2, "levels": 8, "days": 2, "train_files": 1, "test_files": 1}
PLANET |= {"grid": json.loads(GRID)}

MEMBER = {"class": "AR", "masks": ["mask.nc"], "objects": ["objects.nc"], "events": "events"}
MEMBERS = json.dumps([{"experiment": name} | MEMBER for name in ("one", "other")])

#: Script -> its flags, in a folder with `inputs`. Those of `test_stops`, and all with several outputs.
WORK = {
    "adopt_model.py": ["--weights", "model"],
    "agree.py": ["--members", MEMBERS, "--name", "both"],
    "compare.py": [
        *("--first", "frequency.nc", "--second", "frequency.nc", "--name", "c"),
        *("--table", "made/table.csv"),
    ],
    "check_labels.py": ["--samples", "labelled", "--labels", LABELS],
    "compute_statistics.py": ["--samples", "samples", "--fields", *FIELDS],
    "decompose.py": [
        *("--name", "d", "--fields", "TMQ", "--table", "made/table.csv", "--replicates", "9"),
        *(word for side in ("first", "second", "of-first", "of-second")
          for word in (f"--{side}", "frequency.nc")),
    ],
    "detect.py": [
        *("--model", "model", "--samples", "samples", "--experiment", "e", "--dataset", "d"),
        *("--grid", "g", "--year", "2001", "--runtime", "torch", "--device", "cpu"),
        *("--blank", "allow"),
    ],
    "draw_importance.py": ["--importance", "importance.json"],
    "draw_labels.py": ["--model", "model", "--samples", "labelled", "--number", "1"],
    "draw_training.py": ["--history", "history.csv"],
    "evaluate.py": ["--model", "model", "--samples", "labelled", "--device", "cpu"],
    "explain.py": [
        *("--model", "model", "--samples", "labelled", "--repeats", "1", "--device", "cpu"),
    ],
    "find_objects.py": ["--mask", "mask.nc"],
    "link_events.py": ["--objects", "objects.nc", "--experiment", "e"],
    "make_planet.py": ["--part", "climatenet", "--settings", json.dumps(PLANET)],
    "make_samples.py": ["--dataset", "@raw.json", "--grid", GRID, "--year", "2000", "--matrix", "map.nc",
                        "--origins", "made/inputs.json"],
    "compute_frequency.py": ["--masks", "mask.nc"],
    "train.py": [
        *("--samples", "labelled", "--statistics", "statistics.json", "--model", json.dumps(RECIPE)),
        *("--checkpoints", "kept", "--device", "cpu"),
    ],
    "verify.py": [
        *("--objects", "objects.nc", "--events", "events", "--storms", "storms.csv"),
        *("--match", "climatology", "--maps", "made/maps.nc"),
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """A folder with what all of these scripts read."""
    folder = tmp_path_factory.mktemp("inputs")
    make_model(folder / "model", 3)
    write_labelled(folder / "labelled", 2)
    write_samples(folder / "samples", 2)
    write_json(folder / "statistics.json", statistics(dataset="d", grid="g", steps=2))
    write_masks(folder / "mask.nc", random_masks(6, (8, 12, 20)))
    write_objects(folder / "objects.nc", folder / "mask.nc")
    compute_frequency([folder / "mask.nc"], folder / "frequency.nc", {})
    columns = "epoch,train_loss,validation_loss,train_mean_iou,validation_mean_iou,train_iou_A,lr"
    (folder / "history.csv").write_text(f"{columns}\n1,1,1,0.5,0.5,0.5,0.1\n")
    lost = {"mean": 0.1, "low": 0.05, "high": 0.2}
    measured = {"model": "m", "labels": ["Background"], "importance": {"TMQ": {"Background": lost}}}
    write_json(folder / "importance.json", measured)
    storm = "track_id,time,lat,lon,wind,status\nA,2001-01-01 06:00:00,15,130,60,TS\n"
    (folder / "storms.csv").write_text(storm)
    raw = Cesm(folder / "raw")
    raw.write_all()
    (folder / "raw.json").write_text(json.dumps(raw.spec()))
    return folder


@pytest.fixture
def run(inputs, monkeypatch, sigterm, capfd):
    """Run a script in `inputs`; return what it ends with and the files that it has made."""

    def run(script, *flags):
        output = "made/output"
        monkeypatch.chdir(inputs)
        monkeypatch.setattr(signals, "_received", [])
        monkeypatch.setattr(signals, "AGAIN_S", 600)
        files._remove(Path("kept"))  # a training would go on from there
        monkeypatch.setattr(sys, "argv", [script, *map(str, flags), "--output", output])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(SCRIPTS / script), run_name="__main__")
        made = sorted(path for path in Path("made").rglob("*") if path.is_file())
        return end.value.code, made

    # What a picture shows is of no account here.
    monkeypatch.setattr(Figure, "savefig", lambda self, path, **_: Path(path).write_bytes(b"1"))
    (inputs / "made").mkdir(exist_ok=True)
    for path in [*(inputs / "made").iterdir()]:
        files._remove(path)
    if not (inputs / "map.nc").exists():
        run("make_regridding_matrix.py", "--dataset", "@raw.json", "--grid", GRID)
        (inputs / "made" / "output").rename(inputs / "map.nc")
        run("link_events.py", *WORK["link_events.py"])
        (inputs / "made" / "output").rename(inputs / "events")
    return run


class Event:
    """Something that comes to pass when a function is called for the n-th time, before it runs."""

    def __init__(self, monkeypatch, name, do):
        self.calls, self.at, self.do = 0, 1, do
        function = getattr(files, name)

        def called(*arguments):
            self.calls += 1
            if self.calls == self.at:
                self.do()
            return function(*arguments)

        monkeypatch.setattr(files, name, called)


def stop():
    signal.raise_signal(signal.SIGTERM)  # to this thread, not to one of a library


@contextlib.contextmanager
def stopped_within():
    with signals.undisturbed():
        stop()
        yield


def fill_disk():
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("script", WORK)
def test_a_late_end_leaves_all_or_nothing(script, run, monkeypatch, capfd):
    """A stop while they appear, then a full disk at the last of several, or a stop at the only one."""
    with monkeypatch.context() as patch:
        outputs = Event(patch, "heed_stop", lambda: None)  # called as each of them is complete
        patch.setattr(files, "undisturbed", stopped_within)
        code, whole = run(script, *WORK[script])
    assert code == 0 and whole, capfd.readouterr().err
    assert not [path for path in whole if ".partial" in path.name]

    for path in whole:
        path.unlink()
    several = outputs.calls > 1
    with monkeypatch.context() as patch:
        Event(patch, "heed_stop", fill_disk if several else stop).at = outputs.calls
        code, left = run(script, *WORK[script])
    assert left == []
    assert str(code).startswith("error: No space left" if several else "143")


def test_late_stops_are_of_the_scripts_that_are_stopped_early():
    assert FLAGS.keys() <= WORK.keys()


def test_every_script_with_several_outputs_is_here():
    several = set()
    for file in (ROOT / "workflow" / "rules").glob("*.smk"):
        for rule in re.split(r"^rule ", file.read_text(), flags=re.MULTILINE)[1:]:
            outputs = rule.partition("output:")[2].partition("log:")[0]
            script = re.search(r"\"(\w+\.py) ", rule)
            if script and (
                len(re.findall(r"\bat\.", outputs)) > 1 or re.search("for|model_figures", outputs)
            ):
                several.add(script[1])
    assert several == {
        "adopt_model.py", "agree.py", "compare.py", "decompose.py", "draw_importance.py",
        "draw_labels.py", "draw_training.py", "link_events.py", "train.py", "verify.py",
    }  # fmt: skip
    assert several <= WORK.keys()


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.py")), ids=lambda path: path.stem)
def test_there_is_one_door_for_all_scripts(script):
    """`commandline.run`, which lets all outputs of a script appear together."""
    if script.stem == "report_kill":  # which adds to a log
        return
    last = ast.unparse(ast.parse(script.read_text()).body[-1])
    assert re.fullmatch(r"if __name__ == '__main__':\n    (commandline\.)?run\(main\)", last)
