"""The methods of an experiment: every choice with its value, defaults resolved."""

import json

import netCDF4
import pytest

from make_reports import TEMPLATES, experiment
from stormtrace.report.methods import often
from stormtrace.report.page import write_page

STATISTICS = {"TMQ": [19.25, 15.5], "PSL": [100978.7, 990.4]}


def test_facts_resolve_defaults_and_differences_are_marked(tmp_path):
    one, two = (
        experiment(tmp_path, name)
        | {"model_source": "published weights, w", "regridding": "bilinear"}
        for name in ("one", "two")
    )
    two["tracking"] = {"rule": "climatenet", "minimum_hours": {"AR": 24}}
    with netCDF4.Dataset(one["frequency"], "a") as nc:
        nc.statistics = json.dumps(STATISTICS)
    page = write_page({"title": "T", "experiments": [one, two]}, TEMPLATES, tmp_path)
    first, second = page.split('id="experiment-two"')
    graph = "rule graph; smallest area, km²: 200,000; fewest cells: 1; shortest life, h: 12;"
    assert f"{graph} least overlap: 0.1; longest gap: 6 h; 8 neighbours" in first
    assert "TMQ 19.25, 15.5; PSL 100979, 990.4" in first
    assert "Atmospheric rivers were" not in first
    assert (
        "tropical cyclones and atmospheric rivers were detected with the network net (published"
        in (first[0].lower() + first).replace("Tropical", "tropical")
    )
    assert "Detections were linked by overlap along main branches (rule graph;" in first
    published = (
        "rule climatenet; smallest area, km²: 0; fewest cells: 250; shortest life, h: TC 12, AR 24"
    )
    assert published in second and "rows touch over the poles" in second
    assert 'class="differs"' in second and 'class="differs"' not in first


@pytest.mark.parametrize(
    ("hours", "words"), [(1, "hourly"), (3.0, "3-hourly"), (24.0, "daily"), (0.5, "0.5-hourly")]
)
def test_steps_are_named_as_people_do(hours, words):
    assert often(hours) == words
