import base64
import json
import re
from pathlib import Path

import numpy as np
import pytest

from browser import open_browser
from make_results import MINI, write_events, write_frequency
from page_text import visible
from script_runs import run_forked
from stormtrace.climate.comparison import compare_files
from stormtrace.errors import BadInput
from stormtrace.formats.regional_differences import read_regional
from stormtrace.grids import make_grid
from stormtrace.report.charts import Bar, Line, bar_chart, histogram, line_chart
from stormtrace.report.formatting import change, number, place
from stormtrace.report.headlines import region_mean
from stormtrace.report.packing import pack, pack_bits, unpack
from stormtrace.report.page import write_page
from stormtrace.report.raster import choose_view

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "workflow" / "report"


def test_packing_keeps_values_to_a_step_and_missing_ones_missing():
    values = np.random.default_rng(0).uniform(-40, 40, MINI.shape)
    values[3, 4] = np.nan
    packed = pack(values)
    again = unpack(packed, MINI.shape)
    assert packed["step"] <= 40 / 1000
    np.testing.assert_allclose(again, values, atol=packed["step"] / 2 * 1.0001)


def test_bits_are_in_the_order_the_page_reads():
    import zlib

    flags = np.zeros((2, 5), bool)
    flags.flat[[0, 3, 9]] = True
    raw = zlib.decompress(base64.b64decode(pack_bits(flags)))
    assert [raw[i >> 3] >> (i & 7) & 1 for i in range(10)] == flags.ravel().tolist()


def test_large_studies_get_a_coarser_grid():
    big = make_grid({"nlat": 768, "nlon": 1152})
    assert choose_view([MINI], 100).grid is MINI
    few, many = choose_view([big], 20).grid, choose_view([big], 200).grid
    assert few.shape == (181, 288)
    assert many.shape[0] < few.shape[0]


def test_numbers_as_people_write_them():
    assert number(1234.5) == "1,234"
    assert number(0.034567) == "0.0346"
    assert number(-2.0) == "−2.00"
    assert number(None) == number(float("nan")) == "–"
    assert change(1.2, 1.0) == "+20\u202f%"
    assert change(0.999, 1.0) == "±0\u202f%"
    assert change(1.0, None) == ""
    assert place(-41.2, 200.0) == "41°\u202fS, 160°\u202fW"


def test_region_means_go_over_the_date_line():
    values = np.zeros(MINI.shape)
    values[:, (MINI.lon >= 350) | (MINI.lon <= 10)] = 1.0
    assert region_mean(values, MINI, [-10, 10, -30, 30]) == (1.0, 1.0)
    assert region_mean(values, MINI, [340, 350, -30, 30])[0] == pytest.approx(0.5)


def test_a_bar_reaches_from_zero_to_its_value_and_its_whisker_over_the_interval():
    """Without gains below zero the axis begins at 0, at the bottom of the frame; a bar twice as
    large is twice as high, and a whisker from 0 to the value is as long as the bar."""
    chart = bar_chart(
        {
            "TMQ": [Bar("TC", "class-0", 0.1, 0.0, 0.1)],
            "V850": [Bar("TC", "class-0", 0.2, 0.1, 0.3)],
        },
        "lost",
    )
    first, second = (float(h) for h in re.findall(r'<rect [^>]*height="([\d.]+)"', chart))
    assert second == pytest.approx(2 * first, abs=0.2)
    whiskers = re.findall(r'class="whisker" [^>]*y1="([\d.]+)" y2="([\d.]+)"', chart)
    assert float(whiskers[0][0]) - float(whiskers[0][1]) == pytest.approx(first, abs=0.2)
    assert "TC, V850: 0.2 (0.1 to 0.3) lost" in chart


def test_charts_break_where_nothing_is_known():
    svg = line_chart(list("abcd"), [Line("l", [1.0, None, 3.0, 4.0], "ar")], "%")
    path = re.search(r'class="line ar" d="([^"]+)"', svg).group(1)
    assert path.count("M") == 2
    assert svg.count("<circle") == 3
    bars = re.findall(r": ([\d.]+) %", histogram(np.arange(100.0), "km", "tc"))
    assert sum(map(float, bars)) == pytest.approx(100, abs=0.5)


def test_an_axis_of_per_cent_ends_at_100():
    """Values up to 100 % have a tick at 100 and none beyond; other units go on to the next tick."""
    for units, last in (("% of time steps", 100), ("events", 125)):
        svg = line_chart(list("ab"), [Line("l", [20.0, 100.0], "class-0")], units)
        ticks = [float(t) for t in re.findall(r'class="side"[^>]*>([\d.]+)<', svg)]
        assert max(ticks) == last


def test_the_zero_of_an_axis_is_zero():
    """−0.8 and four times 0.2 is −2.2e-16, which stood on the axis of a decomposition."""
    for low, high in ((-0.77, 0.0), (-0.3, 0.1), (-1e-3, 7e-4)):
        svg = line_chart(list("ab"), [Line("l", [low, high], "class-0")], "percentage points")
        ticks = re.findall(r'class="side"[^>]*>([^<]+)<', svg)
        assert "0" in ticks and all(len(tick) <= 8 for tick in ticks), ticks
        values = [float(tick) for tick in ticks]
        assert values[0] <= low and values[-1] >= high
        np.testing.assert_allclose(np.diff(values), values[-1] - values[-2], rtol=1e-4)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A small study: two experiments, one comparison, one model; returns the report's JSON."""
    folder = tmp_path_factory.mktemp("results")
    grid = make_grid({"nlat": 37, "nlon": 72})
    lat = np.abs(grid.lat)[:, None] * np.ones(grid.shape)
    share = np.stack([0.02 * (lat < 25), 0.2 * (lat > 30) * (lat < 60)])
    experiments = []
    for name, factor in (("control", 1.0), ("warmer", 1.5)):
        rng = np.random.default_rng(len(name))
        counts = {
            y: rng.binomial(200, share * factor, (12, *share.shape)) for y in range(2000, 2006)
        }
        file = folder / "frequency" / name / "frequency.nc"
        file.parent.mkdir(parents=True)
        write_frequency(file, counts, 200, grid, name, events=True)
        events = write_events(folder / "events" / name)
        experiments.append(
            {"name": name, "title": f"The <{name}>", "frequency": str(file), "events": str(events)}
        )
    compared = folder / "warming.nc"
    sides, table = [one["frequency"] for one in experiments], folder / "warming.csv"
    boxes = {"Pacific": [170, -120, 0, 60]}
    compare_files(*sides, compared, {}, None, table, regions=boxes)
    iou = {"Background": 0.9, "Tropical Cyclone": 0.3, "Atmospheric River": None}
    scores = {"files": 2, "times": 1, "iou": iou, "mean_iou": 0.6}
    (folder / "scores.json").write_text(json.dumps(scores))
    (folder / "history.csv").write_text(
        "epoch,train_loss,validation_iou_background\n0,1,0.5\n1,,0.6\n"
    )
    report = {
        "title": "A study of </script> two",
        "experiments": experiments,
        "comparisons": [
            {"name": "warming", "first": "control", "second": "warmer"}
            | {"file": str(compared), "table": str(table)}
        ],
        "models": [
            {
                "name": "net",
                "fields": ["TMQ"],
                "scores": str(folder / "scores.json"),
                "history": str(folder / "history.csv"),
            }
        ],
        "regions": boxes,
        "configuration": {"run": ["control"]},
    }
    (folder / "report.json").write_text(json.dumps(report))
    flags = ["--report", f"@{folder / 'report.json'}", "--output", str(folder / "report.html")]
    run_forked("write_report", *flags)
    return folder


def test_a_comparison_has_means_of_regions_with_intervals(results):
    """As the table has them, which is linked; of the whole grid there are other lines."""
    (row,) = (
        one
        for one in read_regional(results / "warming.csv")
        if (one.feature, one.period, one.region) == ("AR", "annual", "Pacific")
    )
    words = visible((results / "report.html").read_text())
    values = [number(one) for one in (row.first, row.second, row.difference, row.low)]
    expected = " ".join(["Pacific: AR frequency, % of time steps", *values, "to"])
    assert expected in words and "all: AR" not in words
    assert 'href="warming.csv"' in (results / "report.html").read_text()


def test_the_page_is_self_contained_and_small(results):
    text = (results / "report.html").read_text()
    assert len(text) < 6e6
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', text)
    assert "The &lt;control&gt;" in text
    links = set(re.findall(r'href="([^"#][^"]*)"', text)) - {"data:,"}
    assert links
    for link in links:
        assert (results / link).exists(), link


def test_the_page_says_what_the_files_say(results):
    """ARs: 20 % of the time in rows from 35 to 55 degrees of both hemispheres (edges 32.5, 57.5).

    Their share of the sphere is sin 57.5 − sin 32.5 = 0.306: a mean of 6.12 %.
    """
    text = (results / "report.html").read_text()
    mean = re.search(r'AR mean, % of area">([\d.]+)', text).group(1)
    assert float(mean) == pytest.approx(6.12, abs=0.03)
    assert "+50\u202f%" in text or "+49\u202f%" in text


def test_a_browser_shows_it_without_complaint(results, tmp_path):
    with open_browser() as browser:
        page = results / "report.html"
        browser.open(page)
        for mode in ("one", "flip", "flip", "difference", "swipe"):
            browser.evaluate(f"document.querySelector('#mode [data-value={mode}]').click()")
            browser.wait(f"document.getElementById('big').dataset.mode === '{mode}'")
        colours = browser.evaluate(COLOURS)
        assert colours > 3
        browser.evaluate("document.getElementById('theme').click()")
        browser.wait("document.documentElement.dataset.theme === 'dark'")
        browser.evaluate(POINT)
        told = browser.evaluate("document.getElementById('tip').textContent")
        values = [float(v) for v in re.findall(r" (\d[\d.]*) ·", told)]
        assert values == pytest.approx([20, 30], rel=0.1), told  # in the band of ARs, A and B
        browser.evaluate("document.querySelector('[data-explore]').click()")
        browser.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        browser.evaluate("document.querySelectorAll('canvas').forEach(c => c.scrollIntoView())")
        for dark, width in ((True, 1280), (False, 390)):
            browser.open(page, width=width, dark=dark)
            fits = "document.documentElement.scrollWidth <= window.innerWidth"
            assert browser.evaluate(fits), f"the page is wider than {width} pixels"
            browser.screenshot(tmp_path / "page.png")
            assert (tmp_path / "page.png").stat().st_size > 20_000
        assert browser.complaints == []
        assert {url.split(":")[0] for url in browser.requests} <= {"file", "data", "blob"}


#: How many colours the big map shows.
COLOURS = """(() => {
  const c = document.getElementById('big'), seen = new Set();
  const d = c.getContext('2d').getImageData(0, c.height / 4, c.width, 1).data;
  for (let i = 0; i < d.length; i += 4) seen.add(d[i] + ',' + d[i + 1] + ',' + d[i + 2]);
  return seen.size;
})()"""
POINT = """(() => {
  const c = document.getElementById('big'), b = c.getBoundingClientRect();
  c.dispatchEvent(new PointerEvent('pointermove',
    {clientX: b.left + b.width / 2, clientY: b.top + b.height / 5, bubbles: true}));
})()"""


def test_a_region_without_a_cell_is_not_passed_over_in_silence(results, caplog):
    report = json.loads((results / "report.json").read_text())
    write_page(report, TEMPLATES, results)
    assert "regions." not in caplog.text
    boxes = report["regions"] | {"Between cells": [1, 4, 1, 4]}
    write_page(report | {"regions": boxes}, TEMPLATES, results)
    assert "regions.Between cells (1, 4, 1, 4) has no cell of the grid of any exp" in caplog.text


def test_a_report_that_cannot_be_is_refused(results):
    report = json.loads((results / "report.json").read_text())
    with pytest.raises(BadInput, match="title"):
        write_page(report | {"title": ""}, TEMPLATES, results)
    wrong = {**report["comparisons"][0], "second": "colder"}
    with pytest.raises(BadInput, match="'colder'"):
        write_page(report | {"comparisons": [wrong]}, TEMPLATES, results)
