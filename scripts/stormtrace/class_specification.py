"""An entry of a study's `classes:` as a typed model.

Apart from `class_table`, which every job imports: pydantic starts slowly, and most studies have no
table.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Colour = Annotated[str, Field(pattern="^#[0-9a-fA-F]{6}$")]
Colours = Annotated[list[Colour], Field(min_length=1, max_length=16)]


class ClassSpecification(BaseModel):
    """A class of features, as an entry of the study's `classes:` gives it; its key is the name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    short: str | None = Field(
        None,
        pattern="^[A-Za-z][A-Za-z0-9]*$",
        max_length=12,
        description="Short name for tables, thresholds and file names (AR); initials where absent.",
    )
    kind: Literal["area", "line"] = Field(
        "area",
        description="area: regions such as rivers and cyclones. line: fronts, drawn a few cells "
        "wide, for which no smallest area is assumed.",
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
    crosses_equator: bool = Field(
        True,
        description="Whether a feature may lie across the equator; the check of labels reports "
        "those that should not.",
    )
