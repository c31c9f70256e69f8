import io
import re
import zlib

import matplotlib as mpl
import numpy as np
import pytest
from fontTools.ttLib import TTFont
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from make_results import CLASSES, MINI, write_events, write_frequency
from script_runs import run_forked
from stormtrace.climate.frequency import open_frequency
from stormtrace.errors import BadInput
from stormtrace.figures.colours import sequential
from stormtrace.figures.experiment_figures import draw_frequency_figures, region_map
from stormtrace.figures.label_figures import background
from stormtrace.figures.layers import BEYOND
from stormtrace.figures.line_figures import draw_lines
from stormtrace.figures.maps import SEA, draw_map, sample
from stormtrace.figures.names import typeset
from stormtrace.figures.printing import Printing
from stormtrace.figures.projections import PolarStereographic, Rectangle
from stormtrace.figures.sensitivity_figures import _minus, read_whole_record
from stormtrace.grids import Grid, make_grid

AR = CLASSES["AR"]


def test_a_pdf_holds_the_glyphs_of_its_letters_without_rules_of_layout(tmp_path):
    """Outlines of A and V, which DejaVu Sans has rules for, and no table that says how they pair."""
    figure = Figure(figsize=(2, 1))
    figure.text(0.1, 0.5, "AV", family="DejaVu Sans")
    with mpl.rc_context({"pdf.fonttype": 42}):
        Printing().save(figure, tmp_path / "figure")
    streams = re.findall(
        rb"stream\r?\n(.*?)\r?\nendstream", (tmp_path / "figure.pdf").read_bytes(), re.S
    )
    (font,) = [
        TTFont(io.BytesIO(content))
        for content in map(unpacked, streams)
        if content.startswith(b"\0\1\0\0")
    ]
    drawn = [name for name in font.getGlyphOrder() if font["glyf"][name].numberOfContours > 0]
    assert {"A", "V"} <= set(drawn) and len(drawn) < 8
    assert not {"GSUB", "GPOS", "GDEF"} & set(font.keys())


def test_a_format_that_is_not_wanted_is_not_there_nor_what_was_drawn_of_it_before(tmp_path):
    for formats, expected in ((["png", "pdf"], {"png", "pdf"}), (["png"], {"png"})):
        figure = Figure(figsize=(2, 1))
        figure.text(0.1, 0.5, "AV")
        Printing(formats=formats).save(figure, tmp_path / "1.5-degrees")
        assert {path.name for path in tmp_path.iterdir()} == {f"1.5-degrees.{k}" for k in expected}
        assert all(path.stat().st_size > 100 for path in tmp_path.iterdir())


def unpacked(stream):
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return stream


def test_sampling_is_linear_between_cells_and_round_the_globe():
    """A field linear in longitude within two cells, and one that jumps at 360°."""
    grid = Grid(np.array([-30.0, 0.0, 30.0]), np.arange(0.0, 360.0, 10.0))
    values = np.tile(np.arange(36.0), (3, 1))
    lon, lat = np.array([14.0, 355.0, -5.0, 0.0]), np.zeros(4)
    # Half-way from the last column (35) to the first (0) lies 17.5.
    np.testing.assert_allclose(sample(grid, values, lon, lat), [1.4, 17.5, 17.5, 0.0])
    assert sample(grid, values, np.array([16.0]), np.array([2.0]), nearest=True) == 2
    assert np.isnan(sample(grid, values, np.array([np.nan]), np.array([0.0])))


def test_beyond_its_grid_a_map_is_grey():
    """The Pacific at 20°N is in the box of the grid, at 20°S beyond; white is zero, and no value grey."""
    grid = make_grid({"box": [180, 255, 10, 65], "step": 5})
    figure = Figure()
    axes = figure.add_subplot()
    nothing = np.zeros(grid.shape)
    draw_map(axes, grid, nothing, sequential(1.0, AR, "%"), Rectangle(180, 240, -30, 30), pixels=60)
    image = np.asarray(axes.images[0].get_array())  # from the south, a degree a pixel
    assert np.allclose(image[50, 20, :3], to_rgb(SEA))
    shade = 0.4 * np.array(to_rgb(BEYOND[0])) + 0.6 * np.array(to_rgb(SEA))
    assert np.allclose(image[10, 20], [*shade, 1.0])


def test_cells_without_data_are_grey_too():
    """A comparison has no values where one side's grid is not; both sides' maps say so."""
    grid = make_grid({"nlat": 60, "nlon": 120})
    values = np.where(grid.points[0] > 0, 0.0, np.nan)
    axes = Figure().add_subplot()
    draw_map(axes, grid, values, sequential(1.0, AR, "%"), Rectangle(180, 240, -30, 30), pixels=60,
             beyond=np.isnan(values))  # fmt: skip
    image = np.asarray(axes.images[0].get_array())
    assert np.allclose(image[50, 20, :3], to_rgb(SEA))
    assert not np.allclose(image[10, 20, :3], to_rgb(SEA))


def test_units_have_superscripts():
    assert typeset("kg m-2") == "kg m⁻²"
    assert typeset("m2 s-2") == "m² s⁻²"
    words = "events in 10 days per million km²"
    assert [typeset(same) for same in ("", "%", "hPa", words)] == ["", "%", "hPa", words]


def test_fields_are_known_whatever_their_case():
    """A published polar network calls precipitable water tmq; its scale is TMQ's, to 60 kg m-2."""
    values = np.linspace(0.0, 20.0, 50).reshape(5, 10)
    for name in ("tmq", "TMQ"):
        scale = background(name, values)[1]
        assert (scale.levels[-1], scale.units) == (60.0, "kg m-2")
    assert background("psl", values + 1e5)[0][0, 0] == 1000.0  # hPa


def test_beyond_a_region_there_is_nothing():
    grid = Grid(np.array([30.0, 40.0]), np.array([350.0, 355.0, 360.0]))
    values = np.ones((2, 3))
    lon, lat = np.array([352.0, 20.0, 352.0, 0.0]), np.array([35.0, 35.0, 60.0, 30.0])
    assert np.isfinite(sample(grid, values, lon, lat)).tolist() == [True, False, False, True]


@pytest.mark.parametrize("region", [[180, 255, 25], [0, 10, 50, 40]])
def test_a_region_that_cannot_be_is_refused(region):
    with pytest.raises(BadInput, match="must be \\[west, east, south, north\\]"):
        region_map("Nowhere", region)


def test_a_region_may_cross_the_date_line():
    assert region_map("Pacific", [170, -120, 0, 60]) == Rectangle(170, 240, 0, 60)


def test_all_longitudes_to_a_pole_are_a_cap():
    assert region_map("Arctic", [-180, 180, 60, 90]) == PolarStereographic(60)
    assert region_map("Antarctic", [0, 360, -90, -50]) == PolarStereographic(-50)
    assert region_map("Tropics", [0, 360, -30, 30]) == Rectangle(0, 360, -30, 30)


def test_the_scripts_draw_what_there_is(tmp_path):
    """Every expected figure is there as PNG and PDF, and the PNG shows the class's colour."""
    rng = np.random.default_rng(0)
    grid = make_grid({"nlat": 37, "nlon": 72})
    counts = {y: rng.binomial(100, 0.3, (12, 2, *grid.shape)) for y in range(2000, 2006)}
    first = write_frequency(tmp_path / "a.nc", counts, grid=grid, events=True)
    events = write_events(tmp_path / "events")
    regions = '{"Coast": [230, 255, 32, 55]}'
    run_forked("draw_experiment", "--frequency", first, "--events", events, "--title", "Made",
        "--regions", regions, "--output", tmp_path / "figures")  # fmt: skip
    run_forked("compare", "--first", first, "--second", first, "--name", "c",
        "--output", tmp_path / "c.nc")  # fmt: skip
    run_forked("draw_comparison", "--comparison", tmp_path / "c.nc", "--title", "C",
        "--output", tmp_path / "compared")  # fmt: skip
    names = {"frequency", "seasons", "regions", "genesis", "lines"}
    for feature in ("ar", "tc"):
        for name in names:
            assert (tmp_path / "figures" / f"{feature}-{name}.pdf").read_bytes()[:4] == b"%PDF"
        for name in ("both", "difference", "difference-seasons"):
            assert (tmp_path / "compared" / f"{feature}-{name}.png").stat().st_size > 10_000
    with Image.open(tmp_path / "figures" / "ar-frequency.png") as image:
        pixels = np.asarray(image.convert("RGB"), float)
    teal = (pixels[..., 2] > pixels[..., 0] + 40).mean()
    assert teal > 0.4  # 30 % everywhere: the map is in the AR's blue, not in grey or white


def test_one_season_alone_makes_no_figure_of_seasons(tmp_path):
    counts = np.zeros((12, 2, *MINI.shape), np.int16)
    path = write_frequency(tmp_path / "a.nc", {2000: counts}, [100] + 11 * [0])
    with open_frequency(path) as frequency:
        names = [name for name, _ in draw_frequency_figures(frequency, "January", {})]
        assert draw_lines(frequency, None, CLASSES["AR"], "", {}) is None
    assert names == ["tc-frequency", "ar-frequency"]


def test_years_of_which_there_is_less_are_hollow(tmp_path):
    """A record that ends in March: its last year is no smaller year of rivers."""
    counts = np.full((12, 2, *MINI.shape), 30, np.int16)
    path = write_frequency(tmp_path / "a.nc", dict.fromkeys([2000, 2001, 2002], counts))
    with open_frequency(path) as frequency:
        whole = years_drawn(frequency)
        frequency.steps[2, 3:] = 0
        parts = years_drawn(frequency)
    assert whole == ("year by year", [])
    assert parts == ("year by year (hollow: in part)", [2002])


def test_a_coast_is_drawn_where_and_when_it_is(tmp_path):
    """Rows 20° S and 40° N alone, 30 % in all months but June, of which there are no steps."""
    counts = np.full((12, 2, *MINI.shape), 30, np.int16)
    path = write_frequency(tmp_path / "a.nc", {2000: counts}, [100] * 5 + [0] + [100] * 6)
    rows = np.abs(MINI.points[0][:, 0] - 20) < 1, np.abs(MINI.points[0][:, 0] - 40) < 1
    one, two = np.zeros(MINI.shape, bool), np.zeros(MINI.shape, bool)
    one[rows[0], 3] = two[rows[0] | rows[1], 3] = True
    with open_frequency(path) as frequency:
        figure = draw_lines(frequency, None, CLASSES["AR"], "", {"one": one, "two": two})
    panels = [axes for axes in figure.axes if any("coast" in text for text in texts_of(axes))]
    for axes, lat in zip(panels, ([20.0], [20.0, 40.0]), strict=True):
        assert any("grey: no steps" in text for text in texts_of(axes))
        (mesh,) = axes.collections
        edges = mesh.get_coordinates()[:, 0, 1]
        values = mesh.get_array().filled(np.nan)
        assert mesh.get_clim() == (0.0, 30.0)
        shown = np.isfinite(values).any(axis=1)
        assert ((edges[1:] + edges[:-1]) / 2)[shown].tolist() == lat
        assert (np.diff(edges) > 0.5).all()
        assert np.isnan(values[shown, 5]).all() and (np.delete(values[shown], 5, 1) == 30).all()
        assert not np.allclose(to_rgb(axes.get_facecolor()), 1)


def test_a_bar_of_all_that_is_longer_says_so(tmp_path):
    """199 events of 2 days and one of 90: the 99th percentile is 2 days, bars are of 2 hours."""
    counts = np.full((12, 2, *MINI.shape), 30, np.int16)
    path = write_frequency(tmp_path / "a.nc", {2000: counts})
    hours = np.repeat([48.0, 2160.0], [199, 1])
    with open_frequency(path) as frequency:
        figures = [
            draw_lines(frequency, {"lifetime_h": these}, CLASSES["AR"], "", {})
            for these in (hours, hours[:-1])
        ]
    labels = [{axes.get_xlabel() for axes in figure.axes} for figure in figures]
    (open_ended,) = (label for label in labels[0] if "and more" in label)
    assert re.fullmatch(r"days, the last 1\.9\d* and more", open_ended)
    assert not any("and more" in label for label in labels[1])


def years_drawn(frequency):
    """Return the title of the years' panel and the years that are hollow."""
    figure = draw_lines(frequency, None, CLASSES["AR"], "", {})
    for axes in figure.axes:
        title = next((text for text in texts_of(axes) if "year by year" in text), None)
        if title:
            inside = axes.get_facecolor()
            lines = [line for line in axes.lines if line.get_markerfacecolor() == inside]
            return title, [int(line.get_xdata()[0]) for line in lines]
    raise AssertionError("no panel of years")


def texts_of(axes):
    titles = [axes.get_title(loc=loc) for loc in ("left", "center", "right")]
    return [*titles, *(text.get_text() for text in axes.texts)]


def test_differences_of_a_part_are_grey_beyond_it(tmp_path):
    """A hemisphere minus the globe: the other half of the map has no difference."""
    north = make_grid({"box": [0, 360, 0, 90], "step": 5})
    files = []
    for name, grid in (("globe", MINI), ("north", north)):
        counts = np.full((12, 2, *grid.shape), 20, np.int16)
        files.append(write_frequency(tmp_path / f"{name}.nc", {2000: counts}, grid=grid))
    both = dict(zip(("globe", "north"), map(read_whole_record, files), strict=True))
    panel = _minus(both, "north", "globe", "atmospheric_river")
    lat = panel.grid.points[0]
    assert panel.beyond[lat < -5].all() and not panel.beyond[lat > 5].any()


def test_experiments_side_by_side_share_a_scale_on_any_grid(tmp_path):
    """20 % and 50 %: the difference is 30 points, also between two grids."""
    fine = make_grid({"nlat": 37, "nlon": 72, "first_lon": -180})
    files = []
    for name, grid, count in (("a", MINI, 20), ("b", fine, 50)):
        counts = np.full((12, 2, *grid.shape), count, np.int16)
        files.append(write_frequency(tmp_path / f"{name}.nc", {2000: counts}, grid=grid))
    both = dict(zip("ab", map(read_whole_record, files), strict=True))
    panel = _minus(both, "b", "a", "atmospheric_river")
    assert panel.grid.shape == MINI.shape
    np.testing.assert_allclose(panel.values, 30)
    run_forked("draw_sensitivity", "--frequency", *files, "--titles", '["A", "B"]',
        "--output", tmp_path / "figures")  # fmt: skip
    names = {path.stem for path in (tmp_path / "figures").glob("*.pdf")}
    assert names == {f"{f}-{kind}" for f in ("ar", "tc") for kind in ("frequency", "differences")}


def test_no_value_is_not_the_white_of_zero():
    grid = make_grid({"nlat": 19, "nlon": 36})
    colours = []
    for value in (0.0, np.nan):
        axes = Figure().add_subplot()
        values = np.full(grid.shape, value)
        draw_map(
            axes, grid, values, sequential(1.0, AR, "%"), Rectangle(180, 240, -30, 30), pixels=60
        )
        colours.append(np.asarray(axes.images[0].get_array())[30, 20, :3])
    assert np.allclose(colours[0], to_rgb(SEA)) and not np.allclose(
        colours[1], to_rgb(SEA), atol=0.1
    )
