"""history.csv and its figure."""

import numpy as np
import pytest

from stormtrace.errors import BadInput
from stormtrace.figures.model_figures import draw_history
from stormtrace.figures.printing import Printing
from stormtrace.learn.history import read_history, score_columns, to_csv


def rows():
    matrix = np.array([[8, 2], [1, 4]])
    return [
        {
            "epoch": epoch,
            "lr": 0.1 / epoch,
            "train_loss": 1 / epoch,
            "validation_loss": None,
            **score_columns("train", matrix * epoch, ["Background", "Blocking High"]),
            **score_columns("validation", 0 * matrix, ["Background", "Blocking High"]),
        }
        for epoch in (1, 2, 3)
    ]


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "history.csv"
    path.write_text(to_csv(rows()))
    history = read_history(path)
    assert history["train_iou_blocking_high"].tolist() == [4 / 7] * 3
    assert history["train_cells_blocking_high_as_background"].tolist() == [1, 2, 3]
    assert np.isnan(history["validation_mean_iou"]).all()
    Printing().save(draw_history(history), tmp_path / "figures" / "curves")
    assert {p.suffix for p in (tmp_path / "figures").iterdir()} == {".png", ".pdf"}


def test_other_files_are_refused(tmp_path):
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(BadInput, match="not a training history"):
        read_history(tmp_path / "other.csv")
