"""Values of classic files are those that the netCDF library reads, whatever lies around them."""

import itertools

import netCDF4
import numpy as np
import pytest

from stormtrace.errors import BadInput
from stormtrace.prepare.raw import classic_entries
from stormtrace.prepare.raw.raw_formats import open_raw_file

FORMS = ("NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA")
SIZES = {"time": 5, "lev": 4, "x": 3}


def write(path, form, kind, beside=(), is_fixed=False):
    """A file with U(time, lev, x) and PS(time, x); beside: kinds of further records, of odd size."""
    random = np.random.default_rng(3)
    with netCDF4.Dataset(path, "w", format=form) as nc:
        for name, size in SIZES.items():
            nc.createDimension(name, size if is_fixed or name != "time" else None)
        for number, other in enumerate(beside):  # names of 4 to 6 letters, padded to 4 or 8
            odd = nc.createVariable("odd" + "d" * number, other, ("time", "x"))
            odd[:] = random.integers(0, 9, (5, 3))
        nc.createVariable("still", "f8", ("x",))[:] = [1, 2, 3]
        for name, dimensions in (("U", ("time", "lev", "x")), ("PS", ("time", "x"))):
            shape = [SIZES[each] for each in dimensions]
            nc.createVariable(name, kind, dimensions)[:] = random.normal(size=shape)
            if not beside and not is_fixed:
                break  # the only variable with records: these are not padded
    return path


@pytest.fixture
def directly(monkeypatch):
    """Let the smallest pieces be read directly; what the library is asked for is noted."""
    monkeypatch.setattr(classic_entries, "LEAST_BYTES", 0)
    asked = []
    plain = classic_entries.read_entries

    def noting(path, name, place, shape, dtype, otherwise):
        return plain(path, name, place, shape, dtype, lambda index: asked.append(index) or otherwise(index))  # fmt: skip

    monkeypatch.setattr("stormtrace.prepare.raw.opened.read_entries", noting)
    return asked


SLICES = [slice(None), slice(0, 1), slice(1, 4), slice(2, None)]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", ["f4", "f8"])
@pytest.mark.parametrize(
    ("beside", "is_fixed"), [((), False), (("i2",), False), (("i1", "i2", "f8"), False), ((), True)]
)
def test_values_are_those_of_the_library(tmp_path, directly, form, kind, beside, is_fixed):
    path = write(tmp_path / "a.nc", form, kind, beside, is_fixed)
    with open_raw_file(path) as raw, netCDF4.Dataset(path) as nc:
        for time, lev in itertools.product(SLICES, SLICES):
            index = (time, lev, slice(None))
            ours = raw["U"].stored(index)
            np.testing.assert_array_equal(ours, nc["U"][index])
            assert ours.dtype == np.dtype(kind) and ours.dtype.isnative
            if "PS" in nc.variables:
                np.testing.assert_array_equal(raw["PS"].stored(index[::2]), nc["PS"][index[::2]])
    assert directly == []


def test_other_pieces_are_left_to_the_library(tmp_path, directly):
    """Points of a row, one level by its number, every other record, all without an index."""
    path = write(tmp_path / "a.nc", FORMS[2], "f4")
    every = slice(None)
    others = [
        (every, every, slice(0, 2)), (every, 1, every), (slice(0, 4, 2), every, every), (0, every, every),
        (), (slice(1, 3),),
    ]  # fmt: skip
    with open_raw_file(path) as raw, netCDF4.Dataset(path) as nc:
        for index in others:
            np.testing.assert_array_equal(raw["U"].stored(index), nc["U"][index or ...])
    assert directly == others


def test_small_pieces_are_left_to_the_library(tmp_path, directly, monkeypatch):
    monkeypatch.setattr(classic_entries, "LEAST_BYTES", 5 * 4 * 3 * 4)
    with open_raw_file(write(tmp_path / "a.nc", FORMS[2], "f4")) as raw:
        raw["U"].stored((slice(None),) * 3)
        assert directly == []
        raw["U"].stored((slice(0, 4), slice(None), slice(None)))
    assert len(directly) == 1


def test_a_file_that_shrinks_while_it_is_read_is_refused(tmp_path, directly):
    path = write(tmp_path / "a.nc", FORMS[2], "f4")
    with open_raw_file(path) as raw:
        path.write_bytes(path.read_bytes()[:-8])
        assert raw["U"].stored((slice(0, 4), slice(None), slice(None))).shape == (4, 4, 3)
        with pytest.raises(BadInput, match=r"a\.nc: U cannot be read .*ends before"):
            raw["U"].stored((slice(None),) * 3)


def test_a_file_in_its_place_is_not_read(tmp_path, directly):
    """A copy that was renamed over it, with another header, has its values elsewhere."""
    path = write(tmp_path / "a.nc", FORMS[2], "f4")
    with open_raw_file(path) as raw:
        assert raw["U"].stored((slice(None),) * 3).shape == (5, 4, 3)
        write(tmp_path / "b.nc", FORMS[2], "f4", beside=("i2", "f8")).rename(path)
        with pytest.raises(BadInput, match="another file has taken its place"):
            raw["U"].stored((slice(None),) * 3)
