"""A map of density is not drawn from single events, and says how many it is drawn from."""

import pytest

from make_reports import TEMPLATES, experiment
from stormtrace.report.page import write_page


@pytest.mark.parametrize("number", [1, 9, 10, 23])
def test_density_says_of_how_many_events_or_is_not_drawn(tmp_path, number):
    one = experiment(tmp_path, "one", years=[2000], events=number)
    page = write_page({"title": "T", "experiments": [one]}, TEMPLATES, tmp_path)
    if number < 10:
        assert "one|genesis|atmospheric_river|annual" not in page
        words = "1 atmospheric river:" if number == 1 else f"{number} atmospheric rivers:"
        assert f"{words} too few for a map of density" in page
    else:
        assert f"AR genesis density ({number} events, smoothed over 400 km)" in page
        assert "too few for a map" not in page
