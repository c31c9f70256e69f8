"""The table of classes: what is known of each by its name, and what a study says of it.

A study's `classes:` is laid over `KNOWN`, entry by entry and key by key. Names match whatever their
case, spaces, hyphens and underscores. What the codes of a mask mean is not said here: `classes`.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from stormtrace.errors import BadInput

if TYPE_CHECKING:
    from stormtrace.class_specification import ClassSpecification


@dataclass(frozen=True)
class ClassEntry:
    """What is known of a class besides its name; each key is described in `class_specification`."""

    short: str | None = None
    kind: Literal["area", "line"] = "area"
    colours: Sequence[str] | None = None
    colours_dark: Sequence[str] | None = None
    basins: str | None = None
    crosses_equator: bool = True
    union_of: Sequence[str] | None = None


#: The classes Stormtrace knows by name, which a study may redefine or add to.
KNOWN: dict[str, ClassEntry] = {
    "Tropical Cyclone": ClassEntry(
        short="TC",
        basins="tropical cyclones",
        colours=[
            "#fdf6ea", "#fbdfb5", "#f8be7c", "#ef954f", "#dc6a3b", "#b84535", "#86293b", "#4e1636",
        ],
        colours_dark=[
            "#251a1a", "#482320", "#733024", "#a1442d", "#cb613b", "#e98b52", "#f8bd81", "#fdecc9",
        ],
    ),
    "Atmospheric River": ClassEntry(
        short="AR",
        basins="atmospheric rivers",
        crosses_equator=False,
        colours=[
            "#f3f9f8", "#c8e7e4", "#8ecfd1", "#4fb0c1", "#278aac", "#1f6393", "#213e70", "#181c45",
        ],
        colours_dark=[
            "#12212c", "#16384d", "#1a5570", "#247893", "#3c9cb3", "#6bc2cb", "#a7e1df", "#e4f8f4",
        ],
    ),
    "Cold Front": ClassEntry(short="CF", kind="line", colours=["#2f6fb4"]),
    "Warm Front": ClassEntry(short="WF", kind="line", colours=["#c8443c"]),
    "Stationary Front": ClassEntry(short="SF", kind="line", colours=["#2f8f5b"]),
    "Occluded Front": ClassEntry(short="OF", kind="line", colours=["#7d4ea3"]),
    "Front": ClassEntry(short="Front", kind="line", colours=["#4a5f8f"]),
    "Any Front": ClassEntry(short="AF", kind="line", colours=["#5b5f66"]),
    "Blocking": ClassEntry(short="Block", colours=["#8a6d1f"]),
}  # fmt: skip

#: Colours of classes that no table gives any, in the order of their codes.
PALETTE = ("#3f8053", "#a2569c", "#8a6d1f", "#47789f", "#b0584f", "#5f7f2a", "#6a5fb0", "#a5673f")


def flag_name(label: str) -> str:
    """``Tropical Cyclone`` → ``tropical_cyclone``: a label as one word of CF's `flag_meanings`."""
    return re.sub(r"[^a-z0-9.+@]+", "_", label.strip().lower()).strip("_")


#: Name -> what a study says of a class.
ClassTable = Mapping[str, "ClassSpecification | Mapping[str, Any]"]


def check_table(table: ClassTable) -> None:
    """Raise BadInput if two entries of a study's `classes:` are one class, or a union is of one."""
    names = Counter(flag_name(name) for name in table)
    if twice := [name for name, count in names.items() if count > 1]:
        spelled = [name for name in table if flag_name(name) == twice[0]]
        raise BadInput(f"classes: {' and '.join(map(repr, spelled))} are the same name; keep one")
    members = {name: union_members(entry) for name, entry in table.items()}
    unions = {flag_name(name) for name, of in members.items() if of}
    for name, of in members.items():
        if within := [one for one in of if flag_name(one) in unions]:
            raise BadInput(
                f"classes: {name} is a union of {within[0]}, which is a union itself: name the "
                "classes that are in masks"
            )


def union_members(entry: "ClassSpecification | Mapping[str, Any]") -> Sequence[str]:
    """Return the names of the classes that an entry is the union of; none if it is no union."""
    of = entry.get("union_of") if isinstance(entry, Mapping) else entry.union_of
    return of or ()


def lookup(table: ClassTable | None) -> dict[str, tuple[str, ClassEntry]]:
    """Return flag name -> (name, specification): `KNOWN` with the study's `table` laid over it."""
    check_table(table or {})
    known = {flag_name(name): (name, entry) for name, entry in KNOWN.items()}
    for name, entry in (table or {}).items():
        base = known.get(flag_name(name), (name, ClassEntry()))[1]
        given = _given(entry)
        if given.get("colours") and not given.get("colours_dark"):
            given["colours_dark"] = None  # never one class's own beside another's
        merged = replace(base, **given)
        known[flag_name(name)] = (spelled_out(name), merged)
    return known


def _given(entry: "ClassSpecification | Mapping[str, Any]") -> dict[str, Any]:
    """Return what an entry of a study says, checked."""
    from stormtrace.class_specification import ClassSpecification

    checked = entry if isinstance(entry, ClassSpecification) else ClassSpecification(**entry)
    return checked.model_dump(exclude_unset=True, exclude_none=True)


def spelled_out(name: str) -> str:
    """``cold_core_low`` → ``Cold core low``; what has capitals or spaces of its own is kept."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:] if name == name.lower() else words
