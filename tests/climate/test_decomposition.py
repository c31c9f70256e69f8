"""What each field contributes: worked by hand, and on the mini planet, where the truth is known."""

from pathlib import Path

import numpy as np
import pytest
import scipy.stats

from labelled_factory import write_map_file
from make_reports import TEMPLATES, comparison, experiment
from make_results import write_frequency
from page_text import visible
from stormtrace.blocks import read_block
from stormtrace.climate.all_years import compute_frequency
from stormtrace.climate.decomposition import Sides, decompose
from stormtrace.detect.recipes import ThresholdRecipe
from stormtrace.detect.thresholds import detect_by_thresholds
from stormtrace.errors import BadInput
from stormtrace.figures.decomposition_figures import draw_decomposition_figures
from stormtrace.formats.decomposition_maps import (
    read_decomposition,
    read_rows,
    write_decomposition,
    write_rows,
)
from stormtrace.formats.zonal_climatologies import ZonalClimatology, write_zonal
from stormtrace.grids import make_grid
from stormtrace.planet.climates import HISTORICAL, Climate
from stormtrace.planet.globe import Globe
from stormtrace.planet.smooth_fields import Points
from stormtrace.prepare.zonal_fitting import fit_zonal
from stormtrace.report.page import write_page

RIVER = "atmospheric_river"
TINY = make_grid({"nlat": 7, "nlon": 12})


def sides_of(folder, frequency, fields, years=range(2000, 2010), classes=(RIVER,)):
    """Write frequencies (per cent, of each year) and return their sides.

    frequency: what an experiment sees, {field: "first" or "second"} and its own side -> (years,).
    """

    def write(name, own, seen):
        values = np.broadcast_to(frequency(own, seen), len(years))
        counts = {
            year: np.full((12, len(classes), *TINY.shape), round(10 * value))
            for year, value in zip(years, values, strict=True)
        }
        path = folder / name / "frequency.nc"
        path.parent.mkdir(parents=True)
        return write_frequency(path, counts, 1000, TINY, experiment=name, classes=classes)

    of = {
        own: [
            write(f"{own}.{field}", own, {one: other if one == field else own for one in fields})
            for field in fields
        ]
        for own, other in (("first", "second"), ("second", "first"))
    }
    whole = {own: write(own, own, dict.fromkeys(fields, own)) for own in of}
    return Sides(fields, whole["first"], whole["second"], of["first"], of["second"])


def rows_of(made, period="annual", region="all"):
    return {row.part: row for row in made.rows if (row.period, row.region) == (period, region)}


def test_a_product_of_three_worked_by_hand(tmp_path):
    """f = xyz from (1, 1, 1) to (2, 3, 4): 23 more.

    One at a time x gives 2 − 1 = 1, last one out 24 − 12 = 12; y 2 and 16; z 3 and 18: means of
    6.5, 9 and 10.5, and −3 remain, which is what only three do together. Of a product of two
    nothing would remain.
    """
    values = {"first": (1, 1, 1), "second": (2, 3, 4)}
    sides = sides_of(
        tmp_path,
        lambda own, seen: np.prod([values[seen[f]][i] for i, f in enumerate(("X", "Y", "Z"))]),
        ("X", "Y", "Z"),
        years=(2000,),
    )
    made = decompose(sides, regions={"box": [10, 50, -30, 30]}, replicates=50)
    for region in ("all", "box"):
        for period in ("annual", "JJA"):
            rows = rows_of(made, period, region)
            assert [rows[part].estimate for part in ("X", "Y", "Z", "remainder")] == pytest.approx(
                [6.5, 9, 10.5, -3]
            )
            assert (rows["Y"].one_at_a_time, rows["Y"].last_one_out) == pytest.approx((2, 16))
    assert rows["difference"].estimate == pytest.approx(23)
    np.testing.assert_allclose(made.maps.get("remainder", RIVER, "DJF"), -3, rtol=1e-5)
    np.testing.assert_allclose(made.maps.get("Z_last_one_out", RIVER, "annual"), 18, rtol=1e-5)


def test_intervals_are_students_and_the_same_weather_is_drawn_for_all(tmp_path):
    """X adds 5, nothing else differs but the weather: X is exact, the remainder is the weather."""
    noise = {side: np.random.default_rng(i).normal(20, 2, 10) for i, side in enumerate(("first", "second"))}  # fmt: skip
    sides = sides_of(
        tmp_path,
        lambda own, seen: np.round(noise[own], 1) + 5.0 * (seen["X"] == "second"),
        ("X", "Y"),
    )
    rows = rows_of(decompose(sides, replicates=4000))
    for part, truth in (("X", 5.0), ("Y", 0.0)):
        found = rows[part]
        assert (found.estimate, found.low, found.high) == pytest.approx((truth,) * 3, abs=1e-6)
    difference = rows["difference"]
    truth = scipy.stats.ttest_ind(noise["second"] + 5, noise["first"]).confidence_interval(0.95)
    assert (difference.low, difference.high) == pytest.approx(tuple(truth), abs=0.25)
    assert rows["remainder"].high - rows["remainder"].low == pytest.approx(
        difference.high - difference.low, rel=1e-6
    )


def test_few_years_have_no_interval_and_other_years_are_refused(tmp_path):
    sides = sides_of(tmp_path / "a", lambda own, seen: 3.0, ("X",), range(2000, 2003))
    other = sides_of(tmp_path / "b", lambda own, seen: 3.0, ("X",), range(2000, 2004))
    for few in (sides, other):  # four years have five winters, of which two are parts
        assert {row.low for row in decompose(few).rows} == {None}
    mixed = Sides(("X",), sides.first, sides.second, other.of_first, sides.of_second)
    with pytest.raises(BadInput, match=r"other years or steps than .* whose weather it is"):
        decompose(mixed)


def test_other_cells_and_a_field_named_twice_are_refused(tmp_path):
    """Of a part of the grid all parts would be NaN; of a field twice the remainder would be wrong."""
    sides = sides_of(tmp_path / "a", lambda own, seen: 3.0, ("X",), range(2000, 2003))
    box = make_grid({"box": [0, 90, 0, 90], "step": 30})
    counts = {year: np.ones((12, 1, *box.shape), int) for year in range(2000, 2003)}
    part = write_frequency(tmp_path / "part.nc", counts, 1000, box, classes=(RIVER,))
    with pytest.raises(BadInput, match=r"part.nc is on another grid .* than .*second/frequency.nc"):
        decompose(Sides(("X",), sides.first, sides.second, sides.of_first, [part]))
    twice = [2 * list(of) for of in (sides.of_first, sides.of_second)]
    with pytest.raises(BadInput, match=r"twice \(X\): name each once"):
        decompose(Sides(("X", "X"), sides.first, sides.second, *twice))


FIELDS = ("TMQ", "U850", "V850", "PSL")
GRID = make_grid({"nlat": 37, "nlon": 48})
RECIPE = read_block(
    ThresholdRecipe,
    {
        "classes": {
            "Atmospheric River": {
                "where": [
                    {"field": "TMQ", "at_least": 25},
                    {"field": "U850", "at_least": 2},
                    {"field": "V850", "at_least": -4},
                    {"field": "PSL", "at_most": 102000},
                ]
            }
        }
    },
    "recipe",
)


class World:
    """Samples of a climate of the mini planet, one a year, and its climatologies."""

    years = range(2001, 2006)

    def __init__(self, folder: Path, climate: Climate):
        self.folder = folder
        lon, lat = np.meshgrid(GRID.lon, GRID.lat)
        points = Points(lon.ravel(), lat.ravel())
        for year in self.years:
            globe = Globe.create(climate, [year], hours=96, first_day=0)
            for hours in (30,):
                sky = globe.sky(points, float(hours))
                ps = sky.ps
                wind = sky.winds(np.full(points.size, 85000.0))
                values = (sky.precipitable_water(ps), *wind, sky.psl)
                fields = {
                    name: one.reshape(GRID.shape).astype(np.float32)
                    for name, one in zip(FIELDS, values, strict=True)
                }
                day = 1 + hours // 24
                write_map_file(
                    folder / str(year) / f"w.{year}-01-{day:02d}-21600.nc",
                    fields,
                    grid=GRID,
                    time=float(hours),
                    units=f"hours since {year}-01-01",
                )
        self.zonal = {name: self._climatology(name) for name in FIELDS}

    def _climatology(self, field: str) -> Path:
        folders = [self.folder / str(year) for year in self.years]
        path = self.folder / f"{field}.nc"
        values, steps = fit_zonal(folders, field, "moments")
        name = self.folder.name
        write_zonal(path, ZonalClimatology(field, name, "g", "moments", "1", values, steps), {})
        return path

    def frequency(self, adjust=None, to=None):
        """Detect, count and return frequency.nc, with one field adjusted to another world."""
        folder = self.folder / "runs" / str(adjust)
        asked = [(adjust, self.zonal[adjust], to.zonal[adjust])] if adjust else []
        masks = []
        for year in self.years:
            masks.append(folder / f"m{year}.nc")
            detect_by_thresholds(
                RECIPE,
                self.folder / str(year),
                masks[-1],
                dataset=self.folder.name,
                year=year,
                adjust=asked,
                attributes={"experiment": f"{self.folder.name}-{adjust}"},
            )
        compute_frequency(masks, folder / "frequency.nc", {"history": "", "inputs": "{}"})
        return folder / "frequency.nc"


def test_where_only_water_vapour_is_scaled_it_is_given_all(tmp_path):
    """The mini planet with 7 % a kelvin more water for 3.5 K, and the same storms and winds.

    All counts of the two counterfactuals are integers of cells, so that what rounding of TMQ to
    float32 moves over a threshold shows: none here.
    """
    dry = World(tmp_path / "dry", HISTORICAL)
    moist = World(tmp_path / "moist", Climate("moist", moisture_bias=1.07**3.5))
    sides = Sides(
        FIELDS,
        dry.frequency(),
        moist.frequency(),
        [dry.frequency(field, moist) for field in FIELDS],
        [moist.frequency(field, dry) for field in FIELDS],
    )
    made = decompose(sides, replicates=200)
    rows = rows_of(made, "DJF")
    difference = rows["difference"].estimate
    assert difference > 1.0 and rows["difference"].low > 0
    assert rows["TMQ"].estimate == pytest.approx(difference, rel=0.002)
    assert rows["remainder"].estimate == pytest.approx(0, abs=0.002 * difference)
    for field in FIELDS[1:]:
        contribution = rows[field]
        assert (contribution.one_at_a_time, contribution.last_one_out) == (0, 0)
        assert not made.maps.get(f"{field}_mean", RIVER, "DJF").any()


def test_files_figures_and_the_page_say_it(tmp_path):
    """From the files as they are written to the sentence, the table and the maps."""
    whole = [experiment(tmp_path, name) for name in ("control", "warmer")]
    values = {"first": 2.0, "second": 1.0}
    sides = sides_of(
        tmp_path / "made",
        lambda own, seen: 10.0 - 3 * values[seen["TMQ"]] - values[seen["PSL"]],
        ("TMQ", "PSL"),
        years=range(2000, 2005),
        classes=("tropical_cyclone", RIVER),
    )
    made = decompose(sides, regions={"Pacific": [150, 200, -30, 30]}, replicates=50)
    write_decomposition(tmp_path / "d.nc", made.maps)
    write_rows(tmp_path / "d.csv", made.rows)
    assert read_rows(tmp_path / "d.csv")[0].part == "first"
    read = read_decomposition(tmp_path / "d.nc")
    np.testing.assert_array_equal(read.maps["TMQ_mean"], made.maps.maps["TMQ_mean"])
    name, figure = next(draw_decomposition_figures(read, "Warming"))
    assert name == "tc-contributions"
    titles = [axes.get_title(loc="left") or axes.get_title() for axes in figure.axes]
    assert any("TMQ contributes" in title for title in titles) or "TMQ" in str(
        [text.get_text() for axes in figure.axes for text in axes.texts]
    )
    entry = comparison(tmp_path, *whole) | {"decomposition": str(tmp_path / "d.csv")}
    report = {"title": "T", "experiments": whole, "comparisons": [entry]}
    words = visible(write_page(report, TEMPLATES, tmp_path)).replace("\u202f", " ")
    assert (
        "AR: 4.0 (4.0 to 4.0) percentage points more frequent in The <warmer> than in The <control>:"
        " 3.0 (3.0 to 3.0), 75 % with TMQ, 1.0 (1.0 to 1.0), 25 % with PSL; 0 (0 to 0), 0 % remain."
        in words
    )
    assert "AR Pacific 4.0 4.0 to 4.0 3.0 3.0 to 3.0" in words
    with pytest.raises(BadInput, match="is no table of a decomposition"):
        (tmp_path / "x.csv").write_text("a,b\n")
        read_rows(tmp_path / "x.csv")
