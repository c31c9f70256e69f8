"""A mini planet that is smaller still, and what its results hold whatever they were made by.

Ten days across New Year on a coarser grid, networks trained for a few epochs; everything else is the
demo's.
"""

import contextlib
import json
import threading

import netCDF4
import numpy as np
import pandas
import torch

OVERLAY = {
    "title": "A smaller planet",
    "run": ["control"],
    "compare": [],
    "composites": {"control": ["TMQ"]},
    "figures": {"dots_per_inch": 50},
    "planet": {"days": 10, "ne": 8, "test_files": 6},
    "grids": {"mini": {"nlat": 72, "nlon": 108}},
    "datasets": {
        "mini-historical": {
            "parts": [
                {
                    "period": ["2000-12-27", "2001-01-06"],
                    "files": "{results}/planet/historical/*.cam.h?.{variable}.{year}*.nc",
                    "stamps": "end",
                }
            ]
        }
    },
    "models": {"four-fields": {"epochs": 3}, "one-field": {"epochs": 2}},
}

CLUSTER = {"ncpus": 3, "accidents": 0.6, "accident_within_s": 4, "seed": 606}
"""The fake PBS that it is run on, where the first job of each of twelve rules is killed within seconds.

Which ones, and when, depends on the seed and the rules' names alone.
"""

RESOURCES = ["mem_mb=4000", "runtime=30", "shared_cpu_minutes=12"]
"""Of jobs that say nothing; those that ask for 12 minutes or less share jobs, and others do not."""

PACE = ["--seconds-between-status-checks", "3"]
"""Each question starts a Python for each job; the study has a dozen jobs in a row, not hundreds."""

DEATHS_AFTER = (6, 14, 22)
"""The jobs that have ended when Snakemake is killed."""

TWO = OVERLAY | {"run": ["control", "one-field"]}
"""The same with a second experiment, whose network sees one field alone."""

TEMPORARY, SAMPLE_YEARS = OVERLAY | {"samples": "temporary"}, 1
"""What runs on the fake cluster, and how many of its two years of samples may exist at once."""

OF_CONTROL = [
    "results/frequency/control/frequency.nc",
    "results/events/control/events.parquet",
    "results/composites/control/2000.nc",
    "results/composites/control/2001.nc",
    "results/landfall/control.csv",
    "results/models/four-fields/scores.json",
    "results/models/four-fields/importance.json",
]
"""What to ask for to have all that is compared by content, of its one experiment."""

OF_ITS_OWN = {"history", "inputs", "provenance", "command", "model_checksum", "regridding_matrix",
              "digest", "weights_digest"}  # fmt: skip
"""What tells one run from another: when, by which command, and checksums of files that say so.

A model's file differs though all its weights are equal: torch's older format, which ClimateNet reads,
holds addresses in memory.
"""


def content(path):
    """What a result says, in a form to be compared; only that it is there where it is a picture."""
    if path.suffix == ".nc":
        with netCDF4.Dataset(path) as dataset:
            return _of_group(dataset)
    if path.suffix == ".parquet":
        return pandas.read_parquet(path).to_csv()
    if path.suffix == ".json":
        read = json.loads(path.read_text())
        return {k: read[k] for k in read if k not in OF_ITS_OWN} if isinstance(read, dict) else read
    if path.suffix == ".pth":
        weights = torch.load(path, weights_only=True)
        return {name: tensor.numpy().tobytes() for name, tensor in weights.items()}
    if path.name == "history.csv":  # of a training
        return pandas.read_csv(path).drop(columns=["seconds", "memory_gb"]).to_csv()
    return path.read_bytes() if path.suffix in (".csv", ".geojson") else None


def _of_group(group):
    group.set_auto_maskandscale(False)
    return {
        "attributes": {k: str(group.getncattr(k)) for k in group.ncattrs() if k not in OF_ITS_OWN},
        "variables": {k: (v.dimensions, _values(v)) for k, v in group.variables.items()},
        "groups": {name: _of_group(inner) for name, inner in group.groups.items()},
    }


def _values(variable):
    values = np.asarray(variable[:])
    return values.tolist() if values.dtype.kind == "O" else values.tobytes()


@contextlib.contextmanager
def counting_years(folder):
    """Yield a list of how many years of samples were seen to exist at once, while the block runs."""
    seen, ended = [0], threading.Event()

    def look():
        while not ended.wait(0.05):
            with contextlib.suppress(OSError):  # a folder may vanish meanwhile
                years = [*(folder / "results" / "samples").glob("*/*/" + 4 * "[0-9]")]
                if len(years) != seen[-1]:
                    seen.append(len(years))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


def results(folder):
    """Everything under results/: path -> content.

    But for hidden files, which are Snakemake's, and checkpoints, which are no results: they bear
    names by the age of the files that were learned from.
    """
    files = [path for path in sorted((folder / "results").rglob("*")) if path.is_file()]
    return {
        str(path.relative_to(folder)): content(path)
        for path in files
        if not path.name.startswith(".") and "checkpoints" not in path.parts
    }
