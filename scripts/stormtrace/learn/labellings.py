"""Predictions together with the labels of the same times."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stormtrace.formats.labelled import LabelledFile, read_grid, read_labelled
from stormtrace.grids import Grid
from stormtrace.network.predictor import Predictor


@dataclass(frozen=True)
class Labelling:
    """One time: a background field, the prediction, and the labels of each expert, one map each."""

    time: str
    grid: Grid
    background: NDArray[np.float32]
    prediction: NDArray[np.uint8]
    labels: Sequence[NDArray[np.uint8]]


def predict_times(
    predictor: Predictor, times: Mapping[str, Sequence[LabelledFile]], number: int
) -> list[Labelling]:
    """Return the `number` times with the most labellings, in order of time, with predictions."""
    chosen = sorted(times, key=lambda time: (-len(times[time]), time))[:number]
    return [_predict(predictor, time, times[time]) for time in sorted(chosen)]


def _predict(predictor: Predictor, time: str, files: Sequence[LabelledFile]) -> Labelling:
    config = predictor.config
    samples = [read_labelled(one.path, list(config.fields), len(config.labels)) for one in files]
    values = samples[0].values
    return Labelling(
        time=time,
        grid=read_grid(files[0].path),
        background=values[0],
        prediction=predictor.classes(values[None].astype(np.float32))[0],
        labels=[sample.labels for sample in samples],
    )
