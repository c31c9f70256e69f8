"""Checks applied to each mask as it is made.

Samples out of order or of another year stop the job. Blank maps are reported. A reduced precision
is compared with float32 on some steps, and the difference is written into the mask file.
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.formats.samples import SampleFolder
from stormtrace.network.scores import Confusion, by_label, confusion_matrix, iou

if TYPE_CHECKING:  # torch, which detectors without a network do not need
    from stormtrace.network.runtimes import Runtime

log = logging.getLogger("stormtrace")


@dataclass
class Watch:
    """Checks every mask of one year; `reference` is float32 where another precision runs."""

    folder: SampleFolder
    labels: Sequence[str]
    year: int
    reference: "Runtime | None" = None
    blank: list[str] = field(default_factory=list)
    steps: int = 0
    _last: float = -np.inf
    _compared: int = 0
    _confusion: Confusion | None = None

    def check(self, time: float, mask: NDArray[np.int8]) -> None:
        """Check the mask (lat, lon) of the next step.

        Raises:
            BadInput: the time is of another year, or not after the one before.

        """
        self._check_time(time)
        if not mask.any():
            self.blank.append(str(self.folder.date(time)))
        if self.reference is not None and self.steps in self._chosen():
            sample = self.folder.read([self.folder.paths[self.steps]])
            self._compare(self.reference(sample.values)["mask"][0], mask)
        self.steps += 1

    def _check_time(self, time: float) -> None:
        date, where = self.folder.date(time), self.folder.paths[self.steps]
        if date.year != self.year:
            raise BadInput(f"{where}: its time is {date}, but the samples are of {self.year}")
        if time <= self._last:
            raise BadInput(
                f"{where}: its time, {date}, is not after that of the sample before: a time "
                "occurs twice, or a name does not match its time"
            )
        self._last = time

    def _chosen(self) -> set[int]:
        count = len(self.folder.paths)
        return {0, count // 2, count - 1}

    def _compare(self, reference: NDArray[np.int8], mask: NDArray[np.int8]) -> None:
        matrix = confusion_matrix(reference, mask, len(self.labels))
        self._confusion = matrix if self._confusion is None else self._confusion + matrix
        self._compared += 1

    def refuse_blank(self) -> None:
        """Refuse masks of which every one is blank.

        Raises:
            BadInput: so they are.

        """
        if self.blank and len(self.blank) == self.steps:
            raise BadInput(
                f"every mask ({self.steps}) of {self.folder.paths[0].parent} is blank: the fields, "
                "their units, the statistics or the grid are not those that the detector knows; "
                "where there is truly no feature, say blank: allow in the experiment"
            )

    def attributes(self) -> dict[str, str | int | float]:
        """Log blank maps; return the findings as attributes of the mask file."""
        found: dict[str, str | int | float] = {
            "blank_steps": len(self.blank),
            "step_hours": self.folder.step_hours,
        }
        if self.blank:
            log.warning(
                "%d of %d masks are blank (%s%s): right where there is no feature, else check the "
                "statistics and the fields",
                len(self.blank),
                self.steps,
                ", ".join(self.blank[:3]),
                ", …" if len(self.blank) > 3 else "",
            )
        if self._confusion is not None:
            agreement = {
                "steps": self._compared,
                "equal_cells": float(np.trace(self._confusion) / self._confusion.sum()),
                "iou": by_label(iou(self._confusion), self.labels),
            }
            found["agreement_with_float32"] = json.dumps(agreement)
            log.info("against float32: %s", found["agreement_with_float32"])
        return found
