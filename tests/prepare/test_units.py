import netCDF4
import numpy as np
import pytest
from test_fields import derive

from mock_raw import Cesm
from stormtrace.errors import BadInput
from stormtrace.prepare.derivations import Derivation
from stormtrace.prepare.units import conversion


def recipe_of(kind):
    return Derivation(**{kind: "X"}, to=850 if kind == "interpolate" else None)


@pytest.mark.parametrize(
    ("name", "kind", "units", "factor"),
    [
        ("TMQ", "take", "kg m-2", 1),
        ("TMQ", "take", "kg/m^2", 1),
        ("TMQ", "take", "kg m**-2", 1),
        ("TMQ", "integrate", "g kg-1", 1e-3),
        ("U850", "interpolate", "m/s", 1),
        ("V300", "take", "cm s-1", 0.01),
        ("V300", "take", "Meters/Second", 1),
        ("PSL", "take", "Pascals", 1),
        ("PSL", "take", "mbar", 100),
        ("PSL", "take", "hPa", 100),
        ("PSL", "take", None, 1),
        ("Z500", "take", "m", 1),
    ],
)
def test_known_units_are_converted(name, kind, units, factor):
    assert conversion(name, recipe_of(kind), units, "a.nc") == factor


@pytest.mark.parametrize(
    ("name", "units"), [("TMQ", "kg m-2 s-1"), ("PSL", "K"), ("U850", "Pa s-1")]
)
def test_other_units_are_refused(name, units):
    with pytest.raises(BadInput, match=rf"a\.nc: X, from which {name} comes, is in '{units}'"):
        conversion(name, recipe_of("take"), units, "a.nc")


def test_pressure_in_hectopascals_becomes_pascals(tmp_path):
    raw = Cesm(tmp_path)
    pascals = raw.values("PSL")
    with netCDF4.Dataset(raw.write("PSL", values=pascals / 100), "a") as file:
        file["PSL"].units = "hPa"
    fields, _ = derive(raw.spec(fields={"PSL": {"take": "PSL"}}))
    np.testing.assert_allclose(fields["PSL"], pascals, rtol=2e-7)
