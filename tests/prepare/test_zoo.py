"""Whatever file people have: the right field, or one true sentence, and the check says it first."""

import contextlib
import dataclasses
import itertools

import netCDF4
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zoo import Habits, live, write

#: Habit -> the ways people have of it.
WAYS = {
    "south_first": [True, False],
    "first_lon": [0.0, -180.0, -175.0, 20.0],
    "cyclic": [False, True],
    "order": ["time level lat lon", "time lat lon level", "level time lat lon", "time level lon lat"],
    "lat_name": ["lat", "latitude", "y"],
    "lat_units": ["degrees_north", ""],
    "interval": [3, 1],
    "stamps": ["end", "start", "middle", "instant"],
    "bounds": [True, False],
    "cell_methods": [True, False],
    "time_units": ["days since 2000-01-01", "hours since 2000-01-01 00:00:00",
                   "minutes since 1999-12-31", "seconds since 2000-01-01T00:00:00Z"],
    "time_type": ["f8", "i4"],
    "calendar": ["standard", "noleap", "360_day", "proleptic_gregorian"],
    "levels": ["pressure", "cam", "formula_terms", "cmor"],
    "level_units": ["hPa", "Pa", "millibars", ""],
    "upward": [False, True],
    "packed": [False, True],
    "fill": [None, 1e15, -9999.0],
    "form": ["NETCDF4", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA"],
    "files": ["day", "record"],
    "extra": ["", "expver", "member"],
}  # fmt: skip

#: Habits, one at a time, that must be understood: no refusal is right.
SINGLE = [(habit, way) for habit, ways in WAYS.items() for way in ways]


def truthful(ways):
    """Whether habits can go together: no whole number of days is an hour, no such file is."""
    habits = Habits(**ways)
    whole = habits.time_type == "i4"
    fine = habits.time_units.split()[0] in ("minutes", "seconds")
    named = habits.lat_name == "y" and not habits.lat_units
    classic = habits.form != "NETCDF4" and not habits.order.startswith("time")
    return not (whole and not fine) and not named and not classic


def animal(folder, **ways):
    habits = Habits(**ways)
    return write(folder, habits), habits


@pytest.mark.parametrize(("habit", "way"), SINGLE, ids=lambda each: str(each))
def test_each_habit_is_understood(tmp_path, habit, way):
    ways = {habit: way}
    if way == "i4":
        ways["time_units"] = "minutes since 1999-12-31"
    spec, habits = animal(tmp_path, **ways)
    outcome, why, said = live(spec, habits)
    assert outcome == "right", why
    assert not said


def holds(outcome, why, said):
    """The three rules of the house."""
    assert outcome != "wrong", why
    if outcome == "refused":
        assert said, f"the check said nothing, but a job ends with: {why}"
    else:
        assert not said, f"all is right, but the check says {said}"


def edited(change):
    """Return an injury: a change of the open file."""

    def harm(path):
        with netCDF4.Dataset(path, "a") as nc:
            change(nc)

    return harm


def put(name, index, value):
    """Return an injury: other values; a ValueError where packed numbers cannot be them."""

    def change(nc):
        if "scale_factor" in nc[name].ncattrs():
            raise ValueError("packed")
        nc[name][index] = value

    return edited(change)


def say(name, attribute, value):
    return edited(lambda nc: nc[name].setncattr(attribute, value))


def unsay(name, attribute):
    return edited(lambda nc: nc[name].delncattr(attribute))


def rename(name, other):
    return edited(lambda nc: nc.renameVariable(name, other))


def both(*harms):
    def harm(path):
        for each in harms:
            each(path)

    return harm


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


ALL = slice(None)

#: What an injury raises where there is nothing to injure.
NOT_THERE = (IndexError, KeyError, RuntimeError, AttributeError, OverflowError, ValueError)

#: Injury -> what it does to which file; whatever comes of it, no value may be wrong.
INJURIES = {
    "cut off": ("surface", cut),
    "empty": ("levels", lambda path: path.write_bytes(b"")),
    "an error page": ("surface", lambda path: path.write_text("<html>503</html>")),
    "gone": ("levels", lambda path: path.unlink()),
    "a cell missing at first": ("surface", put("TQV", (0, 9, 9), np.nan)),
    "a cell missing at last": ("levels", put("U", (-1, 2, 9, 9), np.nan)),
    "a fill value nobody declares": ("surface", put("SLP", (0, 9, 9), -9999.0)),
    "two records of one time": ("surface", put("time", 3, 9 / 24)),
    "records out of order": ("levels", put("time", slice(2, 4), [12 / 24, 9 / 24])),
    "a time that is a fill value": ("surface", put("time", 2, 9.96921e36)),
    "time without units": ("surface", unsay("time", "units")),
    "time in furlongs": ("surface", say("time", "units", "furlongs since 2000-01-01")),
    "a calendar of its own": ("surface", say("time", "calendar", "martian")),
    "another calendar than the others": ("levels", say("time", "calendar", "noleap")),
    "bounds that point nowhere": ("surface", say("time", "bounds", "time_bounds")),
    "bounds lost": ("levels", unsay("time", "bounds")),
    "bounds of an hour": ("surface", put("time_bnds", (ALL, 0), np.arange(1, 9) / 8 - 1 / 24)),
    "bounds of nothing": ("surface", put("time_bnds", ALL, 0.0)),
    "bounds a day off": ("levels", put("time_bnds", ALL, 7.0)),
    "a wind in kelvin": ("levels", say("U", "units", "K")),
    "a pressure in hPa that says Pa": ("surface", put("SLP", ALL, 1010.0)),
    "humidity that is a pressure": ("surface", say("TQV", "units", "Pa")),
    "levels out of order": ("levels", put("lev", ALL, [300, 800, 600, 925])),
    "levels that are numbers": ("levels", both(unsay("lev", "units"), put("lev", ALL, [1, 2, 3, 4]))),
    "levels that are heights": ("levels", say("lev", "units", "m")),
    "latitudes that are numbers": ("surface", both(unsay("lat", "units"), put("lat", ALL, np.arange(19)))),
    "latitudes of another grid": ("levels", put("lat", ALL, np.linspace(-89, 89, 19))),
    "a row of latitudes twice": ("surface", put("lat", 4, -40.0)),
    "longitudes missing": ("surface", put("lon", 4, np.nan)),
    "longitudes turned half way": ("levels", put("lon", ALL, (np.arange(0, 360, 10.0) + 180) % 360)),
    "no latitudes": ("surface", rename("lat", "rows")),
    "another name": ("surface", rename("TQV", "PWAT")),
}  # fmt: skip


@pytest.mark.parametrize(("file", "harm"), INJURIES.values(), ids=INJURIES)
def test_an_injury_never_ends_in_a_wrong_value(tmp_path, file, harm):
    spec, habits = animal(tmp_path)
    harm(tmp_path / f"{file}.00.nc")
    holds(*live(spec, habits))


@settings(
    max_examples=15, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(
    st.fixed_dictionaries({habit: st.sampled_from(ways) for habit, ways in WAYS.items()}).filter(
        truthful
    ),
    st.none() | st.sampled_from(sorted(INJURIES)),
)
def test_any_mixture_is_right_or_refused(tmp_path_factory, ways, injury):
    """Habits of all kinds together, and an injury or none."""
    folder, habits = tmp_path_factory.mktemp("zoo"), Habits(**ways)
    spec = write(folder, habits)
    if injury is not None:
        file, harm = INJURIES[injury]
        with contextlib.suppress(*NOT_THERE):
            harm(folder / f"{file}.00.nc")
    holds(*live(spec, habits))


def other_tape(folder):
    """A daily mean beside three-hourly ones, one of which is missing."""
    write(folder, Habits(files="record"))
    (folder / "surface.12.nc").unlink()
    source = folder / "surface.09.nc"
    target = folder / "surface.daily.nc"
    target.write_bytes(source.read_bytes())
    both(put("time", 0, 1.5), put("time_bnds", 0, [0.5, 1.5]))(target)


def test_a_record_of_another_tape_fills_no_gap(tmp_path):
    spec, habits = animal(tmp_path, files="record")
    other_tape(tmp_path)
    outcome, why, said = live(spec, habits)
    assert outcome == "refused" and said, why


def test_the_zoo_is_large_enough():
    """At least 60 odd inputs, besides the mixtures."""
    assert len(SINGLE) + len(INJURIES) >= 60
    habits = [field.name for field in dataclasses.fields(Habits)]
    assert set(habits) == set(WAYS) and len(list(itertools.chain(*WAYS.values()))) == len(SINGLE)
