"""Which fields are measured in objects: names of the `measure` key, and the samples' fields behind.

A name is a field of the samples, or `WIND850`: the speed of the wind whose components are U850 and
V850 (so `WIND10` of U10 and V10), where no field of that name is there.
"""

import re
from collections.abc import Collection, Sequence

#: The word, among names of fields, for all that says how strong a feature is.
INTENSITY = "intensity"

_SPEED = re.compile(r"WIND(?P<level>\w+)")
_EASTWARD = re.compile(r"U(?P<level>\d+|BOT)")


def components(name: str) -> tuple[str, str] | None:
    """Return the two components of a wind speed by its name; None: it is none."""
    match = _SPEED.fullmatch(name)
    return (f"U{match['level']}", f"V{match['level']}") if match else None


def can_be_measured(name: str, fields: Collection[str]) -> bool:
    """Whether samples with `fields` have what a name of the `measure` key needs."""
    return name in fields or set(components(name) or ("",)) <= set(fields)


def intensity_of(fields: Sequence[str]) -> dict[str, list[str]]:
    """Return what says how strong a feature is -> the names for it that `fields` can give.

    Minimum sea level pressure, maximum wind (of every level that has both components) and maximum
    vapour transport.
    """
    levels = [match["level"] for one in fields if (match := _EASTWARD.fullmatch(one))]
    winds = [f"WIND{level}" for level in levels if f"V{level}" in fields]
    winds += [one for one in fields if _SPEED.fullmatch(one) and one not in winds]
    return {
        "sea level pressure (PSL)": ["PSL"] if "PSL" in fields else [],
        "wind (U and V of one level, such as U850 and V850)": winds,
        "vapour transport (IVT)": ["IVT"] if "IVT" in fields else [],
    }


def measured(measure: Sequence[str], fields: Sequence[str]) -> tuple[str, ...]:
    """Return the names that a `measure` key means for samples with `fields`, each once."""
    strong = [name for names in intensity_of(fields).values() for name in names]
    named = (strong if name == INTENSITY else [name] for name in measure)
    return tuple(dict.fromkeys(name for names in named for name in names))
