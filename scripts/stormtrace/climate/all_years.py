"""Counts of all years of an experiment, from its masks and its tracked events, in one file."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from stormtrace.class_table import ClassTable
from stormtrace.climate.counting import count_masks
from stormtrace.climate.near_blank import Record
from stormtrace.errors import BadInput
from stormtrace.formats.counts import Counts
from stormtrace.formats.frequencies import OF_EVENTS, writing_frequency_file
from stormtrace.formats.masks import open_masks

log = logging.getLogger("stormtrace")


class Events(Protocol):
    """Tracked events of an experiment (`event_counting.TrackedEvents`)."""

    years: list[int]
    attributes: dict[str, str]

    def months(self, counted: Counts) -> Iterable[tuple[int, str, NDArray[np.int16]]]:
        """Yield index of the month, name and counts (class, nlat, nlon) of a year."""
        ...


def compute_frequency(
    masks: Sequence[Path | str],
    output: Path | str,
    provenance: Mapping[str, str],
    periods: Sequence[Sequence[str]] = (),
    events: Events | None = None,
    table: ClassTable | None = None,
) -> None:
    """Count masks, one file a year, and the events that were tracked in them; write `output`.

    periods: of each file ``[start, end)`` of the experiment, see `count_masks`. table: the study's
    `classes:`.

    Raises:
        BadInput: as `count_masks` and `write_years`; two files hold masks of one year.

    """
    found: dict[int, tuple[Path | str, Callable[[], Counts]]] = {}
    of_each: Sequence[Sequence[str] | None] = periods or [None] * len(masks)
    for path, period in zip(masks, of_each, strict=True):
        year = int(open_masks(path, table).attributes["year"])
        if year in found:
            raise BadInput(f"{found[year][0]} and {path} both hold masks of {year}: keep one")
        found[year] = path, partial(count_masks, path, period, table)
    write_years({year: count for year, (_, count) in found.items()}, events, output, provenance)


def write_years(
    years: Mapping[int, Callable[[], Counts]],
    events: Events | None,
    output: Path | str,
    provenance: Mapping[str, str],
) -> None:
    """Write the counts of all years into `output`; those of one year are in memory at a time.

    years: year -> what counts its masks. All are of one grid and one experiment, and have events,
    unless these were not tracked. Experiments that differ only in tracking share masks: the name
    that counts is that of the events.

    Raises:
        BadInput: years are missing, or their counts do not belong together.

    """
    ordered = sorted(years)
    if events is not None and events.years != ordered:
        raise BadInput(
            f"masks and events must cover the same years: there are masks of {ordered}, and "
            f"objects of {events.years}"
        )
    counted = years[ordered[0]]()
    first, record = replace(counted, fields={}), Record(counted.classes)
    has_entries = first.entry_steps is not None
    called = ["count", *(["votes"] if _members(first) > 1 else [])]
    called += ["entries"] if has_entries else []
    of_event = {a: b for a, b in OF_EVENTS.items() if has_entries or a != "entries"}
    variables = [*called, *(of_event.values() if events else ())]
    attributes = first.attributes | (events.attributes if events else {}) | dict(provenance)
    with writing_frequency_file(
        output, first.grid, first.classes, ordered, variables, attributes
    ) as writer:
        for position, year in enumerate(ordered):
            if position:
                counted = years[year]()
            _check_same(first, counted)
            record.add(counted)
            writer.write_steps(position, counted)
            for name in called:
                for month, values in enumerate(counted.fields[name]):
                    writer.write_month(name, position, month, values)
            for month, name, values in events.months(counted) if events else ():
                writer.write_month(of_event[name], position, month, values)
        writer.describe(_of_record(record, events, counted))


def _of_record(record: Record, events: Events | None, last: Counts) -> dict[str, Any]:
    """Return the attributes of the whole record, and warn of what it is doubted for."""
    if events:
        record.tell(events.attributes)
    new = list(record.doubts())
    for doubt in new:
        log.warning("%s", doubt)
    end = {name: text for name, text in last.attributes.items() if name == "time_coverage_end"}
    doubts = "\n".join([*record.told, *new])
    return end | {"blank_steps": record.blank_steps, "doubts": doubts}


def _members(counts: Counts) -> int:
    """Return the number of networks of an ensemble; 1 without one."""
    return int(counts.attributes.get("members", 1))


def _check_same(first: Counts, other: Counts) -> None:
    """Refuse to join counts of different grids, classes or experiments."""
    names = [counts.attributes.get("experiment") for counts in (first, other)]
    pairs: list[tuple[str, object, object]] = [
        ("grid shape", first.grid.shape, other.grid.shape),
        ("classes", _codes(first), _codes(other)),
        ("entries of fronts", _entries(first), _entries(other)),
        ("experiment", names[0], names[1]),
        ("number of members", _members(first), _members(other)),
    ]
    for what, expected, found in pairs:
        if expected != found:
            raise BadInput(
                f"the masks of {other.year} have another {what} than those of {first.year}: "
                f"expected {expected}, found {found}"
            )
    if not first.grid.same_as(other.grid):
        raise BadInput(
            f"the latitudes and longitudes of the masks of {other.year} are not those of "
            f"{first.year}"
        )


def _entries(counts: Counts) -> str:
    return "not counted" if counts.entry_steps is None else "counted"


def _codes(counts: Counts) -> dict[str, int]:
    return {feature.flag: feature.code for feature in counts.classes.features}
