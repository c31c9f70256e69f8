"""How a canonical field comes about from a raw variable: taken, integrated or interpolated."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from stormtrace.blocks import Block, exclusive
from stormtrace.prepare.sources import DEFAULT_FIELDS

FieldName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
Name = Annotated[str, Field(min_length=1)]


def _listed(value: Any) -> Any:
    """Return a pattern on its own as the only one of its tuple."""
    return (value,) if isinstance(value, str) else tuple(value) if value else value


#: One file pattern or several.
Patterns = Annotated[
    tuple[Name, ...],
    Field(min_length=1),
    BeforeValidator(_listed, json_schema_input_type=Name | list[Name]),
]


class Derivation(Block):
    """One of {integrate: VARIABLE}, {interpolate: VARIABLE, to: hPa}, {take: VARIABLE}."""

    integrate: str | None = Field(
        None,
        description="Raw variable on model levels; the field is the sum of it times dp/g "
        "(g = 9.80616 m s-2).",
    )
    interpolate: str | None = Field(
        None,
        description="Raw variable on model or pressure levels; the field is its value at `to`.",
    )
    to: float | None = Field(None, gt=0, le=1100, description="Pressure in hPa, of interpolate.")
    take: str | None = Field(
        None, description="Raw variable without levels; the field is it, as it is."
    )
    files: Patterns | None = Field(
        None,
        description="Patterns of the field's own files, for all parts, if it lies in others than "
        "the rest does (its surface pressure is looked for there, too).",
    )

    @model_validator(mode="after")
    def _says_one_thing(self) -> "Derivation":
        said = [key for key in ("integrate", "interpolate", "take") if getattr(self, key)]
        if not said:
            raise ValueError("it needs one of integrate, interpolate (with to), take")
        if len(said) > 1:
            raise exclusive(said)
        if said == ["interpolate"] and self.to is None:
            raise ValueError("interpolate goes with `to`, the pressure in hPa")
        if said != ["interpolate"] and self.to is not None:
            raise exclusive([*said, "to"])
        return self

    @property
    def kind(self) -> str:
        """`integrate`, `interpolate` or `take`."""
        return "take" if self.take else "interpolate" if self.interpolate else "integrate"

    @property
    def variable(self) -> str:
        """The raw variable."""
        return self.take or self.interpolate or self.integrate or ""

    @property
    def level(self) -> float:
        """Pressure in Pa, of `interpolate`."""
        return 100.0 * (self.to or 0.0)


Fields = Annotated[dict[FieldName, Derivation], Field(min_length=1)]

#: Fields of a source's files, where the dataset does not say.
FIELDS_OF_SOURCE: Mapping[str, Mapping[str, Derivation]] = MappingProxyType(
    {
        source: {name: Derivation.model_validate(entry) for name, entry in fields.items()}
        for source, fields in DEFAULT_FIELDS.items()
    }
)
