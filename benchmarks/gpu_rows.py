"""The measurements of bench_gpu.py: each calls the code that jobs call."""

import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from bench_detect import FIELDS, iou, write_model
from gpu_files import DISTINCT, MEMORY, room, write_labelled, write_samples
from gpu_training import EPOCH, MEANS, TrainingRows
from measuring import flushed, measured, script
from stormtrace.detect.network_run import (
    Choice,
    copies_of_models,
    load_members,
    make_segmenter,
    prepare_run,
)
from stormtrace.detect.reading_ahead import Look, Pieces, of_one
from stormtrace.detect.reading_processes import read_in_processes
from stormtrace.formats.samples import open_folder
from stormtrace.learn.training_checks import compiled
from stormtrace.network.padding import suit_grid
from stormtrace.network.runtimes import PRECISIONS

LAYOUTS = {"channels-last": torch.channels_last, "as stored": torch.contiguous_format}
NETWORK, REDUCED = "network, float32, samples/s", "network, reduced, samples/s"
YEAR = "a year from files, s"
TARGETS = {NETWORK: 800, REDUCED: 2000, YEAR: 15, EPOCH: 5}


class Traffic(TorchDispatchMode):
    """Counts the bytes that all operations read and write, as if none were fused."""

    nbytes = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        """Run an operation and count its tensors."""
        found = func(*args, **(kwargs or {}))
        if not func.is_view:
            leaves = tree_leaves((args, kwargs, found))
            self.nbytes += sum(one.nbytes for one in leaves if isinstance(one, torch.Tensor))
        return found


class Bench(TrainingRows):
    """All rows, in an order in which the first are the most wanted."""

    def __init__(self, page, device, scale, memory, disk):
        self.page, self.device, self.scale = page, device, scale
        self.memory, self.disk = memory, disk
        self.model, self.load = memory / "model", copies_of_models()
        self.bandwidth = float("nan")
        self.best = {NETWORK: 0.0, REDUCED: 0.0, YEAR: float("inf"), EPOCH: float("inf")}

    def run(self):
        """Measure; a GPU's results stand against the targets at the end."""
        self.copies()
        write_labelled(self.memory / "labelled", self.scale.shape, self.scale.labelled)
        self.training = None
        self.epochs()
        if not self.model.exists():
            write_model(self.model)
        write_samples(self.memory / "few", self.scale.shape, self.scale.batches[-1], 2)
        self.few = open_folder(self.memory / "few", dict.fromkeys(FIELDS))
        self.networks()
        self.masks()
        if MEMORY in self.memory.parents:
            self.jobs("memory", self.memory / "year", self.scale.year, self.scale.jobs)
        self.jobs("disk", self.disk / "year", self.scale.on_disk, ("float32",))
        self.compiled_rows()
        if self.device.type == "cuda":
            self.targets()

    # -- time and memory ---------------------------------------------------------------------

    def synchronize(self):
        """Wait until the device has done all it was given."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def rate(self, work):
        """Calls a second of `work`, after two that do not count; of one call in --quick."""
        if self.scale.seconds:
            work(), work()
            self.synchronize()
        calls, start = 0, time.perf_counter()
        while calls == 0 or time.perf_counter() - start < self.scale.seconds:
            work()
            self.synchronize()
            calls += 1
        return calls / (time.perf_counter() - start)

    def forget(self):
        """Free what the rows before held; begin to look for the most memory."""
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats(self.device)

    def peak(self):
        """The device's most memory since then, GB, as a cell; blank on a CPU."""
        if self.device.type != "cuda":
            return ""
        return f"{torch.cuda.max_memory_allocated(self.device) / 1e9:.1f}"

    # -- the device itself -------------------------------------------------------------------

    def copies(self):
        """Bandwidth of copies on the device and to it."""
        self.page.section("Copies.", "from, to", "GB/s")
        there = self.page.row("device, device", needs=5, measure=self._on_device)
        self.bandwidth = there or float("nan")
        for name, pinned in (("host, device", False), ("pinned host, device", True)):
            self.page.row(name, needs=5, measure=partial(self._to_device, pinned))

    def _on_device(self):
        one = torch.zeros(self.scale.copied // 4, device=self.device)
        other = torch.empty_like(one)
        found = 2 * one.nbytes * self.rate(lambda: other.copy_(one))
        return [f"{found / 1e9:,.1f} (read and written)"], found

    def _to_device(self, pinned):
        pinned = pinned and self.device.type == "cuda"
        one = torch.zeros(self.scale.copied // 4, pin_memory=pinned)
        other = torch.empty(one.shape, device=self.device)
        found = one.nbytes * self.rate(lambda: other.copy_(one, non_blocking=True))
        return [f"{found / 1e9:,.1f}"]

    # -- the network -------------------------------------------------------------------------

    def networks(self):
        """The network on maps that are on the device; then the runtime, from host to host."""
        self.network_section("The network alone, maps on the device")
        for precision in PRECISIONS:
            for batch in self.scale.batches:
                self.network_row(precision, batch, "channels-last", False, needs=10)
            self.network_row(precision, self.scale.batch, "as stored", False, needs=10)
        self.page.section(
            f"The runtime as jobs call it, batches of {self.scale.batch}: copied to the device, "
            "normalized, masks copied back. Two threads: a stream each, so that one copies while "
            "the other computes.",
            *("precision", "host memory", "samples/s, one thread", "two threads", "peak GB"),
        )
        for precision in PRECISIONS:
            for pinned in (False, True) if self.device.type == "cuda" else (False,):
                self.page.row(
                    *(precision, "pinned" if pinned else "pageable"),
                    needs=10,
                    measure=partial(self._runtime_rates, precision, pinned),
                )

    def network_section(self, text):
        """Begin a table of networks."""
        self.page.section(
            f"{text}. GB a sample: what its operations read and write, none fused; × samples/s "
            "over the copy bandwidth is the share of it.",
            *("precision", "batch", "layout", "compiled", "samples/s", "GB a sample"),
            *("share of bandwidth", "peak GB"),
        )

    def network_row(self, precision, batch, layout, fuse, needs):
        """Run the network in one way."""
        found = self.page.row(
            *(precision, batch, layout, "yes" if fuse else ""),
            needs=needs,
            measure=partial(self._network_rate, precision, batch, layout, fuse),
        )
        if not fuse:  # jobs run it uncompiled
            kind = NETWORK if precision == "float32" else REDUCED
            self.best[kind] = max(self.best[kind], found or 0.0)

    def _network_rate(self, precision, batch, layout, fuse):
        self.forget()
        segmenter = make_segmenter(load_members([self.model], self.load))
        suit_grid(segmenter, self.few.grid)
        segmenter = segmenter.to(self.device).eval().to(memory_format=LAYOUTS[layout])
        run = compiled(segmenter) if fuse else segmenter
        x = torch.from_numpy(MEANS.apply(self.few.read(self.few.paths[:batch]).values))
        x = x.to(self.device).contiguous(memory_format=LAYOUTS[layout])
        kind = PRECISIONS[precision]
        cast = torch.autocast(self.device.type, dtype=kind, enabled=precision != "float32")
        with torch.no_grad(), cast, Traffic() as traffic:
            segmenter(x)
        with torch.inference_mode(), cast:
            found = self.rate(lambda: run(x)) * batch
        each = traffic.nbytes / batch
        share = f"{100 * each * found / self.bandwidth:.0f} %"
        return [f"{found:,.0f}", f"{each / 1e9:.2f}", share, self.peak()], found

    def prepared(self, precision, device=None):
        """What a detection job makes ready for these samples."""
        choice = Choice(device or self.device, "torch", precision, self.scale.batch)
        members = load_members([self.model], self.load)
        return prepare_run(members, MEANS, self.few, (), choice, 2001)

    def _runtime_rates(self, precision, pinned):
        self.forget()
        run, values = self.prepared(precision), self.few.read(self.few.paths[: self.scale.batch])
        host = torch.from_numpy(values.values)
        maps = (host.pin_memory() if pinned else host).numpy()
        one = self.rate(lambda: run.runtime(maps))
        local = threading.local()

        def call(_):
            if self.device.type != "cuda":
                return run.runtime(maps)
            if not hasattr(local, "stream"):
                torch.cuda.set_device(self.device)
                local.stream = torch.cuda.Stream(self.device)
            with torch.cuda.stream(local.stream):
                return run.runtime(maps)

        with ThreadPoolExecutor(2) as threads:
            two = 8 * self.rate(lambda: list(threads.map(call, range(8))))
        rates = [f"{len(maps) * each:,.0f}" for each in (one, two)]
        return [*rates, self.peak()]

    def masks(self):
        """Masks of the device against those of a CPU in float32."""
        self.page.section(
            f"Masks of {min(DISTINCT, len(self.few.paths))} maps against the CPU's in float32, "
            "cell by cell.",
            *("precision", "cells that differ", "of", "IoU TC", "IoU AR"),
        )
        values = self.few.read(self.few.paths[:DISTINCT]).values
        truth = self.prepared("float32", torch.device("cpu")).runtime(values)["mask"]
        for precision in PRECISIONS:
            self.page.row(
                precision,
                needs=10,
                measure=partial(self._agreement, precision, values, truth),
            )

    def _agreement(self, precision, values, truth):
        masks = self.prepared(precision).runtime(values)["mask"]
        scores = [iou(masks == code, truth == code) for code in (1, 2)]
        shown = ["–" if one is None else f"{one:.5f}" for one in scores]
        return [f"{int((masks != truth).sum()):,}", f"{truth.size:,}", *shown]

    # -- whole jobs --------------------------------------------------------------------------

    def jobs(self, place, folder, most, precisions):
        """Reading alone, and detect.py from files to masks; most: number of samples."""
        nbytes = len(FIELDS) * 4 * self.scale.shape[0] * self.scale.shape[1] * 1.01
        count = int(min(most, room(folder.parent) / nbytes))
        self.page.section(
            f"From files ({place}): {count:,} samples, {count * nbytes / 1e9:.1f} GB. Reading "
            "alone, by processes; detect.py from its start to its file of masks. A year of "
            f"{self.scale.year:,} samples: in proportion, the start included.",
            *("what", "s", "samples/s", "a year, s", "CPU s", "host peak MB"),
        )
        if time.monotonic() + 60 > self.page.deadline or count < self.scale.batch:
            self.page.add("left out: no time, or no room")
            return
        start = time.monotonic()
        write_samples(folder, self.scale.shape, count, max(2, self.scale.readers[-1]))
        self.page.add(f"(writing them: {time.monotonic() - start:.0f} s)")
        opened = open_folder(folder, dict.fromkeys(FIELDS))
        cold = flushed if place == "disk" else lambda paths: None
        for readers in self.scale.readers:
            read = partial(self._read, opened, readers, cold)
            self.page.row(f"reading, {readers} processes", needs=30, measure=read)
        for precision in precisions:
            job = partial(self._job, opened, precision, cold)
            found = self.page.row(f"job, {precision}", needs=40, measure=job)
            if found is not None and count == self.scale.year:
                self.best[YEAR] = min(self.best[YEAR], found)
        shutil.rmtree(folder)

    def _read(self, opened, readers, cold):
        cold(opened.paths)
        check, start = self.prepared("float32").check, time.perf_counter()
        pieces = Pieces.of([Look(opened, opened.paths, check)], self.scale.batch)
        for _ in of_one(read_in_processes(pieces, readers)):
            pass
        seconds = time.perf_counter() - start
        return self._pace(seconds, len(opened.paths))

    def _job(self, opened, precision, cold):
        cold(opened.paths)
        command = script(
            "detect.py",
            *("--model", self.model, "--samples", opened.paths[0].parent),
            *("--output", self.memory / f"{precision}.nc", "--experiment", "bench"),
            *("--dataset", "waves", "--grid", "bench", "--year", 2001, "--blank", "allow"),
            *("--device", self.device.type, "--precision", precision),
            *("--batch", self.scale.batch),
        )
        cost = measured(command, timeout=self.page.deadline - time.monotonic())
        cells = self._pace(cost.seconds, len(opened.paths))
        return [*cells, f"{cost.cpu:.0f}", f"{cost.peak_mb:,.0f}"], cost.seconds

    def _pace(self, seconds, count):
        year = seconds * self.scale.year / count
        return [f"{seconds:.1f}", f"{count / seconds:,.0f}", f"{year:,.1f}"]

    # -- compiled ----------------------------------------------------------------------------

    def compiled_rows(self):
        """What torch.compile gains, last since it takes minutes."""
        self.network_section("Compiled networks")
        for precision in ("bfloat16", "float32"):
            self.network_row(precision, self.scale.batch, "channels-last", True, needs=60)
        self.page.section(
            "Compiled training.",
            *("precision", "compiled", "step alone, samples/s", "batches made alone, s"),
            *("epoch, s", "first epoch, s", "peak GB"),
        )
        self.epoch_row("bfloat16", True, needs=90)

    def targets(self):
        """What was wanted, and whether it is so."""
        self.page.section("Targets (H100 or H200).", "what", "target", "measured", "held")
        for name, found in self.best.items():
            target = TARGETS[name]
            held = found >= target if name.startswith("network") else found <= target
            bound = "≥" if name.startswith("network") else "≤"
            self.page.add(name, f"{bound} {target:,}", f"{found:,.1f}", "yes" if held else "no")
