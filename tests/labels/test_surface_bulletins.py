"""Coded surface bulletins: both forms of one real analysis, lines on grids, damaged text."""

from collections import Counter

import numpy as np
import pytest
import shapely

from annotation_files import imported
from real_data import real_data
from stormtrace.classes import IGNORED
from stormtrace.errors import BadInput
from stormtrace.grids import make_grid
from stormtrace.labels.importers.surface_bulletins import line_cells, read_bulletins

FINE = "fronts/WPC_CODSUS_ASUS02_20210628_18Z_hires.txt"
COARSE = "fronts/WPC_CODSUS_ASUS01_20210628_18Z_lores.txt"

TEXT = """
663
ASUS02 KWBC 311943
CODSUS

CODED SURFACE FRONTAL POSITIONS
NWS WEATHER PREDICTION CENTER COLLEGE PARK MD
{head}

VALID {valid}Z
HIGHS 1022 3961069 1020 3851069
LOWS 1016 4510934 6071080
COLD 4000900 4100910
4200920
STNRY WK 4001700 4001800 4001850

$$
"""
HEAD = "342 PM EST FRI DEC 31 2021"


def read_bulletin(path, year=None):
    (read,) = read_bulletins(path, year)
    return read


def bulletin(folder, text=TEXT, head=HEAD, valid="123121"):
    path = folder / "bulletin.txt"
    path.write_text(text.format(head=head, valid=valid))
    return path


def test_both_forms_of_a_real_analysis_hold_the_same_lines():
    fine, coarse = (read_bulletin(real_data(name)) for name in (FINE, COARSE))
    assert fine.time == coarse.time and f"{fine.time:%Y-%m-%d %H}" == "2021-06-28 18"
    counted = {"TROF": 22, "STNRY": 13, "COLD": 8, "WARM": 3, "OCFNT": 3}
    assert Counter(line.word for line in fine.lines) == counted
    assert sum(len(line.points) for line in fine.lines) == 336
    for one, other in zip(fine.lines, coarse.lines, strict=True):
        assert one.word == other.word
        assert np.abs(one.points - other.points).max() <= 0.5 + 1e-9


def test_a_bulletin(tmp_path):
    read = read_bulletin(bulletin(tmp_path))
    assert f"{read.time:%Y-%m-%d %H}" == "2021-12-31 21"
    cold, stationary = read.lines
    assert (cold.word, cold.points.tolist()) == ("COLD", [[40, -90], [41, -91], [42, -92]])
    assert (stationary.strength, stationary.points[-1].tolist()) == ("WK", [40, -185])


def test_the_year_is_the_heads_or_given_never_guessed(tmp_path):
    # Issued on New Year's Eve and valid on New Year's Day.
    assert read_bulletin(bulletin(tmp_path, valid="010100")).time.year == 2022
    for head in ("2042 UTC FRI DEC 31 2021", "2042Z FRI DEC 31 2021"):
        assert read_bulletin(bulletin(tmp_path, head=head, valid="010100")).time.year == 2022
    unheaded = bulletin(tmp_path, head="")
    assert read_bulletin(unheaded, 1999).time.year == 1999
    with pytest.raises(BadInput, match="does not say its year"):
        read_bulletin(unheaded)
    with pytest.raises(BadInput, match="of 2021, but the year 1999"):
        read_bulletin(bulletin(tmp_path), 1999)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("VALID {valid}Z", ""), "no line `VALID MMDDHHZ`"),
        (("4200920\n", "42009\n"), "of 7 digits and of 4 or 5"),  # it would be 42° N, 9° W
        (("4001700 4001800 4001850", "4001700 4001"), "of 7 digits and of 4 or 5"),
        (("4200920", "4202920"), "two points of a line COLD are .* km apart"),  # a wrong digit
        (("4200920", "420092"), "expected 7 digits"),
        (("4200920", "9900920"), "no place"),
        (("4200920", "4203700"), "no place"),
        (("4001700 4001800 4001850", "4001700"), "cut off"),
        (("4001700 4001800 4001850", ""), "cut off"),
        (("COLD", "COLT"), "'COLT' is no word"),
    ],
)
def test_damaged_text_is_refused(tmp_path, change, said):
    path = bulletin(tmp_path, TEXT.replace(*change))
    with pytest.raises(BadInput, match=said):
        read_bulletin(path)


def test_a_bulletin_cut_anywhere_is_refused(tmp_path):
    """Between two points or lines what is left looks whole, but for the mark of its end."""
    text = TEXT.format(head=HEAD, valid="123121")
    path = tmp_path / "cut.txt"
    for length in range(text.index("$$") + 1):
        path.write_text(text[:length])
        with pytest.raises(BadInput, match=r"cut off|VALID|7 digits|no word|km apart"):
            read_bulletin(path)
    path.write_text(text[: text.index("$$")])
    with pytest.raises(BadInput, match=r"2021-12-31 21:00 \(\$\$ or NNNN\).*`end_mark: false`"):
        read_bulletin(path)
    (told,) = read_bulletins(path, end_mark=False)
    assert len(told.lines) == 2
    path.write_text(text.replace("$$", text[text.index("VALID") :]))
    with pytest.raises(BadInput, match="'VALID' is no word"):
        read_bulletin(path)
    path.write_text(text + text[text.index("VALID") :])
    with pytest.raises(BadInput, match="a second VALID without a heading"):
        read_bulletin(path)


@pytest.mark.parametrize("valid", ["133121", "023021", "123125", "070412"])
def test_times_that_cannot_be_are_refused(tmp_path, valid):
    with pytest.raises(BadInput, match="no such time"):
        read_bulletin(bulletin(tmp_path, valid=valid))


def test_cells_are_those_that_shapely_finds():
    """One and three cells wide on a grid of 1°, of every line of the real analysis."""
    grid = make_grid({"nlat": 181, "nlon": 360})
    lat, lon = grid.points
    centres = shapely.points((lon + 180) % 360 - 180, lat)
    for line in read_bulletin(real_data(FINE)).lines:
        drawn = shapely.LineString(line.points[:, ::-1])
        for width in (1.0, 3.0):
            cells = line_cells(line.points, grid, width)
            expected = shapely.distance(drawn, centres) <= width / 2 + 1e-9
            np.testing.assert_array_equal(cells, expected)


def test_a_line_over_the_date_line_paints_no_bar():
    grid = make_grid({"nlat": 181, "nlon": 360})
    over = np.array([[40.0, -178.0], [40.0, -182.0]])
    rows, columns = np.nonzero(line_cells(over, grid, 1.0))
    assert set(rows) == {130}
    assert sorted(grid.lon[columns]) == [178, 179, 180, 181, 182]
    # Ties are inside: cells 1.5° to either side, and 1.5° beyond the ends on the row itself.
    wide = line_cells(over + np.array([0.5, 0.0]), grid, 3.0)
    assert np.flatnonzero(wide.any(axis=1)).tolist() == [129, 130, 131, 132]


FRONTS = ["Background", "Cold front", "Warm front", "Stationary front", "Occluded front"]
BLOCK = {
    "format": "codsus",
    "classes": {
        "COLD": "Cold front",
        "WARM": "Warm front",
        "STNRY": "Stationary front",
        "OCFNT": "Occluded front",
        "TROF": None,
    },
}
PRIORITY = ["Warm front", "Occluded front", "Stationary front", "Cold front"]


def test_lines_become_labels_by_the_published_priority():
    """Of the lines that cross, warm lies over occluded, that over stationary, that over cold."""
    path, grid = real_data(FINE), make_grid({"nlat": 181, "nlon": 360})
    store = imported(grid, {**BLOCK, "files": str(path)}, labels=FRONTS, overlap=PRIORITY)
    codes, confidence = store.read(("2021-06-28 18:00:00", ""))
    expected = np.zeros(grid.shape, np.uint8)
    words = {"COLD": 1, "STNRY": 3, "OCFNT": 4, "WARM": 2}  # the last one drawn wins
    for word, code in words.items():
        for line in read_bulletin(path).lines:
            if line.word == word:
                expected[line_cells(line.points, grid, 1.0)] = code
    lat, lon = grid.points
    looked_at = (lat > 9) & (lat < 78) & (lon > 188) & (lon < 330)  # 10 … 77 N, 171 … 31 W
    expected[~looked_at] = IGNORED
    np.testing.assert_array_equal(codes, expected)
    assert confidence is None and set(np.unique(codes)) == {0, 1, 2, 3, 4, IGNORED}
    (found,) = {
        imported(grid, {**BLOCK, "files": str(path)}, labels=FRONTS, **by_hand)
        .read(("2021-06-28 18:00:00", ""))[0]
        .tobytes()
        for by_hand in ({}, {"overlap": PRIORITY})
    }
    assert (
        found == codes.tobytes()
    )  # the published priority is that of fronts, unless another is said
    everywhere = {**BLOCK, "files": str(path), "box": [0, 360, -90, 90]}
    other = imported(grid, everywhere, labels=FRONTS).read(("2021-06-28 18:00:00", ""))[0]
    assert IGNORED not in other and (other == codes)[looked_at].all()
    assert store.record.dropped == {"left out": 22}  # troughs
    assert store.record.shapes == 49 - 22 and store.record.overlapping_cells > 0


def test_several_bulletins_of_a_file(tmp_path):
    once = TEXT.format(head=HEAD, valid="123121")
    path = tmp_path / "many.txt"
    path.write_text(once + TEXT.format(head=HEAD, valid="010100"))
    assert [f"{one.time:%m-%d %H}" for one in read_bulletins(path)] == ["12-31 21", "01-01 00"]
