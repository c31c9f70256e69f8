"""The entries of a study's `grids:`, and the grids they describe."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from stormtrace.errors import BadInput
from stormtrace.grids.boxes import check_box, in_box_order
from stormtrace.grids.cell_edges import gaussian_rows
from stormtrace.grids.grid import Grid
from stormtrace.grids.projection import Projection, polar_stereographic

#: Radius of the sphere of the polar grids, in m: WRF's and NCEP's own, 6370.997 km.
POLAR_RADIUS_M = 6_370_997.0

#: Latitude at the middle of each side of the polar squares.
BOUNDARIES = {"north-polar": 35.0, "south-polar": -20.0}

Degrees = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-360, le=720)]


class GridSpecification(BaseModel):
    """A grid: one of nlat and nlon, gaussian, box, projection or file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    nlat: int | None = Field(
        None, ge=2, le=20000, description="Number of latitudes from pole to pole; with nlon."
    )
    nlon: int | None = Field(
        None, ge=2, le=40000, description="Number of longitudes round the globe."
    )
    poles: bool | None = Field(
        None,
        description="true (the default with nlat): both poles are rows, the step is "
        "180/(nlat − 1) degrees. false: rows are cells, whose outer edges are the poles.",
    )
    first_lon: float | None = Field(
        None, ge=-180, le=360, description="Longitude of the first column, degrees east; 0."
    )
    gaussian: int | None = Field(
        None,
        ge=2,
        le=4000,
        description="Gaussian grid of this number of rows between pole and equator (N80 has 160 "
        "rows and 320 columns); nlon gives another number of columns than four times as many.",
    )
    box: Annotated[list[float] | None, BeforeValidator(in_box_order)] = Field(
        None,
        min_length=4,
        max_length=4,
        description="Regional grid inside [west, east, south, north] degrees, whose outer cells "
        "end at the box; with step. west may be greater than east across 0° or the date line.",
    )
    step: float | list[float] | None = Field(
        None, description="Cell size of a box in degrees, or [longitude, latitude]."
    )
    projection: Literal["north-polar", "south-polar"] | None = Field(
        None,
        description="Square polar stereographic grid, true at the pole: the polar grids of "
        "Stormtrace's neighbours by default (1152 × 1152; sides at 35° N or 20° S).",
    )
    cells: int | None = Field(
        None, ge=2, le=20000, description="Cells along a side of a projection; 1152."
    )
    boundary_lat: Degrees | None = Field(
        None, description="Latitude at the middle of a projection's sides; 35 or −20."
    )
    central_lon: Longitude | None = Field(
        None, description="Longitude that points down (north-polar) or up (south-polar); 180."
    )
    file: str | None = Field(
        None,
        description="netCDF file whose lat and lon, one- or two-dimensional, are the grid; its "
        "lat_bnds and grid mapping are used; {data} stands for the folder of raw data.",
    )

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = {name for name in _ALLOWED if getattr(self, name) is not None}
        if "gaussian" in kinds or "nlat" not in kinds:
            kinds.discard("nlat")
        if len(kinds) != 1:
            raise ValueError(
                "a grid is one of {nlat, nlon}, {gaussian}, {box, step}, {projection}, {file}; "
                f"found {self._given()}"
            )
        (kind,) = kinds
        if wrong := sorted(self._given().keys() - _ALLOWED[kind] - {kind}):
            raise ValueError(f"{', '.join(wrong)} does not go with {kind}")
        if kind == "nlat" and self.nlon is None:
            raise ValueError("nlat needs nlon")
        if kind == "box" and self.step is None:
            raise ValueError("box needs step, the cell size in degrees")
        return self

    def _given(self) -> dict[str, Any]:
        return self.model_dump(exclude_none=True)


#: Key that says the kind of a grid -> the other keys that go with it.
_ALLOWED: dict[str, set[str]] = {
    "nlat": {"nlon", "poles", "first_lon"},
    "gaussian": {"nlon", "first_lon"},
    "box": {"step"},
    "projection": {"cells", "boundary_lat", "central_lon"},
    "file": set(),
}


def make_grid(entry: GridSpecification | Mapping[str, Any]) -> Grid:
    """Return the grid that an entry of `grids:` describes.

    Raises:
        BadInput: the entry contradicts itself, or its file is no grid.

    """
    given = entry if isinstance(entry, GridSpecification) else specification(entry)
    if given.file is not None:
        return _from_file(given.file)
    if given.projection is not None:
        return projected_grid(_polar(given))
    if given.box is not None:
        return _regional(given.box, given.step)
    if given.gaussian is not None:
        return _gaussian(given)
    return _global(given)


def specification(entry: Mapping[str, Any]) -> GridSpecification:
    """Return a checked entry of `grids:`; raises BadInput with what is wrong."""
    try:
        return GridSpecification(**entry)
    except ValidationError as error:
        faults = "; ".join(_fault(one) for one in error.errors())
        raise BadInput(f"grid {dict(entry)}: {faults}") from None


def _fault(error: Any) -> str:
    """Return one of pydantic's errors in our words."""
    key = ".".join(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        known = list(GridSpecification.model_fields)
        near = difflib.get_close_matches(key, known, 1)
        return f"unknown key {key}; " + (
            f"did you mean {near[0]}?" if near else f"it can be {', '.join(known)}"
        )
    return f"{key}: {error['msg']}" if key else str(error["msg"]).removeprefix("Value error, ")


def cell_count(entry: GridSpecification | Mapping[str, Any]) -> int | None:
    """Return how many cells a grid has, without opening files; None if only its file knows."""
    given = entry if isinstance(entry, GridSpecification) else specification(entry)
    if given.projection is not None:  # no need of a map: this is asked at every start of Snakemake
        return _polar(given).x.size ** 2
    return None if given.file is not None else make_grid(given).size


def _columns(first_lon: float | None, nlon: int) -> Any:
    return (first_lon or 0.0) + np.arange(nlon) * 360.0 / nlon


def _global(given: GridSpecification) -> Grid:
    nlat, nlon = int(given.nlat or 0), int(given.nlon or 0)
    if given.poles is False:
        lat = (np.arange(nlat) + 0.5) * 180.0 / nlat - 90.0
    else:
        lat = np.linspace(-90.0, 90.0, nlat)
    return Grid(lat, _columns(given.first_lon, nlon))


def _gaussian(given: GridSpecification) -> Grid:
    rows = 2 * int(given.gaussian or 0)
    lat, edges = gaussian_rows(rows)
    return Grid(lat, _columns(given.first_lon, given.nlon or 2 * rows), row_edges=edges)


def _regional(box: list[float], step: float | list[float] | None) -> Grid:
    west, east, south, north = box
    steps = step if isinstance(step, list) else [step or 0.0, step or 0.0]
    width = (east - west) % 360.0 or 360.0
    spans = {"longitude": (width, steps[0]), "latitude": (north - south, steps[-1])}
    if len(steps) != 2:
        raise BadInput(f"grid box {box}: step is one number or [longitude, latitude], not {step}")
    check_box(box)
    counts = {}
    for name, (span, size) in spans.items():
        count = round(span / size) if size and size > 0 else 0
        if count < 2 or abs(count * size - span) > 1e-6 * span:
            raise BadInput(
                f"grid box {box}: {span:g} degrees of {name} are not a whole number (two or more) "
                f"of steps of {size}; change the box or the step"
            )
        counts[name] = count
    lon = west + (np.arange(counts["longitude"]) + 0.5) * width / counts["longitude"]
    lat = south + (np.arange(counts["latitude"]) + 0.5) * (north - south) / counts["latitude"]
    return Grid(lat, lon)


def _polar(given: GridSpecification) -> Projection:
    kind = str(given.projection)
    boundary = BOUNDARIES[kind] if given.boundary_lat is None else given.boundary_lat
    return polar_stereographic(
        south=kind == "south-polar",
        boundary_lat=boundary,
        cells=given.cells or 1152,
        central_lon=180.0 if given.central_lon is None else given.central_lon,
        radius_m=POLAR_RADIUS_M,
    )


def projected_grid(projection: Projection) -> Grid:
    """Return the grid whose cells are regular in a projection."""
    lat, lon = projection.inverse(*np.meshgrid(projection.x, projection.y))
    return Grid(lat, lon, projection=projection)


def _from_file(path: str) -> Grid:
    if not Path(path).is_file():
        raise BadInput(f"grid file {path} does not exist: give a netCDF file with lat and lon")
    import netCDF4  # not at the top: the plan of a study opens no files

    from stormtrace.grids.coordinates import read_coordinates

    try:
        with netCDF4.Dataset(path) as nc:
            return read_coordinates(nc, path)
    except PermissionError as error:
        raise BadInput(f"grid file {path} may not be read: no permission") from error
    except (OSError, RuntimeError) as error:
        raise BadInput(f"grid file {path} cannot be read as netCDF ({error})") from error
