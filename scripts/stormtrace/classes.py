"""Classes of features: what the codes of a mask mean, and how each class is called and drawn.

A model names its classes (`labels`, the background first); a label's place in that list is its
code. Mask files carry codes and names as CF flags, and every later stage takes them from there:

    classes = Classes.of_flags(variable.flag_values, variable.flag_meanings, table)
    for feature in classes.features:            # all but the background
        cells = mask == feature.code

What only concerns how a class is shown (short name, colours, basins) stands in the study's table
`classes:`, laid over `KNOWN`. Names match whatever their case, spaces, hyphens and underscores.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

from stormtrace.class_table import (
    PALETTE,
    ClassEntry,
    ClassTable,
    flag_name,
    lookup,
    spelled_out,
    union_members,
)
from stormtrace.errors import BadInput

#: Code of the background, in every mask and every model's labels.
BACKGROUND = 0

#: Masks are int8; a network has at most 64 classes.
HIGHEST_CODE = 127

#: Code of the cells of labels that nobody looked at: no class, and counted nowhere. Labels are
#: uint8; never in a mask. In a file it is what LABELS declares as its `_FillValue` (CF: missing).
IGNORED = 255


@dataclass(frozen=True)
class FeatureClass:
    """One class of a mask: its code and name, and how it is shown.

    colours, colours_dark: ramps, "#rrggbb", from what is rare to what is frequent. union_of: flags
    of the classes it is the union of; none for a class of masks.
    """

    code: int
    name: str
    short: str
    kind: Literal["area", "line"]
    colours: tuple[str, ...]
    colours_dark: tuple[str, ...]
    basins: str | None
    crosses_equator: bool
    union_of: tuple[str, ...] = ()

    @property
    def flag(self) -> str:
        """The name as a word of `flag_meanings`; the key of the class in our files."""
        return flag_name(self.name)

    @property
    def key(self) -> str:
        """The short name as file names and HTML ids have it."""
        return self.short.lower()

    @property
    def plural(self) -> str:
        """The name for a running text: ``atmospheric rivers``."""
        name = self.name.lower()
        has_plural = not name.endswith(("s", "ing")) and not name.startswith("any ")
        return f"{name}s" if has_plural else name


@dataclass(frozen=True)
class Classes:
    """The classes of a mask in the order of their codes, the background (code 0) left out."""

    features: tuple[FeatureClass, ...]
    background: str = "Background"
    _by_name: dict[str, FeatureClass] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Raise BadInput for codes that masks cannot hold, and for names that are there twice."""
        for feature in self.features:
            if not BACKGROUND < feature.code <= HIGHEST_CODE:
                raise BadInput(
                    f"the class {feature.name!r} has the code {feature.code}; codes of masks are "
                    f"whole numbers from 1 to {HIGHEST_CODE}, and 0 for the background"
                )
        shared = {"flag": "name", "key": "short name", "code": "code"}
        for what, called in shared.items():
            counted = Counter(getattr(feature, what) for feature in self.features)
            if twice := [value for value, count in counted.items() if count > 1]:
                names = [f.name for f in self.features if getattr(f, what) == twice[0]]
                raise BadInput(
                    f"the classes {names} share the {called} {twice[0]!r}: "
                    "rename one, or give it another `short` in `classes:`"
                )
        by_name = {feature.flag: feature for feature in self.features}
        object.__setattr__(self, "_by_name", by_name)

    @classmethod
    def of_labels(cls, labels: Sequence[str], table: ClassTable | None = None) -> "Classes":
        """Return the classes of a model from its labels, the background first.

        Raises:
            BadInput: the first label is not the background, or two labels are the same.

        """
        if not labels or flag_name(labels[0]) != "background":
            raise BadInput(
                f"labels are {list(labels)}; the first must be Background, whose code is 0: "
                "masks and losses take 0 for what is no feature"
            )
        return cls._of_codes(dict(enumerate(labels)), table)

    @classmethod
    def of_flags(
        cls, values: Iterable[int], meanings: str, table: ClassTable | None = None
    ) -> "Classes":
        """Return the classes that the CF flags of a mask declare.

        Raises:
            BadInput: there are not as many codes as names, or a code is not one of a mask.

        """
        codes, names = [int(value) for value in values], str(meanings).split()
        if len(codes) != len(names):
            raise BadInput(
                f"flag_values are {codes}, flag_meanings {names}: expected a name for each code"
            )
        return cls._of_codes(dict(zip(codes, names, strict=True)), table)

    @classmethod
    def _of_codes(cls, names: Mapping[int, str], table: ClassTable | None) -> "Classes":
        known = lookup(table)
        features = [
            _feature(code, name, known)
            for code, name in sorted(names.items())
            if code != BACKGROUND
        ]
        given = {flag for flag, (_, entry) in known.items() if entry.short}
        background = spelled_out(names.get(BACKGROUND, "Background"))
        return cls(tuple(_with_distinct_initials(features, given)), background)

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Names of all classes, the background first."""
        return (self.background, *(feature.name for feature in self.features))

    @property
    def codes(self) -> tuple[int, ...]:
        """Codes of all classes but the background, ascending."""
        return tuple(feature.code for feature in self.features)

    @property
    def flags(self) -> tuple[str, ...]:
        """Names as words of `flag_meanings`, without the background's."""
        return tuple(feature.flag for feature in self.features)

    def get(self, name: str) -> FeatureClass | None:
        """Return the class of a name or short name, however it is spelled, or None."""
        if (feature := self._by_name.get(flag_name(name))) is not None:
            return feature
        return next((one for one in self.features if one.key == name.strip().lower()), None)

    def __getitem__(self, name: str) -> FeatureClass:
        """Return the class of a name or short name; raises BadInput if there is none."""
        if (feature := self.get(name)) is None:
            raise BadInput(f"there is no class {name!r}; there are: {', '.join(self.labels[1:])}")
        return feature

    def with_unions(self, table: ClassTable | None) -> "Classes":
        """Return these classes, and the unions of some of them that a study's `classes:` has.

        A union has a code that no class of masks has. Of its classes those count that are here; a
        union of none of them is left out.

        Raises:
            BadInput: a union is called as a class of masks, or there is no code left for it.

        """
        found: list[FeatureClass] = []
        for name, entry in (table or {}).items():
            flags = map(flag_name, union_members(entry))
            there = [self._by_name[flag] for flag in flags if flag in self._by_name]
            if not there:
                continue
            if self.get(name) is not None:
                raise BadInput(
                    f"classes: the union {name} is called as a class of the masks, "
                    f"{self[name].name}: rename it"
                )
            code = max(self.codes) + 1 + len(found)
            kind: Literal["area", "line"] = (
                "line" if all(one.kind == "line" for one in there) else "area"
            )
            of = tuple(dict.fromkeys(one.flag for one in there))
            union = _feature(code, name, lookup(table))
            found.append(replace(union, kind=kind, union_of=of))
        return Classes((*self.features, *found), self.background) if found else self

    @property
    def of_masks(self) -> "Classes":
        """The classes that masks have: all but unions."""
        features = tuple(feature for feature in self.features if not feature.union_of)
        return Classes(features, self.background)

    @property
    def unions(self) -> dict[FeatureClass, tuple[int, ...]]:
        """Each union -> the codes of its classes."""
        return {
            feature: tuple(self[flag].code for flag in feature.union_of)
            for feature in self.features
            if feature.union_of
        }

    def flag_attributes(self) -> dict[str, Any]:
        """Return `flag_values` (int8) and `flag_meanings` of a mask, background included."""
        import numpy as np

        return {
            "flag_values": np.array([BACKGROUND, *self.codes], np.int8),
            "flag_meanings": " ".join([flag_name(self.background), *self.flags]),
        }


#: ClimateNet's labels, in the order of their codes (Prabhat et al. 2021).
CLIMATENET_LABELS = ("Background", "Tropical Cyclone", "Atmospheric River")


def _feature(code: int, name: str, known: Mapping[str, tuple[str, ClassEntry]]) -> FeatureClass:
    unknown = (spelled_out(name), ClassEntry())
    spelled, entry = known.get(flag_name(name), unknown)
    colours = tuple(entry.colours or (PALETTE[(code - 1) % len(PALETTE)],))
    return FeatureClass(
        code=code,
        name=spelled,
        short=entry.short or _initials(spelled),
        kind=entry.kind,
        colours=colours,
        colours_dark=tuple(entry.colours_dark or (colours if len(colours) == 1 else colours[::-1])),
        basins=entry.basins,
        crosses_equator=entry.crosses_equator,
    )


def _with_distinct_initials(
    features: Sequence[FeatureClass], given: Collection[str]
) -> Iterator[FeatureClass]:
    """Yield the classes; where initials are another's short name, the whole name in one word.

    given: flags of the classes whose short name somebody chose, which is kept.
    """
    counted = Counter(feature.key for feature in features)
    for feature in features:
        if counted[feature.key] > 1 and feature.flag not in given:
            words = re.findall(r"[A-Za-z0-9]+", feature.name)
            feature = replace(feature, short="".join(word[0].upper() + word[1:] for word in words))
        yield feature


def _initials(name: str) -> str:
    """``Cold core low`` → ``CCL``; a single word is its own short name."""
    words = re.findall(r"[A-Za-z0-9]+", name) or ["X"]
    short = words[0][:12] if len(words) == 1 else "".join(word[0].upper() for word in words)
    return short if short[0].isalpha() else f"C{short}"[:12]
