"""Figures of agreements, attributions and decompositions: titles, units and values are the data's."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from make_results import CLASSES, MINI
from stormtrace.climate.composites import Composite
from stormtrace.figures import (
    agreement_figures,
    composite_figures,
    decomposition_figures,
    threshold_figures,
)
from stormtrace.formats.agreement_maps import AgreementMaps
from stormtrace.formats.comparison_maps import SEASONS
from stormtrace.formats.decomposition_maps import DecompositionMaps
from stormtrace.formats.extreme_thresholds import Thresholds

ROOMS = (agreement_figures, composite_figures, decomposition_figures, threshold_figures)


@pytest.fixture
def panels(monkeypatch):
    """Return what is drawn: (title, value) of every panel of every figure; no map is of two values."""
    seen = []
    for module in ROOMS:
        original = module.draw_panels

        def spy(drawn, *args, original=original):
            values = [np.unique(panel.values[np.isfinite(panel.values)]) for panel in drawn]
            pairs = zip(drawn, values, strict=True)
            seen.append([(panel.title, *map(float, value)) for panel, value in pairs])
            return original(drawn, *args)

        monkeypatch.setattr(module, "draw_panels", spy)
    yield seen
    plt.close("all")


def words_of(figure):
    texts = [text.get_text() for text in figure.findobj(plt.Text)]
    return " | ".join(text for text in texts if text)


def full(*leading, value):
    return np.full((*leading, *MINI.shape), value)


def test_an_agreement_shows_shares_of_steps_and_of_the_first_members_steps(panels):
    """100 steps: one marks 40 and the other 20 of these. At least one: 40 %, both: 20 %; 20/40."""
    count = np.stack([full(4, value=10), full(4, value=5)], axis=1)
    maps = AgreementMaps(
        grid=MINI,
        members=["AR@one", "AR@other"],
        pairs=[(0, 1)],
        steps=np.full(4, 25),
        count=count,
        both=full(4, 1, value=5),
        at_least=count,
    )
    figures = dict(agreement_figures.draw_agreement_figures(maps, "Methods", ["CGNet", "IVT"]))
    assert "IVT while CGNet is there · Methods" in words_of(figures["together"])
    assert panels == [
        [("Marked by any", 40), ("Marked by all", 20)],
        [("IVT while CGNet is there", 50)],
    ]
    assert "% of time steps" in words_of(figures["consensus"])
    assert "% of these steps" in words_of(figures["together"])
    assert "at least 10 steps of the first" in words_of(figures["together"])


def test_shares_say_how_far_a_class_reaches(panels):
    """200 mm in all, 50 of them in rivers and 20 in cyclones: 25 % and 10 %."""
    sums = {"all": full(value=200.0), "tropical_cyclone": full(value=20.0)}
    sums |= {"atmospheric_river": full(value=50.0)}
    one = Composite(MINI, CLASSES, "mm", sums, {"all": full(value=8.0)})
    near = {"atmospheric_river": "within 300 km and 3 h"}
    figures = dict(composite_figures.draw_shares({"DJF": one}, "PRECT", "rain", "Control", near))
    assert panels == [[("DJF", 10)], [("DJF", 25)]]
    cyclones, rivers = (words_of(figures[f"{key}-PRECT-share"]) for key in ("tc", "ar"))
    assert "Share of rain that falls within tropical cyclones" in cyclones and "km" not in cyclones
    assert "falls in or near atmospheric rivers" in rivers and "within 300 km and 3 h" in rivers
    assert "(%)" in rivers


def test_percentiles_say_of_what_they_are(panels):
    """A cell without a value is not drawn as zero."""
    values = np.stack([full(value=20.0), full(value=40.0)])[None].astype(np.float32)
    values[0, 0, 0] = np.nan
    thresholds = Thresholds(
        field="PRECT",
        units="mm/day",
        over="wet steps",
        wet_mm_day=1.0,
        step_hours=3.0,
        percentiles=[99.0],
        periods=["DJF", "JJA"],
        values=values,
        error=np.zeros_like(values),
        counts=np.full((2, *MINI.shape), 500, np.int32),
    )
    ((name, figure),) = threshold_figures.draw_thresholds(thresholds, MINI, "Control")
    assert name == "PRECT-p99" and panels == [[("DJF", 20), ("JJA", 40)]]
    words = words_of(figure)
    assert "The 99th percentile of PRECT over wet steps" in words and "(mm/day)" in words
    assert "(1 mm/day and more)" in words


def test_a_decomposition_shows_parts_that_add_up(panels):
    """5 points: 3 of water vapour, 1 of the wind, and 1 that remains; the class without data: no map."""
    parts = {"difference": 5.0, "TMQ_mean": 3.0, "U850_mean": 1.0, "remainder": 1.0}
    maps = {name: full(len(SEASONS), 2, value=value) for name, value in parts.items()}
    for one in maps.values():
        one[:, 0] = np.nan
    made = DecompositionMaps(MINI, CLASSES, ["TMQ", "U850"], maps, {"counted_from": "events"})
    ((name, figure),) = decomposition_figures.draw_decomposition_figures(made, "Warming")
    assert name == "ar-contributions"
    assert panels == [
        [("Difference", 5), ("TMQ contributes", 3), ("U850 contributes", 1), ("Remainder", 1)]
    ]
    words = words_of(figure)
    assert "percentage points" in words and "frequency of tracked events, by field" in words
