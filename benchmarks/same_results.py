"""Are the results of two versions of Stormtrace the same? Masks, objects, events, counts, fields.

    python benchmarks/same_results.py before/results after/results

Compares by content, not by bytes: every variable and column that the older results have must be
in the newer ones with equal values (`--rtol` for other than exactly); attributes, names of
dimensions and what is new are left out. Prints a line a kind and ends with 1 on a difference.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pyarrow.parquet
import torch

#: Kind of result -> pattern of its files below the folder of results.
KINDS = {
    "samples": "samples/*/*/*/*.nc",
    "statistics": "statistics/**/*.json",
    "weights of models": "models/*/weights.pth",
    "scores": "models/*/scores.json",
    "masks": "masks/*/*.nc",
    "objects": "events/*/objects/*.nc",
    "events": "events/*/*.parquet",
    "counts": "frequency/**/*.nc",
    "comparisons": "comparisons/*.nc",
    "composites": "composites/*/*.nc",
    "landfall": "landfall/*.csv",
}

Content = dict[str, Any]


def of_netcdf(path: Path) -> Content:
    """Return variable -> stored values of a file and its groups."""
    with netCDF4.Dataset(path) as nc:
        nc.set_auto_maskandscale(False)
        groups = [nc, *nc.groups.values()]
        return {
            f"{group.path}{name}": np.asarray(variable[:])
            for group in groups
            for name, variable in group.variables.items()
        }


def of_parquet(path: Path) -> Content:
    """Return column -> values."""
    return pyarrow.parquet.read_table(path).to_pydict()


def of_json(path: Path) -> Content:
    """Return key -> value, provenance left out."""
    ours = ("history", "inputs", "provenance", "model_checksum", "stormtrace_version", "command",
            "digest", "weights_digest", "trained_on")  # fmt: skip
    content = json.loads(path.read_text(encoding="utf-8"))
    return {key: value for key, value in content.items() if key not in ours}


def of_weights(path: Path) -> Content:
    """Return name -> tensor."""
    state = torch.load(path, weights_only=True, map_location="cpu")
    return {name: tensor.numpy() for name, tensor in state.items()}


READERS: dict[str, Callable[[Path], Content]] = {
    ".nc": of_netcdf,
    ".parquet": of_parquet,
    ".json": of_json,
    ".pth": of_weights,
    ".csv": lambda path: {"text": path.read_text(encoding="utf-8")},
}


def differences(before: Content, after: Content, rtol: float) -> Iterator[str]:
    """Yield what of `before` is not in `after` with equal values."""
    for name, expected in before.items():
        if name not in after:
            yield f"{name} is gone"
        elif not equal(expected, after[name], rtol):
            yield f"{name} differs"


def equal(expected: Any, found: Any, rtol: float) -> bool:
    """Whether two arrays, columns or values are the same, NaN equal to NaN."""
    if isinstance(expected, dict):
        return all(key in found and equal(expected[key], found[key], rtol) for key in expected)
    try:
        one, two = np.asarray(expected, np.float64), np.asarray(found, np.float64)
    except (TypeError, ValueError):
        return bool(np.array_equal(np.asarray(expected, object), np.asarray(found, object)))
    return one.size == two.size and np.allclose(
        one.ravel(), two.ravel(), rtol=rtol, atol=0.0, equal_nan=True
    )


def compare(before: Path, after: Path, rtol: float, left_out: list[str]) -> int:
    """Print a line a kind; return how many files differ."""
    wrong = 0
    for kind, pattern in KINDS.items():
        files = sorted(path.relative_to(before) for path in before.glob(pattern))
        found = []
        for file in files:
            if not (after / file).is_file():
                found.append(f"{file} is not there")
                continue
            read = READERS[file.suffix]
            faults = [
                fault
                for fault in differences(read(before / file), read(after / file), rtol)
                if fault.split()[0].rsplit("/", 1)[-1] not in left_out
            ]
            found += [f"{file}: {', '.join(faults)}"] if faults else []
        print(f"{kind}: {len(files) - len(found)} of {len(files)} files are the same")
        for fault in found[:5]:
            print(f"    {fault}")
        wrong += len(found)
    return wrong


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("before", type=Path, help="folder of results of the older version")
    parser.add_argument("after", type=Path, help="folder of results of the newer version")
    parser.add_argument("--rtol", type=float, default=0.0, help="relative tolerance; 0: exactly")
    parser.add_argument(
        "--leave-out", nargs="*", default=[], help="variables and columns not to compare"
    )
    args = parser.parse_args()
    sys.exit(bool(compare(args.before, args.after, args.rtol, args.leave_out)))
