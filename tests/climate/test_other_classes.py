"""Classes go by their names, from counts to figures: other orders, one class, five classes."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.text import Text

from make_results import MINI, dates_between, write_frequency, write_masks
from stormtrace import results
from stormtrace.climate.all_years import compute_frequency
from stormtrace.climate.comparison import compare_files
from stormtrace.climate.counting import count_masks
from stormtrace.climate.frequency import open_frequency
from stormtrace.errors import BadInput
from stormtrace.figures.comparison_figures import draw_comparison_figures
from stormtrace.figures.experiment_figures import draw_frequency_figures
from stormtrace.figures.sensitivity_figures import draw_sensitivity, read_whole_record

USUAL = ("Tropical Cyclone", "Atmospheric River")
TURNED = ("Atmospheric River", "Tropical Cyclone")
FRONTS = ("Cold Front", "Warm Front", "Stationary Front", "Occluded Front", "Dry Line")
YEARS = range(2000, 2006)


def frequency(path, classes, per_cent):
    """Write a frequency file in which each class is everywhere: name -> per cent of steps."""
    counts = np.stack([np.full(MINI.shape, per_cent[name], np.int16) for name in classes])
    years = {year: np.broadcast_to(counts, (12, *counts.shape)) for year in YEARS}
    return write_frequency(path, years, classes=classes)


def names_of(figures):
    """Names of figures, each closed when it is drawn."""
    names = set()
    for name, figure in figures:
        plt.close(figure)
        names.add(name)
    return names


def test_masks_are_counted_under_the_names_of_their_flags(tmp_path):
    """Code 1 is the river here: at every step; code 2, the cyclone, at one of four."""
    dates = dates_between((2001, 4, 1), (2001, 5, 1), "noleap")

    def mask_of(step, _date):
        mask = np.zeros(MINI.shape, np.int8)
        mask[5, 7], mask[8, 8] = 1, 2 * (step % 4 == 0)
        return mask

    counts = count_masks(write_masks(tmp_path / "m.nc", 2001, dates, mask_of, classes=TURNED))
    river, cyclone = counts.classes["AR"], counts.classes["TC"]
    assert (river.code, cyclone.code) == (1, 2)
    by_code = dict(zip(counts.classes.codes, counts.fields["count"][3], strict=True))
    assert by_code[river.code][5, 7] == 240
    assert by_code[cyclone.code][8, 8] == 60


def test_experiments_with_labels_in_another_order_are_compared_by_name(tmp_path):
    usual = frequency(tmp_path / "a.nc", USUAL, {"Tropical Cyclone": 2, "Atmospheric River": 20})
    turned = frequency(tmp_path / "b.nc", TURNED, {"Tropical Cyclone": 3, "Atmospheric River": 50})
    comparison = compare_files(usual, turned, tmp_path / "c.nc", {})
    assert (comparison.get("difference", "AR", "annual") == 30).all()
    assert (comparison.get("difference", "TC", "annual") == 1).all()
    opened = results.open_comparison(tmp_path / "c.nc")
    assert float(opened.difference.sel(feature="AR", period="DJF").mean()) == 30
    both = {name: read_whole_record(path) for name, path in (("a", usual), ("b", turned))}
    names = [name for name, _ in draw_sensitivity(both, "")]
    assert names == ["tc-frequency", "tc-differences", "ar-frequency", "ar-differences"]


def test_classes_of_one_side_alone_are_left_out(tmp_path, caplog):
    first = frequency(tmp_path / "a.nc", ("Atmospheric River",), {"Atmospheric River": 20})
    second = frequency(tmp_path / "b.nc", USUAL, {"Tropical Cyclone": 3, "Atmospheric River": 25})
    for pair in ((first, second), (second, first)):
        caplog.clear()
        comparison = compare_files(*pair, tmp_path / "c.nc", {})
        assert comparison.classes.flags == ("atmospheric_river",)
        assert "not compared: tropical_cyclone" in caplog.text
    other = frequency(tmp_path / "f.nc", ("Cold Front",), {"Cold Front": 1})
    with pytest.raises(BadInput, match=r"no class in common.*cold_front"):
        compare_files(first, other, tmp_path / "c.nc", {})
    with pytest.raises(BadInput, match="there is no class 'Fog'"), open_frequency(first) as opened:
        opened.per_cent("Fog")


@pytest.mark.parametrize("classes", [("Atmospheric River",), FRONTS], ids=["one", "five"])
def test_any_number_of_classes_is_drawn_under_its_own_names(tmp_path, classes):
    made = frequency(tmp_path / "a.nc", classes, {name: 5 + i for i, name in enumerate(classes)})
    with open_frequency(made) as opened:
        keys = [feature.key for feature in opened.classes.features]
        drawn = names_of(draw_frequency_figures(opened, "Made", {}))
    assert drawn == {f"{key}-{kind}" for key in keys for kind in ("frequency", "seasons")}
    comparison = compare_files(made, made, tmp_path / "c.nc", {})
    names = names_of(draw_comparison_figures(comparison, "Made"))
    assert {name.split("-")[0] for name in names} == set(keys)
    features = results.open_frequency(made)
    assert features.feature.values.tolist() == [key.upper() for key in keys]
    assert features.frequency.sel(
        period="annual", feature=keys[-1].upper()
    ).mean() == pytest.approx(4 + len(classes))


def test_figures_of_a_comparison_say_the_titles_of_its_experiments(tmp_path):
    made = frequency(tmp_path / "a.nc", TURNED, {"Tropical Cyclone": 3, "Atmospheric River": 50})
    comparison = compare_files(made, made, tmp_path / "c.nc", {})
    titles = {"first": "Today's climate", "second": "Warmer by two degrees"}
    for _, figure in draw_comparison_figures(comparison, "Warming", titles):
        words = " ".join(text.get_text() for text in figure.findobj(Text))
        plt.close(figure)
        assert all(title in words for title in titles.values())
        assert "made" not in words.split()  # the experiment's name


def test_the_studys_short_names_stay_with_the_file(tmp_path):
    """A class the library does not know: its short name is in the file, not its initials."""
    table = {"Cold Core Low": {"short": "Low", "colours": ["#123456"]}}
    dates = dates_between((2001, 4, 1), (2001, 4, 2), "noleap")
    masks = write_masks(
        tmp_path / "m.nc", 2001, dates, lambda *_: np.ones(MINI.shape, np.int8),
        classes=("Cold Core Low",),
    )  # fmt: skip
    compute_frequency([masks], tmp_path / "f.nc", {}, table=table)
    assert results.open_frequency(tmp_path / "f.nc").feature.values.tolist() == ["Low"]
    with open_frequency(tmp_path / "f.nc", {"Cold Core Low": {"short": "CCLow"}}) as opened:
        assert opened.classes.features[0].short == "CCLow"
