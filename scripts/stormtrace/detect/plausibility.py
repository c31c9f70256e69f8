"""What a model was trained on, held against what it is given: warnings, for a model is obeyed.

A published model was trained on TMQ normalised by the statistics of IVT; as it is it works, with
the right statistics it finds nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.formats.json_files import read_json
from stormtrace.formats.samples import SampleFolder
from stormtrace.network.normalization import Normalization
from stormtrace.prepare.field_quantities import quantity_of

#: A sample whose mean lies so many standard deviations from the model's, or whose own deviation
#: is so many times smaller or greater, is in other units, or of another field.
FAR, WIDER = 3.0, 6.0


def impossible_means(normalization: Normalization, source: str) -> list[str]:
    """Return a sentence for each field whose mean is impossible for its name.

    source: where the normalization is from.
    """
    found = []
    for field, mean in zip(normalization.fields, normalization.mean, strict=True):
        quantity = quantity_of(field)
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
    values = folder.read(folder.paths[:1]).values[0].reshape(len(folder.fields), -1)
    numbers = zip(normalization.fields, normalization.mean, normalization.std, values, strict=True)
    return [
        f"{folder.paths[0]}: {sentence}"
        for field, mean, std, sample in numbers
        if field not in neutral
        for sentence in _unlike(field, mean, std, sample)
    ]


def _unlike(field: str, mean: float, std: float, sample: NDArray[np.float32]) -> Iterator[str]:
    own_mean, own_std = float(sample.mean(dtype=np.float64)), float(sample.std(dtype=np.float64))
    if abs(own_mean - mean) > FAR * std or not std / WIDER < own_std < WIDER * std:
        yield (
            f"{field} has the mean {own_mean:g} and the standard deviation {own_std:g}, but is"
            f" normalized with {mean:g} and {std:g}: compare its units, and whose statistics these"
            " are (statistics: inference takes the samples' own)"
        )


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
