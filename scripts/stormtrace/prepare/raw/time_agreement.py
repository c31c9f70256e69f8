"""Whether the times of a dataset's variables, and of its parts, go together."""

from collections.abc import Iterable

from stormtrace.errors import BadInput
from stormtrace.prepare.dataset import Dataset
from stormtrace.prepare.raw.calendar_time import HOUR, Seconds
from stormtrace.prepare.raw.inventory import Inventory
from stormtrace.prepare.raw.matching import span_of, step_offset
from stormtrace.prepare.raw.time_methods import LINEAR, POINT


def check_times(dataset: Dataset, inventories: Iterable[Inventory]) -> int:
    """Return the offset of a dataset's steps, `step_offset`.

    Raises:
        BadInput: its variables have none in common, or are of intervals of several lengths.

    """
    known = list(inventories)
    spans = {span: each for each in known if (span := span_of(each, dataset))}
    if len(spans) > 1:
        listed = "; ".join(
            f"{each.source.variable} of {span / HOUR:g} h in {each.paths[0]}"
            for span, each in spans.items()
        )
        raise BadInput(
            f"dataset {dataset.name}: a sample is of one interval, but these are of several:"
            f" {listed}; choose files of one history tape, or say `sampling: mean` of the shorter"
        )
    return step_offset(known, dataset)


def check_alike(own: Inventory, partner: Inventory) -> None:
    """Refuse (BadInput) a mean paired with an instant: TMQ of a mean Q needs the mean PS."""
    for each in (own, partner):
        if each.method not in LINEAR:
            raise BadInput(
                f"{each.paths[0]}: {each.source.variable} is a {each.method} over time: no value of"
                " a column comes of those of its levels; `take` is for such a variable"
            )
    kinds = [(each.method, each.span) for each in (own, partner)]
    if kinds[0] != kinds[1]:
        words = [
            "instants" if method == POINT else f"{method}s over {span / HOUR:g} h"
            for method, span in kinds
        ]
        raise BadInput(
            f"{own.paths[0]} has {words[0]} of {own.source.variable}, but {partner.paths[0]}"
            f" {words[1]} of {partner.source.variable}: both must be of one kind; choose the files"
            " of one history tape, or say `stamps`"
        )


def check_offsets(dataset: Dataset, before: Seconds, after: Seconds) -> None:
    """Refuse (BadInput) parts whose steps do not start at the same hours."""
    offsets = [int(start[0] % dataset.step) for start in (before, after)]
    if offsets[0] != offsets[1]:
        hours = " and ".join(f"{offset / HOUR:g}" for offset in offsets)
        raise BadInput(
            f"dataset {dataset.name}: the steps of its parts start {hours} h after multiples of"
            f" {dataset.step / HOUR:g} h: make them two datasets"
        )
