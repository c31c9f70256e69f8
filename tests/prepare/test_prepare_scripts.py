"""The scripts' wiring: flags in, files out, one sentence and exit 1 for what a user can mend."""

import json
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import netCDF4
import pytest

from mock_raw import Cesm
from script_runs import forked

SCRIPTS = Path(__file__).parents[2] / "scripts"
GRID = json.dumps({"nlat": 24, "nlon": 36})


def run(script, *flags, **keys):
    """Run a script; as a process from its start where `keys` limit it."""
    command = [str(SCRIPTS / script), *map(str, flags)]
    if not keys:
        return forked(*command)
    command = [sys.executable, *command]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, **keys)


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    """Raw files and the regridding matrix of a dataset."""
    folder = tmp_path_factory.mktemp("chain")
    raw = Cesm(folder / "raw")
    raw.write_all()
    dataset = json.dumps(raw.spec())
    done = run(
        "make_regridding_matrix.py",
        "--dataset",
        dataset,
        "--grid",
        GRID,
        "--output",
        folder / "map.nc",
    )
    assert done.returncode == 0, done.stderr
    return folder, raw, dataset


def make_samples(chain, output, **keys):
    folder, _, dataset = chain
    flags = ("--dataset", dataset, "--grid", GRID, "--year", 2000, "--matrix", folder / "map.nc")
    return run("make_samples.py", *flags, "--output", output, **keys)


def test_from_raw_files_to_statistics(chain):
    folder, _, _ = chain
    with netCDF4.Dataset(folder / "map.nc") as file:
        assert "CAM-SE ne4np4" in file.map_method and "make_regridding_matrix.py" in file.history
    done = make_samples(chain, folder / "2000")
    assert done.returncode == 0, done.stderr
    assert len(list((folder / "2000").glob("*.nc"))) == 8
    piece = folder / "2000.json"
    done = run(
        "compute_statistics.py",
        "--samples",
        folder / "2000",
        "--fields",
        "TMQ",
        "PSL",
        "--output",
        piece,
    )
    assert done.returncode == 0, done.stderr
    flags = ("--dataset", "mock", "--grid", "small", "--output", folder / "all.json")
    done = run("merge_statistics.py", "--pieces", piece, piece, *flags)
    assert done.returncode == 0, done.stderr
    merged, single = json.loads((folder / "all.json").read_text()), json.loads(piece.read_text())
    assert (merged["dataset"], merged["grid"], merged["steps"]) == ("mock", "small", 16)
    assert merged["fields"]["PSL"]["mean"] == pytest.approx(single["fields"]["PSL"]["mean"])
    assert set(merged["provenance"]) >= {"history", "stormtrace_version", "inputs"}


def test_a_map_of_ones_own_is_checked_and_adopted(chain, tmp_path):
    folder, raw, _ = chain
    own = raw.spec(regridding_matrix=str(folder / "map.nc"))
    flags = ("--dataset", json.dumps(own), "--output", tmp_path / "map.nc")
    assert run("make_regridding_matrix.py", *flags, "--grid", GRID).returncode == 0
    with netCDF4.Dataset(tmp_path / "map.nc") as one, netCDF4.Dataset(folder / "map.nc") as other:
        assert (one["S"][:] == other["S"][:]).all() and "map.nc" in one.inputs
    done = run("make_regridding_matrix.py", *flags, "--grid", json.dumps({"nlat": 23, "nlon": 36}))
    assert done.returncode == 1 and "n_b is 864, but the grid has 828" in done.stderr


def test_check_exits_with_0_unless_strict(chain, tmp_path):
    _, raw, dataset = chain
    broken = json.dumps([json.loads(dataset), raw.spec(fields={"X": {"take": "X"}})])
    done = run("check_raw.py", "--datasets", broken, "--output", tmp_path / "check.txt")
    assert done.returncode == 0 and "1 of 7 rows need attention" in done.stdout
    assert (tmp_path / "check.txt").read_text() == done.stdout
    strict = run("check_raw.py", "--datasets", broken, "--output", tmp_path / "c.txt", "--strict")
    assert strict.returncode == 1


def test_bad_input_is_one_sentence(chain, tmp_path):
    _, raw, _ = chain
    spec = raw.spec(fields={"TMQ": {"integrate": "HUMIDITY"}})
    done = run(
        "make_regridding_matrix.py",
        "--dataset",
        json.dumps(spec),
        "--grid",
        GRID,
        "--output",
        tmp_path / "a.nc",
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: dataset mock: there is no raw file; looked for")
    assert "Traceback" not in done.stderr


def test_folder_one_may_not_write_to(chain, tmp_path):
    (tmp_path / "results").write_text("a file where a folder should be")
    done = make_samples(chain, tmp_path / "results" / "2000")
    assert done.returncode == 1 and done.stderr.count("\n") <= 2 and "results" in done.stderr
    assert "Traceback" not in done.stderr


def test_full_disk_leaves_nothing_that_looks_finished(chain, tmp_path):
    """The kernel refuses to let a file grow beyond 8 kB, as it would on a full disk."""

    def small_files():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))

    done = make_samples(chain, tmp_path / "out" / "2000", preexec_fn=small_files)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr and "error: " in done.stderr
    assert list((tmp_path / "out").iterdir()) == []


def test_killed_job_leaves_nothing(chain, tmp_path):
    """SIGTERM, as the scheduler sends it, after the first of eight slow samples."""
    _, _, dataset = chain
    grid = json.dumps({"nlat": 768, "nlon": 1152})
    flags = ["--dataset", dataset, "--grid", grid]
    assert run("make_regridding_matrix.py", *flags, "--output", tmp_path / "map.nc").returncode == 0
    flags += ["--matrix", tmp_path / "map.nc", "--output", tmp_path / "out" / "2000"]
    command = [sys.executable, SCRIPTS / "make_samples.py", *flags, "--year", 2000]
    job = subprocess.Popen([str(word) for word in [*command, "--compression", "zlib"]])
    while job.poll() is None and len(list(tmp_path.glob("out/.*partial*/*.nc"))) < 1:
        time.sleep(0.01)
    job.terminate()
    assert job.wait(timeout=300) == 128 + signal.SIGTERM
    assert list((tmp_path / "out").iterdir()) == []
