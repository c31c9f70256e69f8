"""Masks that hold next to nothing, or nearly everything: what the whole record is doubted for."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from stormtrace.classes import Classes
from stormtrace.formats.counts import Counts

#: More blank masks than this share of all are told.
BLANK_SHARE = 0.5

#: The least share of the globe, per cent, that a class covers on average where a network works.
#: Rivers: 8 % by ClimateNet's labels, and 3 % in the strictest of ARTMIP's catalogues.
LEAST_COVER = {"atmospheric_river": 1.0}

#: And the most: several times what any method finds.
MOST_COVER = {"atmospheric_river": 50.0, "tropical_cyclone": 20.0}

ADVICE = "check the fields, and of a network the grid it was trained on and its statistics"


class Record:
    """The masks of all years, added year by year.

    steps, blank_steps: how many there are, and how many of them hold no feature. told: what the
    jobs of single years have doubted, each once.
    """

    def __init__(self, classes: Classes) -> None:
        self.steps = self.blank_steps = 0
        self.told: list[str] = []
        self._watched = [one for one in classes.features if one.flag in MOST_COVER]
        #: Flag -> steps times the share of the globe that the class covers in them.
        self._covered: defaultdict[str, float] = defaultdict(float)

    def add(self, counts: Counts) -> None:
        """Add the counts of a year."""
        self.steps += int(counts.steps.sum())
        self.blank_steps += int(counts.attributes.get("blank_steps", 0))
        self.tell(counts.attributes)
        if not counts.grid.is_global:
            return
        weights = counts.grid.area / counts.grid.area.sum()
        for feature in self._watched:
            of_class = counts.fields["count"][:, counts.classes.features.index(feature)]
            cover = sum(float((one * weights).sum(dtype=np.float64)) for one in of_class)
            self._covered[feature.flag] += cover

    def tell(self, attributes: Mapping[str, Any]) -> None:
        """Add what the attributes of a file say it is doubted for."""
        lines = str(attributes.get("doubts", "")).split("\n")
        self.told += [line for line in lines if line and line not in self.told]

    def doubts(self) -> Iterator[str]:
        """Yield what all years together are doubted for."""
        blank, steps = self.blank_steps, self.steps
        if steps and blank > BLANK_SHARE * steps:
            yield (
                f"{'all' if blank == steps else blank} of {steps} masks are blank: right where"
                f" there is no feature, else {ADVICE}"
            )
        for feature in self._watched:
            if not steps or feature.flag not in self._covered:
                continue  # on a part of the globe there may be none
            cover = 100 * self._covered[feature.flag] / steps
            rivers = feature.plural.lower()
            least = LEAST_COVER.get(feature.flag, 0.0)
            if cover > MOST_COVER[feature.flag]:
                yield (
                    f"{rivers} cover {cover:.3g} % of the globe at a time, where"
                    f" {'several' if least else 'one or two'} per cent are usual: {ADVICE}"
                )
            elif cover == 0 and least:
                if blank <= BLANK_SHARE * steps:
                    usual = "which cover several per cent of the globe"
                    yield f"no mask has {rivers}, {usual}: {ADVICE}"
            elif cover < least:
                yield (
                    f"the masks are nearly blank: {rivers} cover {cover:.2g} % of"
                    f" the globe at a time, where several per cent are usual: {ADVICE}"
                )
