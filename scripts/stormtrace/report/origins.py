"""The raw files behind a page, as its samples remember them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from stormtrace.formats.json_files import read_json
from stormtrace.formats.netcdf import opening


def raw_sources(folders: Mapping[str, Sequence[str]]) -> dict[str, dict[str, str]]:
    """Return dataset -> {raw file: checksum}, from the attribute `inputs` of samples.

    folders: dataset -> its folders of samples, one a year. All samples of a year carry the same
    inputs, so the first one is asked; of temporary samples a file next to the folder says it. A
    folder that is gone (purged) is passed over.
    """
    sources: dict[str, dict[str, str]] = {}
    for dataset, years in folders.items():
        for year in years:
            first = min(Path(year).glob("*.nc"), default=None)
            if first is None:
                kept = Path(f"{year}.inputs.json")
                if kept.exists():
                    sources.setdefault(dataset, {}).update(read_json(kept, "make_samples.py"))
                continue
            with opening(first) as nc:
                sources.setdefault(dataset, {}).update(json.loads(getattr(nc, "inputs", "{}")))
    return sources
