import netCDF4
import numpy as np
import pytest

from stormtrace.formats.classic import classic_length

FORMS = ("NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA")


def write(path, form, kinds=("f4",), records=3, odd=7):
    with netCDF4.Dataset(path, "w", format=form) as file:
        file.title = "odd"
        file.createDimension("time", None if records is not None else 4)
        file.createDimension("x", odd)
        file.createVariable("fixed", "f8", ("x",))[:] = np.arange(odd)
        for number, kind in enumerate(kinds):
            variable = file.createVariable(f"v{number}", kind, ("time", "x"))
            variable.units = "m"
            if records:
                variable[:records] = np.ones((records, odd))
    return path


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kinds", [(), ("f4",), ("i2",), ("i2", "f8"), ("i1", "f4", "i2")])
@pytest.mark.parametrize("records", [None, 0, 1, 3])
def test_length_is_the_files_own(tmp_path, form, kinds, records):
    path = write(tmp_path / "a.nc", form, kinds, records)
    length, size = classic_length(path), path.stat().st_size
    assert length <= size < length + 4  # the library may pad the last record to 4 bytes


def test_other_formats_have_no_such_length(tmp_path):
    with netCDF4.Dataset(tmp_path / "a.nc", "w", format="NETCDF4"):
        pass
    (tmp_path / "b.nc").write_text("no netCDF at all")
    assert classic_length(tmp_path / "a.nc") is None
    assert classic_length(tmp_path / "b.nc") is None


def test_header_cut_off(tmp_path):
    path = write(tmp_path / "a.nc", FORMS[2])
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(OSError, match="header is cut off"):
        classic_length(path)
