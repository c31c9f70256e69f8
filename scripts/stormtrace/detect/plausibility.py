"""What a model was trained on, held against what it is given: warnings, for a model is obeyed.

A published model was trained on TMQ normalised by the statistics of IVT; as it is it works, with
the right statistics it finds nothing.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stormtrace.formats.json_files import read_json
from stormtrace.formats.quantities import quantity_named
from stormtrace.formats.samples import SampleFolder
from stormtrace.network.normalization import Normalization
from stormtrace.network.plausible_input import PlausibleInput


def impossible_means(normalization: Normalization, source: str) -> list[str]:
    """Return a sentence for each field whose mean is impossible for its name.

    source: where the normalization is from.
    """
    found = []
    for field, mean in zip(normalization.fields, normalization.mean, strict=True):
        quantity = quantity_named(field)
        if quantity is not None and not quantity.mean[0] <= mean <= quantity.mean[1]:
            least, most = quantity.mean
            found.append(
                f"{source}: the mean of {field} is {mean:g}, but a mean of {least:g} … {most:g}"
                f" {quantity.units} is possible: these are statistics of another field or in other"
                " units; the model is run with them all the same"
            )
    return found


def unlike_samples(
    normalization: Normalization, folder: SampleFolder, neutral: Sequence[str]
) -> list[str]:
    """Return a sentence for each field whose first sample is unlike what the network expects."""
    first = folder.paths[0]
    return PlausibleInput(normalization, neutral).doubts(folder.read([first]).values[0], first)


def other_statistics(path: Path, dataset: str, grid: str, model: Mapping[str, Any]) -> list[str]:
    """Return a sentence where a file of statistics is of neither the samples nor the training.

    model: content of its config.json, with the `dataset` and `grid` it was trained on, if known.
    """
    content = read_json(path, "merge_statistics.py")
    said = [str(content.get(key, wanted)) for key, wanted in (("dataset", dataset), ("grid", grid))]
    if said in ([dataset, grid], [model.get("dataset"), model.get("grid")]):
        return []
    return [
        f"{path} has statistics of {said[0]} on {said[1]}, but samples are of {dataset} on {grid},"
        " and the model was trained on others, too"
    ]
