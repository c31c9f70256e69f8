"""Blank and nearly blank masks are told, in frequency.nc, in the log and at the page's head."""

import netCDF4
import numpy as np
import pytest

from make_reports import TEMPLATES, experiment
from make_results import MINI, write_frequency
from stormtrace.climate.frequency import open_frequency
from stormtrace.report.page import write_page


def counts_of(rows, value):
    """Rivers (the second class) in `value` of 100 steps of each month over the first rows."""
    counts = np.zeros((12, 2, *MINI.shape), np.int16)
    counts[:, 1, rows] = value
    return {2001: counts}


# Zones of 10°: of 19 rows the ones at 0° and ±10° have (sin 15° - sin -15°) / 2 = 25.88 % of the
# sphere; in 2 of 100 steps that is .518 % of the globe at a time, in 40 it is 10.4 %.
@pytest.mark.parametrize(
    ("value", "told"),
    [
        (2, "rivers cover 0.52 % of the globe"),
        (40, ""),
        (0, "no mask has atmospheric rivers, which"),
    ],
)
def test_masks_with_hardly_a_river_are_doubted(tmp_path, caplog, value, told):
    path = write_frequency(tmp_path / "f.nc", counts_of(slice(8, 11), value))
    with open_frequency(path) as frequency:
        doubts = frequency.attributes["doubts"]
    assert told in doubts and told in caplog.text
    assert bool(doubts) is bool(told)


def test_blank_masks_are_counted_over_all_years(tmp_path, monkeypatch):
    """2 years x 12 months x 100 steps; 700 of the 1,200 of each year are blank, 58 %."""
    import make_results

    made = make_results.Counts
    monkeypatch.setattr(
        make_results,
        "Counts",
        lambda *args: made(*args[:6], args[6] | {"blank_steps": 700, "doubts": "a\nb"}, *args[7:]),
    )
    zero = counts_of(slice(8, 11), 40)[2001]
    path = write_frequency(tmp_path / "f.nc", {2001: zero, 2002: zero})
    with netCDF4.Dataset(path) as nc:
        assert nc.blank_steps == 1400
        first, second, third = nc.doubts.split("\n")
    assert (first, second) == ("a", "b")
    assert third.startswith("1400 of 2400 masks are blank")


def test_doubts_stand_at_the_head_of_the_page(tmp_path):
    one = experiment(tmp_path, "faint", factor=0.01, events=None)
    two = experiment(tmp_path, "plain", events=None)
    report = {"title": "T", "experiments": [two, one]}
    page = write_page(report, TEMPLATES, tmp_path)
    head = page[: page.index('id="answers"')]
    assert "masks are nearly blank" in head and "The &lt;faint&gt;" in head
    assert "The &lt;plain&gt;" not in head
    alone = write_page({"title": "T", "experiments": [two]}, TEMPLATES, tmp_path)
    assert "Before you trust" not in alone
