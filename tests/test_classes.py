"""Classes: codes come from labels or flags, looks from a table; nothing knows 1 and 2."""

import json

import numpy as np
import pytest

from stormtrace.blocks import flag
from stormtrace.class_specification import ClassSpecification
from stormtrace.class_table import KNOWN, flag_name
from stormtrace.classes import CLIMATENET_LABELS, Classes
from stormtrace.errors import BadInput


def test_climatenets_labels_are_a_cyclone_and_a_river():
    classes = Classes.of_labels(CLIMATENET_LABELS)
    assert [(one.code, one.short, one.flag) for one in classes.features] == [
        (1, "TC", "tropical_cyclone"),
        (2, "AR", "atmospheric_river"),
    ]
    assert classes.labels == CLIMATENET_LABELS


def test_the_order_of_labels_is_the_order_of_codes():
    classes = Classes.of_labels(["Background", "Atmospheric River", "Tropical Cyclone"])
    assert classes["AR"].code == 1 and classes["tropical cyclone"].code == 2


@pytest.mark.parametrize(
    "spelling", ["Atmospheric_River", "atmospheric river", "ATMOSPHERIC RIVER", "Atmospheric-River"]
)
def test_names_match_whatever_their_spelling(spelling):
    (river,) = Classes.of_labels(["background", spelling]).features
    assert (river.name, river.short, river.basins) == (
        "Atmospheric River",
        "AR",
        "atmospheric rivers",
    )


def test_flags_of_a_file_and_labels_of_a_model_are_the_same_classes():
    classes = Classes.of_labels(["Background", "Cold Front", "Polar low", "Tropical Cyclone"])
    flags = classes.flag_attributes()
    assert flags["flag_values"].dtype == np.int8
    assert flags["flag_meanings"] == "background cold_front polar_low tropical_cyclone"
    again = Classes.of_flags(flags["flag_values"], flags["flag_meanings"])
    assert again.features == classes.features


def test_a_class_nobody_described_has_a_name_a_short_name_and_colours():
    first, second = Classes.of_labels(["Background", "cold_core_low", "Dryline"]).features
    assert (first.name, first.short, first.kind) == ("Cold core low", "CCL", "area")
    assert (second.name, second.short, second.plural) == ("Dryline", "Dryline", "drylines")
    assert first.colours != second.colours and len(first.colours) == 1


def test_a_study_redefines_what_a_class_looks_like_and_keeps_the_rest():
    table = {"atmospheric_river": {"short": "River", "colours": ["#112233"]}}
    (river,) = Classes.of_labels(["Background", "Atmospheric River"], table).features
    assert (river.short, river.colours, river.colours_dark) == (
        "River",
        ("#112233",),
        ("#112233",),
    )
    assert river.basins == KNOWN["Atmospheric River"].basins


def test_what_a_study_leaves_out_stays_out_in_the_block_that_jobs_read():
    """A front in another colour is still a line, a river with another name still has its side."""
    said = {
        "Cold Front": ClassSpecification(colours=["#112233"]),
        "Atmospheric River": ClassSpecification(short="River"),
    }
    table = json.loads(flag(said))
    front, river = Classes.of_labels(["Background", *said], table).features
    assert (front.kind, front.colours) == ("line", ("#112233",))
    assert (river.short, river.crosses_equator) == ("River", False)


@pytest.mark.parametrize(
    ("labels", "table", "words"),
    [
        (["Tropical Cyclone", "Background"], None, "the first must be Background"),
        (["Background", "AR ar", "ar_AR"], None, "share the name"),
        (["Background", "Front", "front "], None, "share the name"),
        (["Background", "Low", "High"], {"Low": {"short": "X"}, "High": {"short": "x"}}, "short"),
        (["Background", "Low"], {"Low": {}, "low": {}}, "are the same name"),
    ],
)
def test_classes_that_cannot_be_told_apart_are_refused(labels, table, words):
    with pytest.raises(BadInput, match=words):
        Classes.of_labels(labels, table)


def test_initials_that_two_classes_share_give_way_to_their_names():
    classes = Classes.of_labels(["Background", "Class 1", "Class 10", "Atmospheric Ridge"])
    assert [one.short for one in classes.features] == ["Class1", "Class10", "AR"]
    both = Classes.of_labels(["Background", "Atmospheric Ridge", "Atmospheric River"])
    assert [one.short for one in both.features] == ["AtmosphericRidge", "AR"]


def test_codes_beyond_int8_are_refused():
    with pytest.raises(BadInput, match=r"code 128; codes of masks are whole numbers from 1 to 127"):
        Classes.of_flags([0, 128], "background low")
    with pytest.raises(BadInput, match="a name for each code"):
        Classes.of_flags([0, 1], "background")


def test_the_name_of_a_flag_is_one_word_of_cf():
    # CF 1.11, section 3.5: letters, digits and any of _ - . + @
    assert flag_name("  Tropical  Cyclone (weak) ") == "tropical_cyclone_weak"
