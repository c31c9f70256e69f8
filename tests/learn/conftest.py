"""What tests of learning share."""

import pytest

from stormtrace.network import cgnet


@pytest.fixture
def small_network(monkeypatch):
    """Two of the 20 blocks of CGNet's third level, all alike: half of its time is theirs."""
    monkeypatch.setattr(cgnet, "LEVEL3_BLOCKS", 2)
