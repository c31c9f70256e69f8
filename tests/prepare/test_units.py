"""Units as they are spelt, converted to a field's; others are refused."""

import netCDF4
import numpy as np
import pytest
from test_fields import derive

from mock_raw import Cesm
from stormtrace.errors import BadInput
from stormtrace.formats.units import convert, is_same_unit, parse_unit, pascals
from stormtrace.prepare.derivations import make_derivation
from stormtrace.prepare.field_units import field_conversion, field_units, same_units


def conversion(name, entry, units):
    derivation = make_derivation(entry)
    every = dict(zip(derivation.variables, units, strict=True))
    return field_conversion(name, derivation, every, "a.nc")


@pytest.mark.parametrize(
    ("name", "entry", "units", "factor"),
    [
        ("TMQ", {"take": "X"}, ["kg m-2"], 1),
        ("TMQ", {"take": "X"}, ["kg/m^2"], 1),
        ("TMQ", {"take": "X"}, ["kg m**-2"], 1),
        ("TMQ", {"take": "X"}, ["mm"], 1),
        ("tmq", {"take": "X"}, ["cm"], 10),
        ("TMQ", {"integrate": "X"}, ["g kg-1"], 1e-3),
        ("TMQ", {"integrate": "X"}, ["kg kg**-1"], 1),
        ("TMQ", {"integrate": "X"}, ["1"], 1),
        ("U850", {"interpolate": "X", "to": 850}, ["m/s"], 1),
        ("U850", {"interpolate": "X", "to": 850}, ["m s**-1"], 1),
        ("V300", {"take": "X"}, ["cm s-1"], 0.01),
        ("V300", {"take": "X"}, ["Meters/Second"], 1),
        ("V300", {"take": "X"}, ["knots"], 0.514444),
        ("PSL", {"take": "X"}, ["Pascals"], 1),
        ("PSL", {"take": "X"}, ["mbar"], 100),
        ("PSL", {"take": "X"}, ["hPa"], 100),
        ("PSL", {"take": "X"}, [""], 1),
        ("PSL", {"take": "X", "units": "hPa"}, ["Pa"], 0.01),
        ("Z500", {"take": "X"}, ["m"], 1),
        ("Z500", {"take": "X"}, ["m**2 s**-2"], 1 / 9.80665),
        ("Z500", {"take": "X"}, ["m+2 s-2"], 1 / 9.80665),
        ("Z500", {"take": "X"}, ["dam"], 10),
        ("Q700", {"take": "X"}, ["g/kg"], 1e-3),
        ("IVT", {"transport": ["Q", "U", "V"]}, ["g kg-1", "m s-1", "m s-1"], 1e-3),
        ("IVT", {"transport": ["Q", "U", "V"]}, ["g kg-1", "", ""], 1e-3),
        ("IVT", {"take": "IVT"}, ["kg kg-1 m-1 s-1"], 1),  # so MERRA-2's IVT files say
        ("VRT850", {"vorticity": ["U", "V"]}, ["cm s-1", "cm s-1"], 0.01),
        ("RAIN", {"take": "X", "units": "mm/day"}, ["m s-1"], 86400e3),
        ("RAIN", {"take": "X", "units": "mm/day"}, ["kg m-2 s-1"], 86400),
        ("RAIN", {"sum": "X", "units": "mm"}, ["m"], 1000),
        ("RAIN", {"sum": "X", "units": "mm"}, ["m of water equivalent"], 1000),
        ("RAIN", {"sum": "X", "units": "mm"}, ["inches"], 25.4),
        ("RAIN", {"take": "X", "units": "mm/day"}, ["mm (3h)-1"], 8),
        ("RAIN", {"take": "X", "units": "mm/day"}, ["mm/3hr"], 8),
        ("RAIN", {"take": "X", "units": "mm/day"}, ["kg m-2 3h-1"], 8),
        ("TMQ", {"take": "X"}, ["mm H2O"], 1),
    ],
)  # fmt: skip
def test_known_units_are_converted(name, entry, units, factor):
    found = conversion(name, entry, units)
    assert found.factor == pytest.approx(factor, rel=1e-12) and found.offset == 0


def test_celsius_becomes_kelvin_and_back():
    assert conversion("T500", {"take": "X"}, ["degC"]).offset == 273.15
    back = conversion("T500", {"take": "X", "units": "degC"}, ["K"])
    assert (back.factor, back.offset) == (1.0, -273.15)


@pytest.mark.parametrize(
    ("name", "entry", "units", "message"),
    [
        ("TMQ", {"take": "X"}, "kg m-2 s-1", "kg m-2 is needed"),
        ("PSL", {"take": "X"}, "K", "Pa is needed"),
        ("U850", {"take": "X"}, "Pa s-1", "m s-1 is needed"),
        ("TMQ", {"integrate": "X"}, "K", "kg kg-1 is needed"),
        ("Z500", {"take": "X"}, "m2 s-1", "m is needed"),
        ("TMQ", {"take": "X"}, "Pa", "kg m-2 is needed"),  # a weight per area, but no water
        ("U850", {"take": "X"}, "kg m-2 s-1", "m s-1 is needed"),
        ("U850", {"take": "X", "units": "kg m-2 s-1"}, "K", "kg m-2 s-1 is needed"),
        ("T500", {"take": "X"}, "furlongs", "K is needed"),
    ],
)
def test_other_units_are_refused(name, entry, units, message):
    with pytest.raises(
        BadInput, match=rf"a\.nc: X, from which {name} comes, is in '{units}'; {message}"
    ):
        conversion(name, entry, [units])


def test_a_sum_of_rates_is_refused():
    with pytest.raises(BadInput, match=r"PRECT.* is a rate \('m/s'\).*take: X gives their mean"):
        conversion("PRECT", {"sum": "X"}, ["m/s"])


def test_unknown_spellings_are_not_guessed():
    for text in ("", "10-6 m", "1e-6 kg", "Numeric", "m/", "kg..", "m s-", "-"):
        known = parse_unit(text)
        assert known is None or text == "kg.."
    assert pascals("hPa") == 100 and pascals("m") is None and pascals("") is None


def test_dimensions_are_multiplied_out():
    """1 J kg-1 = 1 m2 s-2; 1 W m-2 = 1 kg s-3."""
    for one, other in (
        ("J kg-1", "m2 s-2"),
        ("W/m2", "kg s-3"),
        ("J m**-2", "kg s-2"),
        ("N m-2", "Pa"),
    ):
        found = convert(parse_unit(one), parse_unit(other))
        assert found.factor == pytest.approx(1) and found.offset == 0


def test_components_of_one_vector_have_one_unit():
    assert same_units("cm s-1", "m s-1", "V", "U", "a.nc") == pytest.approx(0.01)
    with pytest.raises(BadInput, match="V is in 'K', but U, which it belongs to, in 'm s-1'"):
        same_units("K", "m s-1", "V", "U", "a.nc")


def test_fields_without_a_known_name_keep_the_files_units():
    assert field_units("X", make_derivation({"take": "X"}), {"X": "furlongs"}) == "furlongs"
    assert field_units("LWP", make_derivation({"integrate": "X"}), {"X": "kg/kg"}) == "kg m-2"
    assert conversion("X", {"take": "X"}, ["furlongs"]).factor == 1


def test_pressure_in_hectopascals_becomes_pascals(tmp_path):
    raw = Cesm(tmp_path)
    pascal = raw.values("PSL")
    with netCDF4.Dataset(raw.write("PSL", values=pascal / 100), "a") as file:
        file["PSL"].units = "hPa"
    fields, _ = derive(raw.spec(fields={"PSL": {"take": "PSL"}}))
    np.testing.assert_allclose(fields["PSL"], pascal, rtol=2e-7)


@pytest.mark.parametrize(
    ("name", "value"), [("PSL", 1013.0), ("Z500", 54000.0), ("T500", -20.0), ("Q500", 5.0)]
)
def test_values_that_are_impossible_are_refused(tmp_path, name, value):
    """hPa, m2 s-2, degC, g/kg where the file does not say so."""
    raw = Cesm(tmp_path)
    raw.write("PSL", values=np.full_like(raw.values("PSL"), value))
    with pytest.raises(BadInput, match=rf"PSL, from which {name} comes, gives .* in other units"):
        derive(raw.spec(fields={name: {"take": "PSL"}}))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("mm/day", "mm d-1", True),
        ("kg m-2", "mm", True),  # of water
        ("m s-1", "", True),  # nothing is said
        ("beaufort", "beaufort", True),
        ("beaufort", "m s-1", False),
        ("mm/day", "kg m-2 s-1", False),
        ("K", "degC", False),
        ("m", "m2 s-2", False),  # of geopotential
    ],
)
def test_units_in_which_numbers_are_the_same(one, other, same):
    assert is_same_unit(one, other) is same and is_same_unit(other, one) is same
