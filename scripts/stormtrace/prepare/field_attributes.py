"""What is written about a field into its samples: units, names, how it came about, its mirror."""

from collections.abc import Mapping, Sequence

from stormtrace.constants import GRAVITY
from stormtrace.errors import BadInput
from stormtrace.formats.units import is_same_unit
from stormtrace.prepare.dataset import Dataset
from stormtrace.prepare.field_quantities import mirror_of, quantity_of
from stormtrace.prepare.field_units import field_units
from stormtrace.prepare.plan import Plan
from stormtrace.prepare.raw.raw_formats import open_raw_file
from stormtrace.prepare.verbs import (
    Derivation,
    Integrate,
    Magnitude,
    Take,
    Transport,
    Vorticity,
)

#: Anomalies that CF has a name for.
STANDARD_ANOMALIES = ("geopotential_height_anomaly", "air_temperature_anomaly")
DESCRIPTION = ("long_name", "units", "standard_name")


def field_attributes(plan: Plan, name: str) -> dict[str, str]:
    """Return a field's attributes: what its raw file says, and what follows from its derivation.

    mirror: "odd" where it changes sign in a mirror at the equator, "even" where it does not; absent
    where nothing says.
    """
    derivation = plan.dataset.fields[name]
    raw = {raw: _described(plan, derivation, raw) for raw in derivation.variables}
    own = raw[derivation.variable]
    found = {
        "cell_methods": _cell_method(plan, derivation),
        "derivation": describe_derivation(plan.dataset, derivation)
        + _interpolated(plan.dataset)
        + _less(derivation),
        **_names(derivation.quantity_name(name), derivation, own),
    }
    if derivation.anomaly:
        found |= {"long_name": f"Anomaly of {found.get('long_name', derivation.anomaly.field)}"}
        found["standard_name"] = f"{found.get('standard_name')}_anomaly"
        if found["standard_name"] not in STANDARD_ANOMALIES:
            del found["standard_name"]
    name = derivation.quantity_name(name)
    if units := field_units(name, derivation, {one: said["units"] for one, said in raw.items()}):
        found["units"] = units
    if mirror := mirror_of(name, derivation, own["standard_name"]):
        found["mirror"] = mirror
    return found


def check_units_of_parts(plans: Sequence[Plan]) -> None:
    """Check that parts of a dataset that meet within a year give each field in the same units.

    Raises:
        BadInput: a field keeps its raw files' units, and these differ.

    """
    for name in plans[0].dataset.fields if len(plans) > 1 else ():
        first, *others = (field_attributes(plan, name).get("units", "") for plan in plans)
        for plan, units in zip(plans[1:], others, strict=True):
            if not is_same_unit(first, units):
                raise BadInput(
                    f"dataset {plan.dataset.name}: {name} is in {units!r} in {plan.files(0)[0]}, "
                    f"but in {first!r} in {plans[0].files(0)[0]}: say `units: {first}` of {name}, "
                    "which converts both"
                )


def _interpolated(dataset: Dataset) -> str:
    if dataset.other_points is None:
        return ""
    first = next(iter(dataset.fields.values())).variable
    return f"; variables on other points than {first} interpolated to those"


def _less(derivation: Derivation) -> str:
    if derivation.anomaly is None:
        return ""
    of = derivation.anomaly
    return (
        f"; less the mean and {of.harmonics} harmonics of the year of {of.field} in the samples of"
        f" {of.dataset}"
    )


def _described(plan: Plan, derivation: Derivation, variable: str) -> Mapping[str, str]:
    path = plan.places(derivation, variable, range(1))[0].path
    with open_raw_file(path) as opened:
        raw = opened.variable(variable)
        return {key: raw.text(key) for key in DESCRIPTION}


def _cell_method(plan: Plan, derivation: Derivation) -> str:
    return f"time: {derivation.within or plan.of(derivation, derivation.variable).method}"


def _names(name: str, derivation: Derivation, own: Mapping[str, str]) -> dict[str, str]:
    """Return long_name and standard_name: CF's where the field is known, else its raw file's."""
    quantity = quantity_of(name, derivation)
    if quantity is not None:
        found = {"long_name": quantity.long_name, "standard_name": quantity.standard_name}
    elif isinstance(derivation, Magnitude):
        known = {"eastward_wind": "wind_speed"}
        standard = known.get(own["standard_name"], "")
        found = {"long_name": f"Magnitude of {derivation.variable}", "standard_name": standard}
    elif isinstance(derivation, Integrate):
        found = {}
    else:
        found = {key: own[key] for key in ("long_name", "standard_name")}
    return {key: value for key, value in found.items() if value}


def describe_derivation(dataset: Dataset, derivation: Derivation) -> str:
    """Describe how a field came about."""
    names, at = " and ".join(derivation.variables), _where(dataset, derivation)
    if isinstance(derivation, Integrate):
        return f"sum of {names} dp / g over all levels above the ground, g = {GRAVITY:g} m s-2"
    if isinstance(derivation, Transport):
        humidity, *winds = derivation.variables
        product = " and ".join(f"{humidity} {wind}" for wind in winds)
        what = "magnitude of the sums" if len(winds) > 1 else "sum"
        return f"{what} of {product} dp / g over all levels above the ground, g = {GRAVITY:g} m s-2"
    if isinstance(derivation, Magnitude):
        return f"magnitude of the vector {names}{at}"
    if isinstance(derivation, Vorticity):
        return f"relative vorticity of {names}{at}, on the mesh of the raw files"
    if derivation.within is not None:
        return f"{derivation.within} of {names} within the step"
    return f"{names} as in the raw files" if isinstance(derivation, Take) else f"{names}{at}"


def _where(dataset: Dataset, derivation: Derivation) -> str:
    if derivation.levels != "pressure":
        return ""
    vertical = dataset.vertical
    scale = "log of pressure" if vertical.method == "log" else "pressure"
    return (
        f" at {derivation.level / 100:g} hPa, linear in {scale}; below the lowest level:"
        f" {vertical.below}"
    )
