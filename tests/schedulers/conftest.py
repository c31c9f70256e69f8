"""Fixtures: the contract's tests run on each cluster that this machine can offer."""

import sys

import clusters
import pytest

sys.path.insert(0, str(clusters.SHARED))  # so that tests can import what the profile is made of


@pytest.fixture(params=["fake", "cached", "genuine"])
def cluster(request, tmp_path):
    """A cluster; `@pytest.mark.parametrize("cluster", [...], indirect=True)` gives it settings."""
    if clusters.MISSING[request.param]:
        pytest.skip(clusters.MISSING[request.param])
    with getattr(clusters, request.param)(tmp_path, minute_s=1.0, kill_delay_s=2.0) as one:
        one.kind = request.param
        yield one
