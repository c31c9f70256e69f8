"""One, two or three processes: the same training, but for the order of sums.

In float64, so that rounding (1e-16) and a sum that forgot somebody (1e-3) cannot be taken for each
other. The steps follow the gradient itself (SGD): Adam divides by its size and so would blow up the
rounding of the smallest ones.
"""

import math
import os
import sys
from dataclasses import replace
from functools import partial

import pytest
import torch
from torch import distributed, multiprocessing

from labelled_factory import FIELDS, MEAN, STD, write_labelled
from stormtrace.formats.labelled import list_labelled
from stormtrace.learn import training, training_run
from stormtrace.learn.batches import Batch
from stormtrace.learn.processes import Processes
from stormtrace.learn.recipe import Recipe
from stormtrace.network import cgnet
from stormtrace.network.normalization import Normalization

CPU = torch.device("cpu")
NORMALIZATION = Normalization(FIELDS, tuple(MEAN.values()), tuple(STD.values()))
BASE = Recipe(
    name="m",
    fields=list(FIELDS),
    dataset="made-up",
    grid="tiny",
    epochs=2,
    batch_size=4,
    lr=0.02,
    validation=0.3,
)


def changed(recipe, **changes):
    return recipe.model_copy(update=changes)


RECIPES = {  # five times, two labellings each: batches of 4 leave a rest, 3 processes an uneven share
    "jaccard": BASE,
    "soft labels": changed(BASE, labellings="soft", loss="cross-entropy", batch_size=3, epochs=1),
    "as published": changed(BASE, loss="published-double-softmax", padding="circular", epochs=1),
    "stops early": changed(BASE, lr=0.3, epochs=6, early_stopping=1, warmup=0.0, batch_size=5),
    "one runs out of time": changed(BASE, epochs=5),
}
SHARED = {"epoch", "lr", "train_loss", "validation_loss"}


def double_precision():
    """Let the trainings of this process compute in float64, by plain gradient descent.

    Of the 20 blocks of the network's third level, all alike, two are enough.
    """
    cgnet.LEVEL3_BLOCKS = 2
    make_network, to = training_run._make_network, Batch.to
    training_run._make_network = lambda *args: make_network(*args).double()
    training_run.make_optimizer = lambda recipe, network: torch.optim.SGD(
        network.parameters(), recipe.lr, momentum=0.9
    )
    Batch.to = lambda batch, device: replace(to(batch, device), values=batch.values.double())


def learn_all(folder, out, processes):
    double_precision()
    for name, recipe in RECIPES.items():
        short = name == "one runs out of time" and processes.rank == processes.count - 1
        trained = training.train(
            recipe,
            list_labelled(folder),
            NORMALIZATION,
            device=CPU,
            processes=processes,
            checkpoints=out / str(processes.count),
            time_budget=0 if short else math.inf,
        )
        told = (trained.state, trained.history, trained.best_epoch, trained.stopped)
        torch.save(told, out / f"{processes.count}-{processes.rank}-{name}.pt")


def one_of(rank, count, folder, out):
    torch.set_num_threads(1)
    os.environ |= {"GLOO_SOCKET_IFNAME": "lo"}
    distributed.init_process_group(
        "gloo", init_method=f"file://{out}/meet-{count}", rank=rank, world_size=count
    )
    learn_all(folder, out, Processes(rank, count, rank))
    distributed.destroy_process_group()


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    out = tmp_path_factory.mktemp("processes")
    folder = write_labelled(out / "train", 5, labellings=2, shape=(40, 40))
    # All are forked from one process that has imported this module, and what the first optimizer
    # would import for a second, and done nothing else.
    multiprocessing.get_context("forkserver").set_forkserver_preload([__name__, "torch._dynamo"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        for count in (1, 2, 3):
            multiprocessing.start_processes(
                one_of, (count, folder, out), nprocs=count, start_method="forkserver"
            )
    return out


def told(out, count, rank, name):
    return torch.load(out / f"{count}-{rank}-{name}.pt", weights_only=True)


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("count", [2, 3])
def test_the_number_of_processes_changes_nothing_but_rounding(out, count, name):
    state, history, *ended = told(out, 1, 0, name)
    close = partial(pytest.approx, rel=1e-10, abs=1e-12)
    for rank in range(count):
        other_state, other_history, *other_ended = told(out, count, rank, name)
        assert other_ended == ended
        for row, other in zip(history, other_history, strict=True):
            assert row.keys() == other.keys()
            for key in row.keys() - {"seconds", "memory_gb"}:
                assert other[key] == (close(row[key]) if key in SHARED else row[key]), key
        for key, weights in state.items():
            torch.testing.assert_close(other_state[key], weights, rtol=1e-10, atol=1e-12, msg=key)


def test_the_trainings_are_no_trivial_ones(out):
    assert told(out, 1, 0, "stops early")[3] == "early stopping"
    assert told(out, 1, 0, "one runs out of time")[3] == "time budget"
    assert len(told(out, 1, 0, "one runs out of time")[1]) == 1
    first, last = told(out, 1, 0, "jaccard")[1]
    assert abs(first["train_loss"] - last["train_loss"]) > 1e-3
