"""Augmentation: changes of a sample that keep its physics.

On a sphere the dateline is nowhere in particular, so a sample may be turned about the axis of the
Earth: rolled in longitude, or, on a square map centred on a pole, by quarters of a turn. Winds to
the east and north stay what they are. It may be mirrored at the equator too, if the meridional
wind changes its sign with it: then cyclones still turn the right way in either hemisphere. A mirror
in longitude would make them anticyclones, and is not offered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from stormtrace.blocks import did_you_mean
from stormtrace.errors import BadInput
from stormtrace.grids import Grid
from stormtrace.grids.spacing import is_symmetric
from stormtrace.learn.recipe import Augment
from stormtrace.prepare.field_quantities import (
    ALONG_AXES,
    mirror_of_name,
    mirror_of_standard_name,
)
from stormtrace.prepare.verbs import Mirror

Votes = TypeVar("Votes", np.uint8, np.float32)

#: Field -> attributes of its variable.
Attributes = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Augmentation:
    """What may be done to a sample in training.

    quarters: whether a turn is one of the plane, by quarters; odd: the fields that change sign in
    a mirror.
    """

    roll: bool
    flip: bool
    odd: tuple[bool, ...]
    quarters: bool = False

    def apply(
        self,
        values: NDArray[np.float32],
        votes: NDArray[Votes],
        generator: "np.random.Generator",  # not at the import: 13 ms, in each plan
    ) -> tuple[NDArray[np.float32], NDArray[Votes]]:
        """Return raw values (fields, ny, nx) and votes (classes, ny, nx), changed alike.

        Both numbers are always drawn, so that those of one choice never depend on the other.
        """
        shift = int(generator.integers(values.shape[-1]))
        mirrored = bool(generator.integers(2))
        if self.roll and self.quarters:
            values, votes = _turned(values, shift), _turned(votes, shift)
        elif self.roll:
            values, votes = np.roll(values, shift, axis=-1), np.roll(votes, shift, axis=-1)
        if self.flip and mirrored:
            values, votes = mirror(values, self.odd), votes[:, ::-1]
        return values, votes


def _turned(maps: NDArray[Any], quarters: int) -> NDArray[Any]:
    """Turn maps (…, n, n) by quarters of a turn."""
    return np.rot90(maps, quarters % 4, axes=(-2, -1))


def mirror(values: NDArray[np.float32], odd: Sequence[bool]) -> NDArray[np.float32]:
    """Mirror raw fields (fields, lat, lon) at the equator, the odd ones with changed sign."""
    sign = np.where(np.array(odd), np.float32(-1), np.float32(1))
    return values[:, ::-1] * sign[:, None, None]


def make_augmentation(
    augment: Augment, fields: Sequence[str], grid: Grid, attributes: Attributes
) -> Augmentation:
    """Return the augmentation that a recipe asks for on a grid.

    attributes: field -> attributes of its variable in the labelled samples.

    Raises:
        BadInput: as `check_turns`; or a mirror of a field of which nothing says whether it changes
            sign; or a quarter of a turn of a component along the grid's axes.

    """
    quarters = check_turns(augment, grid)
    if augment.roll and quarters:
        _check_components(fields, attributes)
    if unknown := sorted(augment.mirror.keys() - set(fields)):
        raise BadInput(
            f"augment: {{mirror: …}} names {', '.join(unknown)}, which is no field of the model"
            f"{did_you_mean(unknown[0], fields)}; its fields: {', '.join(fields)}"
        )
    odd = tuple(augment.flip and _is_odd(field, augment.mirror, attributes) for field in fields)
    return Augmentation(augment.roll, augment.flip, odd, quarters)


def odd_fields(
    augment: Augment, fields: Sequence[str], grid: Grid, attributes: Attributes
) -> list[str]:
    """Return the fields that change sign in a mirror at the equator.

    Raises:
        BadInput: the grid is not symmetric, or nothing says whether a field does.

    """
    mirrored = augment.model_copy(update={"roll": False, "flip": True})
    odd = make_augmentation(mirrored, fields, grid, attributes).odd
    return [field for field, changes in zip(fields, odd, strict=True) if changes]


def check_turns(augment: Augment, grid: Grid) -> bool:
    """Check that maps of a grid can be turned and mirrored as asked; whether turns are of a plane.

    Raises:
        BadInput: a turn on a grid that neither wraps nor is a square centred on a pole; a mirror
            on one that is not symmetric about the equator.

    """
    roll, flip = augment.roll, augment.flip
    quarters = _is_centred_on_pole(grid)
    if roll and not (grid.wraps or quarters):
        raise BadInput(
            "augment: {roll: true} turns the globe, but these maps neither go round it nor are "
            f"squares centred on a pole ({grid.describe()}): set roll: false"
        )
    if flip and not is_symmetric(grid):
        raise BadInput(
            "augment: {flip: true} mirrors at the equator, but latitudes run from "
            f"{grid.lat.min():g} to {grid.lat.max():g}: set flip: false"
        )
    return quarters


def _check_components(fields: Sequence[str], attributes: Attributes) -> None:
    """Refuse components along x or y of a plane: a quarter of a turn makes one the other."""
    for field in fields:
        name = attributes.get(field, {}).get("standard_name", "")
        if ALONG_AXES.search(name):
            raise BadInput(
                f"augment: {{roll: true}} turns these maps by quarters, but {field} ({name}) is a "
                "component along an axis of the grid, which would become another: give eastward and"
                " northward components, or set roll: false"
            )


def _is_odd(field: str, said: Mapping[str, Mirror], attributes: Attributes) -> bool:
    """Whether a field changes sign in a mirror at the equator.

    The recipe says so, else the samples: our own attribute `mirror`, CF's standard_name, the name.
    """
    about = attributes.get(field, {})
    found = (
        said.get(field)
        or about.get("mirror")
        or mirror_of_standard_name(about.get("standard_name", ""))
        or mirror_of_name(field)
    )
    if found not in ("odd", "even"):
        raise BadInput(
            f"augment: {{flip: true}} mirrors at the equator, but nothing says whether {field}"
            f" changes its sign there: say augment: {{mirror: {{{field}: odd}}}} (or even), or set"
            " flip: false"
        )
    return found == "odd"


def _is_centred_on_pole(grid: Grid) -> bool:
    """Whether a quarter of a turn about a pole moves each cell onto another one."""
    ny, nx = grid.shape
    if grid.is_rectilinear or ny != nx:
        return False
    lat, lon = grid.points
    turns = np.radians(np.rot90(lon) - lon)
    one_angle = np.ptp(np.cos(turns)) < 1e-6 and np.ptp(np.sin(turns)) < 1e-6
    return bool(np.allclose(np.rot90(lat), lat, rtol=0.0, atol=1e-6) and one_angle)
