"""An entry of a study's `classes:` as a typed model.

Apart from `class_table`, which every job imports: pydantic starts slowly, and most studies have no
table.
"""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Colour = Annotated[str, Field(pattern="^#[0-9a-fA-F]{6}$")]
Colours = Annotated[list[Colour], Field(min_length=1, max_length=16)]


class ClassSpecification(BaseModel):
    """A class of features, as an entry of the study's `classes:` gives it; its key is the name.

    What is absent is None, so that it stays absent in the block that jobs read.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    short: str | None = Field(
        None,
        pattern="^[A-Za-z][A-Za-z0-9]*$",
        max_length=12,
        description="Short name for tables, thresholds and file names (AR); initials where absent.",
    )
    kind: Literal["area", "line"] | None = Field(
        None,
        description="area: regions such as rivers and cyclones, the default. line: fronts, drawn a "
        "few cells wide, for which no smallest area is assumed; known of the usual fronts.",
    )
    colours: Colours | None = Field(
        None,
        description="Colours of maps from light to dark, as #rrggbb. One is enough: the ramp "
        "through it is made from it.",
    )
    colours_dark: Colours | None = Field(
        None,
        description="The same on a dark page, from dark to light; from `colours` where absent.",
    )
    basins: Literal["tropical cyclones", "atmospheric rivers"] | None = Field(
        None, description="Ocean basins that events are counted in, by where they begin."
    )
    crosses_equator: bool | None = Field(
        None,
        description="Whether a feature may lie across the equator, as all but atmospheric rivers "
        "do by default; the check of labels reports those that should not.",
    )
    union_of: list[str] | None = Field(
        None,
        min_length=2,
        description="Names of classes of masks: this one is wherever one of them is. Frequencies, "
        "crossing rates, comparisons and scores are given of it, too, in every experiment that "
        "has one of them; it is no class of a mask. A union of lines is a line.",
    )

    @model_validator(mode="after")
    def _is_what_its_classes_are(self) -> Self:
        if self.union_of and self.kind is not None:
            raise ValueError("a union has the kind of its classes: leave out `kind`")
        return self
