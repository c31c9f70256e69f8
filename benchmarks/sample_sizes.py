"""Bytes of each year of samples of a plan, for benchmarks/simulate_casper.py."""

import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from stormtrace.grids.specification import cell_count  # noqa: E402
from stormtrace.study.loading import load_study, read_overlays  # noqa: E402

STEPS, BYTES = 2_920, 4  # of a year, every 3 hours; of a float32


def sample_sizes(
    files: list[Path], labels: Mapping[str, Mapping[str, str]], needs: Mapping[str, set[str]]
) -> dict[str, tuple[tuple[str, ...], int]]:
    """Return job that makes samples -> (dataset, grid, year), bytes, in a plan of some files.

    labels: job -> `rule` and the wildcards that Snakemake's graph names, which are those that no
    job before has: dataset and grid are said by the regridding matrix.
    """
    names = [str(file) for file in files]
    study = load_study(str(ROOT), read_overlays(names, {}), names, "the benchmark")
    found = {}
    for job, label in labels.items():
        if label["rule"] != "make_samples":
            continue
        before = [labels[one] for one in needs[job] if "grid" in labels[one]]
        dataset, grid = before[0]["dataset"], before[0]["grid"]
        cells = cell_count(study.config.grids[grid])
        assert cells is not None
        size = STEPS * BYTES * cells * len(study.raw(dataset).fields)
        found[job] = (dataset, grid, label["year"]), size
    return found
