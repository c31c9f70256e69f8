"""Predictions beside the labels of the same times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from stormtrace.figures.label_figures import Labelling
from stormtrace.formats.labelled import LabelledFile, read_grid, read_labelled
from stormtrace.network.predictor import Predictor


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


def feature_codes(labels: Sequence[str]) -> dict[str, int]:
    """Return CF flag names and codes of a model's labels, the background (code 0) left out."""
    return {"_".join(label.lower().split()): code for code, label in enumerate(labels) if code > 0}
