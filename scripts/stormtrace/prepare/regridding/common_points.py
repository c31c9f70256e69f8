"""Values on other points than the first file of their dataset, brought to those."""

import functools
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.prepare.dataset import Dataset
from stormtrace.prepare.mesh.mesh_axes import mesh_axes
from stormtrace.prepare.mesh.mesh_reading import layout_mesh
from stormtrace.prepare.mesh.meshes import POSITION_TOLERANCE, Mesh, distance
from stormtrace.prepare.raw.opened import RawFile
from stormtrace.prepare.raw.variable_layout import Layout

if TYPE_CHECKING:
    from scipy import sparse

Floats = NDArray[np.floating]
#: Values on points of their own, (…, n_own) -> on those of the dataset, (…, n).
Bring = Callable[[Floats], Floats]

#: What a user can do about variables on different rectilinear meshes.
ADVICE = (
    "choose files of one mesh, or, where the variables are on staggered points or in another order,"
    " say `other_points: interpolate`"
)

#: What a user can do about files of one variable on different points.
ONE_ORDER = (
    "all files of a variable must have the same points in the same order; make `files` or `period`"
    " narrower, or write this file as the others are"
)

log = logging.getLogger("stormtrace")


class CommonPoints:
    """Brings the values of each file to the points of a dataset: those of its first file.

    With `other_points: interpolate` only: the same rows and columns in another order are put in
    order, which is exact; others, as of winds on a staggered mesh, are interpolated.
    """

    def __init__(self, dataset: Dataset, mesh: Mesh) -> None:
        self.dataset = dataset
        self.mesh = mesh
        self._of: dict[str, tuple[Mesh, Bring | None]] = {}

    def bring(self, opened: RawFile, layout: Layout) -> Bring | None:
        """Return what brings a variable of an open file to the common points; None: it is there.

        Raises:
            BadInput: it is on other points, and `other_points` does not say what to do; they do not
                surround the common ones; or other files have the variable on yet other points.

        """
        own = layout_mesh(opened, layout, self.dataset)
        name = layout.variable.name
        before, bring = self._of.get(name, (own, None))
        if before is not own and not _is_same(own, before):
            what = _difference(name, own, before, "files before")
            raise BadInput(f"{opened.path}: {what}: {ONE_ORDER}")
        if name not in self._of:
            is_common = layout.shape == own.shape and _is_same(own, self.mesh)
            bring = None if is_common else self._found(opened, layout, own)
            self._of[name] = own, bring
        return bring

    def _found(self, opened: RawFile, layout: Layout, own: Mesh) -> Bring:
        name, mesh = layout.variable.name, self.mesh
        is_first = name == next(iter(self.dataset.fields.values())).variable
        is_rectilinear = own.axes is not None and layout.shape == own.shape and not is_first
        if not is_rectilinear or self.dataset.other_points is None:
            advice = ADVICE if is_rectilinear else "they cannot be of one dataset"
            what = _difference(name, own, mesh, "the dataset's first file", layout.shape)
            raise BadInput(f"{opened.path}: {what}: {advice}")
        if (order := _order(own, mesh)) is not None:
            return functools.partial(np.take, indices=order, axis=-1)
        outside = int(mesh_axes(own).outside(mesh.lat, mesh.lon).sum())
        if outside:
            raise BadInput(
                f"{opened.path}: the points of {name} reach {mesh_axes(own).describe()} only;"
                f" {outside} of the {mesh.size} points of the dataset's first file lie outside:"
                " name a field first in `fields` whose points lie inside"
            )
        log.info(
            "%s: %s is on %s points of its own, and interpolated to the %s of the first file",
            opened.path, name, own.shape, mesh.shape,
        )  # fmt: skip
        from stormtrace.prepare.regridding.bilinear import bilinear_to_points  # slow to import

        return functools.partial(_apply, bilinear_to_points(own, mesh.lat, mesh.lon).shares)


def _is_same(one: Mesh, other: Mesh) -> bool:
    """Whether two meshes have the same points in the same order."""
    if one.shape != other.shape:
        return False
    if np.array_equal(one.lat, other.lat) and np.array_equal(one.lon, other.lon):
        return True
    return bool(distance(one, other).max() <= POSITION_TOLERANCE)


def _difference(
    name: str, own: Mesh, other: Mesh, where: str, shape: tuple[int, ...] | None = None
) -> str:
    """Say how the points of a variable differ from others; shape: that of its values."""
    shape = shape or own.shape
    if shape != other.shape or own.shape != shape:
        return f"{name} is on {shape} points, {where} on {other.shape}"
    worst = int(distance(own, other).argmax())
    return (
        f"point {worst + 1} of {name} is at {own.place(worst)}, in {where} at {other.place(worst)}"
    )


def _order(own: Mesh, mesh: Mesh) -> NDArray[np.int64] | None:
    """Return where each point of a rectilinear mesh is in another; None where they are others."""
    if mesh.axes is None or own.size != mesh.size:
        return None
    here, there = mesh_axes(own), mesh_axes(mesh)
    if here.places.size != own.size or here.lat.shape != there.lat.shape:
        return None
    if here.lon.shape != there.lon.shape:
        return None
    east = np.abs((here.lon - there.lon + 180.0) % 360.0 - 180.0).max()
    if max(east, np.abs(here.lat - there.lat).max()) > POSITION_TOLERANCE:
        return None
    order = np.empty(mesh.size, np.int64)
    order[there.places] = here.places
    return order


def _apply(shares: "sparse.csr_matrix", values: Floats) -> Floats:
    """Return values (…, n) of (…, n_own); missing ones make those missing that need them."""
    own = shares.astype(values.dtype)
    flat = values.reshape(-1, values.shape[-1])
    return np.stack([own @ row for row in flat]).reshape(*values.shape[:-1], own.shape[0])
