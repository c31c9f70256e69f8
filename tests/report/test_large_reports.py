"""A report of 300 experiments: small enough to send, short enough to read, and quick to open."""

import time

import pytest

from make_reports import TEMPLATES, comparison, experiment
from page_text import Text, visible
from stormtrace.grids import make_grid
from stormtrace.report.page import write_page
from stormtrace.report.page_maps import DETAILED

MANY = 300
GRID = make_grid({"nlat": 61, "nlon": 96})  # the coarsest that maps of a page are reduced to


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """(the page of 300 experiments, the CPU seconds it took); its entries share three results."""
    folder = tmp_path_factory.mktemp("large")
    years = {"years": [2000, 2001, 2002], "grid": GRID}
    made = [experiment(folder, name, factor=k, **years) for name, k in (("a", 1), ("b", 0.9))]
    names = [f"experiment-{number:03d}" for number in range(MANY)]
    entries = [
        made[number % 2]
        | {"name": name, "title": f"Events of at least {number} hours, one of {MANY} experiments"}
        for number, name in enumerate(names)
    ]
    compared = comparison(folder, *made)
    request = {
        "title": "Three hundred experiments",
        "experiments": entries,
        "comparisons": [
            compared | {"name": f"{name}-difference", "first": names[0], "second": name}
            for name in names[1::10]
        ],
        "regions": {f"box {i}": [30 * i, 30 * i + 20, 10, 20] for i in range(12)},
    }
    begun = time.process_time()
    page = folder / "report.html"
    page.write_text(write_page(request, TEMPLATES, folder), encoding="utf-8")
    return page, time.process_time() - begun


def test_it_is_a_file_to_send_and_made_in_a_minute(large):
    """5.8 MB in half a minute, charts with their words; with all its maps it was 30 MB."""
    page, seconds = large
    assert page.stat().st_size < 6e6
    assert seconds < 60


def test_every_experiment_is_there_with_its_numbers_and_a_map(large):
    page = large[0].read_text(encoding="utf-8")
    text = Text(page)
    assert text.empty == [] and len(set(text.ids)) == len(text.ids)
    assert {link[1:] for link in text.links if link.startswith("#")} <= set(text.ids)
    for number in (0, 150, 299):
        assert f"experiment-experiment-{number:03d}" in text.ids
        assert page.count(f'data-map="experiment-{number:03d}|count|') == 2
    words = visible(page)
    assert words.count(f"Of more than {DETAILED} experiments the first") == MANY - DETAILED
    assert words.count("TC max, %") >= MANY  # regions of each


@pytest.mark.parametrize("width", [1280, 390])
def test_a_browser_opens_it_and_finds_an_experiment(large, browser, width, tmp_path):
    """Lists scroll by themselves, so that the page is a few screens long and not a hundred."""
    browser.complaints.clear()
    browser.open(large[0], width=width)
    assert browser.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert browser.evaluate("document.documentElement.scrollHeight") < 8000
    for side in ("left", "right"):
        box = f"document.getElementById('{side}').getBoundingClientRect()"
        assert browser.evaluate(f"{box}.right") <= width
    assert browser.evaluate("document.getElementById('left').options.length") == MANY
    browser.evaluate(
        "const f = document.getElementById('find'); f.value = 'LEAST 17 hours';"
        "f.dispatchEvent(new Event('input'))"
    )
    assert browser.evaluate("document.getElementById('found').textContent") == "1 experiment"
    rows = "[...document.querySelectorAll('tr[data-name]')].filter(r => !r.hidden).length"
    assert browser.evaluate(rows) == 1
    browser.evaluate("document.getElementById('experiment-experiment-017').open = true")
    drawn = "document.querySelectorAll('#experiment-experiment-017 canvas[data-drawn]').length"
    browser.wait(f"{drawn} === 2")
    browser.screenshot(tmp_path / "page.png")
    assert browser.complaints == []
