"""Predictions next to the labels of the same times, as figures show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stormtrace.formats.labelled import LabelledFile, grid_of, read_labelled
from stormtrace.grids import Grid
from stormtrace.network.predictor import Predictor


@dataclass(frozen=True)
class Labelling:
    """One time: the model's first field, the prediction, and each expert's labels, `grid.shape`."""

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
    config, grid = predictor.config, grid_of(files)
    classes = len(config.labels)
    samples = [read_labelled(one.path, config.fields, classes, grid) for one in files]
    values = samples[0].values
    return Labelling(
        time=time,
        grid=grid,
        background=values[0],
        prediction=predictor.on(grid).classes(values[None])[0],
        labels=[sample.labels for sample in samples],
    )
