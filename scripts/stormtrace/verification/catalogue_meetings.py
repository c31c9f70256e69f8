"""Catalogues held against the members of an agreement.

A point is found if the member marks a cell whose centre lies at most a radius away.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.climate.significance import interval
from stormtrace.constants import EARTH_RADIUS_KM
from stormtrace.errors import BadInput
from stormtrace.grids import Grid
from stormtrace.prepare.raw.calendar_time import Calendar
from stormtrace.sphere import unit_vectors
from stormtrace.verification.catalogues import Floats, Table
from stormtrace.verification.looks import Looks
from stormtrace.verification.together import Step


class Meeting:
    """What of a catalogue one member finds, step by step, and the other way round."""

    def __init__(self, table: Table, grid: Grid, radius_km: float, events: int) -> None:
        self._table, self._radius = table, radius_km
        self._vectors = unit_vectors(*grid.points).reshape(3, -1)
        self._seen = {kind: np.zeros(one.seconds.size, bool) for kind, one in table.points.items()}
        self._found = {kind: np.zeros_like(seen) for kind, seen in self._seen.items()}
        #: Events of the member in a step of the catalogue's time, and those that a point is near.
        self.seen, self.near = np.zeros(events + 1, bool), np.zeros(events + 1, bool)
        self._inside = {
            kind: grid.cells(one.lat, one.lon)[0] >= 0 for kind, one in table.points.items()
        }
        # The catalogue looks every so often: at its own times, also those at which it has nothing.
        self._times = np.unique(np.concatenate([one.seconds for one in table.points.values()]))
        self._looks = Looks.of(self._times)

    def add(self, seconds: int, cells: NDArray[np.bool_], events: NDArray[np.int32]) -> None:
        """Add one step: what the member marks, and its events (0: none)."""
        marked = np.flatnonzero(cells)
        numbers = events.ravel()[marked]
        self.seen[numbers] |= bool(self._looks.fall_in(np.array([seconds]), 1)[0])
        # On a chord of the unit sphere; a dot product is enough to compare with.
        least = np.cos(self._radius / EARTH_RADIUS_KM)
        for kind, points in self._table.points.items():
            first, last = np.searchsorted(points.seconds, [seconds, seconds + 1])
            self._seen[kind][first:last] = self._inside[kind][first:last]
            if first == last or not marked.size:
                continue
            there = unit_vectors(points.lat[first:last], points.lon[first:last])
            within = self._vectors[:, marked].T @ there >= least - 1e-12
            self._found[kind][first:last] = within.any(axis=0)
            if kind != "landfall":
                self.near[numbers[within.any(axis=1)]] = True

    def check(self, calendar: str) -> None:
        """Refuse (BadInput) a catalogue of which no point is at a step and on the grid."""
        if any(seen.any() for seen in self._seen.values()):
            return
        first, last = map(Calendar(calendar).text, self._times[[0, -1]])
        inside = sum(map(np.count_nonzero, self._inside.values()))
        raise BadInput(
            f"catalogues.{self._table.name}: no point is at a step that all members have, on their "
            f"grid: its times are {first} … {last}, and {inside} of "
            f"{sum(map(np.size, self._inside.values()))} points are on the grid. Correct `columns` "
            "or `time_format`, or leave it out of `agree`"
        )

    def sums(self) -> dict[str, NDArray[np.bool_]]:
        """Return what has been found so far, by name."""
        return {
            "seen": self.seen,
            "near": self.near,
            **{f"{kind}_seen": seen for kind, seen in self._seen.items()},
            **{f"{kind}_found": found for kind, found in self._found.items()},
        }

    def add_sums(self, sums: Mapping[str, NDArray[Any]]) -> None:
        """Add what another one has found, at other times."""
        for name, own in self.sums().items():
            own |= sums[name].astype(bool)

    def scores(self, rng: np.random.Generator) -> dict[str, Any]:
        """Return points and events found, and events of the member that the catalogue lacks."""
        made: dict[str, Any] = {}
        for kind, points in self._table.points.items():
            seen, found = self._seen[kind], self._found[kind]
            by_event = _sums(points.event[seen], np.ones(int(seen.sum())), found[seen])
            made[kind] = {
                "points": int(seen.sum()),
                "left_out": int((~seen).sum()),
                "found": int(found[seen].sum()),
                "share": float(found[seen].mean()) if seen.any() else None,
                "interval": _interval(by_event, rng),
                "events": len(by_event),
                "events_found": int((by_event[:, 1] > 0).sum()),
            }
        ours, near = self.seen[1:], self.near[1:]
        lacking = int((ours & ~near).sum())
        count = int(ours.sum())
        return made | {
            "member_events": count,
            "not_in_catalogue": lacking,
            "false_alarm_ratio": lacking / count if count else None,
        }


def _sums(group: NDArray[np.int64], *columns: NDArray[Any]) -> Floats:
    """Return sums of columns over the rows of each group, (groups, columns)."""
    if not group.size:
        return np.empty((0, len(columns)))
    _, of = np.unique(group, return_inverse=True)
    return np.stack([np.bincount(of, np.asarray(one, float)) for one in columns], axis=1)


def _interval(by_event: Floats, rng: np.random.Generator) -> list[float] | None:
    """Return the 95 % interval of the share of points found, whole events drawn again."""
    count = len(by_event)
    if count < 5:
        return None
    drawn = rng.multinomial(count, np.full(count, 1 / count), 1000) @ by_event
    points, found = by_event.sum(axis=0)
    ends = interval(found / points, drawn[:, 1] / drawn[:, 0], [count], within=(0.0, 1.0))
    return list(ends)


def meeting(steps: Iterable[Step], meetings: Sequence[tuple[int, Meeting]]) -> Iterator[Step]:
    """Yield `steps`, each added to the meetings of each member's number; one may come again."""
    for step in steps:
        bits = step.bits[:, : step.events.shape[-1]]
        for number, one in meetings:
            one.add(step.seconds, (bits >> number & 1).astype(bool), step.events[number])
        yield step
