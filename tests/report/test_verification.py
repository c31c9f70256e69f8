"""The section `Are they right?`: the numbers of a verification file, in words and rows."""

import re

from PIL import Image

from make_reports import TEMPLATES, experiment
from page_text import visible
from stormtrace.formats.json_files import write_json
from stormtrace.grids.basins import TC_BASINS
from stormtrace.report.page import write_page

SCORES = {
    "points": 200, "hits": 150, "pod": 0.75, "pod_interval": [0.7, 0.8],
    "storms": 20, "storms_found": 18,
    "position_error_km": 91.5, "position_error_median_km": 80.0,
    "position_error_interval": [85.0, 99.0],
    "detections": 210, "beside": 10, "false": 50, "far": 0.25, "far_interval": [0.2, 0.3],
    "events": 30, "events_false": 5,
}  # fmt: skip
LEADS = {"leads": 15, "lead_median_h": 12.0, "lead_interval": [6.0, 18.0]}
RATE = {"a_year": 80.0, "interval": [75.0, 85.0]}
CLIMATE = {
    "years": 10.0,
    "months": list(range(1, 13)),
    "all": RATE | {"months": [80 / 12] * 12},
    "basins": {name: RATE | {"months": [1.0] * 12} for name in TC_BASINS},
}


def verified(folder, **more):
    """Write a verification file and return where it and its picture are."""
    content = {
        "class": "tropical_cyclone",
        "radius_km": 300.0,
        "minimum_wind": 17.5,
        "observations": {"file": "ibtracs.csv", "agency": "usa"},
        "tracks": {"radius_deg": 5.0, "correlation": 0.83, "ratio": 1.25, "significant": 0.4},
        "climatology": {
            "detected": CLIMATE,
            "observed": CLIMATE | {"first_year": 1990, "last_year": 1999},
        },
    }
    write_json(folder / "verification.json", content | more)
    Image.new("RGB", (8, 4)).save(folder / "tc-tracks-both.png")
    return {
        "file": str(folder / "verification.json"),
        "images": [str(folder / "tc-tracks-both.png")],
    }


def page_of(folder, **more):
    entry = experiment(folder, "merra2") | {"verification": verified(folder, **more)}
    return write_page({"title": "T", "experiments": [entry]}, TEMPLATES, folder)


def test_detections_that_are_not_judged_are_told(tmp_path):
    every = SCORES | LEADS | {"between": 1234}
    by = {key: {} for key in ("basin", "season", "year", "intensity")}
    words = visible(page_of(tmp_path, time={"all": every, "by": by})).replace("\u202f", " ")
    assert "1,234 detections at times without observations are not judged." in words


def test_points_matched_in_time(tmp_path):
    by = {"basin": {"East Pacific": SCORES}, "season": {}, "year": {},
          "intensity": {"tropical storm": SCORES, "category 3": SCORES}}  # fmt: skip
    page = page_of(tmp_path, time={"all": SCORES | LEADS, "by": by})
    words = visible(page)
    assert (
        "18 of 20 observed storms were detected, and 75 % of their points, 92 km away in the mean; "
        "25 % of the detections were false alarms. Storms that were found were detected 12 h "
        "before they counted, in the median. Storms that pass within 5° of a place: the maps of detected and "
        "observed ones correlate with 0.83, and 1.2 times as many pass as were observed; on 40 % "
        "of the area that either reach they differ significantly." in words.replace("\u202f", " ")
    )
    assert 'alt="tc tracks both"' in page
    row = "18 of 20 200 75.0 70.0–80.0 25.0 20.0–30.0 91.5 85.0–99.0"
    assert f"All {row}" in words
    assert f"East Pacific basin {row}" in words
    assert "Category 3 observed intensity" in words
    tips = re.findall(r"<title>(.*?)</title>", page)
    for tip in (
        "detected, D: 6.67 storms a month",
        "observed, NA: 80 (75 to 85) storms a year",
        "detected, TS: 75 (70 to 80) % of points",
        "detected, 3: 75 (70 to 80) % of points",
    ):
        assert tip in tips


def test_what_has_no_interval_says_nothing_of_intervals(tmp_path):
    """One storm of one: no interval can be had from drawing it again."""
    few = SCORES | {name: None for name in SCORES if name.endswith("interval")}
    few |= {"storms": 1, "storms_found": 1}
    by = {"basin": {}, "season": {}, "year": {}, "intensity": {}}
    rates = {"a_year": 1.0, "interval": None}
    climate = CLIMATE | {"all": CLIMATE["all"] | rates}
    climate |= {"basins": {name: one | rates for name, one in CLIMATE["basins"].items()}}
    both = {"detected": climate, "observed": climate | {"first_year": 1990, "last_year": 1999}}
    leads = LEADS | {"lead_interval": None}
    for one, expected in (({}, 1), ({"time": {"all": few | leads, "by": by}}, 0)):
        folder = tmp_path / str(expected)
        folder.mkdir()
        words = visible(page_of(folder, **one | ({} if expected else {"climatology": both})))
        assert words.count("Intervals hold 95") == expected
    assert "1 of 1 observed storm was detected" in words


def test_storms_a_year_alone(tmp_path):
    summers = {"detected": CLIMATE | {"months": [6, 7, 8]}}
    summers |= {"observed": CLIMATE | {"first_year": 1990, "last_year": 1999}}
    (tmp_path / "summers").mkdir()
    page = page_of(tmp_path / "summers", climatology=summers)
    words, tips = visible(page), re.findall(r"<title>(.*?)</title>", page)
    assert "detected, J: 6.67 storms a month" in tips
    assert not any(tip.startswith("detected, D:") for tip in tips)  # no record is no zero
    assert "(1990–1999), both of the months that the experiment has: Jun, Jul, Aug." in words
    words = visible(page_of(tmp_path))
    assert "80.0 (75.0 to 85.0) storms a year were detected; 80.0 (75.0 to 85.0) were observed "\
        "(1990–1999)." in words  # fmt: skip
    assert "so no day is compared" in words
    assert "false alarms" not in words


def test_days_have_numbers_of_storms_not_a_year_of_them(tmp_path):
    """A tenth of a year with 8 storms is 80 a year, and the page says 8."""
    short = CLIMATE | {"years": 0.1}
    both = {"detected": short, "observed": short | {"first_year": 2000, "last_year": 2001}}
    by = {"basin": {}, "season": {}, "year": {}, "intensity": {}}
    page = page_of(tmp_path, climatology=both, time={"all": SCORES | LEADS, "by": by})
    tips = re.findall(r"<title>(.*?)</title>", page)
    assert "observed, NA: 8 (7.5 to 8.5) storms" in tips
    assert not any(tip.startswith("detected, D:") for tip in tips)  # no seasonal cycle of days
    assert "Storms by basin" in visible(page) and "Storms a year by basin" not in visible(page)
