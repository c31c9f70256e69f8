"""The page for those who do not see it, or have no mouse, or a small or a dark screen."""

import re

import numpy as np
import pytest
import yaml
from PIL import Image

from browser import open_browser
from make_reports import KINDS, TEMPLATES, experiment
from page_text import Text
from stormtrace.grids import make_grid
from stormtrace.report.charts import Bar, Line, bar_chart, heat_map, histogram, line_chart
from stormtrace.report.page import write_page
from stormtrace.report.page_maps import extremes

WINTER = (1, 1, *[0] * 9, 1)


def test_charts_say_what_they_show():
    line = Line("north", [1.0, None, 3.0, 2.0], "class-0")
    assert 'aria-label="north: from 1 (J) to 3 (M) %"' in line_chart(list("JFMA"), [line], "%")
    landfalls = line_chart(["30°", "35°"], [Line("AR", [999.0, 1234.0], "class-0")], "events")
    assert "AR: from 999 (30°) to 1234 (35°) events" in landfalls and "e+" not in landfalls
    bars = {"TMQ": [Bar("AR", "class-0", 0.3, 0.2, 0.4)]}
    assert 'aria-label="IoU lost; TMQ: AR 0.3"' in bar_chart(bars, "IoU lost")
    assert "most, 100 % of events, between" in histogram(np.array([2.0, 2.0]), "days", "class-0")
    months = np.zeros((2, 12))
    months[1, 2] = 7.0
    seen = "most, 7 %, in Mar at 40° latitude"
    assert f'aria-label="{seen}"' in heat_map(np.array([30.0, 40.0]), months, "%", "class-0")


def test_a_month_without_steps_is_no_zero_and_a_zero_is_not_one():
    """July has no steps: grey, and said so; no month has more than 0 %, let alone 1 %."""
    months = np.zeros((1, 12))
    months[0, 6] = np.nan
    drawn = heat_map(np.array([30.0]), months, "%", "class-0")
    assert "at most 0 %" in drawn and 'aria-label="0 % everywhere"' in drawn
    assert drawn.count("<rect") == 12 and drawn.count('class="missing"') == 1
    assert "Jul, 30.0°: no time steps" in drawn and "Jun, 30.0°: 0 %" in drawn


def test_a_part_of_a_year_is_told_from_whole_ones():
    line = Line("AR", [9.0, 5.0, 6.0], "class-0", in_part=["2000"])
    drawn = line_chart(["2000", "2001", "2002"], [line], "%")
    assert drawn.count('class="class-0 part"') == 1 and "AR, 2000, in part: 9 %" in drawn
    assert 'aria-label="AR: from 5 (2001) to 9 (2000, in part) %"' in drawn


def test_the_last_bar_of_a_histogram_has_no_end():
    """Of 200 storms 150 last 9 days, 49 one day and one 30 days: most are above 8, not below 9."""
    days = np.array([9.0] * 150 + [1.0] * 49 + [30.0])
    drawn = histogram(days, "days", "class-0")
    low = float(re.search(r"most, 76 % of events, above ([\d.]+) days", drawn)[1])
    assert low < 9 and f"{low:g}+ days: 75.5 %" in drawn


def test_maps_say_what_they_show():
    grid = make_grid({"nlat": 37, "nlon": 72})
    values = np.zeros(grid.shape)
    assert extremes(values, grid, "%") == "0 % everywhere"
    assert extremes(values * np.nan, grid, "%") == "no data"
    values[26, 50] = 8.0  # 40° N, 250° E
    assert extremes(values, grid, "%") == "most 8.00 % at 40°\u202fN, 110°\u202fW"
    values[8, 0] = -2.0
    assert extremes(values, grid, "%").startswith("least −2.00 % at 50°\u202fS, 0°\u202fE, most 8")


@pytest.mark.parametrize("name", ["five_classes", "region"])
def test_everything_drawn_has_a_name_and_the_configuration_is_yaml(name, tmp_path):
    configuration = {"run": ["control"], "datasets": {"a": {"period": "2000-2001", "title": "Ä"}}}
    report = KINDS[name](tmp_path) | {"configuration": configuration}
    figure = tmp_path / "ar-TMQ.png"
    Image.new("RGB", (2160, 900)).save(figure)
    report["experiments"][0]["images"] = [str(figure)]
    page = write_page(report, TEMPLATES, tmp_path)
    drawn = re.findall(r"<(?:svg|canvas)\b[^>]*>", page)
    assert len(drawn) > 5
    for one in drawn:
        assert re.search(r'aria-label="[^"]{8,}"', one), one
    assert re.search(r'<img [^>]*alt="ar TMQ" width="1300"', page)  # of a file that says nothing
    code = re.search(r"Configuration</summary><pre><code>(.*?)</code>", page, re.DOTALL)[1]
    assert yaml.safe_load(code) == configuration
    assert 'class="skip" href="#answers"' in page and "answers" in Text(page).ids


def test_keys_read_the_map_and_a_season_without_steps_is_not_zero(tmp_path):
    """The second experiment has winters alone: its JJA is hatched, and said to have no steps."""
    whole = experiment(tmp_path, "control")
    winter = experiment(tmp_path, "winter", months=WINTER)
    rivers = experiment(tmp_path, "rivers", ["atmospheric_river"])
    report = {"title": "Seasons", "experiments": [whole, winter, rivers]}
    (tmp_path / "report.html").write_text(write_page(report, TEMPLATES, tmp_path))
    with open_browser() as browser:
        browser.open(tmp_path / "report.html")
        browser.evaluate(CHOOSE)
        browser.wait("document.getElementById('badge-b').textContent.includes('no time steps')")
        assert browser.evaluate(HATCHED) > 1000
        browser.evaluate(PRESS)
        told = browser.evaluate("document.getElementById('readout').textContent")
        assert re.fullmatch(r"5\.0° N, 155\.0° W: A [\d.]+, B – % of time steps", told), told
        browser.evaluate(CHOOSE.replace("'winter'", "'rivers'"))
        browser.wait("document.getElementById('badge-b').textContent.includes('rivers')")
        told = browser.evaluate("document.getElementById('badge-b').textContent")
        assert told.endswith("The <rivers>: no map of this"), told  # which has steps in JJA
        browser.evaluate(CHOOSE)
        browser.wait("document.getElementById('badge-b').textContent.includes('winter')")
        divided = browser.evaluate("document.getElementById('divider').ariaValueText")
        assert (
            divided == "The <control> on the left 50 per cent of the map, The <winter> on the rest"
        )
        browser.open(tmp_path / "report.html", width=390)
        links = "[...document.querySelectorAll('nav a')].map(a => a.getBoundingClientRect().right)"
        assert max(browser.evaluate(links)) <= 390
        assert browser.complaints == []


CHOOSE = """(() => {
  for (const [id, value] of [['left', 'control'], ['right', 'winter'], ['period', 'JJA']]) {
    document.getElementById(id).value = value;
    document.getElementById(id).dispatchEvent(new Event('change'));
  }
})()"""
#: Pixels of the right half in the colour of what is missing.
HATCHED = """(() => {
  const c = document.getElementById('big'), w = c.width / 2 | 0;
  const hex = getComputedStyle(document.documentElement).getPropertyValue('--missing').trim();
  const wanted = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  const d = c.getContext('2d').getImageData(w, 0, w, c.height).data;
  let n = 0;
  for (let i = 0; i < d.length; i += 4) n += wanted.every((v, k) => d[i + k] === v);
  return n;
})()"""
PRESS = """(() => {
  const map = document.getElementById('big');
  for (const key of ['ArrowUp'])
    map.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
})()"""
