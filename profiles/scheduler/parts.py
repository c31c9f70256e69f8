"""Parts of shared jobs: what their ids say, and which of them fit into the minutes that are left.

Standard library only, and Python 3.6.
"""

import os
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import request
from jobs import Facts

TOGETHER = 4
"""Parts that read the same samples (`shared_input`) and run at once in a shared job."""


class Part(NamedTuple):
    """What the id of a part says: PART-kind-cpus-memory-minutes-most-milliseconds-random."""

    id: str
    kind: str
    cpus: int
    memory_mb: int
    minutes: int
    most: int  # how many of its like may run at once
    time: float  # of its submission


def part_of(job: str) -> Optional[Part]:
    """Return what the id of a part says, or None for a job that is none."""
    words = job.split("-")
    if len(words) != 8 or words[0] != "part":
        return None
    cpus, memory_mb, minutes, most, millis = map(int, words[2:7])
    return Part(job, words[1], cpus, memory_mb, minutes, most, millis / 1000)


def id_of_part(kind: str, properties: request.Properties, now: float) -> str:
    """Return an id for a part that no other has."""
    resources = properties["resources"]
    most = TOGETHER if resources.get("shared_input") else 1
    facts = (int(properties["threads"]), request.memory_mb(resources), int(resources["runtime"]))
    words = (kind, *facts, most, int(now * 1000), os.urandom(4).hex())
    return "-".join(["part", *map(str, words)])


def fits(part: Part, have: Facts, minutes: float) -> bool:
    """Whether a shared job that has so many minutes left can run a part."""
    enough = part.cpus <= have["cpus"] and part.memory_mb <= have["memory_mb"]
    return enough and part.minutes <= minutes


def left_over(parts: Sequence[Part], fleet: Sequence[Facts], now: float) -> List[Part]:
    """Return the parts that do not fit into the minutes that shared jobs have left, longest first.

    fleet: of each shared job cpus, memory_mb, minutes, the deadline once it has started, and of
    what it has taken the minutes of the longest, `busy`.
    """
    room = [minutes_left(have, now) - have.get("busy", 0) for have in fleet]
    missing = []
    # Of what they ask for: that many shared jobs have no room for it.
    full: Dict[Tuple[int, int, int], int] = {}
    for part in sorted(parts, key=lambda one: (-one.minutes, one.time)):
        asked = (part.minutes, part.cpus, part.memory_mb)
        place = full.get(asked, 0)
        while place < len(fleet) and not fits(part, fleet[place], room[place]):
            place += 1
        full[asked] = place
        if place < len(fleet):
            room[place] -= part.minutes
        else:
            missing.append(part)
    return missing


def minutes_left(have: Facts, now: float) -> float:
    """Return the minutes that a shared job has left, all of them before it starts."""
    return (have["deadline"] - now) / 60 if "deadline" in have else have["minutes"]
