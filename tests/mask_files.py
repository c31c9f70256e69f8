"""Mask files for tests of any room, written by the one writer, flags included."""

import numpy as np

from stormtrace.classes import CLIMATENET_LABELS, Classes
from stormtrace.formats.masks import mask_file
from stormtrace.grids import make_grid
from stormtrace.provenance import provenance


def write_mask_file(
    path,
    masks,
    *,
    grid=None,
    hours=None,
    labels=CLIMATENET_LABELS,
    units="hours since 2000-01-01",
    calendar="noleap",
    more=None,
    **attributes,
):
    """Write `masks` (steps, *grid.shape) and return the path.

    hours: times of the steps in `units`, every third by default; grid: global, poles as rows, by
    default; labels: a model's, the background first; more: `probability` and `agreement`;
    attributes: global ones, over those of an experiment `control` (a value of None leaves one out).
    """
    masks, more = np.asarray(masks, np.int8), more or {}
    nlat, nlon = masks.shape[1:]
    grid = grid or make_grid({"nlat": nlat, "nlon": nlon})
    hours = 3.0 * np.arange(len(masks)) if hours is None else hours
    own = {"experiment": "control", "dataset": "cesm", "grid": "g", "year": 2000, "step_hours": 3.0}
    with mask_file(
        path,
        grid,
        Classes.of_labels(labels),
        {"units": units, "calendar": calendar},
        steps=len(masks),
        probabilities="probability" in more,
        members=3 if "agreement" in more else 1,
    ) as writer:
        writer.write(hours, {"mask": masks} | more)
        named = provenance() | own | attributes
        writer.describe(**{name: value for name, value in named.items() if value is not None})
    return path
