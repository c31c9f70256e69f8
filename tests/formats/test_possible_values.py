"""Values that no atmosphere has are refused by field and unit, whoever made the sample."""

import netCDF4
import numpy as np
import pytest

from labelled_factory import FIELDS, coordinates, weather, write_map_file
from stormtrace.errors import BadInput
from stormtrace.formats.labelled import read_labelled
from stormtrace.formats.quantities import possible
from stormtrace.formats.samples import open_folder, read_fields
from stormtrace.grids import Grid
from stormtrace.prepare.statistics import statistics_of

SHAPE = (20, 32)
UNITS = {"TMQ": "kg/m2", "U850": "m/s", "V850": "m s**-1", "PSL": "Pa"}


def detection(path):
    open_folder(path.parent, dict.fromkeys(FIELDS)).read([path])


def statistics(path):
    statistics_of([path], FIELDS)


def drawing(path):
    read_fields(path, FIELDS, Grid(*coordinates(SHAPE)))


def training(path):
    read_labelled(path, FIELDS, 3, Grid(*coordinates(SHAPE)))


READERS = (detection, statistics, drawing, training)


def write(folder, reader, field=None, value=0.0, units=UNITS, factor=None, **attributes):
    """A sample as another program writes it, with one value in one field."""
    values, labels = weather(0, SHAPE)
    for name, number in (factor or {}).items():
        values[name] *= np.float32(number)
    if field is not None:
        values[field][3, 4] = value
    path = folder / "cesm.2000-01-01-00000.nc"
    kind = labels if reader is training else None
    write_map_file(path, values, *coordinates(SHAPE), labels=kind)
    with netCDF4.Dataset(path, "r+") as nc:
        for name, unit in units.items():
            nc[name].setncatts({"units": unit} | attributes)
    return path


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("field", "value"), [("U850", -1598.0), ("PSL", -98110.0), ("PSL", 25330.0), ("TMQ", 300.0)]
)
def test_impossible_values_are_refused(tmp_path, reader, field, value):
    path = write(tmp_path, reader, field, value)
    with pytest.raises(BadInput, match=rf"cesm\S+nc: {field} has values of .*{value:g}.* possible"):
        reader(path)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "how",
    [
        {},
        {"units": {}, "field": "U850", "value": -1598.0},
        {"units": {"PSL": "hPa", "U850": "knots"}, "factor": {"PSL": 0.01, "U850": 1.94}},
        {"units": {"TMQ": "1"}, "field": "TMQ", "value": -7.0},
        {"field": "TMQ", "value": -7.0, "long_name": "Anomaly of precipitable water"},
    ],
    ids=["as usual", "no units", "other units", "normalized", "an anomaly"],
)
def test_what_may_be_is_read(tmp_path, reader, how):
    reader(write(tmp_path, reader, **how))


def test_the_range_follows_the_units():
    assert possible("PSL", "Pa") == (80000.0, 115000.0)
    assert possible("PSL", "hPa") == pytest.approx((800.0, 1150.0))
    assert possible("U850", "m/s") == (-300.0, 300.0)
    # 100 K and 400 K are −173.15 °C and 126.85 °C.
    assert possible("T850", "degC") == pytest.approx((-173.15, 126.85))
    assert possible("PSL", "furlongs") == possible("FIELD", "Pa") == (-np.inf, np.inf)
