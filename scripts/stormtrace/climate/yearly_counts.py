"""Joining the counts of all years of an experiment into one file."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stormtrace.class_table import ClassTable
from stormtrace.climate.near_blank import blank_steps, doubts_of_record, doubts_of_years
from stormtrace.errors import BadInput
from stormtrace.formats.counts import OF_EVENTS, Counts, monthly_counts, read_counts
from stormtrace.formats.frequencies import FrequencyWriter, writing_frequency_file

log = logging.getLogger("stormtrace")


def merge_counts(
    masks: Sequence[Path | str],
    events: Sequence[Path | str],
    output: Path | str,
    provenance: Mapping[str, str],
    table: ClassTable | None = None,
) -> None:
    """Join the counts of all years into `output`; one month is in memory at a time.

    Every year must be there once, from masks and (unless `events` is empty) from events, on one
    grid and for one experiment, with the same number of steps. Experiments that differ only in
    tracking share masks: the name that counts is that of the events.

    Raises:
        BadInput: years are missing or double, or their counts do not belong together.

    """
    of_masks, of_events = _by_year(masks, table), _by_year(events, table)
    if of_events and of_masks.keys() != of_events.keys():
        raise BadInput(
            f"masks and events must cover the same years: {sorted(of_masks)} are counted from "
            f"masks, {sorted(of_events)} from events"
        )
    years = sorted(of_masks)
    first = of_masks[years[0]][1]
    has_entries = first.entry_steps is not None
    called = {"count": "count"} | ({"votes": "votes"} if _members(first) > 1 else {})
    called |= {"entries": "entries"} if has_entries else {}
    of_event = {a: b for a, b in OF_EVENTS.items() if has_entries or a != "entries"}
    variables = [*called.values(), *(of_event.values() if of_events else ())]
    last = (of_events or of_masks)[years[-1]][1]
    attributes = _attributes(first, (of_events or of_masks)[years[0]][1], last) | dict(provenance)
    attributes |= _doubted(of_masks, of_events)
    with writing_frequency_file(
        output, first.grid, first.classes, years, variables, attributes
    ) as writer:
        for position, year in enumerate(years):
            path, counted = of_masks[year]
            _check_same(first, counted, path)
            writer.write_steps(position, counted)
            _copy(path, called, writer, position)
            if of_events:
                path, tracked = of_events[year]
                _check_same(counted, tracked, path)
                _copy(path, of_event, writer, position)


def _attributes(first: Counts, tracked: Counts, last: Counts) -> dict[str, Any]:
    """Return the attributes of the whole record: those of its first year, and its last time."""
    end = {name: text for name, text in last.attributes.items() if name == "time_coverage_end"}
    return first.attributes | tracked.attributes | end


def _doubted(
    of_masks: Mapping[int, tuple[Path, Counts]], of_events: Mapping[int, tuple[Path, Counts]]
) -> dict[str, Any]:
    """Return what masks and events are doubted for as attributes; warn of what is new here."""
    masks, events = ([one for _, one in years.values()] for years in (of_masks, of_events))
    told, new = doubts_of_years([*masks, *events]), doubts_of_record(of_masks)
    for doubt in new:
        log.warning("%s", doubt)
    return {"blank_steps": blank_steps(masks), "doubts": "\n".join([*told, *new])}


def _copy(path: Path, names: Mapping[str, str], writer: FrequencyWriter, position: int) -> None:
    """Copy one year's fields, month by month."""
    for month, name, values in monthly_counts(path, list(names)):
        writer.write_month(names[name], position, month, values)


def _members(counts: Counts) -> int:
    """Return the number of networks of an ensemble; 1 without one."""
    return int(counts.attributes.get("members", 1))


def _by_year(
    paths: Sequence[Path | str], table: ClassTable | None
) -> dict[int, tuple[Path, Counts]]:
    """Return year -> file and what describes its counts."""
    found: dict[int, tuple[Path, Counts]] = {}
    for path in map(Path, paths):
        counts = read_counts(path, with_fields=False, table=table)
        if counts.year in found:
            raise BadInput(
                f"{found[counts.year][0]} and {path} both hold counts of {counts.year}: keep one"
            )
        found[counts.year] = path, counts
    return found


def _check_same(first: Counts, other: Counts, path: Path) -> None:
    """Refuse to join counts of different grids, classes, experiments or (of events) steps."""
    pairs: list[tuple[str, object, object]] = [
        ("grid shape", first.grid.shape, other.grid.shape),
        ("classes", _codes(first), _codes(other)),
        ("entries of fronts", _entries(first), _entries(other)),
    ]
    if first.counted_from != other.counted_from:
        pairs.append(("steps of each month", first.steps.tolist(), other.steps.tolist()))
    else:
        names = [counts.attributes.get("experiment") for counts in (first, other)]
        pairs.append(("experiment", names[0], names[1]))
        pairs.append(("number of members", _members(first), _members(other)))
    for what, expected, found in pairs:
        if expected != found:
            raise BadInput(f"{path}: expected the {what} {expected}, found {found}")
    if not first.grid.same_as(other.grid):
        raise BadInput(f"{path}: its latitudes and longitudes are not those of the other years")


def _entries(counts: Counts) -> str:
    return "not counted" if counts.entry_steps is None else "counted"


def _codes(counts: Counts) -> dict[str, int]:
    return {feature.flag: feature.code for feature in counts.classes.features}
