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

MERIDIONAL = re.compile(r"^V(\d+|BOT|AS|Q.*)?$")
"""Fields that change sign in a mirror at the equator: V850, VBOT, V, VAS, VQ…"""


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


def make_augmentation(
    choice: dict[str, bool], fields: Sequence[str], lat: NDArray[np.float64]
) -> Augmentation:
    """Read `augment: {roll, flip}`; refuse a mirror on latitudes that are not symmetric."""
    flip = bool(choice.get("flip", False))
    if flip and not np.allclose(lat, -lat[::-1], atol=1e-3):
        raise BadInput(
            f"augment: {{flip: true}} mirrors at the equator, but the latitudes run from {lat[0]} "
            f"to {lat[-1]}: set flip: false"
        )
    odd = tuple(MERIDIONAL.match(field) is not None for field in fields)
    return Augmentation(bool(choice.get("roll", False)), flip, odd)
