"""Own files say whether they are as they were written; copies and files of others need not."""

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import xarray as xr
import xxhash

from stormtrace import seals
from stormtrace.errors import BadInput
from stormtrace.formats.netcdf import creating, open_raw, opening
from stormtrace.formats.own_end import hdf5_end

FORMS = ("NETCDF4", "NETCDF3_64BIT_OFFSET")
VALUES = np.arange(300.0).reshape(20, 15)


def write(path, form="NETCDF4"):
    with creating(path, form) as nc:
        nc.createDimension("lat", 20)
        nc.createDimension("lon", 15)
        nc.createVariable("a", "f8", ("lat", "lon"))[:] = VALUES
    return path


def values(path):
    with opening(path) as nc:
        return nc["a"][:]


@pytest.mark.parametrize("form", FORMS)
def test_a_seal_is_the_last_24_bytes_and_nothing_else_changes(tmp_path, form):
    path = write(tmp_path / "a.nc", form)
    content = path.read_bytes()
    assert content[-24:-8] == seals.MAGIC
    if form == "NETCDF4":
        assert hdf5_end(path) == len(content) - 24
    np.testing.assert_array_equal(values(path), VALUES)
    with open_raw(path) as nc:
        np.testing.assert_array_equal(nc["a"][:], VALUES)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("opener", [opening, open_raw])
def test_one_wrong_byte_is_seen(tmp_path, form, opener):
    path = write(tmp_path / "a.nc", form)
    content = bytearray(path.read_bytes())
    content[content.index(VALUES[3].astype("<f8" if form == "NETCDF4" else ">f8").tobytes())] ^= 1
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"a\.nc is damaged .*remove it and run snakemake again"):
        opener(path).__enter__()


@pytest.mark.parametrize("size", [1, 7, 16, 24, 25, 1000])
def test_files_are_read_in_pieces_of_any_size(tmp_path, monkeypatch, size):
    """A seal may lie across pieces; the digest is that of all bytes at once."""
    path = write(tmp_path / "a.nc")
    content = path.read_bytes()
    monkeypatch.setattr(seals, "PIECE", size)
    assert seals.digest_of(path) == f"xxh3:{xxhash.xxh3_64_hexdigest(content)}"
    assert seals.is_sealed(path) and seals.has_magic(path)
    path.write_bytes(content[:-24])
    assert not seals.has_magic(path) and not seals.is_sealed(path)
    path.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    with pytest.raises(seals.Damaged):
        seals.is_sealed(path)


def test_a_zeroed_tail_is_no_copy(tmp_path):
    path = write(tmp_path / "a.nc")
    content = path.read_bytes()
    path.write_bytes(content[:-100] + bytes(100))
    with pytest.raises(BadInput, match=r"damaged \(24 bytes follow its end\)"):
        opening(path).__enter__()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "command",
    [
        ["nccopy", "{}", "{}"],
        ["cdo", "-s", "copy", "{}", "{}"],
        ["ncks", "-h", "{}", "{}"],
        ["cp", "{}", "{}"],
    ],
    ids=lambda command: command[0],
)
def test_other_programs_read_it_and_their_copies_are_read(tmp_path, form, command):
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    source, copy = write(tmp_path / "a.nc", form), tmp_path / "copy.nc"
    subprocess.run([part.format(one) for part, one in zip_paths(command, source, copy)], check=True)
    np.testing.assert_array_equal(values(copy), VALUES)


def zip_paths(command, source, copy):
    places = iter([source, copy])
    return [(part, next(places) if part == "{}" else "") for part in command]


@pytest.mark.parametrize("form", FORMS)
def test_xarray_reads_it(tmp_path, form):
    with xr.open_dataset(write(tmp_path / "a.nc", form), engine="netcdf4") as ds:
        np.testing.assert_array_equal(ds["a"], VALUES)


def test_what_was_changed_in_place_by_another_program_has_no_seal(tmp_path):
    path = write(tmp_path / "a.nc")
    with netCDF4.Dataset(path, "r+") as nc:
        nc.history = "changed by hand"
        nc["a"][0, 0] = 7.0
    assert values(path)[0, 0] == 7.0


def test_a_seal_is_checked_once_for_each_state_of_a_file(tmp_path, monkeypatch):
    path = write(tmp_path / "a.nc")
    checked = []
    check = seals._check
    monkeypatch.setattr(seals, "_check", lambda *args: checked.append(args) or check(*args))
    for _ in range(3):
        values(path)
    assert len(checked) == 1
    os.utime(path, ns=(1, 1))
    values(path)
    assert len(checked) == 2


def test_the_error_of_another_file_is_not_laid_upon_this_one(tmp_path):
    with (
        pytest.raises(RuntimeError, match="HDF error"),
        opening(write(tmp_path / "a.nc")),
    ):
        raise RuntimeError("NetCDF: HDF error")


def test_no_permission_is_said_to_be_that(tmp_path, monkeypatch):
    path = write(tmp_path / "a.nc")

    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(netCDF4, "Dataset", refuse)
    with pytest.raises(BadInput, match="may not be read: no permission"):
        opening(path).__enter__()


FULL_DISK = """
import resource, sys
import numpy as np
from stormtrace.formats.netcdf import creating
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    with creating(sys.argv[1], "{form}") as nc:
        nc.createDimension("x", 100_000)
        for name in "abc":
            nc.createVariable(name, "f8", ("x",))[:] = np.random.default_rng(0).random(100_000)
except OSError as error:
    print("caught", error.errno)
"""


@pytest.mark.parametrize("form", FORMS)
def test_a_full_disk_is_an_error_and_no_crash(tmp_path, form):
    """The limit on a file's size stands in for the disk's: netCDF crashed on both."""
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] in (-1, resource.RLIM_INFINITY)
    script = FULL_DISK.format(form=form)
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "a.nc"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout[:6]) == (0, "caught"), done.stderr


#: Modules that open netCDF without the door -> why.
WITHOUT = {
    "formats/netcdf.py": "the door",
    "planet/merra2_files.py": "writes files as NASA does",
    "prepare/raw/raw_formats.py": "reads an archive in memory",
    "grids/specification.py": "reads other people's grid files; grids are below formats",
}


def test_there_is_one_door():
    library = Path(seals.__file__).parent
    files = {str(path.relative_to(library)): path.read_text() for path in library.rglob("*.py")}
    assert {name for name, text in files.items() if "netCDF4.Dataset(" in text} == WITHOUT.keys()
    openers = {name for name, text in files.items() if "open_raw(" in text}
    # Own files are opened by `opening`, those of others where they are understood.
    importers = {"labels/importers/climatenetlarge.py", "labels/importers/front_masks.py"}
    others = {"prepare/raw/raw_formats.py"} | importers
    assert openers == {"formats/netcdf.py"} | others
