"""Hybrid levels as other centres write them: the right column, or a sentence that says why not."""

import numpy as np
import pytest

from level_files import (
    BOUNDS,
    DIMENSIONS,
    EDGES,
    FIELDS,
    LAT,
    PRESSURE,
    PS,
    WRITERS,
    A,
    B,
    U,
    cam,
    cdo,
    cesm2,
    check,
    cmor,
    derive,
    echam,
    grib,
    only_bounds,
    plain,
    write,
)
from stormtrace.errors import BadInput
from stormtrace.prepare.check import check_study


@pytest.mark.parametrize("upward", [False, True], ids=["from the top", "from the ground"])
@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS)
def test_hybrid_levels_by_any_name(tmp_path, writer, upward):
    """No configuration at all: not even the name of surface pressure (PS by default)."""
    found = writer(slice(None, None, -1) if upward else slice(None))
    write(tmp_path / "x.nc", found, "CESM2-WACCM" if writer is only_bounds else None)
    check(derive(tmp_path / "x.nc"))


def injuries(found):
    """Yield files in which one variable that levels depend on is lost, shifted or in other units."""
    for name in [each for each in found if each not in ("U", "Q", "ps", "PS", "aps", "lnsp")]:
        dimensions, values, attributes = found[name]
        yield name, "lost", {key: value for key, value in found.items() if key != name}
        yield (
            name,
            "times 1000",
            {**found, name: (dimensions, np.asarray(values) * 1e3, attributes)},
        )
        if dimensions:
            yield name, "shifted", {**found, name: (dimensions, np.roll(values, 1, 0), attributes)}


@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS)
def test_no_injury_gives_another_column_in_silence(tmp_path, writer):
    """What is left says enough for the right value, or it is refused."""
    source_id = "CESM2" if writer is only_bounds else None
    refused = 0
    for count, (name, harm, found) in enumerate(injuries(writer(slice(None, None, -1)))):
        path = write(tmp_path / f"{count}.nc", found, source_id)
        try:
            fields = derive(path, fields={"U850": FIELDS["U850"]})
        except BadInput:
            refused += 1
            continue
        wrong = np.abs(fields["U850"] - plain()[0].reshape(2, -1)).max()
        assert wrong < 2e-3, f"{name} {harm}: {wrong:g} m/s in silence"
    assert refused > 0


def test_coefficients_the_wrong_way_round_are_known_of_cesm2_alone(tmp_path):
    """Of another model it is not known whether lev or a and b are wrong; a file with both helps."""
    write(tmp_path / "x.nc", only_bounds(slice(None)))
    with pytest.raises(BadInput, match=r"run the other way than the nominal levels -30 … -980"):
        derive(tmp_path / "x.nc")
    path = write(tmp_path / "coefficients.nc4", cmor(slice(None)))
    check(derive(tmp_path / "x.nc", vertical={"coefficients": str(path)}))


def test_coefficients_without_a_coordinate_to_compare(tmp_path):
    """Of other dimensions than the levels, which may run either way."""
    found = cdo(slice(None))
    del found["lev"]
    write(tmp_path / "x.nc", found)
    untold = (
        r"of 10 levels, and the 10 of U .* have no coordinate, .*say `vertical: {first_level: top}`"
    )
    with pytest.raises(BadInput, match=untold):
        derive(tmp_path / "x.nc")
    coefficients = str(write(tmp_path / "coefficients.nc4", cdo(slice(None))))
    with pytest.raises(BadInput, match=untold):
        derive(tmp_path / "x.nc", vertical={"coefficients": coefficients})
    table = tmp_path / "upper.txt"
    rows = [f"{n} {a * 1e5:.9f} {b:.12f}" for n, (a, b) in enumerate(EDGES.T[1:])]
    table.write_text("\n".join(rows))
    with pytest.raises(
        BadInput, match=r"are of 9 levels, .*: give the files a variable lev\(lev\)"
    ):
        derive(tmp_path / "x.nc", vertical={"coefficients": str(table), "first_level": "top"})
    found["lev"] = (("lev",), np.arange(1, 11), {})
    write(tmp_path / "x.nc", found)
    check(derive(tmp_path / "x.nc"))
    with pytest.raises(BadInput, match=r"at the top by its .*first_level: ground}` says otherwise"):
        derive(tmp_path / "x.nc", vertical={"first_level": "ground"})


@pytest.mark.parametrize("first", ["top", "ground"])
@pytest.mark.parametrize("theirs", [slice(None), slice(None, None, -1)])
def test_the_user_says_which_level_is_first(tmp_path, first, theirs):
    """Whichever way the coefficients run, in the same file or another one."""
    found = cdo(slice(None) if first == "top" else slice(None, None, -1))
    del found["lev"]
    write(tmp_path / "x.nc", found)
    check(derive(tmp_path / "x.nc", vertical={"first_level": first}))
    path = write(tmp_path / "coefficients.nc4", cdo(theirs))
    check(derive(tmp_path / "x.nc", vertical={"coefficients": str(path), "first_level": first}))


def test_levels_last_and_points_turned(tmp_path):
    found = cmor(slice(None))
    for name in ("U", "Q"):
        values, attributes = found[name][1:]
        turned = np.asarray(values).transpose(0, 3, 2, 1)
        found[name] = (("time", "lon", "lat", "lev"), turned, attributes)
    found["ps"] = (("lat", "lon", "time"), PS.transpose(1, 2, 0), {"units": "Pa"})
    write(tmp_path / "x.nc", found)
    check(derive(tmp_path / "x.nc"))


def test_surface_pressure_in_another_file_by_the_formulas_name(tmp_path):
    found = echam(slice(None))
    aps = {"aps": found.pop("aps")}
    write(tmp_path / "u.nc", found)
    write(tmp_path / "aps.nc", aps)
    check(derive(tmp_path / "*.nc"))
    write(tmp_path / "aps.nc", {"aps_ave": aps["aps"]})
    with pytest.raises(BadInput, match=r"no variable aps.*U needs aps"):
        derive(tmp_path / "*.nc")
    check(derive(tmp_path / "*.nc", names={"surface_pressure": "aps_ave"}))


def test_configured_surface_pressure_goes_before_the_formulas(tmp_path):
    found = cmor(slice(None))
    found["ps_true"] = found["ps"]
    found["ps"] = (("time", "lat", "lon"), PS * 0.9, {"units": "Pa"})
    write(tmp_path / "x.nc", found)
    check(derive(tmp_path / "x.nc", names={"surface_pressure": "ps_true"}))


@pytest.mark.parametrize("kind", ["table", "csv", "netcdf"])
@pytest.mark.parametrize("upward", [False, True])
def test_coefficients_of_a_file_of_the_users(tmp_path, kind, upward):
    flip = slice(None, None, -1) if upward else slice(None)
    found = grib(flip)
    for name in ("U", "Q"):
        del found[name][2]["GRIB_pv"]
    write(tmp_path / "x.nc", found)
    if kind == "netcdf":
        path = write(tmp_path / "coefficients.nc4", cdo(slice(None)))
    else:
        sign = "," if kind == "csv" else " "
        rows = [f"{n}{sign}{a * 1e5:.9f}{sign}{b:.12f}" for n, (a, b) in enumerate(EDGES.T)]
        path = tmp_path / f"half.{'csv' if kind == 'csv' else 'txt'}"
        path.write_text("# level, a, b\n" + "\n".join(rows))
    check(
        derive(
            tmp_path / "x.nc",
            vertical={"coefficients": str(path)},
            names={"surface_pressure": "lnsp"},
        )
    )


@pytest.mark.parametrize("text", ["", "a b\n1 2\n", "1 2\n3 4\n5 6\n", "0 0 0\n1 5 .5\n2 0 .9\n"])
def test_a_table_that_is_none_is_told_what_it_must_hold(tmp_path, text):
    write(tmp_path / "x.nc", cam(slice(None)))
    (tmp_path / "half.txt").write_text(text)
    with pytest.raises(BadInput, match=r"half\.txt: .*number from 0, a in Pa, b; found"):
        derive(tmp_path / "x.nc", vertical={"coefficients": str(tmp_path / "half.txt")})


def ecmwf():
    """Half levels of ECMWF's 137 (a, b), from the project's table."""
    from stormtrace.prepare.raw.coefficients import L137

    return np.loadtxt(L137)[:, 1:].T


def test_ecmwfs_137_levels_are_those_published():
    """ECMWF's page gives the pressures of half and full levels over 1013.25 hPa, too: some of them.

    b is published with six digits: 5e-7 · 1013 hPa is what that leaves open.
    """
    a, b = ecmwf()
    half = (a + b * 101325) / 100
    full = (half[1:] + half[:-1]) / 2
    published = {1: (0.0200, 0.0100), 136: (1010.8487, 1009.5363),
                 137: (1013.25, 1012.0494)}  # fmt: skip
    for level, (at_half, at_full) in published.items():
        assert half[level] == pytest.approx(at_half, abs=6e-4)
        assert full[level - 1] == pytest.approx(at_full, abs=6e-4)
    assert half.size == 138 and (np.diff(half) > 0).all()


def test_half_level_pressures_of_a_column_of_the_ifs():
    """Over 101953.68 Pa the IFS itself had these (a published column of it; b as above)."""
    a, b = ecmwf()
    its = {55: 7728.10139, 70: 16711.9243, 90: 40833.7637, 100: 60292.2922, 110: 80006.9724,
           120: 93133.6048, 130: 99715.3078, 136: 101712.062}  # fmt: skip
    for level, pressure in its.items():
        assert a[level] + b[level] * 101953.680 == pytest.approx(pressure, abs=0.06)


@pytest.mark.parametrize("numbers", [np.arange(100, 138), np.arange(137, 99, -1), [105, 120, 137]])
def test_some_of_ecmwfs_levels_are_known_by_their_numbers(tmp_path, numbers):
    a, b = ecmwf()
    full = np.stack([(a[1:] + a[:-1]) / 2, (b[1:] + b[:-1]) / 2])[:, np.asarray(numbers) - 1]
    pressure = full[0][:, None, None, None] + full[1][:, None, None, None] * PS
    u = 10 * np.log(pressure / 3e4) + LAT[:, None]
    level = {"standard_name": "atmosphere_hybrid_sigma_pressure_coordinate", "units": "1"}
    found = {
        "U": (("time", "model_level", "lat", "lon"), u.swapaxes(0, 1), {"units": "m s-1"}),
        "model_level": (("model_level",), np.asarray(numbers, float), level),
        "lnsp": (("time", "lat", "lon"), np.log(PS), {"units": "Numeric"}),
    }
    write(tmp_path / "x.nc", found)
    order = np.argsort(full[1])
    expected, _ = plain(u[order], pressure=pressure[order], humidity=np.zeros((10, *PS.shape)))
    check(derive(tmp_path / "x.nc", fields={"U850": FIELDS["U850"]}), (expected, None))
    with pytest.raises(
        BadInput, match=rf"no integral of U .* only {len(numbers)} of the model's 137"
    ):
        derive(tmp_path / "x.nc", fields={"X": {"integrate": "U"}})
    # Numbers that an older model of ECMWF's may have had are not guessed; the user says which.
    found["model_level"] = (("model_level",), np.arange(1.0, len(numbers) + 1), level)
    write(tmp_path / "x.nc", found)
    with pytest.raises(BadInput, match=r"no hybrid coefficients"):
        derive(tmp_path / "x.nc", fields={"U850": FIELDS["U850"]})


def test_some_levels_of_a_file_may_be_interpolated_not_integrated(tmp_path):
    """Cut by ncks -d lev: hyai and hybi keep all eleven."""
    found = cam(slice(None))
    for name in ("U", "Q"):
        found[name] = (DIMENSIONS, found[name][1][:, 4:], found[name][2])
    for name in ("hyam", "hybm"):
        found[name] = (("lev",), found[name][1][4:], {})
    write(tmp_path / "x.nc", found)
    expected = plain(U[4:], pressure=PRESSURE[4:])
    check(derive(tmp_path / "x.nc", fields={"U850": FIELDS["U850"]}), expected)
    with pytest.raises(BadInput, match=r"no integral of Q.* not hyai and hybi.*coefficients"):
        derive(tmp_path / "x.nc")
    for name in ("hyai", "hybi"):
        found[name] = (("ilev",), found[name][1][4:], {})
    write(tmp_path / "x.nc", found)
    with pytest.raises(BadInput, match=r"levels from \d+ to 100000 Pa .* not a whole column"):
        derive(tmp_path / "x.nc")


@pytest.mark.parametrize(("levels", "words"), [(slice(0, 6), "6 levels down to 660"), (slice(0, 9), "9 levels down to 930")])  # fmt: skip
def test_nothing_is_below_the_ground_where_levels_are_missing(tmp_path, levels, words):
    """850 hPa of levels that end at 660 hPa was the value there, as if the ground were near."""
    found = cmor(slice(None))
    for name in ("U", "Q", "lev", "lev_bnds", "a", "b", "a_bnds", "b_bnds"):
        dimensions, values, attributes = found[name]
        index = tuple(levels if each == "lev" else slice(None) for each in dimensions)
        found[name] = (dimensions, values[index], attributes)
    del found["a_bnds"], found["b_bnds"]
    write(tmp_path / "x.nc", found)
    with pytest.raises(BadInput, match=rf"850 hPa lies below the lowest level .* have {words}"):
        derive(tmp_path / "x.nc", fields={"U850": FIELDS["U850"]})
    for index, name in enumerate(("a_bnds", "b_bnds")):
        found[name] = (("lev", "two"), BOUNDS[index][levels], {})
    write(tmp_path / "x.nc", found)
    with pytest.raises(BadInput, match=rf"850 hPa lies below the lowest level .* have {words}"):
        derive(tmp_path / "x.nc", fields={"U850": FIELDS["U850"]})
    assert derive(tmp_path / "x.nc", fields={"U300": {"interpolate": "U", "to": 300}})


def test_winds_on_other_levels_are_not_bracketed_alike(tmp_path):
    """U on all levels, V on some of them, over the same surface pressure."""
    found = cmor(slice(None))
    numbers = np.arange(1, 11.0)
    level = {"units": "level", "positive": "down", "formula_terms": "ap: hyam b: hybm ps: ps"}
    found |= {
        "lev": (("lev",), numbers, level),
        "some": (("some",), numbers[4:], level),
        "hyam": (("nhym",), A * 1e5, {}),
        "hybm": (("nhym",), B, {}),
        "V": (("time", "some", "lat", "lon"), U[4:].swapaxes(0, 1), {}),
    }
    write(tmp_path / "x.nc", found)
    fields = derive(tmp_path / "x.nc", fields={n: {"interpolate": n[0], "to": 850} for n in ("U850", "V850")})  # fmt: skip
    check(fields)
    np.testing.assert_allclose(fields["V850"], fields["U850"], rtol=1e-5)


def wrong(name, change):
    def writer():
        found = cam(slice(None))
        dimensions, values, attributes = found[name]
        found[name] = (dimensions, change(np.array(values)), attributes)
        return found

    return writer


@pytest.mark.parametrize(
    ("writer", "message"),
    [
        (wrong("hybi", lambda b: np.roll(b, 1)), r"level \d+ of 10 .* must lie between"),
        (wrong("hybm", lambda b: b * 0.9), r"must lie between their interfaces"),
        (wrong("hybm", lambda b: np.where(np.arange(10) == 5, np.nan, b)), r"must be complete"),
        (wrong("hyam", lambda a: a * 1000), r"hyam goes up to \d+.* a pressure in Pa is expected"),
        (wrong("hybm", lambda b: np.sort(b)[[9, 1, 2, 3, 4, 5, 6, 7, 8, 0]]), r"grow from level"),
    ],
    ids=["interfaces shifted", "mid-levels off", "a hole", "a in hPa without units", "no order"],
)
def test_coefficients_that_contradict_each_other(tmp_path, writer, message):
    write(tmp_path / "x.nc", writer())
    with pytest.raises(BadInput, match=message):
        derive(tmp_path / "x.nc")


def test_a_share_of_a_lost_reference_pressure_is_refused(tmp_path):
    found = cmor(slice(None))
    del found["p0"]
    write(tmp_path / "x.nc", found)
    with pytest.raises(BadInput, match=r"a is a share of a reference pressure p0, which is not"):
        derive(tmp_path / "x.nc")


def test_coefficients_of_another_model_are_refused(tmp_path):
    """As many levels, but others: their nominal pressures do not fit."""
    found = cesm2(1, slice(None))
    for name in ("a", "b", "a_bnds", "b_bnds", "p0"):
        del found[name]
    write(tmp_path / "x.nc", found)
    other = cam(slice(None))
    edges = np.linspace(0, 1, 11)
    for mid, edge, values in (("hyam", "hyai", 0.1 * (1 - edges)), ("hybm", "hybi", edges)):
        other[edge] = (("ilev",), values, {})
        other[mid] = (("lev",), (values[1:] + values[:-1]) / 2, {})
    keys = {"vertical": {"coefficients": str(write(tmp_path / "coefficients.nc4", other))}}
    with pytest.raises(BadInput, match=r"are of nominal levels .*those of the same model"):
        derive(tmp_path / "x.nc", **keys)
    write(tmp_path / "coefficients.nc4", cam(slice(None, None, -1)))
    check(derive(tmp_path / "x.nc", **keys))


def test_logarithm_on_the_first_of_many_levels(tmp_path):
    """MARS writes lnsp for all levels asked for, missing on all but the first."""
    found = grib(slice(None))
    many = np.full((2, 10, 4, 6), np.nan)
    many[:, 0] = np.log(PS)
    found["lnsp"] = (("time", "model_level", "lat", "lon"), many, {"units": "~"})
    write(tmp_path / "x.nc", found)
    check(derive(tmp_path / "x.nc"))
    found["lnsp"] = (("time", "model_level", "lat", "lon"), many[:, [0] * 10], {"units": "~"})
    write(tmp_path / "x.nc", found)
    with pytest.raises(BadInput, match=r"lnsp .* has values on 10 of 10 levels"):
        derive(tmp_path / "x.nc")


def test_one_model_level_is_not_interpolated(tmp_path):
    found = grib(slice(None))
    found["U"] = (("time", "one", "lat", "lon"), found["U"][1][:, :1], found["U"][2])
    found["one"] = (("one",), [1.0], found["model_level"][2])
    write(tmp_path / "x.nc", found)
    with pytest.raises(BadInput, match=r"U .* has one model level only: .*`take` it"):
        derive(tmp_path / "x.nc", fields={"U850": FIELDS["U850"]})
    assert derive(tmp_path / "x.nc", fields={"U850": {"take": "U"}})["U850"].shape == (2, 24)


def test_check_says_what_the_job_would(tmp_path):
    """Levels that lie above the ground: the trial finds it, and the sentence is the job's."""
    found = cam(slice(None))
    for name in ("U", "Q"):
        found[name] = (DIMENSIONS, found[name][1][:, :6], found[name][2])
    for name in ("hyam", "hybm"):
        found[name] = (("lev",), found[name][1][:6], {})
    write(tmp_path / "x.nc", found)
    spec = {
        "name": "levels",
        "source": "cesm",
        "step_hours": 6,
        "parts": [{"period": ["2000-01-01", "2000-01-01 12:00"], "files": f"{tmp_path}/x.nc"}],
    }
    for field, message in (("U850", "850 hPa lies below the lowest level"), ("TMQ", "no integral")):
        findings = check_study([{**spec, "fields": {field: FIELDS[field]}}], workers=1)
        problems = " ".join(problem for row in findings for problem in row.problems)
        assert message in problems, field
