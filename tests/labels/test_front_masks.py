"""Published masks of fronts (DL-FRONT's training labels): onto grids, priority, what is outside."""

import netCDF4
import numpy as np
import pytest

from annotation_files import imported, write_front_masks
from real_data import real_data
from stormtrace.classes import IGNORED
from stormtrace.errors import BadInput
from stormtrace.grids import Grid, make_grid
from stormtrace.labels.importers.surface_bulletins import line_cells, read_bulletins

BULLETIN = "fronts/WPC_CODSUS_ASUS02_20210628_18Z_hires.txt"
FRONTS = ["Background", "Cold front", "Warm front", "Stationary front", "Occluded front"]
NAMES = dict(zip(("cold", "warm", "stationary", "occluded"), FRONTS[1:], strict=True))
BLOCK = {"format": "front-masks", "classes": NAMES}
WORDS = {"COLD": "cold", "WARM": "warm", "STNRY": "stationary", "OCFNT": "occluded"}

#: The published grid.
LAT, LON = np.arange(10.0, 78.0), np.arange(-171.0, -30.0)

#: 2021-06-28 18:00, hours of the year.
HOURS = 24 * 178 + 18
TIME = "2021-06-28 18:00:00"


def layers(width=3.0):
    """The real bulletin on the published grid, a layer a kind: (1, 4, lat, lon), 2 in the south."""
    (read,) = read_bulletins(real_data(BULLETIN))
    grid = Grid(LAT, LON)
    cells = np.zeros((1, 4, LAT.size, LON.size), np.uint8)
    for line in read.lines:
        if line.word in WORDS:
            cells[0, list(NAMES).index(WORDS[line.word]), line_cells(line.points, grid, width)] = 1
    cells[..., :8, :] = 2
    return cells


def codes_of(path, grid, time=TIME, **changes):
    store = imported(grid, {**BLOCK, "files": str(path)}, labels=FRONTS, **changes)
    return store.read((time, ""))[0]


def test_masks_and_bulletins_of_one_analysis_are_the_same_labels(tmp_path):
    """On the globe: outside the mask, and outside the map, nobody looked."""
    path, globe = tmp_path / "codsus_masked_merra2-1deg_3wide_2021.nc", {"nlat": 181, "nlon": 360}
    write_front_masks(path, [HOURS], layers(), LAT, LON)
    grid = make_grid(globe)
    found = codes_of(path, grid)
    drawn = {
        "format": "codsus",
        "files": str(real_data(BULLETIN)),
        "width_degrees": 3,
        "box": [-171, -31, 18, 77],  # eight rows are 2
        "classes": {word: NAMES[name] for word, name in WORDS.items()},
    }
    expected = imported(grid, drawn, labels=FRONTS).read((TIME, ""))[0]
    np.testing.assert_array_equal(found, expected)
    assert set(np.unique(found)) == {0, 1, 2, 3, 4, IGNORED}
    assert (found != IGNORED).sum() == (LAT.size - 8) * LON.size
    # Rows from the north, and longitudes to the east of Greenwich, are the same map.
    turned = tmp_path / "turned.nc"
    write_front_masks(turned, [HOURS], layers()[..., ::-1, :], LAT[::-1], LON + 360)
    np.testing.assert_array_equal(codes_of(turned, grid), expected)
    # On its own grid nothing but the mask is left out.
    own = codes_of(path, Grid(LAT, LON + 360))
    np.testing.assert_array_equal(own == IGNORED, np.arange(LAT.size)[:, None] < np.full(141, 8))


def one_cell(*on, value=1):
    """Masks of 3 × 4 cells: layers `on` have a value in the cell in row 1, column 2."""
    cells = np.zeros((1, 4, 3, 4), np.uint8)
    cells[0, list(on), 1, 2] = value
    return cells


SMALL = (np.array([40.0, 41.0, 42.0]), np.array([-100.0, -99.0, -98.0, -97.0]))


@pytest.mark.parametrize(
    ("drawn", "wins"),
    [((0, 1, 2, 3), 2), ((0, 2, 3), 4), ((0, 2), 3), ((0,), 1)],
)
def test_a_cell_of_several_fronts_is_of_the_published_first(tmp_path, drawn, wins):
    """Layers cold, warm, stationary, occluded; warm, occluded, stationary, cold win."""
    path = tmp_path / "fronts.nc"
    write_front_masks(path, [HOURS], one_cell(*drawn), *SMALL)
    codes = codes_of(path, Grid(*SMALL))
    assert codes[1, 2] == wins and np.count_nonzero(codes) == 1
    said = codes_of(path, Grid(*SMALL), overlap=["Cold front"])
    assert said[1, 2] == 1  # unless the study says another


def test_bulletins_that_are_missing_are_no_labels(tmp_path):
    path = tmp_path / "fronts.nc"
    write_front_masks(path, [0, 3, 9], np.repeat(one_cell(0), 3, axis=0), *SMALL)
    store = imported(Grid(*SMALL), {**BLOCK, "files": str(path)}, labels=FRONTS)
    assert [time[11:13] for time, _ in sorted(store.labellings)] == ["00", "03", "09"]


def test_names_of_layers_may_be_characters(tmp_path):
    path = tmp_path / "fronts.nc"
    write_front_masks(path, [HOURS], one_cell(3), *SMALL)
    with netCDF4.Dataset(path, "a") as nc:
        nc.renameVariable("front_type", "old")
        nc.createDimension("letters", 12)
        letters = netCDF4.stringtochar(np.array([*NAMES], "S12"))
        nc.createVariable("front_type", "S1", ("front", "letters"))[:] = letters
    assert codes_of(path, Grid(*SMALL))[1, 2] == 4


def change(path, name, how):
    with netCDF4.Dataset(path, "a") as nc:
        nc[name].set_auto_mask(False)
        nc[name][:] = how(nc[name][:])


def _cut(path):
    path.write_bytes(path.read_bytes()[:-1500])


def _rename(path, what, old, new):
    with netCDF4.Dataset(path, "a") as nc:
        getattr(nc, f"rename{what}")(old, new)


def _no_units(path):
    with netCDF4.Dataset(path, "a") as nc:
        del nc["time"].units


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda path: change(path, "fronts", lambda x: x * 7), "are no 0, 1 or 2 .* such as 7"),
        (
            lambda path: change(path, "fronts", lambda x: x * 2),
            r"1 cells of fronts are 2 \(outside\) in some layers alone; the first in row 1, column 2",
        ),
        (lambda path: change(path, "front_type", lambda x: np.array(["a"] * 4, object)), "of its own"),
        (lambda path: _rename(path, "Variable", "fronts", "masks"), "no variable fronts; it has"),
        (lambda path: _rename(path, "Dimension", "front", "kind"), "has the dimensions time, kind"),
        (lambda path: _rename(path, "Variable", "lat", "y"), "has no latitude"),
        (lambda path: _rename(path, "Variable", "time", "t"), "1 times, but the coordinate time 0"),
        (_no_units, "time has no units"),
        (_cut, "fronts.nc"),
    ],
)  # fmt: skip
def test_damaged_masks_are_refused_in_a_sentence(tmp_path, damage, said):
    path = tmp_path / "fronts.nc"
    write_front_masks(path, [HOURS], one_cell(0), *SMALL)
    damage(path)
    with pytest.raises(BadInput, match=said) as refused:
        codes_of(path, Grid(*SMALL))
    assert str(refused.value).count("\n") == 0 and str(path) in str(refused.value)


def test_a_layer_of_no_front_must_be_the_rest(tmp_path):
    """Cells of two ones, and of none."""
    names, path = (*NAMES, "none"), tmp_path / "fronts.nc"
    cells = np.concatenate([one_cell(0), 1 - one_cell(0)[:, :1]], axis=1)
    write_front_masks(path, [HOURS], cells, *SMALL, names)
    assert codes_of(path, Grid(*SMALL))[1, 2] == 1
    for change_to, said in ((1, "1 cells .* two ones; the first in row 1, column 2"),
                            (0, "11 cells .* no one; the first in row 0, column 0")):  # fmt: skip
        wrong = cells.copy()
        wrong[0, 4] = change_to
        write_front_masks(path, [HOURS], wrong, *SMALL, names)
        with pytest.raises(BadInput, match=said):
            codes_of(path, Grid(*SMALL))


def test_another_year_or_the_same_time_twice_is_refused(tmp_path):
    path = tmp_path / "fronts.nc"
    write_front_masks(path, [HOURS], one_cell(0), *SMALL)
    block = {**BLOCK, "files": str(path), "year": 2020}
    with pytest.raises(BadInput, match=r"2021-06-28 18:00.*: but the year 2020 is given"):
        imported(Grid(*SMALL), block, labels=FRONTS)
    write_front_masks(path, [3, 3], np.repeat(one_cell(0), 2, axis=0), *SMALL)
    with pytest.raises(BadInput, match="labelled twice"):
        codes_of(path, Grid(*SMALL))
