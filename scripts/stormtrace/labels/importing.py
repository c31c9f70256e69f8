"""Annotations of all tools to class codes on one grid, and a record of what became of each."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.blocks import did_you_mean
from stormtrace.classes import Classes
from stormtrace.commandline import log, progress
from stormtrace.errors import BadInput
from stormtrace.grids import Grid, make_grid
from stormtrace.grids.boxes import box_cells
from stormtrace.labels.annotation_blocks import AnnotatedDataset, AnnotationFiles
from stormtrace.labels.importers.annotation import Annotation, Dropped, Shape
from stormtrace.labels.importers.climatecontours import read_climatecontours
from stormtrace.labels.importers.climatenetlarge import read_climatenetlarge
from stormtrace.labels.importers.coco import read_coco
from stormtrace.labels.importers.front_masks import read_front_masks
from stormtrace.labels.importers.label_studio import read_label_studio
from stormtrace.labels.importers.pixel_codes import read_pixels
from stormtrace.labels.importers.surface_bulletins import read_surface_bulletins
from stormtrace.labels.importers.webknossos import read_webknossos
from stormtrace.labels.label_times import Timer, plain_time
from stormtrace.labels.labelling_store import UNSEEN, LabellingStore, Part
from stormtrace.labels.placing import Placement, place_axes, place_picture
from stormtrace.track.labelling import Labeller

#: Format -> its importer. A new one is a file in `importers` and a line here.
IMPORTERS: Mapping[str, Callable[[Path, AnnotationFiles], Iterator[Annotation | Dropped]]] = {
    "climatecontours": read_climatecontours,
    "label-studio": read_label_studio,
    "climatenetlarge": read_climatenetlarge,
    "coco": read_coco,
    "pixels": read_pixels,
    "front-masks": read_front_masks,
}

#: ClimateContours' pictures begin at the date line.
CONTOURS_LEFT = -180.0


def read_annotations(
    dataset: AnnotatedDataset, grid: Grid, grids: Mapping[str, Any]
) -> LabellingStore:
    """Read every annotation of a dataset onto its grid. grids: those that `map` names, by name.

    Raises:
        BadInput: there are no files, one cannot be read, a time is not known, a word of confidence
            has no number, or one annotator labelled a time twice.

    """
    store = LabellingStore(grid, dataset.labels, dataset.priority)
    for block in dataset.annotations:
        _Reading(store, block, dataset, grids).run()
    if not store.labellings:
        raise BadInput(f"{dataset.name}: its files hold no annotation of any time")
    return store


class _Reading:
    """One block of files on its way into the store."""

    def __init__(
        self,
        store: LabellingStore,
        block: AnnotationFiles,
        dataset: AnnotatedDataset,
        grids: Mapping[str, Any],
    ) -> None:
        self.store, self.block, self.grid = store, block, store.grid
        self.classes = Classes.of_labels(dataset.labels)
        self.timer = None if block.times is None else Timer(block.times)
        shown = block.map.grid
        self.shown = self.grid if shown is None else make_grid(grids[shown])
        self.left = block.map.left
        if self.left is None and block.format == "climatecontours":
            self.left = CONTOURS_LEFT
        self.place = lru_cache(8)(self._place)
        box = block.looked_at
        self.outside = None if box is None else ~box_cells(self.grid, box)
        self.labeller: Labeller | None = None
        self.met: set[str] = set()

    def run(self) -> None:
        """Read every file."""
        files = self.block.found()
        if not files:
            raise BadInput(f"annotations: there are no files {', '.join(self.block.files)}")
        for path in progress(files, f"reading {self.block.format}", len(files)):
            self.store.record.files.append(path)
            try:
                for one in self._read(Path(path)):
                    if isinstance(one, Dropped):
                        self.store.record.drop(*one)
                    else:
                        self._add(one)
            except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
                what = f"it has no {error}" if isinstance(error, KeyError) else str(error)
                raise BadInput(
                    f"{path} is not of the form {self.block.format!r} ({what}): export it again, "
                    "or correct `format`"
                ) from error
        self._check_words()

    def _check_words(self) -> None:
        """Refuse (BadInput) classes of which no word occurs; warn of one that does not."""
        said, record = self.block.classes, self.store.record
        if not self.met and record.dropped["unknown class"]:
            first = record.details["unknown class"][0]
            raise BadInput(
                f"annotations: no shape has one of the words in `classes` ({', '.join(said)}); the "
                f"first of {record.dropped['unknown class']}: {first}"
            )
        for word in sorted(said.keys() - self.met - {"*"}):
            log.warning("annotations: %r of `classes` occurs in no shape that was read", word)

    def _read(self, path: Path) -> Iterable[Annotation | Dropped]:
        if self.block.format == "webknossos":
            assert self.timer is not None
            return read_webknossos(path, self.block, self.shown.shape, self.timer.count)
        if self.block.format == "codsus":
            return read_surface_bulletins(path, self.block, self.grid)
        return IMPORTERS[self.block.format](path, self.block)

    def _add(self, one: Annotation) -> None:
        record, time, annotator = self.store.record, one.time, ""
        if time is None:
            if self.timer is None:
                raise BadInput(f"{one.where} has no time of its own: say `times`")
            time, annotator = self.timer.find(one.key, one.where)
        who = self.block.annotator or annotator or one.annotator
        for dropped in one.dropped:
            record.drop(*dropped)
        record.proposed += one.proposed
        ranks, confidence = self._cells(one)
        part = Part(one.where, self._classes_of(one.layer))
        self.store.add((plain_time(time, one.where), who), part, ranks, confidence)

    def _classes_of(self, layer: str | None) -> frozenset[str]:
        """Return the classes that an annotation is about: of its layer, or of the whole block."""
        said = self.block.classes
        own = [name for word, name in said.items() if layer and word.partition("/")[0] == layer]
        return frozenset(name for name in own or said.values() if name is not None)

    def _cells(self, one: Annotation) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
        ranks = np.zeros(self.grid.shape, np.uint8)
        sure: NDArray[np.uint8] | None = None
        for shape in one.shapes:
            code = self._code(shape, one.where)
            if code is None:
                continue
            cells = self._placed(shape, one)
            if cells is None:
                continue
            self.store.record.shapes += 1
            rank = self.store.rank[code]
            self.store.record.overlapping_cells += int(
                (cells & (ranks > 0) & (ranks != rank)).sum()
            )
            wins = cells & (ranks <= rank)
            share = self._confidence(shape, one.where)
            if share is not None and sure is None:
                sure = np.full(self.grid.shape, 100, np.uint8)
            if sure is not None:
                again = wins & (ranks == rank)
                least = 100 if share is None else share
                sure[wins] = np.where(again[wins], np.maximum(sure[wins], least), least)
            ranks[wins] = rank
        if self.outside is not None:
            ranks[self.outside] = UNSEEN
        if one.seen is not None:
            ranks[~self._placement(one).apply(one.seen)] = UNSEEN
        return ranks, sure

    def _code(self, shape: Shape, where: str) -> int | None:
        said = self.block.classes
        word = next((one for one in (*shape.words, "*") if one in said), None)
        if word is None:
            named = shape.words[0]
            self.store.record.drop("unknown class", f"{where} ({named}{did_you_mean(named, said)})")
            return None
        self.met.add(word)
        name = said[word]
        if name is None:
            self.store.record.drop("left out", f"{where} ({word})")
            return None
        return self.classes[name].code

    def _placed(self, shape: Shape, one: Annotation) -> NDArray[np.bool_] | None:
        """Return the cells of a shape on the grid; None, and a note, if there are none."""
        mask = shape.cells()
        if one.is_on_grid:
            return self._on_grid(mask, one, shape)
        placement = self._placement(one)
        cells = placement.apply(mask)
        if cells.any():
            return self._large_enough(cells, one.where, shape)
        off = bool(mask.any()) and not placement.has_a_pixel(mask)
        reason = "off the map" if off else "too small"
        self.store.record.drop(reason, f"{one.where} ({shape.words[0]})")
        return None

    def _on_grid(
        self, cells: NDArray[np.bool_], one: Annotation, shape: Shape
    ) -> NDArray[np.bool_] | None:
        if cells.any():
            return self._large_enough(cells, one.where, shape)
        self.store.record.drop("off the map", f"{one.where} ({shape.words[0]})")
        return None

    def _large_enough(
        self, cells: NDArray[np.bool_], where: str, shape: Shape
    ) -> NDArray[np.bool_] | None:
        """Return cells without connected pieces below `minimum_area_km2`."""
        least = self.block.minimum_area_km2
        if not least:
            return cells
        self.labeller = self.labeller or Labeller(self.grid)
        step = self.labeller.step(cells.astype(np.int8))
        small = step.measures.area < least
        if not small.any():
            return cells
        kept = cells.copy()
        for piece, runs in zip(small, _runs_of(step), strict=True):
            if piece:
                for row, start, stop in runs:
                    kept[row, start:stop] = False
        self.store.record.drop("too small", f"{where} ({shape.words[0]})", int(small.sum()))
        return kept if kept.any() else None

    def _confidence(self, shape: Shape, where: str) -> int | None:
        """Return how sure the annotator was, in per cent; None where nothing is said."""
        said, words = shape.confidence, self.block.confidence
        if said is None:
            return None
        share = words.get(str(said))
        if share is None and not isinstance(said, str) and 0 <= said <= 1:
            share = float(said)
        if share is None:
            raise BadInput(
                f"{where}: a confidence of {said!r}, but `confidence` has "
                f"{', '.join(words)}: say what {said!r} is, from 0 to 1"
            )
        return round(100 * share)

    def _placement(self, one: Annotation) -> Placement:
        if one.axes is None:
            try:
                return self.place(one.size)
            except BadInput as error:
                raise BadInput(f"{one.where}: {error}") from error
        key = (one.axes.lat.tobytes(), one.axes.lon.tobytes())
        if getattr(self, "_axes_key", None) != key:
            self._axes_key, self._of_axes = key, place_axes(one.axes, self.grid, one.where)
        return self._of_axes

    def _place(self, size: tuple[int, int]) -> Placement:
        return place_picture(size, self.shown, self.block.map.top, self.left, self.grid)


def _runs_of(step: Any) -> Iterator[list[tuple[int, int, int]]]:
    ends = np.cumsum(step.measures.runs)
    runs = list(zip(step.row.tolist(), step.start.tolist(), step.stop.tolist(), strict=True))
    for first, last in zip([0, *ends[:-1].tolist()], ends.tolist(), strict=True):
        yield runs[first:last]
