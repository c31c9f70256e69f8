"""Reports of every kind of study: whatever is missing is said or absent, never a blank or a nan."""

import json
import re

import matplotlib.pyplot as plt
import netCDF4
import pytest

from make_reports import JANUARY, KINDS, PAIR, TEMPLATES, comparison, experiment, model
from page_text import Text, visible
from stormtrace.figures.comparison_figures import draw_comparison_figures
from stormtrace.formats.comparison_maps import read_comparison
from stormtrace.grids import make_grid
from stormtrace.report.experiments import figure_name
from stormtrace.report.page import write_page


@pytest.fixture(scope="module", params=KINDS)
def kind(request, tmp_path_factory):
    """(kind, folder, page's HTML) of each kind of report."""
    folder = tmp_path_factory.mktemp(request.param)
    report = KINDS[request.param](folder)
    page = write_page(report, TEMPLATES, folder)
    (folder / "report.html").write_text(page)
    return request.param, folder, page


def test_nothing_is_blank_or_undefined(kind):
    name, _, page = kind
    text = Text(page)
    assert text.empty == []
    assert len(set(text.ids)) == len(text.ids)
    assert {link[1:] for link in text.links if link.startswith("#")} <= set(text.ids)
    for wrong in (r"\bundefined\b", r"\bNone\b", r"\bnan\b", r"\bnull\b", r"\binf\b"):
        assert not re.search(wrong, " ".join(text.words), re.IGNORECASE), (name, wrong)
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])
    assert set(re.findall(r'data-map="([^"]+)"', page)) <= set(data["maps"])
    for attribute in re.findall(r' (?:d|x|y|height|width|cx|cy)="([^"]*)"', page):
        assert "nan" not in attribute and "inf" not in attribute


def test_a_browser_draws_it_in_all_themes_and_sizes(kind, browser, tmp_path):
    _, folder, _ = kind
    browser.complaints.clear()
    for dark, width in ((False, 1280), (True, 1280), (False, 390)):
        browser.open(folder / "report.html", width=width, dark=dark)
        browser.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        fits = "document.documentElement.scrollWidth <= window.innerWidth"
        assert browser.evaluate(fits), f"the page is wider than {width} pixels"
        browser.evaluate(
            "document.querySelectorAll('#feature button, #mode button').forEach(b => b.click())"
        )
        browser.screenshot(tmp_path / "page.png", whole=True)
        words = browser.evaluate("document.querySelector('main').innerText").split()
        assert not {"undefined", "NaN", "null"} & set(words)
    assert browser.complaints == []


def made(name, tmp_path):
    return visible(write_page(KINDS[name](tmp_path), TEMPLATES, tmp_path))


def test_one_map_is_what_was_detected_not_a_climate(tmp_path):
    text = made("one_map", tmp_path)
    assert "is one map (31 January 2017)" in text
    assert "One map has no events" in text
    assert "a year" not in text and "% of time" not in text
    assert "Not scored" in text


def test_two_days_tell_counts_not_rates(tmp_path):
    """Three events in two days are 548 a year, which nobody has seen."""
    text = made("short_record", tmp_path)
    assert "3 events in 2 days" in text
    assert "in 4 days" in text
    assert "a year" not in text.replace("not rates a year", "")
    assert "January 2000, 16 time steps in 2 days" in text
    assert "annual" not in text


def test_no_event_says_so(tmp_path):
    text = made("no_event", tmp_path)
    assert "No tropical cyclone was detected" in text
    assert "No atmospheric river was detected" in text
    assert "0 events in 20 days" in text


def test_detections_without_events_say_so(tmp_path):
    entry = experiment(tmp_path, "short-lived", months=JANUARY, years=[2000], steps=160, events=0)
    page = write_page({"title": "No event", "experiments": [entry]}, TEMPLATES, tmp_path)
    assert "No tropical cyclone was tracked, so" in visible(page)


def test_without_tracking_it_says_so(tmp_path):
    assert "Events were not tracked." in made("not_tracked", tmp_path)


def test_a_year_gives_rates_a_year(tmp_path):
    """Ten events in 12 · 244 steps, of which a year has 2920: 10 · 2920 / 2928 = 9.97 a year."""
    assert "9.97 events a year" in made("one_year", tmp_path)


def test_winters_give_counts_not_rates_a_year(tmp_path):
    """100 events in ten winters are ten a winter; in 900 days 40.6 a year, which nobody has seen.

    Against ten whole years with as many events they are no change by +306 %.
    """
    winter = (1, 1, *[0] * 9, 1)
    years = range(2000, 2010)
    whole = experiment(tmp_path, "whole", years=years, steps=240, events=100)
    part = experiment(tmp_path, "part", years=years, months=winter, steps=240, events=100)
    alone = visible(write_page({"title": "W", "experiments": [part]}, TEMPLATES, tmp_path))
    assert "100 events in 900 days" in alone and "annual" not in alone
    assert "The <part> has no time steps in MAM, JJA, SON (2000–2009, 7,200 time steps" in alone
    assert "a year" not in alone.replace("not rates a year", "")
    compared = comparison(tmp_path, whole, part)
    request = {"title": "W", "experiments": [whole, part], "comparisons": [compared]}
    both = visible(write_page(request, TEMPLATES, tmp_path)).replace("\u202f", " ")
    rate = 100 * 365 * 8 / (10 * 12 * 240)
    assert f"{rate:.1f} events a year → 100 events in 900 days" in both
    assert f"+{100 * 365 / 90 / rate / 10 - 100:.0f} %" not in both and "+300 %" not in both
    assert "unlike seasons (The <whole> DJF, MAM, JJA, SON; The <part> DJF)" in both


def test_an_experiment_without_steps_has_its_classes(tmp_path):
    whole = experiment(tmp_path, "whole")
    none = experiment(tmp_path, "none", months=[0] * 12, events=0)
    request = {"title": "None", "experiments": [whole, none]}
    text = visible(write_page(request, TEMPLATES, tmp_path))
    assert "not a class" not in text and "no time steps" in text
    assert "The record has 0 calendar months;" in text


def test_where_nothing_is_there_is_nothing_to_test(tmp_path):
    """Six years a side are enough, but neither has a river: no test, though not for want of years."""
    years = range(2000, 2006)
    pair = [experiment(tmp_path, one, years=years, factor=0, events=0) for one in ("one", "two")]
    compared = comparison(tmp_path, *pair)
    request = {"title": "Nothing", "experiments": pair, "comparisons": [compared]}
    text = visible(write_page(request, TEMPLATES, tmp_path))
    assert "Neither side has any: there is nothing to test." in text and "Too few" not in text
    drawn = dict(draw_comparison_figures(read_comparison(compared["file"]), "Nothing"))
    words = [text.get_text() for text in drawn["ar-difference"].texts]
    plt.close("all")
    assert "neither side has any: there is nothing to test" in words


def test_like_seasons_need_no_caution(tmp_path):
    assert "unlike seasons" not in made("one_class", tmp_path)


def test_years_of_which_there_is_less_are_told(tmp_path):
    """A record that begins in December: its first year is no whole one, on the page either."""
    entry = experiment(tmp_path, "begins", ["atmospheric_river"], years=range(2000, 2004))
    assert "in part" not in visible(
        write_page({"title": "P", "experiments": [entry]}, TEMPLATES, tmp_path)
    )
    with netCDF4.Dataset(entry["frequency"], "a") as nc:
        for variable in ("steps", "count", "event_count"):
            nc[variable][:11] = 0
    text = visible(write_page({"title": "P", "experiments": [entry]}, TEMPLATES, tmp_path))
    assert "grey: years in part" in text and "Atmospheric river, 2000, in part:" in text
    assert "2001, in part" not in text and "2003, in part" not in text


def test_every_class_has_its_name_and_colour(tmp_path):
    page = write_page(KINDS["five_classes"](tmp_path), TEMPLATES, tmp_path)
    text = visible(page)
    for short, plural in (("CF", "Cold fronts"), ("DL", "Dry lines")):
        assert short in text and plural in text
    colours = re.findall(r"--class-\d: (#\w{6});", page)
    assert len(colours) == 10 and len(set(colours)) == 10
    assert "cyclone" not in text.lower() and "river" not in text.lower()


def test_a_class_that_an_experiment_lacks_is_named(tmp_path):
    text = made("unlike_classes", tmp_path)
    assert "not a class of this experiment" in text


def test_a_part_of_the_globe_is_no_change_of_it(tmp_path):
    """A box has fewer events than the globe, and other means, as it is smaller: no percentages.

    The class is there in 30 % of the steps between 5° and 65° on both, so that is the mean over the
    box; the globe's own is 30 % · (sin 65° - sin 5°) = 24.6 %.
    """
    globe = experiment(tmp_path, "globe", years=[2000], events=20, classes=PAIR[:1])
    box = make_grid({"box": [180, 255, 10, 30], "step": 2.5})
    part = experiment(tmp_path, "part", years=[2000], events=2, classes=PAIR[:1], grid=box)
    compared = comparison(tmp_path, globe, part)
    request = {"title": "Parts", "experiments": [globe, part], "comparisons": [compared]}
    text = visible(write_page(request, TEMPLATES, tmp_path))
    assert "of the common area" in text and "hatched: outside the grid" in text
    before, after = map(float, re.search(r"([\d.]+) → ([\d.]+) % of the common", text).groups())
    assert before == pytest.approx(after, rel=0.05) and before == pytest.approx(30, rel=0.02)
    assert not re.search(r"−\d+ ?%", text) and "Small percentages" not in text
    assert re.search(r"cover [\d.]+ % of the globe", text)


@pytest.mark.parametrize("kind", ["PDF", "PNG"])
def test_figures_are_linked_as_they_were_drawn_for_print(tmp_path, kind):
    """As PDF where there is any, as PNG where the study wants no PDF; no link leads nowhere."""
    formats = {"png", kind.lower()}
    one = experiment(tmp_path, "one")
    drawn = ["figures/one/ar-both", "figures/one/tc-lines", "figures/net-training"]
    for name in drawn:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        for suffix in formats:
            (tmp_path / f"{name}.{suffix}").touch()
    one["figures"] = str(tmp_path / "figures" / "one")
    net = model(tmp_path, PAIR) | {"figures": [str(tmp_path / "figures" / "net-training.png")]}
    request = {"title": "T", "experiments": [one], "models": [net], "sensitivity": one["figures"]}
    page = write_page(request, TEMPLATES, tmp_path)
    linked = [link for link in Text(page).links if link.startswith("figures/")]
    expected = [f"{name}.{kind.lower()}" for name in drawn]
    assert sorted(linked) == sorted([*expected, *expected[:2]])  # those of all side by side, too
    words = visible(page)
    assert f"All experiments side by side, {kind} AR, both maps TC, lines" in words
    other = {"PDF": "PNG", "PNG": "PDF"}[kind]
    assert f"{kind} AR, both maps" in words and other not in words


def test_links_have_the_short_names_of_classes():
    assert figure_name("river-frequency", {"river": "River"}) == "River, frequency"
    assert figure_name("ar-both", {"ar": "AR"}) == "AR, both maps"
    assert figure_name("loss-history", {"ar": "AR"}) == "loss history"
