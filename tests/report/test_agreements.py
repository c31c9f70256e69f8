"""Agreement and co-occurrence in the section `Are they right?`: the numbers of the file, in words."""

import copy

from make_reports import TEMPLATES, experiment
from page_text import visible
from stormtrace.formats.json_files import write_json
from stormtrace.report.page import write_page

PAIR = {
    "first": 0, "second": 1, "lag_h": 0.0, "steps": 2920, "iou": 0.25, "iou_interval": [0.2, 0.3],
    "first_in_second": 0.5, "first_in_second_interval": [0.45, 0.55],
    "second_in_first": 1 / 3, "second_in_first_interval": None,
    "frequency_first": 4.0, "frequency_first_interval": None,
    "frequency_second": 6.0, "frequency_second_interval": None,
    "difference": 2.0, "difference_interval": [1.5, 2.5],
    "by_chance": {"first_in_second": 0.061, "second_in_first": 0.041},
}  # fmt: skip
EVENTS = {"events": 40, "found": 30, "share": 0.75, "interval": [0.6, 0.9]}
SEASON = {"events": 10, "found": 7, "share": 0.7, "interval": None}


def words_of(folder, kinds, lags=(0.0,), of="masks"):
    """Return what a page says of two members of the given classes."""
    period = {"pairs": [PAIR | {"lag_h": lag} for lag in lags], "consensus": [0.75, 0.25]}
    empty = copy.deepcopy(period)
    for pair in empty["pairs"]:
        pair.update({"steps": 0, "iou": None})
    periods = {"annual": period, "DJF": period, "MAM": empty, "JJA": empty, "SON": empty}
    members = [
        {"experiment": name, "class": kind, "short": kind[:2].upper(), "regridded": name == "ivt"}
        for name, kind in zip(("control", "ivt"), kinds, strict=True)
    ]
    by_season = {"seasons": dict.fromkeys(("DJF", "MAM", "JJA", "SON"), SEASON)}
    content = {
        "of": of, "event_overlap": 0.1, "grid": "18 x 36 cells", "steps": 2920, "members": members,
        "regions": {"all": periods, "North Pacific": periods},
        "radius_km": 200.0,
        "catalogues": [
            {
                "member": 0, "catalogue": "pikart", "member_events": 40, "not_in_catalogue": 8,
                "position": {"points": 100, "found": 80, "share": 0.8, "interval": [0.7, 0.9],
                             "events": 30, "events_found": 28},
                "landfall": {"points": 12, "found": 9},
            }
        ],
        "events": [EVENTS | by_season | {"of": i, "by": 1 - i} for i in (0, 1)],
    }  # fmt: skip
    write_json(folder / "rivers.json", content)
    request = {
        "title": "T",
        "experiments": [experiment(folder, "control")],
        "agreements": [
            {"name": "rivers", "title": "Two methods", "file": str(folder / "rivers.json"),
             "titles": {"control": "Network", "ivt": "Threshold", "pikart": "PIKART"}}
        ],
    }  # fmt: skip
    return visible(write_page(request, TEMPLATES, folder)).replace("\u202f", " ")


def test_two_methods_of_one_class(tmp_path):
    words = words_of(tmp_path, ["Atmospheric river"] * 2)
    assert (
        "50 % of the area of Network lies inside Threshold (6.1 % by chance), and 33 % of that of "
        "Threshold inside Network; both mark 25 % of what any marks." in words
    )
    row = "25.0 20.0–30.0 50.0 45.0–55.0 6.10 33.3 2.00 1.50–2.50"
    assert f"Network – Threshold {row} 30 of 40 30 of 40" in words
    assert f"DJF season {row} 7 of 10 7 of 10" in words
    assert f"North Pacific region {row}" in words
    assert "MAM season" not in words
    assert "PIKART, by Network 28 of 30 80.0 70.0–90.0 9 of 12 8 of 40" in words
    assert "at most 200 km away" in words
    assert "on 18 x 36 cells; of Threshold a cell is marked where half of its area is" in words
    assert "By how many members" in words and "Shared by lag" not in words


def test_two_classes_with_lags(tmp_path):
    words = words_of(tmp_path, ["Atmospheric river", "Front"], lags=(-6.0, 0.0, 6.0), of="events")
    assert "of the area of Network, AT lies inside Threshold, FR" in words
    assert "Tracked events alone count" in words
    assert "Shared by lag" in words and "By how many members" not in words
