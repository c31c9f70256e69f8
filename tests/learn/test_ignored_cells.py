"""Cells that nobody looked at: nothing that is learned or scored depends on what stands there."""

import json

import netCDF4
import numpy as np
import pytest
import torch

from labelled_factory import FIELDS, MEAN, STD, coordinates, weather, write_map_file
from stormtrace.classes import IGNORED, Classes
from stormtrace.errors import BadInput
from stormtrace.figures.label_figures import draw_labels
from stormtrace.formats.labelled import list_labelled, read_labelled
from stormtrace.formats.labelled_writing import write_labelled
from stormtrace.grids import Grid
from stormtrace.labels.agreement import expert_agreement
from stormtrace.labels.quality import check_labels
from stormtrace.learn.augment import Augmentation
from stormtrace.learn.batches import batches, count_votes, make_training_set
from stormtrace.learn.evaluation import evaluate
from stormtrace.learn.importance import permutation_importance
from stormtrace.learn.labellings import Labelling
from stormtrace.learn.losses import LOSSES
from stormtrace.learn.processes import Processes
from stormtrace.learn.recipe import Augment, Recipe
from stormtrace.learn.training import train
from stormtrace.network.model_files import parse_config
from stormtrace.network.predictor import Predictor

SHAPE = (40, 64)
GRID = Grid(*coordinates(SHAPE))
LABELS = ["Background", "Tropical Cyclone", "Atmospheric River"]
CONFIG = parse_config(
    {
        "fields": {name: {"mean": MEAN[name], "std": STD[name]} for name in FIELDS},
        "labels": LABELS,
    },
    "test",
)
ABOUT = {name: {"units": "1"} for name in FIELDS}

#: Nobody looked at these: the whole south, and a strip that cuts what lies across it.
UNSEEN = np.zeros(SHAPE, bool)
UNSEEN[:12] = UNSEEN[:, 30:36] = True


def write(folder, experts=1, unseen=UNSEEN, confidence=None, days=3):
    """Days of made-up weather, seen by experts one column apart; the second leaves less out."""
    folder.mkdir()
    for day in range(1, days + 1):
        fields, codes = weather(day, SHAPE)
        for expert in range(experts):
            labels = np.roll(codes, expert, axis=1)
            labels[unseen if expert == 0 else unseen & (np.arange(SHAPE[1]) < 34)] = IGNORED
            name = f"data-2000-01-{day:02d}-01-1"
            write_labelled(
                folder / f"{name}_{expert}.nc", GRID, f"{name}.nc", fields, ABOUT, labels, {},
                Classes.of_labels(LABELS), confidence,
            )  # fmt: skip
    return list_labelled(folder)


class Elsewhere(torch.nn.Module):
    """Finds rivers and cyclones by threshold; where nobody looked, whatever it is told to."""

    def __init__(self, there):
        super().__init__()
        self.there = there

    def forward(self, x):
        low, moist = (-x[:, 3] - 1.5) * 10, (x[:, 0] - 1.5) * 5
        logits = torch.stack([torch.zeros_like(low), low, moist], dim=1)
        logits[..., torch.from_numpy(UNSEEN)] = self.there.to(logits.dtype)
        return logits


def predictors():
    """Two networks that differ where nobody looked, and nowhere else."""
    generator = torch.Generator().manual_seed(0)
    there = torch.randn(2, 3, int(UNSEEN.sum()), generator=generator)
    return [Predictor(CONFIG, Elsewhere(one), torch.device("cpu")) for one in there]


def test_a_file_declares_them_and_is_read_again(tmp_path):
    (file, *_) = write(tmp_path / "some")
    with netCDF4.Dataset(file.path) as nc:
        assert nc["LABELS"]._FillValue == 255 and nc["LABELS"][:].mask.sum() == UNSEEN.sum()
    sample = read_labelled(file.path, FIELDS, 3, GRID)
    np.testing.assert_array_equal(sample.labels == IGNORED, UNSEEN)
    (file, *_) = write(tmp_path / "none", unseen=np.zeros(SHAPE, bool))
    with netCDF4.Dataset(file.path) as nc:  # codes stay whole numbers for other readers
        assert "_FillValue" not in nc["LABELS"].ncattrs()


@pytest.mark.parametrize(
    ("dtype", "missing", "said"),
    [
        ("f4", np.nan, None),
        ("i2", -1, None),
        ("i2", 0, "declares 0 as missing .* the code of a class"),
        ("i2", None, r"the codes \[255\], outside 0 … 2: .*declare the code of cells that nobody"),
    ],
)
def test_what_a_foreign_file_declares_is_heeded(tmp_path, dtype, missing, said):
    path = tmp_path / "data-2000-01-01-01-1_0.nc"
    lat, lon = coordinates(SHAPE)
    fields, labels = weather(1, SHAPE)
    write_map_file(path, fields, lat, lon, labels=labels)
    with netCDF4.Dataset(path, "a") as nc:
        nc.renameVariable("LABELS", "OLD")
        there = {} if missing is None else {"fill_value": missing}
        variable = nc.createVariable("LABELS", dtype, ("lat", "lon"), **there)
        variable.set_auto_mask(False)
        variable[:] = np.where(UNSEEN, 255 if missing is None else missing, labels)
    if said is None:
        read = read_labelled(path, FIELDS, 3, GRID).labels
        np.testing.assert_array_equal(read, np.where(UNSEEN, IGNORED, labels))
        return
    with pytest.raises(BadInput, match=said):
        read_labelled(path, FIELDS, 3, GRID)
    (problem,) = check_labels(list_labelled(tmp_path), Classes.of_labels(LABELS))["problems"]
    assert problem["kind"] == "code"


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("votes", ["one", "soft", "counted"])
def test_no_loss_and_no_gradient_depends_on_them(tmp_path, name, votes):
    """Logits there may be anything; a batch in which nobody looked anywhere costs nothing."""
    if name == "published-double-softmax" and votes == "counted":
        pytest.skip("it cannot weigh cells")
    files = write(tmp_path / "d", experts=1 if votes == "one" else 2)
    labellings = "separate" if votes == "one" else "soft"
    samples = make_training_set(
        files, CONFIG.normalization, 3, GRID, labellings, count_votes=votes == "counted"
    )
    (batch,) = batches(samples, [0, 1, 2], 3)
    seen = batch.votes.bool().any(dim=1, keepdim=True).expand(-1, 3, -1, -1)
    assert 0 < (~seen).sum() < seen.numel()
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(3, 3, *SHAPE, generator=generator)
    other = torch.where(seen, logits, 5 * torch.randn(logits.shape, generator=generator))
    found = []
    for one in (logits, other):
        one = one.clone().requires_grad_()
        loss = LOSSES[name](one, batch.target(), lambda x: x, batch.weight())
        (gradient,) = torch.autograd.grad(loss, one)
        found.append((loss.item(), gradient))
        assert not gradient[~seen].any() and gradient[seen].any()
        assert loss.item() > 0 and torch.isfinite(gradient).all()
    assert found[0][0] == found[1][0]
    torch.testing.assert_close(found[0][1], found[1][1], rtol=0, atol=0)
    if votes == "one":  # the loss of the cells that were seen, cut out: twelve rows of the south
        cut = [one[:, :, 12:] for one in (logits, batch.target(), batch.weight())]
        assert LOSSES[name](*cut[:2], lambda x: x, cut[2]).item() == pytest.approx(found[0][0])
    nothing = torch.zeros_like(batch.target())
    one = logits.clone().requires_grad_()
    loss = LOSSES[name](one, nothing, lambda x: x, torch.zeros(3, 1, *SHAPE))
    (gradient,) = torch.autograd.grad(loss, one)
    assert loss.item() == 0 and not gradient.any()


def test_confidence_and_turns_leave_them_out(tmp_path):
    files = write(tmp_path / "d", experts=2, confidence=np.full(SHAPE, 0.5, np.float32))
    samples = make_training_set(files, CONFIG.normalization, 3, GRID, "soft", weigh_confidence=True)
    turn = Augmentation(roll=True, flip=True, odd=(False,) * 4)
    (batch,) = batches(samples, [0, 1, 2], 3, augmentation=turn, seed=(1,))
    counted = batch.weight()[:, 0]
    assert torch.isfinite(counted).all() and torch.isfinite(batch.target()).all()
    both = UNSEEN & (np.arange(SHAPE[1]) < 34)
    assert ((counted == 0).sum(dim=(1, 2)) == int(both.sum())).all()
    assert set(counted[counted > 0].tolist()) == {0.5}
    raw = samples.read(0)  # fields and votes of a cell move together
    tagged = raw.values.copy()
    tagged[1] = both
    values, votes = turn.apply(tagged, raw.votes, np.random.default_rng(4))
    np.testing.assert_array_equal(values[1] == 1, ~votes.any(axis=0))
    assert not np.array_equal(values[1], tagged[1])


def test_no_score_depends_on_what_is_found_there(tmp_path):
    files = write(tmp_path / "d", experts=2, confidence=np.full(SHAPE, 0.9, np.float32))
    first, second = (
        evaluate(one, [file for file in files if file.labelling == 0], "m") for one in predictors()
    )
    assert first == second
    assert np.sum(first["confusion"]) == 3 * (~UNSEEN).sum()
    assert first["iou"]["Atmospheric River"] > 0.9 and first["confidence"]["0.8 to 1"]["cells"]
    shuffled = [
        permutation_importance(one, [file for file in files if file.labelling == 0], repeats=1)
        for one in predictors()
    ]
    assert shuffled[0] == shuffled[1]
    # Of two experts only cells count that both looked at: they agree where neither is off by one.
    agreed = expert_agreement(files, LABELS)
    assert 0.7 < agreed["iou"]["Atmospheric River"] < 1


def test_codes_and_logits_there_are_in_no_confusion_matrix(tmp_path):
    samples = make_training_set(write(tmp_path / "d"), CONFIG.normalization, 3, GRID, "separate")
    (batch,) = batches(samples, [0, 1, 2], 3)
    counted = count_votes(torch.randn(3, 3, *SHAPE), batch.votes)
    assert counted.sum() == 3 * (~UNSEEN).sum()


def test_a_sample_that_nobody_looked_at_has_no_scores_and_no_nan(tmp_path):
    files = write(tmp_path / "d", unseen=np.ones(SHAPE, bool), days=1)
    result = evaluate(predictors()[0], files, "m")
    assert result["mean_iou"] is None and np.sum(result["confusion"]) == 0
    json.dumps(result, allow_nan=False)
    checked = check_labels(files, Classes.of_labels(LABELS))
    assert checked["ignored_share"] == 1 and checked["problems"] == []
    assert checked["doubts"] == [
        "no file has a cell that anybody looked at: nothing can be learned, or scored, there"
    ]


def test_shares_are_of_what_was_looked_at(tmp_path):
    files = write(tmp_path / "d", days=1)
    checked = check_labels(files, Classes.of_labels(LABELS))
    codes = weather(1, SHAPE)[1][~UNSEEN]
    for code, label in enumerate(LABELS):
        assert checked["cell_share"][label] == pytest.approx((codes == code).mean())
    area = GRID.area
    assert checked["ignored_share"] == pytest.approx(area[UNSEEN].sum() / area.sum())


def test_a_figure_says_what_was_not_labelled(tmp_path):
    background, labels = np.zeros(SHAPE, np.float32), np.zeros(SHAPE, np.uint8)
    classes = Classes.of_labels(LABELS)
    for unseen in (UNSEEN, np.zeros(SHAPE, bool)):
        seen = np.where(unseen, np.uint8(IGNORED), labels)
        one = Labelling("2000-01-01", GRID, background, labels, [seen])
        figure = draw_labels([one], "TMQ", classes, "m", "")
        words = [text.get_text() for text in figure.legends[0].get_texts()]
        assert ("not labelled" in words) == unseen.any()


def test_a_training_passes_over_samples_that_nobody_looked_at(tmp_path):
    """One of them on the held-out date too: then no epoch is better; all of them: refused."""
    some = write(tmp_path / "some", days=3)
    nothing = np.ones(SHAPE, bool)
    for file in write(tmp_path / "none", unseen=nothing, days=4)[2:]:
        file.path.rename(tmp_path / "some" / file.path.name)
    recipe = Recipe(
        name="m", fields=list(FIELDS), dataset="d", grid="g", epochs=1, batch_size=1, lr=0.003,
        validation=0.25, augment=Augment(flip=False),
    )  # fmt: skip

    def learn(files):
        where = {"device": torch.device("cpu"), "processes": Processes()}
        return train(recipe, files, CONFIG.normalization, checkpoints=tmp_path / "kept", **where)

    files = list_labelled(tmp_path / "some")
    assert len(files) == len(some) + 1
    (row,) = learn(files).history
    assert 0 < row["train_loss"] < 1 and row["validation_loss"] is None
    counted = sum(number for name, number in row.items() if name.startswith("train_cells"))
    assert counted == 2 * (~UNSEEN).sum()  # the third was replaced
    empty = [file for file in files if file.date >= "2000-01-03"]
    with pytest.raises(BadInput, match="LABELS is missing in every cell of the 1 training samples"):
        learn(empty)
