"""Every drawn figure is held against the data it was drawn from: title, units, period, values."""

import argparse
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

from make_results import MINI, dates_between, write_frequency, write_masks, write_samples
from stormtrace.climate.composites import compose_fields
from stormtrace.climate.frequency import open_frequency
from stormtrace.figures import experiment_figures, sensitivity_figures
from stormtrace.figures.colours import diverging
from stormtrace.figures.panels import Panel, why_empty
from stormtrace.formats.masks import open_masks

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
    alone = argparse.Namespace(**{**vars(args), "second": []})
    assert {name.rsplit("-", 1)[1] for name, _ in drawn(alone)} == {"composite", "share"}


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
