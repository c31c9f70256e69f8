"""What several modules share: the smaller planet, run once."""

import pytest

import smaller_planet
from workflow_runs import snakemake


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """The folder in which the smaller planet has been run, by Snakemake on this machine.

    Who asks for it belongs to the xdist group `demo`, so that one worker runs it once.
    """
    folder = tmp_path_factory.mktemp("demo")
    snakemake(folder, overlay=smaller_planet.OVERLAY)
    return folder
