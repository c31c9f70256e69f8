"""The mini planet's files: names, times, variables and values as CESM, NASA and ClimateNet have."""

import json
import subprocess
from pathlib import Path

import netCDF4
import numpy as np
import pytest

from script_runs import forked
from stormtrace.errors import BadInput
from stormtrace.formats.masks import open_masks
from stormtrace.planet.cesm_files import hybrid_levels
from stormtrace.planet.parts import write_part
from stormtrace.planet.settings import Settings, read_settings
from stormtrace.prepare.mesh import camse
from stormtrace.verification.observed import read_storms

GRID = {"nlat": 48, "nlon": 72}
SMALL = {
    "seed": 5, "ne": 3, "levels": 10, "days": 10, "merra2_days": 10, "grid": GRID,
    "merra2_grid": {"nlat": 19, "nlon": 36}, "train_files": 12, "test_files": 9,
}  # fmt: skip
SCRIPT = Path(__file__).parents[2] / "scripts" / "make_planet.py"


def make(folder: Path, part: str, **changes: object) -> Path:
    folder.mkdir()
    write_part(part, folder, read_settings(SMALL | changes))
    return folder


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("planet")
    names = ("historical", "warmer", "merra2", "climatenet")
    return {name: make(root / name, name) for name in names}


def read(path: Path, *names: str) -> list[np.ndarray]:
    with netCDF4.Dataset(path) as file:
        file.set_auto_mask(False)
        return [np.asarray(file[name][:]) for name in names]


def only(folder: Path, pattern: str) -> Path:
    (path,) = folder.glob(pattern)
    return path


# --- CESM ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "year", "tapes"),
    [
        ("historical", 2000, {"U": 4, "V": 4, "Q": 3, "PS": 3, "PSL": 2, "PRECT": 2}),
        ("warmer", 2090, {"U": 4, "V": 4, "Q": 4, "PS": 3, "PSL": 5, "PRECT": 5}),
    ],
)
def test_cesm_has_one_variable_and_one_year_a_file(
    parts: dict[str, Path], part: str, year: int, tapes: dict[str, int]
) -> None:
    files = sorted(path.name.split(".cam.")[1] for path in parts[part].glob("*.nc"))
    pieces = (f"{year}122700Z-{year}123121Z", f"{year + 1}010100Z-{year + 1}010521Z")
    wanted = [f"h{tape}.{name}.{piece}.nc" for name, tape in tapes.items() for piece in pieces]
    assert files == sorted(wanted)
    for path in parts[part].glob("*.nc"):
        with netCDF4.Dataset(path) as file:
            assert file.data_model == "NETCDF3_64BIT_DATA"
            name = path.name.split(".")[-3]
            assert file[name].dtype == np.float32
            levels = ("lev",) if name in "UVQ" else ()
            assert file[name].dimensions == ("time", *levels, "ncol")
            assert file[name].shape[0] == 40
            assert np.isfinite(file[name][:]).all()


@pytest.mark.parametrize(("part", "end"), [("historical", 1), ("warmer", 0)])
def test_cesm_stamps_the_end_of_a_mean_or_its_start(
    parts: dict[str, Path], part: str, end: int
) -> None:
    path = sorted(parts[part].glob("*.PS.*.nc"))[0]
    with netCDF4.Dataset(path) as file:
        time = file["time"]
        assert (time.calendar, time.bounds) == ("noleap", "time_bnds")
        bounds = file["time_bnds"][:]
        assert np.array_equal(time[:], bounds[:, end])
        assert np.allclose(np.diff(bounds, axis=1) * 24, 3)
        assert np.allclose(bounds[1:, 0], bounds[:-1, 1])
        first = netCDF4.num2date(bounds[0, 0], time.units, "noleap")
        assert (first.month, first.day, first.hour) == (12, 27, 0)
        last = netCDF4.num2date(time[-1], time.units, "noleap")
        assert (last.month, last.day) == ((1, 1) if end else (12, 31))
        stamps = 10000 * last.year + 100 * last.month + last.day, 3600 * last.hour
        assert (file["date"][-1], file["datesec"][-1]) == stamps


def test_cesm_brings_mesh_and_levels(parts: dict[str, Path]) -> None:
    lon, lat, area, hyai, hybi, hyam, lev = read(
        only(parts["historical"], "*.Q.2000*"), "lon", "lat", "area", "hyai", "hybi", "hyam", "lev"
    )
    mesh = camse.columns(3)
    assert np.array_equal([lon, lat, area], [mesh.lon, mesh.lat, mesh.area])
    assert (hyai[-1], hybi[-1], hybi[0]) == (0, 1, 0)
    assert (np.diff(hyai + hybi) > 0).all()
    assert np.allclose(hyam, (hyai[1:] + hyai[:-1]) / 2)
    assert lev.shape == (10,)


def test_cesm_columns_hold_their_water_and_its_mountains(parts: dict[str, Path]) -> None:
    q, hyai, hybi = read(only(parts["historical"], "*.Q.2000*"), "Q", "hyai", "hybi")
    (ps,) = read(only(parts["historical"], "*.PS.2000*"), "PS")
    thickness = np.diff(hyai)[:, None] * 1e5 + np.diff(hybi)[:, None] * ps[:, None].astype(float)
    water = (q * thickness).sum(1) / 9.80616
    assert (q > 0).all()
    assert 50 < water.max() < 95
    assert ps.min() < 65000
    assert (water[ps < 65000] < 15).all()


def test_cam_levels_at_thirty_are_cams_own() -> None:
    hybrid = hybrid_levels(30)
    assert hybrid.hyai[0] + hybrid.hybi[0] == pytest.approx(2.255e-3)
    low = hybrid.mid_pressure(np.array([55000.0]))
    assert (np.diff(low, axis=0) > 0).all()  # levels do not cross even over Tibet


# --- MERRA-2 ---------------------------------------------------------------------------------


def test_merra2_has_one_day_of_hourly_means_a_file(parts: dict[str, Path]) -> None:
    names = sorted(path.name for path in parts["merra2"].glob("*.nc4"))
    days = [f"200.tavg1_2d_slv_Nx.200012{day}" for day in range(27, 32)]
    days += [f"300.tavg1_2d_slv_Nx.2001010{day}" for day in range(1, 6)]
    assert names == [f"MERRA2_{day}.nc4" for day in days]
    with netCDF4.Dataset(parts["merra2"] / names[3]) as file:
        assert file["time"].units == "minutes since 2000-12-30 00:30:00"
        assert file["time"].begin_date == 20001230
        assert file["time"][:].tolist() == list(range(0, 1440, 60))


def test_merra2_has_its_longitudes_and_both_poles(parts: dict[str, Path]) -> None:
    lon, lat = read(next(parts["merra2"].glob("*.nc4")), "lon", "lat")
    assert (lon[0], lon[18]) == (-180, -5.9e-13)
    assert (lat[0], lat[-1]) == (-90, 90)


def test_merra2_winds_are_missing_below_ground_and_nothing_else_is(
    parts: dict[str, Path],
) -> None:
    path = next(parts["merra2"].glob("*.nc4"))
    u, v, ps, tqv, slp = read(path, "U850", "V850", "PS", "TQV", "SLP")
    below = ps < 85000
    assert 0.02 < below.mean() < 0.3
    assert np.array_equal(u == np.float32(1e15), below)
    assert np.array_equal(v == np.float32(1e15), below)
    assert np.abs(u[~below]).max() < 60
    assert 0 < tqv.min() < tqv.max() < 95
    assert 92000 < slp.min() < slp.max() < 106000
    with netCDF4.Dataset(path) as file:
        assert np.ma.count_masked(file["U850"][:]) == below.sum()


# --- truth -----------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["historical", "warmer", "merra2"])
def test_truth_is_a_mask_file_at_the_start_of_intervals(parts: dict[str, Path], part: str) -> None:
    masks = open_masks(parts[part] / "truth" / "masks.nc")
    assert masks.grid.shape == (48, 72)
    assert masks.step_hours == 3
    assert masks.calendar == ("standard" if part == "merra2" else "noleap")
    dates = netCDF4.num2date(masks.time, masks.time_units, masks.calendar)
    assert f"{dates[0]:%m-%dT%H}" == "12-27T00"
    assert f"{dates[-1]:%m-%dT%H}" == "01-05T21"
    assert np.allclose(np.diff(masks.time), 3)


@pytest.mark.parametrize("part", ["historical", "merra2"])
def test_events_tell_what_the_masks_show(parts: dict[str, Path], part: str) -> None:
    truth = parts[part] / "truth"
    mask, event, time, lat = read(truth / "masks.nc", "mask", "event", "time", "lat")
    events = json.loads((truth / "events.json").read_text())["events"]
    assert np.array_equal(np.unique(event), np.arange(len(events) + 1))
    assert np.array_equal(event > 0, mask > 0)
    for told in events:
        here = event == told["id"]
        steps = np.flatnonzero(here.any(axis=(1, 2)))
        assert len(told["track"]) == told["steps"] == steps.size
        assert (mask[here] == {"TC": 1, "AR": 2}[told["class"]]).all()
        assert (told["start"], told["end"]) == (told["track"][0]["time"], told["track"][-1]["time"])
        before_and_after = time[steps[0]] < 0 <= time[steps[-1]]
        assert ("crosses_new_year" in told["notes"]) == before_and_after
        rows = np.flatnonzero(here[steps[0]].any(axis=1))
        assert lat[rows[0]] <= told["genesis_lat"] <= lat[rows[-1]]
    noted = {(told["class"], note) for told in events for note in told["notes"]}
    kinds = {"crosses_dateline", "crosses_new_year"}
    assert {(code, kind) for code in ("AR", "TC") for kind in kinds} <= noted
    assert {("AR", "near_pole"), ("AR", "merges"), ("AR", "splits")} <= noted


def test_cyclones_are_noted_down_as_ibtracs_has_them(parts: dict[str, Path]) -> None:
    """Each eye lies in the mask of that moment; winds are a cyclone's, and all cyclones are there."""
    truth = parts["merra2"] / "truth"
    storms = read_storms(truth / "storms.csv")
    mask, hours, lat, lon = read(truth / "masks.nc", "mask", "time", "lat", "lon")
    begin = np.datetime64("2001-01-01")
    steps = np.searchsorted(hours, (storms.time - begin) / np.timedelta64(1, "h"))
    rows = np.abs(lat[:, None] - storms.lat).argmin(axis=0)
    apart = (lon[:, None] - storms.lon + 180) % 360 - 180
    assert (mask[steps, rows, np.abs(apart).argmin(axis=0)] == 1).all()
    assert (storms.is_cyclone & (storms.wind > 8) & (storms.wind < 70)).all()
    events = json.loads((truth / "events.json").read_text())["events"]
    cyclones = [told for told in events if told["class"] == "TC"]
    assert storms.names.size == len(cyclones) > 2
    assert storms.time.size == sum(told["steps"] for told in cyclones)


# --- ClimateNet ------------------------------------------------------------------------------


def test_climatenet_counts_names_and_times(parts: dict[str, Path]) -> None:
    folders = [sorted((parts["climatenet"] / split).iterdir()) for split in ("train", "test")]
    assert [len(files) for files in folders] == [12, 9]
    times = [{path.name.rsplit("-", 1)[0] for path in files} for files in folders]
    assert not times[0] & times[1]
    assert len(times[1]) < 9  # some have several labellings
    for path in folders[0] + folders[1]:
        with netCDF4.Dataset(path) as file:
            first = path.name.rsplit("-", 1)[0] + "-1.nc"
            assert file["time"][0] == first
            assert file["TMQ"].dimensions == ("time", "lat", "lon")
            assert file["LABELS"].dimensions == ("lat", "lon")
            assert file["LABELS"].dtype == np.int64
            assert len(file.variables) == 16 + 4
            assert all(np.isfinite(file[name][:]).all() for name in ("TMQ", "Z200", "TREFHT"))


def test_experts_see_the_same_sky_and_draw_differently(parts: dict[str, Path]) -> None:
    seconds = list(parts["climatenet"].glob("*/*-2.nc"))
    assert seconds
    for second in seconds:
        first = second.with_name(second.name.replace("-2.nc", "-1.nc"))
        names = ("TMQ", "U850", "V850", "PSL", "PRECT", "LABELS")
        one, other = read(first, *names), read(second, *names)
        assert all(np.array_equal(a, b) for a, b in zip(one[:-1], other[:-1], strict=True))
        differ = (one[-1] != other[-1]).mean()
        assert 0.001 < differ < 0.15


def test_climatenet_labels_stand_where_the_weather_is(parts: dict[str, Path]) -> None:
    cyclones, rivers = [], []
    for path in (parts["climatenet"] / "train").iterdir():
        tmq, psl, u, v, lat, labels = read(path, "TMQ", "PSL", "U850", "V850", "lat", "LABELS")
        tropics = np.abs(lat)[:, None] < 30
        low = psl[0] - np.mean(psl[0], axis=1, keepdims=True)
        cyclones += (low[(labels == 1) & tropics]).tolist()
        wet = tmq[0] * np.hypot(u[0], v[0])
        rivers += (wet / np.mean(wet, axis=1, keepdims=True))[labels == 2].tolist()
    assert np.mean(cyclones) < -700
    assert np.mean(rivers) > 2


# --- seeds and settings ----------------------------------------------------------------------


def test_a_seed_gives_the_same_planet_twice_and_another_gives_another(
    parts: dict[str, Path], tmp_path: Path
) -> None:
    again, other = make(tmp_path / "a", "historical"), make(tmp_path / "b", "historical", seed=6)
    (q,), (same,), (another,) = (
        read(only(folder, "*.Q.2001*"), "Q") for folder in (parts["historical"], again, other)
    )
    assert q.tobytes() == same.tobytes()
    assert np.abs(q - another).max() > 1e-3
    assert again.joinpath("truth/events.json").read_bytes() == (
        parts["historical"].joinpath("truth/events.json").read_bytes()
    )


def test_the_parts_have_weather_of_their_own(parts: dict[str, Path]) -> None:
    told = [
        json.loads((parts[part] / "truth" / "events.json").read_text())["events"]
        for part in ("historical", "warmer", "merra2")
    ]
    places = [{(event["genesis_lat"], event["genesis_lon"]) for event in part} for part in told]
    assert not (places[0] & places[1] | places[0] & places[2] | places[1] & places[2])


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ({"sede": 1}, "sede is 1: an unknown key, did you mean 'seed'"),
        ({"ne": 1}, "ne is 1: must be greater than or equal to 2"),
        ({"levels": "many"}, 'levels is "many": must be a whole number'),
        ({"days": 7}, "days is 7: it must be even"),
        ({"grid": {"nlat": 3}}, "grid is .* nlat needs nlon"),
        ([1], "must be a block of keys"),
    ],
)
def test_settings_are_checked_at_the_door(chosen: dict[str, object], told: str) -> None:
    with pytest.raises(BadInput, match=told):
        read_settings(chosen)


def test_settings_left_out_have_defaults() -> None:
    assert read_settings({"seed": 7}) == Settings(seed=7)


def test_the_script_writes_a_folder_or_a_sentence(tmp_path: Path) -> None:
    def run(settings: dict[str, object]) -> subprocess.CompletedProcess[str]:
        flags = ["--part", "climatenet", "--settings", json.dumps(settings)]
        return forked(SCRIPT, *flags, "--output", tmp_path / "climatenet")

    refused = run({"nee": 3})
    assert refused.returncode == 1
    assert refused.stderr.strip().startswith("error: --settings: nee is 3: an unknown key")
    assert not list(tmp_path.iterdir())
    done = run(SMALL | {"train_files": 1, "test_files": 1})
    assert (done.returncode, done.stderr) == (0, "")
    assert [path.name for path in tmp_path.iterdir()] == ["climatenet"]
