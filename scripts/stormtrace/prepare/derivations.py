"""How a field comes about: the entry of a dataset's `fields`, read by the verb it has."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Discriminator, Field, Tag, TypeAdapter

from stormtrace.blocks import did_you_mean, exclusive
from stormtrace.prepare.sources import Vocabulary
from stormtrace.prepare.verbs import (
    Derivation,
    FieldName,
    Integrate,
    Interpolate,
    Magnitude,
    Maximum,
    Minimum,
    Sum,
    Take,
    Transport,
    Vorticity,
)

#: Verb -> its class.
VERBS: Mapping[str, type[Derivation]] = {
    kind.__name__.lower(): kind
    for kind in (
        Take, Integrate, Interpolate, Transport, Magnitude, Vorticity, Sum, Maximum, Minimum
    )
}  # fmt: skip


def _verbs(entry: Mapping[str, Any]) -> list[str]:
    return [verb for verb in VERBS if entry.get(verb) is not None]


def _says_one_thing(entry: Any) -> Any:
    """Check the verb of a derivation, and that its other keys go with it."""
    if not isinstance(entry, Mapping):
        return entry
    said = _verbs(entry)
    if not said:
        near = next((one for key in entry if (one := did_you_mean(str(key), VERBS))), "")
        raise ValueError(f"it needs one of {', '.join(VERBS)}{near}")
    if len(said) > 1:
        raise exclusive(said)
    known = {key for kind in VERBS.values() for key in kind.model_fields}
    own = VERBS[said[0]].model_fields
    others = [
        key for key, value in entry.items() if value is not None and key in known - own.keys()
    ]
    if others:
        raise exclusive([*said, *others])
    return {key: value for key, value in entry.items() if value is not None or key not in known}


def _class_of(entry: Any) -> str | None:
    if isinstance(entry, Mapping):
        return VERBS[_verbs(entry)[0]].__name__ if _verbs(entry) else None
    return type(entry).__name__


AnyDerivation = Annotated[
    Annotated[Take, Tag("Take")]
    | Annotated[Integrate, Tag("Integrate")]
    | Annotated[Interpolate, Tag("Interpolate")]
    | Annotated[Transport, Tag("Transport")]
    | Annotated[Magnitude, Tag("Magnitude")]
    | Annotated[Vorticity, Tag("Vorticity")]
    | Annotated[Sum, Tag("Sum")]
    | Annotated[Maximum, Tag("Maximum")]
    | Annotated[Minimum, Tag("Minimum")],
    Discriminator(_class_of),
    BeforeValidator(_says_one_thing),
]

Fields = Annotated[dict[FieldName, AnyDerivation], Field(min_length=1)]

_READER: TypeAdapter[Derivation] = TypeAdapter(AnyDerivation)


def make_derivation(entry: Mapping[str, Any]) -> Derivation:
    """Return the derivation that an entry such as {take: PSL} is."""
    return _READER.validate_json(json.dumps(entry))


def default_fields(vocabulary: Vocabulary) -> dict[str, Any]:
    """Return the fields of a source's files, where the dataset does not say."""
    return {name: make_derivation(entry) for name, entry in vocabulary.fields.items()}
