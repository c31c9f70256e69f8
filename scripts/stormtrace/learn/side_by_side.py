"""Maps of what the expert drew beside what the model saw."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from stormtrace.figures.model_figures import draw_side_by_side, save
from stormtrace.formats.labelled import LabelledFile, by_time, read_grid, read_labelled
from stormtrace.network.predictor import Predictor


def draw_times(
    predictor: Predictor, files: Sequence[LabelledFile], folder: Path, count: int
) -> list[Path]:
    """Draw `count` times spread over the files (the first labelling of each) into a folder.

    The model's first field lies beneath the outlines. Returns the paths without .png and .pdf.
    """
    config = predictor.config
    groups = list(by_time(files).values())
    chosen = np.unique(np.linspace(0, len(groups) - 1, min(count, len(groups))).round().astype(int))
    stems = []
    for index in chosen:
        file = groups[index][0]
        sample = read_labelled(file.path, config.fields, len(config.labels))
        grid = read_grid(file.path)
        figure = draw_side_by_side(
            sample.values[0],
            sample.labels,
            predictor.classes(sample.values[None])[0],
            grid.lat,
            grid.lon,
            title=f"{file.time} ({config.fields[0]} beneath)",
            labels=list(config.labels),
        )
        stems.append(folder / file.time)
        save(figure, stems[-1])
    return stems
