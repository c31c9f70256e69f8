"""Agreement maps: steps at which members mark a cell, each, in pairs, and at least so many of them.

`count (season, member, …)`, `both (season, pair, …)`, `at_least (season, number, …)`, int32, and
`steps (season)`; `season` and `member` hold codes with CF flags. A frequency is 100 · count /
steps; that of the second member of a pair while the first is there is 100 · both / count.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.files import writing
from stormtrace.formats.axes import map_attributes, read_grid, write_grid
from stormtrace.formats.class_axis import write_flags
from stormtrace.formats.counts import CONVENTIONS, set_attributes
from stormtrace.formats.netcdf import creating, opening
from stormtrace.grids import Grid

SEASONS = ("DJF", "MAM", "JJA", "SON")

Counts = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class AgreementMaps:
    """Counts by season: steps (4,); count (4, members, …), both (4, pairs, …), at_least.

    members: ``AR@control``; pairs: the places of both members of each.
    """

    grid: Grid
    members: list[str]
    pairs: list[tuple[int, int]]
    steps: NDArray[np.int64]
    count: Counts
    both: Counts
    at_least: Counts


def read_agreement_maps(path: Path | str) -> AgreementMaps:
    """Read what `write_agreement_maps` wrote.

    Raises:
        BadInput: it is none.

    """
    with opening(path) as nc:
        if missing := {"count", "both", "at_least", "steps", "member"} - set(nc.variables):
            raise BadInput(f"{path} lacks {sorted(missing)}: make it with scripts/agree.py")
        first, second = (nc[f"pair_{side}"][:].tolist() for side in ("first", "second"))
        return AgreementMaps(
            grid=read_grid(nc, path),
            members=str(nc["member"].flag_meanings).split(),
            pairs=list(zip(first, second, strict=True)),
            steps=nc["steps"][:],
            **{name: nc[name][:] for name in ("count", "both", "at_least")},
        )


def write_agreement_maps(
    path: Path,
    grid: Grid,
    steps: NDArray[np.int64],
    counts: Mapping[str, Counts],
    members: Sequence[str],
    pairs: Sequence[tuple[int, int]],
    attributes: Mapping[str, Any],
) -> None:
    """Write maps of counts by season.

    steps (4,); counts: `count (4, members, …)`, `both (4, pairs, …)`, `at_least (4, members, …)`.
    members: what each is, one word each.
    """
    about = {"title": "Steps at which members mark a cell", "members": " ".join(members)}
    with writing(path) as partial, creating(partial) as nc:
        set_attributes(nc, about | dict(attributes))
        nc.Conventions = CONVENTIONS
        nc.createDimension("season", len(SEASONS))
        seasons = {"long_name": "season", "flag_meanings": " ".join(SEASONS)}
        write_flags(nc, "season", range(len(SEASONS)), seasons)
        nc.createDimension("member", len(members))
        named = {"long_name": "member", "flag_meanings": " ".join(members)}
        write_flags(nc, "member", range(len(members)), named)
        _numbers(nc, "number", np.arange(1, len(members) + 1), "number of members that agree")
        nc.createDimension("pair", len(pairs))
        for name, place in (("pair_first", 0), ("pair_second", 1)):
            variable = nc.createVariable(name, "i1", ("pair",), fill_value=False)
            variable.long_name = f"{name.removeprefix('pair_')} member of the pair"
            variable[:] = np.array([pair[place] for pair in pairs], np.int8)
        write_grid(nc, grid)
        variable = nc.createVariable("steps", "i8", ("season",), fill_value=False)
        variable.setncatts({"long_name": "number of time steps", "units": "1"})
        variable[:] = steps
        meanings = {
            "count": ("member", "steps at which a member marks the cell"),
            "both": ("pair", "steps at which both members of a pair mark the cell"),
            "at_least": ("number", "steps at which at least so many members mark the cell"),
        }
        for name, (dimension, long_name) in meanings.items():
            variable = nc.createVariable(
                name,
                "i4",
                ("season", dimension, *grid.dims),
                zlib=True,
                complevel=1,
                chunksizes=(1, 1, *grid.shape),
                fill_value=False,
            )
            variable.setncatts({"long_name": long_name, "units": "1"} | map_attributes(grid))
            variable[:] = counts[name]


def _numbers(nc: Any, name: str, values: NDArray[np.integer], long_name: str) -> None:
    nc.createDimension(name, values.size)
    variable = nc.createVariable(name, "i4", (name,), fill_value=False)
    variable.setncatts({"long_name": long_name, "units": "1"})
    variable[:] = values
