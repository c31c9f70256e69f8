"""Numbers in words."""

import pytest

from stormtrace.numerals import ordinal


@pytest.mark.parametrize(
    ("number", "expected"),
    [(90, "90th"), (91, "91st"), ("92", "92nd"), (93.0, "93rd"), (11, "11th"), (12, "12th"),
     (13, "13th"), (1, "1st"), (99.9, "99.9th"), (99.1, "99.1th"), (100, "100th")],
)  # fmt: skip
def test_ordinals_of_percentiles(number, expected):
    assert ordinal(number) == expected
