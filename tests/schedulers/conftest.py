"""Fixtures: the contract's tests run on each cluster that this machine can offer."""

import sys

import clusters
import pytest
from cluster import SHARED

sys.path.insert(0, str(SHARED))  # so that tests can import what the profiles are made of


@pytest.fixture(params=clusters.KINDS)
def cluster(request, tmp_path):
    """A cluster of each kind."""
    if why := clusters.missing(request.param):
        pytest.skip(why)
    settings = {"minute_s": 3.0, "kill_delay_s": 2.0, "min_job_age_s": 5.0}
    with clusters.of_kind(request.param, tmp_path, **settings) as one:
        yield one
