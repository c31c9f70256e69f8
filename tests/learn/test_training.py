"""Training: it learns, it resumes exactly, and the number of processes does not matter."""

import json
import math
import os
import signal
import subprocess
import time
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import torch

from labelled_factory import (
    FIELDS,
    MEAN,
    STD,
    coordinates,
    statistics,
    weather,
    write_labelled,
    write_map_file,
)
from script_runs import forked, forking_python
from stormtrace.errors import BadInput
from stormtrace.formats.labelled import list_labelled
from stormtrace.grids import Grid
from stormtrace.learn.bar import bar
from stormtrace.learn.batches import batches, count_votes, epoch_order, make_training_set
from stormtrace.learn.history import read_history, to_csv
from stormtrace.learn.losses import LOSSES
from stormtrace.learn.optimization import schedule_factor
from stormtrace.learn.processes import Processes
from stormtrace.learn.recipe import Augment, Recipe, read_recipe
from stormtrace.learn.training import train
from stormtrace.network.model_files import read_weights
from stormtrace.network.normalization import Normalization

pytestmark = pytest.mark.usefixtures("small_network")
SCRIPTS = Path(__file__).parents[2] / "scripts"
torch.set_num_threads(1)  # sums depend on the number of threads in the last bit
CPU = torch.device("cpu")
GRID = Grid(*coordinates((40, 64)))
NORMALIZATION = Normalization(FIELDS, tuple(MEAN.values()), tuple(STD.values()))
RECIPE = Recipe(
    name="tiny",
    fields=list(FIELDS),
    dataset="made-up",
    grid="tiny",
    epochs=2,
    batch_size=4,
    lr=0.003,
)


def replace(recipe, **changes):
    return recipe.model_copy(update=changes)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_labelled(tmp_path_factory.mktemp("train"), 6, labellings=2)


def learn(folder, checkpoints, recipe=RECIPE, **options):
    return train(
        recipe,
        list_labelled(folder),
        NORMALIZATION,
        device=CPU,
        processes=Processes(),
        checkpoints=checkpoints,
        **options,
    )


def lasting(history):
    """A history without what depends on the machine."""
    return [
        {key: value for key, value in row.items() if key not in ("seconds", "memory_gb")}
        for row in history
    ]


def test_a_stopped_training_goes_on_bit_by_bit(folder, tmp_path):
    whole = learn(folder, tmp_path / "whole")
    for epochs in (1, 2):
        part = learn(folder, tmp_path / "parts", time_budget=0)
        assert len(part.history) == epochs
    assert part.stopped == "all epochs"
    assert lasting(part.history) == lasting(whole.history)
    assert part.best_epoch == whole.best_epoch
    assert all(torch.equal(whole.state[name], one) for name, one in part.state.items())


def test_another_seed_is_another_training(folder, tmp_path):
    first = learn(folder, tmp_path, replace(RECIPE, epochs=1))
    second = learn(folder, tmp_path, replace(RECIPE, epochs=1, seed=1))
    assert lasting(first.history) != lasting(second.history)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_network_learns_the_made_up_weather(tmp_path):
    """Bands stand out by 2.5 σ: a few epochs must see them (by chance the IoU is .05)."""
    folder = write_labelled(tmp_path / "train", 16)
    trained = learn(folder, tmp_path, replace(RECIPE, epochs=6, validation=0.2))
    best = trained.history[trained.best_epoch - 1]  # the last one's score hangs on the processor
    assert best["validation_iou_atmospheric_river"] > 0.15
    assert trained.history[-1]["train_loss"] < 0.75 * trained.history[0]["train_loss"]


def test_history_tells_the_confusion_matrix_of_every_epoch(folder, tmp_path):
    trained = learn(folder, tmp_path, replace(RECIPE, epochs=1, labellings="soft"))
    path = tmp_path / "history.csv"
    path.write_text(to_csv(trained.history))
    history = read_history(path)
    cells = sum(values[0] for key, values in history.items() if key.startswith("validation_cells"))
    assert cells == 1 * 2 * 40 * 64  # one date of six, two labellings
    # 5 times are one sample each; the second batch of 4 is filled up with 3 seen before.
    assert sum(v[0] for k, v in history.items() if k.startswith("train_cells")) == 8 * 2 * 40 * 64


def test_early_stopping_and_no_validation(folder, tmp_path):
    still = replace(
        RECIPE, lr=1e-8, epochs=9, early_stopping=1, augment=Augment(roll=False, flip=False)
    )
    trained = learn(folder, tmp_path, still)
    assert trained.stopped == "early stopping"
    assert len(trained.history) == trained.best_epoch + 1
    without = learn(folder, tmp_path, replace(RECIPE, epochs=1, validation=0.0))
    assert without.best_epoch == 1 and without.history[0]["validation_mean_iou"] is None


@pytest.mark.parametrize("weight", [math.nan, math.inf])
def test_a_training_that_diverges_is_told_and_leaves_nothing(folder, tmp_path, monkeypatch, weight):
    true = LOSSES["jaccard"]
    monkeypatch.setitem(LOSSES, "jaccard", lambda *given: weight * true(*given))
    with pytest.raises(BadInput, match=r"not finite in epoch 1, .* lr below 0\.003"):
        learn(folder, tmp_path)
    assert not any(tmp_path.iterdir())


def test_labels_corrected_in_place_are_another_training(tmp_path):
    """The names are the same, and so would be the weights if the old checkpoint were taken."""
    folder = write_labelled(tmp_path / "train", 3)
    recipe = replace(RECIPE, epochs=1, validation=0.0)
    first = learn(folder, tmp_path / "checkpoints", recipe)
    with netCDF4.Dataset(list_labelled(folder)[0].path, "r+") as dataset:
        dataset["LABELS"][:] = 0
    second = learn(folder, tmp_path / "checkpoints", recipe)
    assert first.history[0]["train_loss"] != second.history[0]["train_loss"]


def test_schedules():
    assert schedule_factor(RECIPE, 0.05) == pytest.approx(0.5)
    assert schedule_factor(RECIPE, 0.55) == pytest.approx(0.5)
    assert schedule_factor(RECIPE, 1.0) == pytest.approx(0)
    assert schedule_factor(replace(RECIPE, schedule="constant", warmup=0), 0.01) == 1


def test_votes_are_counted_once_each():
    logits = torch.tensor([[[[0.0, 9.0]], [[1.0, 0.0]]]])  # predicts 1, 0
    votes = torch.tensor([[[[2, 3]], [[1, 0]]]], dtype=torch.uint8)
    assert count_votes(logits, votes).tolist() == [[3, 2], [0, 1]]


def test_every_batch_is_shared_out_whole(folder):
    samples = make_training_set(list_labelled(folder), NORMALIZATION, 3, GRID, "separate")
    order = epoch_order(len(samples), 0, 1)
    assert sorted(order) == list(range(12))
    alone = list(batches(samples, order, 5))
    shared = [list(batches(samples, order, 5, part=(rank, 2))) for rank in (0, 1)]
    for whole, first, second in zip(alone, *shared, strict=True):
        again = torch.cat([first.values, second.values]).sum((1, 2, 3)).sort().values
        torch.testing.assert_close(again, whole.values.sum((1, 2, 3)).sort().values)
        assert (whole.target().sum(dim=1) == 1).all()


def test_votes_weigh_by_confidence_and_number(tmp_path):
    """Two experts of one time, of high and of low (a quarter) confidence in their cyclones.

    Where both see one its share is 1, and the cell counts (1 + ¼) / 2; where the first alone does,
    the second's background is unstated, a whole vote: share ½, weight 1; where the second alone
    does: ¼ of 1¼. With count_votes a cell counts as often as it has votes.
    """
    lat, lon = coordinates((40, 64))
    fields, blank = weather(0)[0], np.zeros((40, 64), int)
    for k, columns, sure in ((1, slice(0, 20), 1.0), (2, slice(10, 30), 0.25)):
        labels, confidence = blank.copy(), np.ones((40, 64))
        labels[20, columns], confidence[20, columns] = 1, sure
        path = tmp_path / f"data-2000-01-01-01-{k}.nc"
        write_map_file(path, fields, lat, lon, labels=labels, confidence=confidence)
    make = {"labellings": "soft", "weigh_confidence": True}
    for each, scale in ((False, 1), (True, 2)):
        samples = make_training_set(
            list_labelled(tmp_path), NORMALIZATION, 3, GRID, **make, count_votes=each
        )
        (batch,) = batches(samples, [0], 1)
        share, weight = batch.target()[0, 1, 20].numpy(), batch.weight()[0, 0, 20].numpy()
        columns = [5, 15, 25, 40]
        np.testing.assert_allclose(share[columns], [0.5, 1, 0.25 / 1.25, 0])
        np.testing.assert_allclose(weight[columns] / scale, [1, 0.625, 0.625, 1])
        assert batch.votes[0, 1, 20, 15] == 2  # the confusion matrix counts votes as they are
    plain = make_training_set(list_labelled(tmp_path), NORMALIZATION, 3, GRID, "soft")
    assert next(batches(plain, [0], 1)).weight() is None


def test_confidence_and_votes_are_asked_for_where_they_are(folder, tmp_path):
    """The advice followed works."""
    sure = replace(RECIPE, confidence=True, epochs=1)
    with pytest.raises(BadInput, match=r"none of 12 labelled .* CONFIDENCE: .* leave confidence"):
        learn(folder, tmp_path, sure)
    block = RECIPE.model_dump(mode="json", exclude_none=True) | {"count_votes": True}
    with pytest.raises(BadInput, match="say labellings: soft"):
        read_recipe(block)
    with pytest.raises(BadInput, match="the published loss cannot: say loss: jaccard"):
        read_recipe(block | {"labellings": "soft", "loss": "published-double-softmax"})
    trained = learn(folder, tmp_path, read_recipe(block | {"labellings": "soft", "epochs": 1}))
    assert np.isfinite(trained.history[0]["train_loss"])


def test_confidence_changes_what_is_learned_and_certainty_nothing(tmp_path):
    lat, lon = coordinates((40, 64))
    losses = []
    for sure in (1.0, 0.1):
        folder = tmp_path / f"{sure:g}"
        for i in range(3):
            fields, labels = weather(i)
            path = folder / f"data-2000-01-0{i + 1}-01-1.nc"
            confidence = np.where(labels == 2, sure, 1)
            write_map_file(path, fields, lat, lon, labels=labels, confidence=confidence)
        recipe = replace(RECIPE, epochs=1, validation=0.0, padding="circular")
        for weigh in (None, True):
            trained = learn(folder, tmp_path, replace(recipe, confidence=weigh))
            losses.append(trained.history[0]["train_loss"])
    plain, certain, same, doubtful = losses
    assert plain == same and certain == pytest.approx(plain, rel=1e-5)
    assert doubtful != pytest.approx(plain, rel=1e-4)


def test_a_batch_larger_than_the_set_is_the_set(folder, tmp_path):
    """6 times as soft samples, batches of 16: each is seen once an epoch, not two or three times."""
    soft = replace(RECIPE, batch_size=16, epochs=1, labellings="soft", validation=0.0)
    row = learn(folder, tmp_path, soft).history[0]
    seen = sum(value for key, value in row.items() if key.startswith("train_cells"))
    assert seen == 6 * 2 * 40 * 64
    few = replace(soft, batch_size=9)
    with pytest.raises(BadInput, match=r"6 samples .* at least 8 a step: .* fewer processes"):
        train(
            replace(few, name="few"),
            list_labelled(folder),
            NORMALIZATION,
            device=CPU,
            processes=Processes(0, 8),
            checkpoints=tmp_path,
        )


def test_a_network_that_cannot_be_compiled_is_told_in_our_words(folder, tmp_path, monkeypatch):
    """As without a C++ compiler; other errors stay what they are."""

    class Broken(torch.nn.Module):
        error: Exception = torch._dynamo.exc.TorchDynamoException(
            "no g++\nset TORCHDYNAMO_VERBOSE=1"
        )

        def forward(self, x):
            raise self.error

    monkeypatch.setattr(torch, "compile", lambda network: Broken())
    recipe = replace(RECIPE, compile=True)
    with pytest.raises(BadInput, match=r"cannot compile the network here \(no g\+\+\): .*: false"):
        learn(folder, tmp_path, recipe)
    Broken.error = RuntimeError("out of memory")
    with pytest.raises(RuntimeError, match="out of memory"):
        learn(folder, tmp_path, recipe)


def test_maps_of_different_shapes_are_refused(folder, tmp_path):
    write_labelled(tmp_path, 1)
    write_labelled(tmp_path, 1, first=1, shape=(48, 64))
    samples = make_training_set(list_labelled(tmp_path), NORMALIZATION, 3, GRID, "separate")
    with pytest.raises(BadInput, match=r"02-01-1\.nc: lat differs from that of the other files"):
        list(batches(samples, [0, 1], 2))


def command(folder, output, epochs):
    said = statistics(steps=len(list_labelled(folder)))
    (output.parent / "statistics.json").write_text(json.dumps(said))
    model = {"name": "m", "fields": FIELDS, "dataset": "made-up", "grid": "tiny", "epochs": epochs}
    return [
        str(SCRIPTS / "train.py"),
        *("--samples", str(folder)),
        *("--statistics", str(output.parent / "statistics.json")),
        *("--model", json.dumps(model)),
        *("--output", str(output)),
        *("--checkpoints", str(output.parent / "checkpoints")),
    ]


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """Six labelled times, and a training of three epochs that nothing stops."""
    folder = write_labelled(tmp_path_factory.mktemp("six"), 6)
    recipe = replace(RECIPE, name="m", epochs=3, lr=0.001)
    return folder, learn(folder, tmp_path_factory.mktemp("straight"), recipe)


@pytest.mark.parametrize(
    ("stop", "status"),
    [(signal.SIGTERM, 128 + signal.SIGTERM), (signal.SIGKILL, -signal.SIGKILL)],
    ids=["SIGTERM", "SIGKILL"],
)
def test_a_stop_leaves_nothing_half_written_and_the_next_run_goes_on(
    straight, tmp_path, stop, status
):
    folder, straight = straight
    output = tmp_path / "model"
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    line = command(folder, output, epochs=3)
    process = subprocess.Popen(
        [forking_python(), *line], stderr=subprocess.PIPE, text=True, env=environment
    )
    for text in process.stderr:
        if "epoch 1 of 3" in text:
            process.send_signal(stop)
            break
    process.stderr.read()  # until nobody is left who could say more
    process.stderr.close()
    assert process.wait() == status
    assert not output.exists()
    again = forked(*line, environment=environment)
    assert again.returncode == 0, again.stderr

    (tmp_path / "straight.csv").write_text(to_csv(straight.history))
    resumed, whole = read_history(output / "history.csv"), read_history(tmp_path / "straight.csv")
    for name in whole.keys() - {"seconds", "memory_gb"}:
        np.testing.assert_array_equal(resumed[name], whole[name], err_msg=name)
    weights = read_weights(output / "weights.pth")
    assert all(torch.equal(weights[name], one) for name, one in straight.state.items())


def test_two_processes_out_of_time_go_on_to_the_same_training_as_one(folder, tmp_path, monkeypatch):
    """It fails, so that the profile's retry goes on; two epochs need two attempts.

    The sentence is the last that is read. test_processes.py proves to 1e-10 what float32 and Adam
    blur here.
    """
    output = tmp_path / "model"
    line = command(folder, output, epochs=2)
    line += ["--time-budget", "0", "--processes", "2"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHON_OF_JOBS": forking_python()}
    first = forked(*line, environment=environment)
    *_, last = first.stderr.splitlines()
    assert first.returncode == 1 and "Traceback" not in first.stderr
    assert last == (
        "out of time: 1 of 2 epochs are done; started again, the job goes on from there"
    )
    assert not output.exists()
    second = forked(*line, environment=environment)
    assert second.returncode == 0, second.stderr
    assert len(read_history(output / "history.csv")["epoch"]) == 2
    content = json.loads((output / "config.json").read_text())
    assert content["provenance"]["processes"] == "2"
    lat, lon = coordinates((40, 64))
    assert content["trained_on"] == pytest.approx({"lat": lat[1] - lat[0], "lon": lon[1] - lon[0]})
    together = read_history(output / "history.csv")
    monkeypatch.undo()  # the network is whole, as in the processes
    recipe = replace(RECIPE, name="m", epochs=2, lr=0.001)
    (alone,) = learn(folder, tmp_path, recipe, time_budget=0).history
    for name, rounding in {
        "train_loss": 1e-3,
        "validation_loss": 1e-3,
        "train_mean_iou": 1e-2,
    }.items():
        assert together[name][0] == pytest.approx(alone[name], rel=rounding), name


def test_a_batch_too_small_to_share_is_refused(folder, tmp_path):
    with pytest.raises(BadInput, match=r"batch_size 4 is too small: .* at least 8 samples"):
        train(
            RECIPE,
            list_labelled(folder),
            NORMALIZATION,
            device=CPU,
            processes=Processes(0, 8),
            checkpoints=tmp_path,
            time_budget=math.inf,
        )


def test_a_region_is_learned_with_padding_and_augmentation_of_its_own(tmp_path):
    lat, lon = np.linspace(10, 77, 48), np.arange(189.0, 253.0)
    for day in (1, 2):
        values, labels = weather(day, (48, 64))
        path = tmp_path / "train" / f"data-2000-01-{day:02d}-01-1.nc"
        write_map_file(path, values, lat, lon, labels=labels)
    recipe = replace(RECIPE, epochs=1, validation=0.5, augment=Augment(roll=False, flip=False))
    with pytest.raises(BadInput, match=r"188\.5 to 252\.5 east\): use padding: replicate"):
        learn(tmp_path / "train", tmp_path, recipe)
    trained = learn(tmp_path / "train", tmp_path, replace(recipe, padding="replicate"))
    assert np.isfinite(trained.history[0]["validation_loss"])


def test_a_log_tells_now_and_then_how_far_an_epoch_is(caplog, monkeypatch):
    monkeypatch.setattr("stormtrace.learn.bar.LINE_EVERY_S", 0)
    caplog.set_level("INFO")
    assert list(bar("abc", "epoch 1 of 2", 3)) == ["a", "b", "c"]
    lines = [record.message for record in caplog.records]
    assert [line.split(",")[0] for line in lines] == [
        "epoch 1 of 2: step 1 of 3",
        "epoch 1 of 2: step 2 of 3",
    ]


def test_time_budget_is_kept(folder, tmp_path):
    start = time.monotonic()
    trained = learn(folder, tmp_path, replace(RECIPE, epochs=10_000), time_budget=3)
    assert trained.stopped == "time budget"
    assert time.monotonic() - start < 10
