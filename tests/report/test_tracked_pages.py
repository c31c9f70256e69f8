"""A page of experiments that differ in tracking counts tracked events, and says so."""

import re

import pytest

from make_reports import TEMPLATES, experiment
from stormtrace.climate.comparison import compare_files
from stormtrace.climate.frequency import open_frequency
from stormtrace.report.headlines import mean_over
from stormtrace.report.page import write_page

AR = "atmospheric_river"


def page_of(folder, of, compared="masks"):
    one, two = (experiment(folder, name) for name in ("one", "two"))
    file = folder / "c.nc"
    compare_files(one["frequency"], two["frequency"], file, {}, of=compared)
    both = {"name": "c", "first": "one", "second": "two", "file": str(file), "of": compared}
    report = {"title": "T", "of": of, "experiments": [one, two], "comparisons": [both]}
    return one, write_page(report, TEMPLATES, folder)


@pytest.mark.parametrize(("of", "variable"), [("masks", "count"), ("events", "event_count")])
def test_tables_and_maps_count_the_same(tmp_path, of, variable):
    one, page = page_of(tmp_path, of)
    with open_frequency(one["frequency"]) as frequency:
        mean = mean_over(frequency.per_cent(AR, variable=variable), frequency.grid)
    assert f'data-label="AR mean, % of area">{mean:.2f}' in page
    assert ("of tracked events alone" in page) is (of == "events")
    title = "Frequency of tracked events" if of == "events" else "Frequency"
    assert f'"count":["{title}","% of time steps"]' in page


@pytest.mark.parametrize(
    ("of", "compared", "key"),
    [
        ("events", "events", "count"),
        ("events", "masks", "mask_count"),
        ("masks", "masks", "count"),
        ("masks", "events", "event_count"),
    ],
)
def test_a_comparison_names_what_it_counts(tmp_path, of, compared, key):
    _, page = page_of(tmp_path, of, compared)
    assert f'data-explore="one|two|{key}"' in page
    assert re.search(rf'"one\|{key}\|{AR}\|annual"', page)
    words = {"events": "frequency of tracked events", "masks": "frequency"}[compared]
    words += " of all detections" if key == "mask_count" else ""
    assert f"AR {words}, difference" in page
