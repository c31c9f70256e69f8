"""Outputs are whole or not there, and a sum tells one input from another."""

import errno
import hashlib
import os
import signal
import subprocess
import sys

import pytest

from stormtrace import files
from stormtrace.errors import BadInput
from stormtrace.files import (
    check_writable,
    checksum,
    once_written,
    together,
    write_text,
    writing,
)


def left_over(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_whole(tmp_path):
    with writing(tmp_path / "deep" / "out.txt") as partial:
        partial.write_text("half")
        assert left_over(tmp_path / "deep") == [partial.name]  # nothing under the final name yet
        partial.write_text("whole")
    assert (tmp_path / "deep" / "out.txt").read_text() == "whole"
    assert left_over(tmp_path / "deep") == ["out.txt"]


def test_a_failure_leaves_what_was_there(tmp_path):
    write_text(tmp_path / "out.txt", "old")
    with pytest.raises(OSError, match="No space"), writing(tmp_path / "out.txt") as partial:
        partial.write_text("new, but the disk ")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert (tmp_path / "out.txt").read_text() == "old"
    assert left_over(tmp_path) == ["out.txt"]


def test_a_folder_is_replaced_as_a_whole(tmp_path):
    for names in (["a", "b"], ["c"]):
        with writing(tmp_path / "folder") as partial:
            partial.mkdir()
            for name in names:
                (partial / name).touch()
    assert left_over(tmp_path / "folder") == ["c"]
    assert left_over(tmp_path) == ["folder"]


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path):
    (tmp_path / ".a[1].partial-1").touch()
    (tmp_path / ".a[1].partial-2").mkdir()
    (tmp_path / ".a[1].partial-2" / "half").touch()
    (tmp_path / ".a1.partial-3").touch()  # another file's
    write_text(tmp_path / "a[1]", "whole")
    assert left_over(tmp_path) == [".a1.partial-3", "a[1]"]


SCRIPT = """
import sys, time
from stormtrace.commandline import run
from stormtrace.files import writing

def main():
    with writing(sys.argv[1]) as partial:
        partial.write_text("half")
        print("writing", flush=True)
        time.sleep(600)

run(main)
"""


def test_a_terminated_script_leaves_nothing(tmp_path):
    scripts = os.pathsep.join(sys.path)
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "out.txt")],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": scripts},
    )
    assert process.stdout.readline() == b"writing\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=300) == 128 + signal.SIGTERM
    process.stdout.close()
    assert left_over(tmp_path) == []


@pytest.mark.parametrize(
    "write",
    [
        "write_netcdf(partial)",
        "torch.save(torch.zeros(10**6), partial)",
        "torch.save(torch.zeros(10**6), partial, _use_new_zipfile_serialization=False)",
    ],
)
def test_no_room_is_told_as_such_by_every_library(tmp_path, write):
    """A limit of a file's size stands for a full disk; netCDF and torch raise RuntimeError."""
    code = f"""
import resource, netCDF4, numpy, torch
from stormtrace.files import writing
def write_netcdf(path):
    with netCDF4.Dataset(path, "w") as dataset:
        dataset.createDimension("x", 10**6)
        dataset.createVariable("x", "f8", ("x",))[:] = numpy.arange(10**6)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    with writing({str(tmp_path / "out")!r}) as partial:
        {write}
except OSError as error:
    print(error.errno)
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    line = [sys.executable, "-c", code]
    done = subprocess.run(line, check=True, capture_output=True, text=True, env=environment)
    assert done.stdout.strip() == str(errno.EFBIG) and not left_over(tmp_path)


def test_a_set_of_files_appears_whole_or_not_at_all(tmp_path):
    names = ("a.txt", "b.txt", "folder/c.txt")
    (tmp_path / "b.txt").write_text("old")

    def write_set(fails):
        with together():
            for name in names:
                write_text(tmp_path / name, "new")
            assert not (tmp_path / "a.txt").exists()
            if fails:
                raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write_set(fails=True)
    assert left_over(tmp_path) == ["b.txt", "folder"] and not list((tmp_path / "folder").iterdir())
    assert (tmp_path / "b.txt").read_text() == "old"
    write_set(fails=False)
    assert [(tmp_path / name).read_text() for name in names] == ["new"] * 3


def test_what_is_to_be_done_afterwards_waits_for_the_set(tmp_path):
    """The checkpoint of a detection is removed when its masks are there, and not before."""
    there = []

    def write_one(fails=False):
        write_text(tmp_path / "a.txt", "new")
        once_written(lambda: there.append((tmp_path / "a.txt").exists()))
        if fails:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space"), together():
        write_one(fails=True)
    assert there == [] and left_over(tmp_path) == []
    with together():
        write_one()
        assert there == []
    write_one()
    assert there == [True, True]


def test_what_is_written_at_once_is_there_whatever_becomes_of_the_set(tmp_path):
    with pytest.raises(KeyError), together():
        write_text(tmp_path / "checkpoint", "kept", at_once=True)
        write_text(tmp_path / "a.txt", "new")
        raise KeyError
    assert left_over(tmp_path) == ["checkpoint"]


def test_a_set_that_cannot_appear_is_absent(tmp_path):
    (tmp_path / "b.txt" / "in the way").mkdir(parents=True)
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(IsADirectoryError), together():
        for name in ("a.txt", "b.txt", "c.txt"):
            write_text(tmp_path / name, "new")
    assert left_over(tmp_path) == ["b.txt"] and left_over(tmp_path / "b.txt") == ["in the way"]


def test_small_files_are_hashed_whole_and_large_ones_at_both_ends(tmp_path, monkeypatch):
    file = tmp_path / "data"
    file.write_bytes(b"abc")
    assert checksum(file) == "sha256:" + hashlib.sha256(b"abc").hexdigest()
    monkeypatch.setattr(files, "WHOLE_FILE_LIMIT", 2**20)
    sums = set()
    for first, last in ((b"a", b"a"), (b"b", b"a"), (b"a", b"b")):
        file.write_bytes(first + bytes(3 * 2**20) + last)
        sums.add(checksum(file))
    assert len(sums) == 3 and all(text.startswith("sha256-ends:") for text in sums)


def test_a_folder_nothing_can_be_written_into_is_told(tmp_path):
    check_writable(tmp_path / "new" / "folder")
    (tmp_path / "file").touch()
    with pytest.raises(
        BadInput, match=r"nothing can be written into .*file.results .*--config results="
    ):
        check_writable(tmp_path / "file" / "results")
