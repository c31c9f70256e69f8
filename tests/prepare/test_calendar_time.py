import numpy as np
import pytest

from stormtrace.errors import BadInput
from stormtrace.prepare.raw.calendar_time import DAY, HOUR, Calendar, calendar_of


def test_noleap_has_no_29_february():
    noleap, standard = Calendar("noleap"), Calendar("standard")
    assert noleap.seconds("2000-03-01") - noleap.seconds("2000-02-28") == DAY
    assert standard.seconds("2000-03-01") - standard.seconds("2000-02-28") == 2 * DAY
    with pytest.raises(BadInput, match="noleap"):
        noleap.seconds("2000-02-29")


@pytest.mark.parametrize("name", ["noleap", "standard", "gregorian", "360_day"])
def test_text_is_the_way_back(name):
    calendar = Calendar(name)
    for moment in ("0010-01-01 00:00", "1999-12-30 21:00", "2100-07-04 01:30"):
        assert calendar.text(calendar.seconds(moment)) == moment


def test_years_are_cut_at_new_year():
    noleap = Calendar("noleap")
    first, end = noleap.year(2005)
    assert end - first == 365 * DAY
    assert noleap.text(end - 3 * HOUR) == "2005-12-31 21:00"


@pytest.mark.parametrize(
    ("units", "value", "moment"),
    [
        ("days since 1979-01-01 00:00:00", 13938.0, "2017-02-28 00:00"),  # IWV_IVT_MERRA_20170228
        ("minutes since 2021-01-10 00:30:00", 60, "2021-01-10 01:30"),  # tavg1_2d_slv_Nx
        ("hours since 2000-1-1", 2.5, "2000-01-01 02:30"),
        ("seconds since 2000-01-01T00:00:00Z", 5400, "2000-01-01 01:30"),
        ("days since 0001-01-01 00:00", 1.0, "0001-01-02 00:00"),
        ("hours since 2000-01-01 00:00:00 +01:00", 2.0, "2000-01-01 01:00"),
        ("hours since 2000-01-01 00:00 -0130", 2.0, "2000-01-01 03:30"),
        ("hours since 2000-01-01 00:00 -6", 2.0, "2000-01-01 08:00"),
        ("hours since 2000-01-01 00:00:00 GMT", 2.0, "2000-01-01 02:00"),
        ("Hours Since 2000-01-01", 2.0, "2000-01-01 02:00"),
        ("milliseconds since 2000-01-01", 5_400_000, "2000-01-01 01:30"),
        ("microseconds since 2000-01-01", 5_400_000_000.0, "2000-01-01 01:30"),
        ("nanoseconds since 1970-01-01", 946_690_200_000_000_000, "2000-01-01 01:30"),
    ],
)
def test_cf_units(units, value, moment):
    calendar = Calendar("standard")
    assert calendar.text(calendar.from_cf(np.array([value]), units)[0]) == moment


@pytest.mark.parametrize("moment", ["2000-01-01 -06", "2000-01-01-06:00", "2000-01-01 03:00-2000"])
def test_a_zone_is_one_of_a_time_of_the_day(moment):
    with pytest.raises(BadInput, match=r"no time of the day with a zone"):
        Calendar("noleap").seconds(moment)


def test_fractions_of_days_are_rounded_to_seconds():
    calendar = Calendar("noleap")
    days = np.arange(8) * 0.125 + 1e-9
    seconds = calendar.from_cf(days, "days since 2000-01-01")
    np.testing.assert_array_equal(np.diff(seconds), 3 * HOUR)


def test_whole_numbers_of_32_bits_do_not_overflow():
    """ERA5 counts int32 hours since 1900: 876,576 · 3600 s are more than 2**31."""
    calendar = Calendar("gregorian")
    hours = np.array([876576], np.int32)
    assert calendar.text(calendar.from_cf(hours, "hours since 1900-01-01 00:00:00.0")[0]) == (
        "2000-01-01 00:00"
    )


def test_single_precision_is_exact_to_a_minute():
    """3652.125 is a float32, its 315,543,600 s are none; hours are off by up to 11 s."""
    calendar = Calendar("standard")
    days = np.float32(3652 + np.arange(24) / 24)
    seconds = calendar.from_cf(days, "days since 1990-01-01")
    np.testing.assert_array_equal(seconds, calendar.seconds("2000-01-01") + HOUR * np.arange(24))


def test_calendars_with_two_names_are_one():
    assert Calendar("gregorian") == Calendar("standard")
    assert Calendar("365_day") == Calendar("noleap") != Calendar("360_day")


def test_proleptic_is_standard_after_1582():
    units = "hours since 1900-01-01"
    one, other = calendar_of("proleptic_gregorian", units), calendar_of("Gregorian", units)
    assert one == other == Calendar("standard")
    assert one.text(one.from_cf(np.array([876576]), units)[0]) == "2000-01-01 00:00"
    assert calendar_of("proleptic_gregorian", "days since 0001-01-01").name != "standard"


@pytest.mark.parametrize(
    "units", ["days", "fortnights since 2000-01-01", "days since yesterday", ""]
)
def test_units_that_are_no_times(units):
    with pytest.raises(BadInput, match=r"is not a date|are not those of a time"):
        Calendar().from_cf(np.zeros(1), units)


@pytest.mark.parametrize("value", [np.nan, 9.97e36, 1e15])
def test_fill_values_are_no_times(value):
    with pytest.raises(BadInput, match="no times"):
        Calendar().from_cf(np.array([0.0, value]), "minutes since 2000-01-01")
