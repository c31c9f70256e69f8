"""The rows of bench_gpu.py on training: the steps and passes that train.py takes."""

import time
from functools import partial

from bench_detect import FIELDS
from stormtrace.formats.labelled import list_labelled
from stormtrace.learn.batches import batches, epoch_order
from stormtrace.learn.model_config import make_config
from stormtrace.learn.processes import Processes
from stormtrace.learn.recipe import Recipe
from stormtrace.learn.training_run import TrainingRun
from stormtrace.network import model_files
from stormtrace.network.normalization import Normalization

EPOCH = "an epoch, s"
MEANS = Normalization(
    tuple(FIELDS), tuple(mean for mean, _ in FIELDS.values()), tuple(s for _, s in FIELDS.values())
)


class TrainingRows:
    """Training's part of the bench."""

    training = None

    def epochs(self):
        """Training epochs, uncompiled."""
        rows, columns = self.scale.shape
        self.page.section(
            f"Training: {self.scale.labelled} samples of 4 × {rows} × {columns}, batches of 4; the "
            "step alone on one batch again and again, an epoch with its samples in memory, the "
            "first one from files.",
            *("precision", "compiled", "step alone, samples/s", "batches made alone, s"),
            *("epoch, s", "first epoch, s", "peak GB"),
        )
        for precision in ("float32", "bfloat16"):
            self.epoch_row(precision, False, needs=60)

    def epoch_row(self, precision, fuse, needs):
        """Train with a precision; compiled or not."""
        found = self.page.row(
            *(precision, "yes" if fuse else ""),
            needs=needs,
            measure=partial(self._epoch, precision, fuse),
        )
        self.best[EPOCH] = min(self.best[EPOCH], found or float("inf"))

    def _epoch(self, precision, fuse):
        self.forget()
        recipe = Recipe(
            name="bench",
            fields=list(FIELDS),
            dataset="bench",
            grid="bench",
            lr=0.005,
            epochs=20,
            validation=0.0,
            precision=precision,
            compile=fuse,
        )
        files = list_labelled(self.memory / "labelled")
        run = TrainingRun(recipe, files, MEANS, self.device, Processes())
        first = ""
        if self.training is None:
            first = f"{self._pass(run):.2f}"
            self.training = run.training  # all in memory now
        run.training = self.training
        made, batch = self._make_batches(run)
        batch = batch.to(self.device)
        alone = self.rate(lambda: run.step(batch, recipe.lr)) * len(batch.values)
        epoch = min(self._pass(run), self._pass(run))
        if not self.model.exists():
            model_files.write_model(self.model, make_config(recipe, MEANS, {}), run.weights())
        return [f"{alone:,.0f}", f"{made:.2f}", f"{epoch:.2f}", first, self.peak()], epoch

    def _pass(self, run):
        start = time.perf_counter()
        run.standing.epoch += 1
        run.learn()  # ends with its loss on the CPU: the device has done all
        return time.perf_counter() - start

    def _make_batches(self, run):
        """Seconds to make an epoch's batches, pinned, with nobody to use them; and the last."""
        order, start = epoch_order(len(run.training), 0, 1), time.perf_counter()
        size, augmentation = run.batch_size, run.augmentation
        on_gpu = self.device.type == "cuda"
        for batch in batches(
            run.training, order, size, augmentation=augmentation, seed=(0, 1), pin=on_gpu
        ):
            if len(batch.values) == size:
                whole = batch
        return time.perf_counter() - start, whole
