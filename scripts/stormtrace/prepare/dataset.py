"""A dataset of the study as the prepare stage sees it: the block of YAML, made sure and typed."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from stormtrace.errors import BadInput

HOUR = 3600
STAMPS = ("start", "end", "middle", "instant")
RECIPES = ("integrate", "interpolate", "take")
METHODS = ("log", "linear")
BELOW = ("lowest", "linear", "nan")
HOLES = ("refuse", "nearest")
SAMPLING = ("mean", "instant")
MISSING_STEPS = ("refuse", "skip")
REMAPPING = ("bilinear", "conservative", "spectral")
MAKERS = ("stormtrace", "esmpy", "xesmf")

Fields = Mapping[str, Mapping[str, Any]]

FIELDS_OF_SOURCE: Mapping[str, Fields] = MappingProxyType(
    {
        "cesm": {
            "TMQ": {"integrate": "Q"},
            "U850": {"interpolate": "U", "to": 850},
            "V850": {"interpolate": "V", "to": 850},
            "PSL": {"take": "PSL"},
        },
        "merra2": {
            "TMQ": {"take": "TQV"},
            "U850": {"take": "U850"},
            "V850": {"take": "V850"},
            "PSL": {"take": "SLP"},
        },
    }
)
"""What a source's files hold, where the dataset does not say: CAM's, and MERRA-2's slv_Nx."""


@dataclass(frozen=True)
class Names:
    """What variables are called in the raw files (CAM's and MERRA-2's names by default)."""

    surface_pressure: str = "PS"
    pressure: str = "PL"
    thickness: str = "DELP"
    lat: str | None = None
    lon: str | None = None


@dataclass(frozen=True)
class Vertical:
    """How a field comes to a pressure: linear in p or log p, and what it is below the ground.

    coefficients: a file with hyam hybm hyai hybi P0, where the raw files have none.
    """

    method: str = "log"
    below: str = "lowest"
    coefficients: str | None = None


@dataclass(frozen=True)
class Regrid:
    """By which method, and by whom, the weights map is made."""

    method: str = "bilinear"
    maker: str = "stormtrace"


@dataclass(frozen=True)
class Source:
    """One raw variable, and the patterns of the files that hold it."""

    variable: str
    files: tuple[str, ...]

    @property
    def named(self) -> bool:
        """Whether the files' names tell the variable: then each that matches must hold it."""
        return any("{variable}" in pattern for pattern in self.files)


@dataclass(frozen=True)
class Recipe:
    """How a canonical field comes about: `kind` is integrate, interpolate or take.

    level: Pa, of interpolate. files: the field's own patterns, or none.
    """

    kind: str
    variable: str
    level: float = 0.0
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """A stretch of raw files: `begin` included, `end` not (dates of the files' calendar)."""

    begin: str
    end: str
    files: tuple[str, ...]
    stamps: str | None = None


@dataclass(frozen=True)
class Clock:
    """When files without a time coordinate start ({year} stands for the file's own), and go on."""

    start: str
    step: int
    calendar: str = "standard"


@dataclass(frozen=True)
class Dataset:
    """All that is known of a dataset before a file is opened. `step` is in seconds."""

    name: str
    parts: tuple[Part, ...]
    fields: Mapping[str, Recipe]
    vertical: Vertical = Vertical()
    names: Names = Names()
    regrid: Regrid = Regrid()
    holes: str = "refuse"
    sampling: str = "mean"
    step: int = 3 * HOUR
    missing_steps: str = "refuse"
    time: Clock | None = None
    mesh: str | None = None
    weights_map: str | None = None

    def source(self, part: Part, recipe: Recipe, variable: str) -> Source:
        """Return where `variable`, needed by a recipe, is to be looked for."""
        return Source(variable, recipe.files or part.files)


def make_dataset(spec: Mapping[str, Any]) -> Dataset:
    """Return the dataset a resolved `datasets:` entry describes; BadInput names key and value."""
    name = str(_need(spec, "name", "a dataset"))
    source = spec.get("source", "cesm")
    if source not in FIELDS_OF_SOURCE:
        known = ", ".join(FIELDS_OF_SOURCE)
        raise BadInput(f"dataset {name}: source {source!r} has no raw files; known: {known}")
    where = f"dataset {name}"
    vertical = Vertical(**spec.get("vertical", {}))
    _among(vertical.method, METHODS, f"{where}: vertical.method")
    _among(vertical.below, BELOW, f"{where}: vertical.below")
    regrid = Regrid(**spec.get("regrid", {}))
    _among(regrid.method, REMAPPING, f"{where}: regrid.method")
    _among(regrid.maker, MAKERS, f"{where}: regrid.maker")
    clock = spec.get("time")
    return Dataset(
        name=name,
        parts=tuple(_part(part, where) for part in _need(spec, "parts", where)),
        fields={
            key: _recipe(recipe, f"{where}: fields.{key}")
            for key, recipe in (spec.get("fields") or FIELDS_OF_SOURCE[source]).items()
        },
        vertical=vertical,
        names=Names(**spec.get("names", {})),
        regrid=regrid,
        holes=_among(spec.get("holes", "refuse"), HOLES, f"{where}: holes"),
        sampling=_among(spec.get("sampling", "mean"), SAMPLING, f"{where}: sampling"),
        step=round(float(spec.get("step_hours", 3)) * HOUR),
        missing_steps=_among(
            spec.get("missing_steps", "refuse"), MISSING_STEPS, f"{where}: missing_steps"
        ),
        time=_clock(clock, where) if clock else None,
        mesh=spec.get("mesh"),
        weights_map=spec.get("weights_map"),
    )


def _need(spec: Mapping[str, Any], key: str, where: str) -> Any:
    if not spec.get(key):
        raise BadInput(f"{where} needs the key {key}; it has {', '.join(spec) or 'none'}")
    return spec[key]


def _among(value: Any, allowed: tuple[str, ...], where: str) -> str:
    if value not in allowed:
        raise BadInput(f"{where} is {value!r}; it can be {', '.join(allowed)}")
    return str(value)


def _patterns(files: str | list[str]) -> tuple[str, ...]:
    return (files,) if isinstance(files, str) else tuple(files)


def _part(spec: Mapping[str, Any], where: str) -> Part:
    begin, end = (str(date) for date in _need(spec, "period", f"{where}: a part"))
    stamps = spec.get("stamps")
    if stamps is not None:
        _among(stamps, STAMPS, f"{where}: stamps")
    return Part(begin, end, _patterns(_need(spec, "files", f"{where}: a part")), stamps)


def _recipe(spec: Mapping[str, Any], where: str) -> Recipe:
    kinds = [kind for kind in RECIPES if kind in spec]
    if len(kinds) != 1:
        raise BadInput(
            f"{where} is {dict(spec)}; it needs one of {', '.join(RECIPES)} (null takes a key away)"
        )
    if (kinds[0] == "interpolate") != ("to" in spec):
        raise BadInput(
            f"{where} is {dict(spec)}; `interpolate` goes with `to` (hPa), others do not"
        )
    level = 100.0 * float(spec.get("to", 0.0))
    return Recipe(kinds[0], str(spec[kinds[0]]), level, _patterns(spec.get("files", [])))


def _clock(spec: Mapping[str, Any], where: str) -> Clock:
    step = round(float(_need(spec, "step_hours", f"{where}: time")) * HOUR)
    start = str(_need(spec, "start", f"{where}: time"))
    return Clock(start, step, str(spec.get("calendar", "standard")))
