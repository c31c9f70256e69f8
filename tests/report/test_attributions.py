"""The section `What they bring`: shares and their change, in words and rows."""

from make_reports import TEMPLATES, comparison, experiment
from page_text import visible
from stormtrace.formats.json_files import write_json
from stormtrace.report.page import write_page

AR, TC, NONE = "atmospheric_river", "tropical_cyclone", "none"
MEASURES = ["total", "p99"]


def share(value, steps=10.0, ends=None):
    return {"share": value, "steps": steps, "mean": 1.0, "interval": ends, "steps_interval": None}


def table(river=20.0):
    parts = {"all": 100.0, TC: 5.0, AR: river, NONE: 75.0}
    return {
        part: {"total": share(one, 6.0, [one - 1, one + 1]), "p99": share(one + 10)}
        for part, one in parts.items()
    }


SHARES = {
    "field": "PRECT", "units": "mm/day", "parts": ["all", TC, AR, NONE], "measures": MEASURES,
    "periods": ["annual", "DJF", "JJA"], "within": f"{TC}: within 500 km and 3 h",
    "extremes_over": "wet steps",
    "regions": {
        "everywhere": {"annual": table(), "DJF": table(25.0), "JJA": table(15.0)},
        "land": {"annual": table(30.0)},
    },
    "bands": [[-5.0, 0.0], [0.0, 5.0]], "latitude": [table(), table()],
    "years": {"year": [2000, 2001], "share": {
        part: {one: [1.0, 2.0] for one in MEASURES} for part in (TC, AR, NONE)
    }},
}  # fmt: skip
SPLIT = {"first": 1.0, "second": 2.0, "change": 1.0, "frequency": 0.25, "intensity": 0.5,
         "both": 0.25, "intervals": {"change": [0.5, 1.5]}}  # fmt: skip
CHANGE = {
    "field": "PRECT", "units": "mm/day", "parts": [AR, NONE], "measures": ["total"],
    "regions": {"everywhere": {"annual": {part: {"total": SPLIT} for part in ("all", AR, NONE)}}},
}  # fmt: skip


def test_shares_in_words_and_rows(tmp_path):
    write_json(tmp_path / "shares.json", SHARES)
    entry = experiment(tmp_path, "control")
    entry |= {"attribution": [{"field": "PRECT", "file": str(tmp_path / "shares.json")}]}
    page = write_page({"title": "T", "experiments": [entry]}, TEMPLATES, tmp_path)
    words = visible(page).replace("\u202f", " ")
    assert "What they bring" in words
    assert (
        "atmospheric rivers are there 6.0 % of the time and bring 20 % (19 to 21) of PRECT and 30 % "
        "of what is above its 99th percentile. 75 % (74 to 76) falls in none of them." in words
    )
    assert "Everywhere 5.0 4.00–6.00 15 20 19.0–21.0 30 75 74.0–76.0 85" in words
    assert "JJA season" in words and "Land" in words
    assert "TC within 500 km and 3 h" in words and "classes can overlap" in words
    for title in ("above 99 %, by season", "Share by latitude", "Share by year"):
        assert title in words


def test_whose_percentiles_say_what_is_extreme(tmp_path):
    """Today's in a warmer climate: of the warmer one's own, other shares would lie above."""
    write_json(tmp_path / "shares.json", SHARES)
    write_json(tmp_path / "change.json", CHANGE | {"measures": ["total", "p99"], "regions": {
        "everywhere": {"annual": {part: {"total": SPLIT, "p99": SPLIT} for part in ("all", AR, NONE)}}
    }})  # fmt: skip
    files = {"field": "PRECT", "file": str(tmp_path / "shares.json")}
    entries = [
        experiment(tmp_path, "a") | {"attribution": [files]},
        experiment(tmp_path, "b") | {"attribution": [files | {"extremes_of": "Today"}]},
    ]
    compared = comparison(tmp_path, *entries)
    change = {"field": "PRECT", "file": str(tmp_path / "change.json")}
    for whose, said in (
        ("Today", "Percentiles are those of Today on both sides."),
        ("", "Percentiles are each side's own, so that they change, too."),
    ):
        compared["attribution"] = [change | {"extremes_of": whose}]
        request = {"title": "T", "experiments": entries, "comparisons": [compared]}
        page = write_page(request, TEMPLATES, tmp_path)
        words = visible(page).replace("\u202f", " ")
        assert words.count("30 % of what is above its 99th percentile") == 1
        assert words.count("30 % of what is above the 99th percentile of Today") == 1
        assert "by cell, over wet steps of Today;" in words and "over wet steps;" in words
        assert said in words


def test_transport_that_cancels_is_told_by_latitude(tmp_path):
    def nothing(one):
        return {part: {m: v if part == "all" else v | {"share": None, "interval": None, "cancels": True}
                       for m, v in row.items()} for part, row in one.items()}  # fmt: skip

    found = SHARES | {
        "field": "IVTN",
        "measures": ["total"],
        "latitude": [nothing(table()), table()],
    }
    found["regions"] = {"everywhere": {"annual": nothing(table())}}
    write_json(tmp_path / "shares.json", found)
    entry = experiment(tmp_path, "control")
    entry |= {"attribution": [{"field": "IVTN", "file": str(tmp_path / "shares.json")}]}
    page = write_page({"title": "T", "experiments": [entry]}, TEMPLATES, tmp_path)
    words = visible(page).replace("\u202f", " ")
    assert (
        "atmospheric rivers are there 6.0 % of the time; of IVTN everywhere there is no share, because"
        " what goes one way and the other nearly cancels; by latitude, " in words
    )
    assert "atmospheric rivers bring most of it at 2.5° N, 20 %" in words
    assert "Everywhere – – –" in words


def test_a_change_in_words_and_rows(tmp_path):
    write_json(tmp_path / "change.json", CHANGE)
    write_json(tmp_path / "shares.json", SHARES)
    attributed = [{"field": "PRECT", "file": str(tmp_path / "shares.json")}]
    entries = [experiment(tmp_path, name) | {"attribution": attributed} for name in ("a", "b")]
    compared = comparison(tmp_path, *entries)
    compared["attribution"] = [{"field": "PRECT", "file": str(tmp_path / "change.json")}]
    request = {"title": "T", "experiments": entries, "comparisons": [compared]}
    words = visible(write_page(request, TEMPLATES, tmp_path)).replace("\u202f", " ")
    assert (
        "What atmospheric rivers bring changes by +1.0 mm/day: +0.25 by how often they are there, "
        "+0.50 by how much they bring, +0.25 by both at once." in words
    )
    assert "AR total 1.0 2.0 1.0 0.50 to 1.5 0.25 0.50 0.25" in words
