"""Weather seen from elsewhere: changes of a sample that keep its physics.

On a sphere the dateline is nowhere in particular, so a sample may be rolled in longitude. It may
be mirrored at the equator too, if the meridional wind changes its sign with it: then cyclones
still turn the right way in either hemisphere. A mirror in longitude would make them anticyclones,
and is not offered.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.grids import Grid

NORTHWARD = r"V(A?\d*M?|BOT|AS|LML|FLX.*|Q.*)|TAU[VY]|V_?IVT|IVT_?[VY]"
ODD = re.compile(rf"^({NORTHWARD}|(VO|VOR|VORT|PV)\d*)$", re.I)
"""Fields that change sign in a mirror at the equator: winds, fluxes and stresses to the north
(V850, VA850, VBOT, VLML, V10M, VQ, VFLXQV, TAUY, TAUV, IVTy), and vorticities (VORT850, VO, PV)."""


@dataclass(frozen=True)
class Augmentation:
    """What may be done to a sample in training; `odd` marks the fields that change sign."""

    roll: bool
    flip: bool
    odd: tuple[bool, ...]

    def apply(
        self,
        values: NDArray[np.float32],
        votes: NDArray[np.uint8],
        generator: np.random.Generator,
    ) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Return raw values (fields, lat, lon) and votes (classes, lat, lon), changed alike.

        Both draws are always made, so that the random numbers of one choice never depend on the
        other.
        """
        shift = int(generator.integers(values.shape[-1]))
        mirrored = bool(generator.integers(2))
        if self.roll:
            values, votes = np.roll(values, shift, axis=-1), np.roll(votes, shift, axis=-1)
        if self.flip and mirrored:
            values, votes = mirror(values, self.odd), votes[:, ::-1]
        return values, votes


def mirror(values: NDArray[np.float32], odd: Sequence[bool]) -> NDArray[np.float32]:
    """Mirror raw fields (fields, lat, lon) at the equator, the odd ones with changed sign."""
    sign = np.where(np.array(odd), np.float32(-1), np.float32(1))
    return values[:, ::-1] * sign[:, None, None]


def make_augmentation(choice: dict[str, bool], fields: Sequence[str], grid: Grid) -> Augmentation:
    """Read `augment: {roll, flip}`; refuse what the grid does not allow.

    Raises:
        BadInput: a roll on a grid that does not go round the globe, or a mirror on latitudes that
            are not symmetric.

    """
    roll, flip = (bool(choice.get(key, False)) for key in ("roll", "flip"))
    lat, lon = grid.lat, grid.lon
    if roll and not grid.is_global:
        raise BadInput(
            f"augment: {{roll: true}} turns the globe, but the longitudes run from {lon[0]:g} to "
            f"{lon[-1]:g} only: set roll: false"
        )
    if flip and not np.allclose(lat, -lat[::-1], atol=1e-3):
        raise BadInput(
            "augment: {flip: true} mirrors at the equator, but the latitudes run from "
            f"{lat[0]:g} to {lat[-1]:g}: set flip: false"
        )
    odd = tuple(ODD.match(field) is not None for field in fields)
    return Augmentation(roll, flip, odd)
