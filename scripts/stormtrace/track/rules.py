"""Three rules that make events of linked objects.

    graph        thresholds in km² and hours; the main branch continues, others begin or end there
    climatenet   the published tracker's: any overlap, the first cell decides
    components   StitchBlobs': all objects ever linked are one event

Each takes a record, which of its objects are large enough, the links that count, the number that an
event has which begins with an object, and the `tracking` block; and assigns each object to an event
(0: none) and to the event's main branch or not. What it finds for an object depends on those alone
that links join with it: so a record may be cut where no link is (`linking`).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stormtrace.track.bridging import link_over_gaps
from stormtrace.track.identifiers import Numbering, identifiers
from stormtrace.track.record import Indices, Links, Record
from stormtrace.track.tracking import Tracking


class Assignment(NamedTuple):
    """event (objects,): ID or 0. main (objects,): on the main branch. links: those that count."""

    event: Indices
    main: NDArray[np.bool_]
    links: Links


def assign(record: Record, tracking: Tracking) -> Assignment:
    """Apply the rule of `tracking` to a whole record."""
    kept = large_enough(record, tracking)
    links = counting_links(record, kept, tracking)
    numbers = numbering(tracking).of(record, kept, links)
    return RULES[tracking.rule](record, kept, links, numbers, tracking)


def numbering(tracking: Tracking) -> Numbering:
    """Return what numbers the events of a rule, from the first one on."""
    return Numbering(published=tracking.rule == "climatenet")


def counting_links(record: Record, kept: NDArray[np.bool_], tracking: Tracking) -> Links:
    """Return the links that count: of the record, and by rule `graph` over gaps."""
    links = accepted(record, record.links, kept, tracking)
    if tracking.rule != "graph":
        return links
    over_gaps = link_over_gaps(
        record,
        kept,
        links,
        tracking.gap_hours,
        lambda more: accepted(record, more, kept, tracking),
    )
    return links.concat(over_gaps)


def longest_hours(record: Record, tracking: Tracking) -> float:
    """Return how far apart in time two objects may be that are linked."""
    return max(tracking.gap_hours, record.step_hours)


def large_enough(record: Record, tracking: Tracking) -> NDArray[np.bool_]:
    """Return which objects reach the smallest size of their class."""
    code = record.objects["class"]
    area = np.asarray(tracking.minimum_area_km2, float)[code]
    pixels = np.asarray(tracking.minimum_pixels)[code]
    if tracking.rule == "climatenet":
        pixels = np.maximum(pixels, 2)  # as published: a single pixel is never an object
    return (record.objects["area_km2"] >= area) & (record.objects["pixels"] >= pixels)


def accepted(record: Record, links: Links, kept: NDArray[np.bool_], tracking: Tracking) -> Links:
    """Return the links of kept objects that overlap enough and are near enough in time.

    The overlap counts as a fraction of the smaller object, so that a piece splitting off, and
    one merging in, overlaps fully. Consecutive steps are always near enough.
    """
    area = record.objects["area_km2"]
    smaller = np.minimum(area[links.earlier], area[links.later])
    longest = longest_hours(record, tracking)
    return links.where(
        kept[links.earlier]
        & kept[links.later]
        & (links.area >= tracking.minimum_overlap * smaller)
        & (record.hours[links.later] - record.hours[links.earlier] <= longest + 1e-6)
    )


def climatenet(
    record: Record,
    kept: NDArray[np.bool_],
    links: Links,
    numbers: Indices,
    tracking: Tracking,
) -> Assignment:
    """Give each object the ID found at the first cell it shares with an object a step before.

    IDs count up from 1000 in order of time and raster, all classes together. The ID of an event
    seen in too few steps is erased, not reused.
    """
    order = np.lexsort([links.first_cell, links.later])
    later, first = np.unique(links.later[order], return_index=True)
    parent = np.arange(record.count)
    parent[later] = links.earlier[order][first]
    root = _roots(parent)
    event = np.where(kept, numbers[root], 0)
    sightings = np.unique(np.stack([root[kept], record.step[kept]]), axis=1)[0]
    steps = np.bincount(sightings, minlength=record.count)[root]
    enough = (steps - 1) * record.step_hours >= _minimum_hours(record, tracking)
    return Assignment(np.where(enough, event, 0), np.ones(record.count, bool), links)


def components(
    record: Record,
    kept: NDArray[np.bool_],
    links: Links,
    numbers: Indices,
    tracking: Tracking,
) -> Assignment:
    """Make one event of all linked objects, across any number of steps, merges and splits."""
    component = linked_together(links, record.count)
    first = np.full(record.count + 1, record.count)
    np.minimum.at(first, component, np.arange(record.count))
    event = _long_enough(record, first[component], kept, tracking)
    return Assignment(identifiers(record, numbers, event), np.ones(record.count, bool), links)


def graph(
    record: Record,
    kept: NDArray[np.bool_],
    links: Links,
    numbers: Indices,
    tracking: Tracking,
) -> Assignment:
    """Follow main branches; a piece that splits off or merges in for a short while is a fragment.

    Links are taken in order of their overlap, each if both its ends are still free: that is the
    main branch. A branch that lasts `minimum_hours` is an event. A shorter one is a fragment of
    the event it split from or, failing that, of the one it merges into, while that lasts.
    """
    parent = main_branches(links, record.count)
    head = np.where(kept, _roots(parent), -1)
    event = _long_enough(record, head, kept, tracking)
    owner = _owners(links, head, event)
    alive = owner >= 0
    start, end = np.full(record.count, np.inf), np.full(record.count, -np.inf)
    main = event >= 0
    np.minimum.at(start, event[main], record.hours[main])
    np.maximum.at(end, event[main], record.hours[main])
    alive &= (record.hours >= start[owner]) & (record.hours <= end[owner])
    return Assignment(identifiers(record, numbers, np.where(alive, owner, -1)), main, links)


Rule = Callable[[Record, NDArray[np.bool_], Links, Indices, Tracking], Assignment]

RULES: dict[str, Rule] = {
    "graph": graph,
    "climatenet": climatenet,
    "components": components,
}


def linked_together(links: Links, count: int) -> Indices:
    """Return the component of each object (count,): of those that links join, however far."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ones = np.ones(links.later.size, np.int8)
    edges = coo_array((ones, (links.earlier, links.later)), shape=(count, count))
    _, component = connected_components(edges, directed=False)
    return np.asarray(component, np.int64)


def main_branches(links: Links, count: int) -> Indices:
    """Return each object's predecessor on its branch, or itself: (count,).

    Taking links by descending overlap while both ends are free is the same as taking, round
    after round, all links that are the best at both ends; ties go to the lower number.
    """
    parent = np.arange(count)
    free_before, free_after = np.ones(count, bool), np.ones(count, bool)
    order = np.lexsort([links.later, links.earlier, -links.area])
    earlier, later = links.earlier[order], links.later[order]
    while earlier.size:
        best = _first_of_each(earlier) & _first_of_each(later)
        parent[later[best]] = earlier[best]
        free_after[earlier[best]], free_before[later[best]] = False, False
        still = free_after[earlier] & free_before[later]
        earlier, later = earlier[still], later[still]
    return parent


def _first_of_each(values: Indices) -> NDArray[np.bool_]:
    first = np.zeros(values.size, bool)
    first[np.unique(values, return_index=True)[1]] = True
    return first


def _roots(parent: Indices) -> Indices:
    """Follow parents to their ends, all at once: each round doubles the distance covered."""
    while True:
        further = parent[parent]
        if np.array_equal(further, parent):
            return parent
        parent = further


def _minimum_hours(record: Record, tracking: Tracking) -> NDArray[np.float64]:
    return np.asarray(tracking.minimum_hours, float)[record.objects["class"]]


def _long_enough(
    record: Record, head: Indices, kept: NDArray[np.bool_], tracking: Tracking
) -> Indices:
    """Return `head` where head's branch lasts from first to last sighting long enough, else −1."""
    chosen = np.flatnonzero(kept)
    last = np.full(record.count, -np.inf)
    np.maximum.at(last, head[chosen], record.hours[chosen])
    first = np.full(record.count, np.inf)
    np.minimum.at(first, head[chosen], record.hours[chosen])
    long_enough = last - first >= _minimum_hours(record, tracking) - 1e-6
    return np.where(kept & long_enough[head], head, -1)


def _owners(links: Links, head: Indices, event: Indices) -> Indices:
    """Return the event of each object, its own or the one it is a fragment of, else −1.

    `head` is the first object of each object's branch, `event` the same but −1 for branches that
    are too short. A fragment's parent begins before it and its child ends after it, so one pass
    forward and one backward settle chains of fragments too.
    """
    owner_of = np.where((head >= 0) & (event >= 0), head, -1)
    tail = _last_of_branch(head)
    short = np.flatnonzero((head == np.arange(head.size)) & (event < 0))
    order = np.lexsort([links.later, -links.area])
    before, after = links.earlier[order], links.later[order]
    parents, children = _first_match(after, before, short), _first_match(before, after, tail[short])
    for branch, parent in zip(short.tolist(), parents.tolist(), strict=True):
        if parent >= 0:
            owner_of[branch] = owner_of[head[parent]]
    for k in np.argsort(tail[short])[::-1].tolist():
        if owner_of[short[k]] < 0 and children[k] >= 0:
            owner_of[short[k]] = owner_of[head[children[k]]]
    return np.where(head >= 0, owner_of[head], -1)


def _last_of_branch(head: Indices) -> Indices:
    tail = np.arange(head.size)
    on_branch = np.flatnonzero(head >= 0)
    np.maximum.at(tail, head[on_branch], on_branch)
    return tail


def _first_match(keys: Indices, values: Indices, wanted: Indices) -> Indices:
    """Return, for each of `wanted`, the value of its first place in `keys`, or −1."""
    unique, first = np.unique(keys, return_index=True)
    place = np.searchsorted(unique, wanted)
    found = np.isin(wanted, unique)
    matches = np.full(wanted.size, -1)
    matches[found] = values[first[place[found]]]
    return matches
