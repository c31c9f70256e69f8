"""Every drawn figure is held against the data it was drawn from: title, units, period, values."""

import argparse
import itertools
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from PIL import Image
from skimage.color import deltaE_ciede2000, rgb2lab

from make_reports import TEMPLATES
from make_results import (
    CLASSES,
    MINI,
    dates_between,
    write_events,
    write_frequency,
    write_masks,
    write_samples,
)
from stormtrace.climate.comparison import compare_files
from stormtrace.climate.composites import compose_fields
from stormtrace.climate.frequency import open_frequency
from stormtrace.climate.series import seasonal_cycle
from stormtrace.climate.time_coverage import coverage
from stormtrace.errors import BadInput
from stormtrace.figures import (
    comparison_figures,
    experiment_figures,
    label_figures,
    model_figures,
    sensitivity_figures,
)
from stormtrace.figures.colours import diverging, line_colour, sequential
from stormtrace.figures.label_figures import background, draw_fields
from stormtrace.figures.maps import use_style
from stormtrace.figures.model_figures import draw_history
from stormtrace.figures.names import DENSITY_GRID
from stormtrace.figures.outlines import expert_colours
from stormtrace.figures.panels import Panel, draw_panels, why_empty
from stormtrace.figures.printing import Printing
from stormtrace.formats.comparison_maps import read_comparison
from stormtrace.formats.masks import open_masks
from stormtrace.grids import make_grid
from stormtrace.learn.labellings import Labelling
from stormtrace.report.page import write_page

JANUARY = [100, *[0] * 11]  # steps in each month

SCRIPTS = Path(__file__).parents[2] / "scripts"


def words_of(figure):
    """Return all text of a figure, panels and colour bar included."""
    texts = [text.get_text() for text in figure.findobj(plt.Text)]
    return " | ".join(text for text in texts if text)


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture
def panels(monkeypatch):
    """Return what is drawn: every list of panels that a figure is made of."""
    seen = []
    for module in (experiment_figures, sensitivity_figures):
        original = module.draw_panels

        def spy(drawn, *args, original=original, **keywords):
            seen.append(drawn)
            return original(drawn, *args, **keywords)

        monkeypatch.setattr(module, "draw_panels", spy)
    return seen


def frequencies(folder):
    """Rivers in 40 of 100 steps in the tropics; tracked events in half of those."""
    counts = np.zeros((12, 2, *MINI.shape), np.int16)
    counts[:, :, 8:11] = 40
    return write_frequency(folder / "f.nc", {2001: counts}, events=0.5)


@pytest.mark.parametrize(
    ("of", "words", "value"), [("masks", "", 40), ("events", " of tracked events", 20)]
)
def test_maps_are_of_what_their_title_says(tmp_path, panels, of, words, value):
    path = frequencies(tmp_path)
    with open_frequency(path, of=of) as frequency:
        figures = dict(experiment_figures.draw_frequency_figures(frequency, "Control", {}))
    for name, figure in figures.items():
        assert f"frequency{words}" in words_of(figure) and "% of time steps" in words_of(figure)
        assert ("of tracked events" in words_of(figure)) is bool(words), name
        assert "2001, 1,200 time steps" in words_of(figure)
    assert {float(np.nanmax(one.values)) for drawn in panels for one in drawn} == {value}
    panels.clear()
    whole = sensitivity_figures.read_whole_record(path, of=of)
    drawn = dict(sensitivity_figures.draw_sensitivity({"A": whole, "B": whole}, ""))
    for figure in drawn.values():
        assert f"frequency{words}" in words_of(figure)
        assert "2001, 1,200 time steps" in words_of(figure)
    assert {float(np.nanmax(one.values)) for one in panels[0]} == {value}
    assert "no difference anywhere" in words_of(drawn["ar-differences"])


def test_a_map_that_is_alone_says_of_what_it_is(tmp_path):
    """One experiment of a class, the only other one minus the first, the one region of a study."""
    file = frequencies(tmp_path)
    whole = sensitivity_figures.read_whole_record(file)
    drawn = dict(sensitivity_figures.draw_sensitivity({"One": whole}, ""))
    assert "One · January 2001 – " in words_of(drawn["ar-frequency"])
    drawn = dict(sensitivity_figures.draw_sensitivity({"One": whole, "Other": whole}, ""))
    assert f"Other · {whole.record} · minus One" in words_of(drawn["ar-differences"])
    three = {"One": whole, "Other": whole, "Third": whole}
    drawn = dict(sensitivity_figures.draw_sensitivity(three, ""))
    assert f"| {whole.record} · each minus One" in words_of(drawn["ar-differences"])
    with open_frequency(file) as frequency:
        figures = experiment_figures.draw_frequency_figures(
            frequency, "C", {"Alps": [0, 20, 40, 50]}
        )
        assert "Alps · C · January 2001" in words_of(dict(figures)["ar-regions"])


def composites(folder, name, rain):
    dates = dates_between((2001, 4, 1), (2001, 4, 2), "noleap")
    mask = np.full(MINI.shape, 2, np.int8)
    masks = write_masks(folder / f"{name}-masks.nc", 2001, dates, lambda *_: mask)
    field = np.full(MINI.shape, rain, np.float32)
    samples = write_samples(folder / name, dates, lambda *_: {"TMQ": field})
    assert open_masks(masks).classes.flags[1] == "atmospheric_river"
    compose_fields(masks, samples, ["TMQ"], folder / f"{name}.nc", {})
    return folder / f"{name}.nc"


def test_a_change_of_composites_shows_changes_alone(tmp_path, monkeypatch):
    """20 kg m⁻² become 30: all of the +10 by intensity. No map of either experiment is in it."""
    monkeypatch.syspath_prepend(str(SCRIPTS))
    from draw_composite import drawn

    first, second = composites(tmp_path, "a", 20), composites(tmp_path, "b", 30)
    args = argparse.Namespace(
        composites=[first], second=[second], field="TMQ", title="Warmer minus control", classes=None
    )
    seen = []
    figures_module = sys.modules["stormtrace.figures.composite_figures"]
    original = figures_module.draw_panels
    monkeypatch.setattr(
        figures_module, "draw_panels", lambda one, *a: (seen.append(one), original(one, *a))[1]
    )
    figures = dict(drawn(args))
    assert all(name.endswith("-split") for name in figures) and "ar-TMQ-split" in figures
    words = words_of(figures["ar-TMQ-split"])
    assert "8 time steps, then 8 time steps · all detections" in words and "kg m" in words
    values = [float(panel.values.max()) for panel in seen[-1]]
    assert values == [10, 0, 10, 0]  # total, frequency, intensity, both
    alone = dict(drawn(argparse.Namespace(**{**vars(args), "second": []})))
    assert {name.rsplit("-", 1)[1] for name in alone} == {"composite", "share"}
    words = words_of(alone["ar-TMQ-composite"])
    assert "TMQ while an atmospheric river is present" in words and "(kg m⁻²)" in words
    assert "· 8 time steps · all detections" in words and "annual" not in words
    # Two days of April: 20 kg m⁻² while a river is present, which it always is: all of the field.
    mean, share = seen[-3], seen[-1]  # of each class the mean, then of each the share
    assert [float(one.values.max()) for one in (*mean, *share)] == [20, 100]
    words = words_of(alone["ar-TMQ-share"])
    assert "Share of TMQ that falls within atmospheric rivers" in words and "Share (%)" in words


@pytest.mark.parametrize(("largest", "seen"), [(40, 8.0), (100, 8.0), (30, 2.0)])
def test_a_difference_of_eight_is_seen_beside_large_ones(largest, seen):
    scale = diverging(largest, "percentage points")
    assert np.searchsorted(scale.levels, seen, side="right") != scale.clear
    assert scale.paint(np.array([seen]))[0, 3] == 1 and scale.paint(np.array([0.0]))[0, 3] == 0


def test_an_empty_panel_says_why():
    scale, nothing = diverging(40, "percentage points"), np.zeros(MINI.shape)
    assert why_empty(Panel(MINI, nothing * np.nan, ""), scale) == "no time steps"
    assert why_empty(Panel(MINI, nothing, ""), scale) == "no difference anywhere"
    assert why_empty(Panel(MINI, nothing - 1.2, ""), scale) == "nowhere above 1.2 percentage points"
    assert why_empty(Panel(MINI, nothing + 20, ""), scale) == ""


def test_a_season_of_too_few_years_is_told_and_not_hatched(tmp_path):
    """Summers of three years in six: they differ as the winters do, and are not tested."""
    rng = np.random.default_rng(0)
    files = []
    for name, mean, summers in (("a", 0.1, range(2000, 2003)), ("b", 0.2, range(2000, 2006))):
        steps = {y: np.where(np.isin(np.arange(12), (5, 6, 7)) & (y not in summers), 0, 240)
                 for y in range(2000, 2006)}  # fmt: skip
        counts = {y: rng.binomial(n[:, None, None, None], mean, (12, 2, *MINI.shape))
                  for y, n in steps.items()}  # fmt: skip
        files.append(write_frequency(tmp_path / f"{name}.nc", counts, steps))
    compare_files(*files, tmp_path / "c.nc", {})
    compared = read_comparison(tmp_path / "c.nc")
    figures = dict(comparison_figures.draw_comparison_figures(compared, "Change"))
    words = words_of(figures["ar-difference-seasons"])
    assert "JJA · not tested" in words and "DJF · not tested" not in words
    frequency = comparison_figures.FREQUENCY
    seasons = comparison_figures.SEASONS
    hatched = {s: comparison_figures._doubtful(compared, CLASSES["AR"], frequency, s, 0.01)
               for s in seasons}  # fmt: skip
    assert hatched["JJA"] is None and hatched["DJF"] is not None
    page = {"title": "T", "experiments": [
        {"name": n, "frequency": str(f), "title": n, "model": "net"}
        for n, f in zip("ab", files, strict=True)
    ]}  # fmt: skip
    page["comparisons"] = [
        {"name": "c", "first": "a", "second": "b", "file": str(tmp_path / "c.nc")}
    ]
    text = write_page(page, TEMPLATES, tmp_path)
    assert "Too few years for a test, and no dots, in JJA." in text
    assert '"c|atmospheric_river|DJF"' in text and '"c|atmospheric_river|JJA"' not in text


def test_a_comparison_names_both_records_and_the_change(tmp_path):
    """10 % in 2001 and 40 % in 2002: +30 points, and each side under its dates."""
    files = []
    for year, count in ((2001, 10), (2002, 40)):
        counts = np.full((12, 2, *MINI.shape), count, np.int16)
        dates = (f"{year}-01-01T00:00:00", f"{year}-12-31T21:00:00")
        files.append(write_frequency(tmp_path / f"{year}.nc", {year: counts}, coverage=dates))
    compare_files(*files, tmp_path / "c.nc", {})
    compared = read_comparison(tmp_path / "c.nc")
    titles = {"first": "Control", "second": "Warmer"}
    figures = dict(comparison_figures.draw_comparison_figures(compared, "Change", titles))
    words = {name: words_of(figure) for name, figure in figures.items()}
    records = {side: compared.attributes[f"{side}_steps"] for side in titles}
    assert records == {"first": "1200", "second": "1200"}
    for name in ("ar-difference", "ar-difference-seasons"):
        assert "Change in atmospheric river frequency" in words[name]
        assert (
            "Warmer (1 January 2002" in words[name]
            and "minus Control (1 January 2001" in words[name]
        )
        assert "percentage points" in words[name] and "1,200 time steps" in words[name]
        assert "too few years" in words[name]
    assert "Control · 1 January 2001" in words["ar-both"] and "% of time steps" in words["ar-both"]
    change = compared.get("difference", "atmospheric_river", "annual")
    np.testing.assert_allclose(change, 30, rtol=1e-6)


def test_genesis_and_lines_are_of_their_events(tmp_path, panels, monkeypatch):
    """40 events of each class in 150 days of steps: a density of events in that time, not a year."""
    path = frequencies(tmp_path)
    folder = write_events(tmp_path / "events", number=40)
    with open_frequency(path) as frequency:
        figures = dict(experiment_figures.draw_event_figures(frequency, folder, "Control", {}))
        record = coverage(frequency)
        cycle = seasonal_cycle(frequency, "atmospheric_river")
    genesis, lines = figures["ar-genesis"], figures["ar-lines"]
    words = words_of(genesis)
    assert "Genesis and termination of atmospheric rivers" in words and "40 events" in words
    assert record.is_partial and f"events {record.per} per million km²" in words
    assert f"2001, {record.steps:,} time steps" in words
    weights = np.cos(np.radians(DENSITY_GRID.lat))[:, None] * np.ones(DENSITY_GRID.shape)
    for one in panels[-1]:  # all events are somewhere: the density's integral is their number
        assert np.average(one.values, weights=weights) * 510.1 == pytest.approx(40, rel=0.02)
    words = words_of(lines)
    assert "Atmospheric rivers: seasons, years and events" in words
    assert {"% of time steps", "% of events", "days", "km h⁻¹", "million km²"} <= {
        text.get_text() for text in lines.findobj(plt.Text)
    }
    north = next(one for one in lines.axes[0].lines if one.get_label() == "north")
    np.testing.assert_allclose(north.get_ydata(), cycle["north"])
    short = write_frequency(tmp_path / "s.nc", {2001: np.full((12, 2, *MINI.shape), 4)}, JANUARY)
    monkeypatch.setattr(experiment_figures, "coasts_on", None)  # nor a coast, nor is it looked for
    coasts = {"west": (230, 255, 32, 55)}
    with open_frequency(short) as frequency:  # no season and no year: the title promises none
        figures = dict(experiment_figures.draw_event_figures(frequency, folder, "Control", coasts))
    assert "Atmospheric rivers: their events" in words_of(figures["ar-lines"])


def test_a_snapshot_says_when_what_and_in_which_units():
    """990 hPa in Pa, and 25 kg m⁻²: every panel has its own bar; classes have their colours."""
    values = {
        "PSL": np.full(MINI.shape, 99000.0, np.float32),
        "TMQ": np.full(MINI.shape, 25.0, np.float32),
    }
    mask = np.zeros(MINI.shape, np.int8)
    mask[8:11, 5:12] = CLASSES["AR"].code
    figures = dict(draw_fields(MINI, values, mask, CLASSES, "Control", "2001-01-02 12:00"))
    for figure in figures.values():
        words = words_of(figure)
        assert "Control · 2001-01-02 12:00" in words and "AR, detected" in words
    assert "Sea level pressure (hPa)" in words_of(figures["PSL"])
    assert {"hPa", "kg m⁻²"} <= {axes.get_xlabel() for axes in figures["fields"].axes}
    assert background("PSL", values["PSL"])[0].max() == 990
    river = to_rgb(line_colour(CLASSES["AR"]))
    outlines = [one for one in figures["PSL"].axes[0].collections if len(one.get_paths())]
    assert any(np.allclose(one.get_colors()[0][:3], river) for one in outlines)


@pytest.mark.parametrize("shape", [(19, 36), (768, 1152)])
def test_no_words_lie_on_others_where_a_panel_is_alone(shape):
    """One field, or one labelled time: its title was written over the subtitle."""
    grid = make_grid({"nlat": shape[0], "nlon": shape[1]})
    field, mask = np.full(shape, 25.0, np.float32), np.zeros(shape, np.int8)
    figures = dict(draw_fields(grid, {"TMQ": field}, mask, CLASSES, "Control", "2001-01-02"))
    assert "Precipitable water and what was detected" in words_of(figures["fields"])
    one = Labelling("2001-01-02", grid, field, mask, [mask])
    figures["labels"] = label_figures.draw_labels([one], "TMQ", CLASSES, "Model", "labels")
    for figure in figures.values():
        renderer = figure.canvas.get_renderer()
        texts = [one for one in figure.findobj(plt.Text) if one.get_text() and one.get_visible()]
        boxes = [one.get_window_extent(renderer) for one in texts if one.get_size() >= 7]
        boxes = [box for box in boxes if box.y0 > 0.5 * figure.bbox.height]  # the head
        clashes = [a for a, b in itertools.combinations(boxes, 2) if a.overlaps(b)]
        assert len(boxes) > 1 and clashes == []


def test_training_shows_the_history_of_its_model():
    history = {
        "epoch": np.array([1.0, 2.0]),
        "train_loss": np.array([0.5, 0.4]),
        "validation_loss": np.array([0.6, 0.45]),
        "validation_mean_iou": np.array([0.3, 0.7]),
        "validation_iou_atmospheric_river": np.array([0.2, 0.5]),
        "lr": np.array([1e-3, 1e-4]),
    }
    figure = draw_history(history, "CGNet")
    assert "CGNet · 2 epochs" in words_of(figure) and "IoU, validation · best 0.700" in words_of(
        figure
    )
    drawn = {one.get_label(): one.get_ydata() for axes in figure.axes for one in axes.lines}
    np.testing.assert_array_equal(drawn["validation"], history["validation_loss"])
    np.testing.assert_array_equal(drawn["atmospheric river"], [0.2, 0.5])
    letters = {t.get_text() for t in figure.findobj(plt.Text) if t.get_weight() == "bold"}
    assert {"a", "b", "c"} <= letters


def labelling(time, experts, pressure=99000.0):
    """A time with a river in the tropics as the model finds it, and a cell higher by each expert."""
    prediction = np.zeros(MINI.shape, np.uint8)
    prediction[8:11, 5:12] = CLASSES["AR"].code
    labels = [np.roll(prediction, number, axis=0) for number in range(1, experts + 1)]
    field = np.full(MINI.shape, pressure, np.float32)
    return Labelling(time, MINI, field, prediction, labels)


def test_labels_and_prediction_are_those_of_their_times(monkeypatch):
    filled, outlined = [], []
    for name, seen in (("overlay", filled), ("add_outlines", outlined)):
        original = getattr(label_figures, name)

        def spy(axes, grid, mask, colour, *rest, original=original, seen=seen):
            seen.append((mask, colour))
            original(axes, grid, mask, colour, *rest)

        monkeypatch.setattr(label_figures, name, spy)
    times = [labelling("2001-01-02 12:00", 2), labelling("2001-02-03 00:00", 1)]
    figure = label_figures.draw_labels(times, "PSL", CLASSES, "Labels and prediction", "CGNet")
    words = words_of(figure)
    assert "Labels and prediction" in words and "CGNet" in words
    assert "2001-01-02 12:00 · 2 experts" in words and "2001-02-03 00:00 · 1 expert" in words
    assert "Sea level pressure (hPa)" in words and "AR, detected | TC, labelled" in words
    assert "expert 2" in words and "expert 3" not in words
    code, classes = CLASSES["AR"].code, len(CLASSES.features)
    rivers = [mask for mask, colour in filled if colour == line_colour(CLASSES["AR"])]
    for mask, one in zip(rivers, times, strict=True):
        np.testing.assert_array_equal(mask, one.prediction == code)
    assert len(outlined) == 3 * classes  # two experts, then one
    drawn = [(mask, colour) for mask, colour in outlined if mask.any()]
    experts = expert_colours(CLASSES, 2)
    for (mask, colour), (one, number) in zip(
        drawn, [(times[0], 0), (times[0], 1), (times[1], 0)], strict=True
    ):
        np.testing.assert_array_equal(mask, one.labels[number] == code)
        assert colour == experts[number]


def test_bars_of_importance_are_what_was_measured():
    lost = {"mean": 0.2, "low": 0.1, "high": 0.4}
    none = {"mean": None, "low": None, "high": None}
    measured = {
        "TMQ": {"Tropical Cyclone": lost, "Atmospheric River": none},
        "PSL": {"Tropical Cyclone": lost | {"mean": 0.3}, "Atmospheric River": none},
    }
    labels = ["Tropical Cyclone", "Atmospheric River"]
    figure = model_figures.draw_importance(measured, labels, "CGNet")
    words = words_of(figure)
    assert "Importance of each field" in words and "loss of IoU" in words
    assert "CGNet · each field shuffled among the test labels · bars: 95 % interval" in words
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.get_xticklabels()] == ["TMQ", "PSL"]
    assert [bar.get_height() for bar in axes.patches] == [0.2, 0.3]  # none of a class without score
    assert {to_rgb(bar.get_facecolor()[:3]) for bar in axes.patches} == {
        to_rgb(line_colour(CLASSES["TC"]))
    }
    whiskers = [line[:, 1] for one in axes.collections for line in one.get_segments()]
    np.testing.assert_allclose(whiskers, [[0.1, 0.4], [0.1, 0.4]])


def test_agreement_is_of_the_members_and_where_something_is_found(tmp_path, panels):
    """Two of three members wherever rivers are found, and nowhere else anything."""
    path = frequencies(tmp_path)
    with open_frequency(path) as frequency:
        found = np.where(frequency.per_cent("atmospheric_river") > 0, 200 / 3, np.nan)
        votes = SimpleNamespace(
            grid=frequency.grid, attributes={"members": "3"}, agreement=lambda _: found
        )
        figure = experiment_figures.draw_agreement(votes, CLASSES["AR"], "Control · 2001")
    words = words_of(figure)
    assert "Atmospheric rivers: agreement of the members of the ensemble" in words
    assert "% of 3 members" in words and "Control · 2001" in words
    np.testing.assert_array_equal(panels[-1][0].values, found)


def test_every_figure_that_a_script_draws_is_held_against_its_data():
    """What scripts import of the room of figures is called in these tests; films show snapshots."""
    imported = set()
    for script in SCRIPTS.glob("draw_*.py"):
        for names in re.findall(r"from stormtrace\.figures\.\w+ import (.+)", script.read_text()):
            imported |= set(re.findall(r"\bdraw_\w+", names))
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    # `draw_composite.py` is run as it is.
    missing = {name for name in imported if not re.search(rf"{name}\(", tests)}
    assert missing == {"draw_composites", "draw_split"}
    assert len(imported) == 14


def test_experts_have_colours_that_no_class_has():
    """CIEDE2000 of 20 or more between any two: nobody takes one for another."""
    experts = expert_colours(CLASSES, 4)
    colours = [*experts, *(line_colour(one) for one in CLASSES.features)]
    lab = rgb2lab(np.array([to_rgb(colour) for colour in colours]))
    apart = deltaE_ciede2000(lab[:, None], lab[None])
    assert apart[np.triu_indices(len(colours), 1)].min() > 20


def test_a_class_goes_by_one_name_in_scales_and_lines():
    """``AR`` is what results call it; an own class comes from the table of the study."""
    for one in ("AR", "ar", "Atmospheric River", "atmospheric_river", CLASSES["AR"]):
        assert line_colour(one) == line_colour(CLASSES["AR"])
        np.testing.assert_array_equal(
            sequential(9, one, "%").colours, sequential(9, CLASSES["AR"], "%").colours
        )
    with pytest.raises(BadInput, match="no class 'hail'"):
        sequential(9, "hail", "%")


@pytest.mark.filterwarnings("error:Glyph")
def test_for_print_titles_go_and_dots_come(tmp_path):
    """300 dots an inch on 7.2 inches; what the figure shows stays in the file, in words."""
    use_style(300)
    drawn = []
    for titles in (True, False):
        panel = Panel(MINI, np.full(MINI.shape, 20.0), "")
        scale = diverging(40, "kg m-2")
        figure = draw_panels([panel], scale, "Change", "Water", "Control", 1)
        Printing(titles).save(figure, tmp_path / str(titles))
        with Image.open(tmp_path / f"{titles}.png") as image:
            drawn.append(image.size)
            assert image.info["Description"] == "Water. Control. Change (kg m⁻²)"
            assert round(image.info["dpi"][0]) == 300
    use_style()
    assert drawn[0][0] == drawn[1][0] == 2160 and 80 < drawn[0][1] - drawn[1][1] < 140


def test_a_long_title_leaves_its_neighbours_alone():
    """Neither titles of panels nor lines under the title run over the edge or into each other."""
    long = "An experiment of which the title has no end and runs on and on into the next one " * 2
    panels = [Panel(MINI, np.full(MINI.shape, 20.0), long) for _ in range(2)]
    figure = draw_panels(panels, diverging(40, "%"), "Change", "Water", long * 2)
    canvas = FigureCanvasAgg(figure)
    boxes = [t.get_window_extent(canvas.get_renderer()) for t in figure.findobj(plt.Text)
             if t.get_text() and t.get_gid() in ("title", "panel")]  # fmt: skip
    assert len(boxes) > 4 and max(box.x1 for box in boxes) <= figure.bbox.x1
    for one, other in itertools.combinations(boxes, 2):
        assert not one.overlaps(other)
