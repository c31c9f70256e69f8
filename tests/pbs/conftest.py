"""Fixtures: the contract's tests run on each cluster that this machine can offer."""

import importlib.util
import shutil
import subprocess
import sys

import clusters
import pytest

sys.path.insert(0, str(clusters.PROFILE))  # so that tests can import what the profile is made of


def _genuine_pbs() -> bool:
    qsub = shutil.which("qsub")
    return (
        qsub is not None and not subprocess.run([qsub, "--version"], capture_output=True).returncode
    )


MISSING = {
    "fake": None,
    "cached": None if importlib.util.find_spec("qscache") else "qstat-cache is not installed",
    "genuine": None if _genuine_pbs() else "no PBS here: `qsub --version` does not answer",
}


@pytest.fixture(params=["fake", "cached", "genuine"])
def cluster(request, tmp_path):
    """A cluster; `@pytest.mark.parametrize("cluster", [...], indirect=True)` gives it settings."""
    if MISSING[request.param]:
        pytest.skip(MISSING[request.param])
    with getattr(clusters, request.param)(tmp_path, minute_s=1.0, kill_delay_s=2.0) as one:
        one.kind = request.param
        yield one
