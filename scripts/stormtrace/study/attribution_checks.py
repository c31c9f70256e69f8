"""Whether what is asked of features' shares (`attribute`) can be had, before any job."""

import re

import numpy as np

from stormtrace.attribution.extremes import Extremes, check_enough, steps_a_day
from stormtrace.blocks import did_you_mean
from stormtrace.classes import Classes
from stormtrace.climate.seasons import expected_steps, months_of
from stormtrace.errors import BadInput
from stormtrace.prepare.dataset import Dataset
from stormtrace.prepare.verbs import Integrate, Interpolate, Magnitude, Transport, Vorticity
from stormtrace.study.config import Config
from stormtrace.study.entries import Attribution, Experiment
from stormtrace.study.periods import clip, common, years_of
from stormtrace.study.resolved import Tables, known_of
from stormtrace.study.study_files import Keys, Origins

#: Derivations whose results are no precipitation, whatever their units.
NO_RAIN = (Integrate, Interpolate, Magnitude, Transport, Vorticity)


def check_attributions(config: Config, tables: Tables, origins: Origins) -> None:
    """Check every field of `attribute`.

    Raises:
        BadInput: an experiment, field or class is unknown, or there are too few steps.

    """
    for name, fields in config.attribute.items():
        origins.one_of(name, tables.experiments, ("attribute",))
        experiment = tables.experiments[name]
        dataset = tables.datasets[experiment.dataset]
        assert isinstance(dataset, Dataset)
        for field, how in fields.items():
            path = ("attribute", name, field)
            origins.one_of(field, dataset.fields, ("attribute", name))
            _check_values(path, how, dataset, field, origins)
            _check_classes(path, how, experiment, config, tables, origins)
            if how.extremes_of is not None:
                _check_owner(path, how, experiment, config, tables, origins)
            else:
                _check_steps(path, how, experiment, dataset, origins)


def _check_values(
    path: Keys, how: Attribution, dataset: Dataset, field: str, origins: Origins
) -> None:
    """Wet steps are of precipitation, and days are filled by steps."""
    derivation = dataset.fields[field]
    if not how.percentiles:
        return
    if how.over.startswith("wet") and (derivation.anomaly or isinstance(derivation, NO_RAIN)):
        origins.refuse(
            (*path, "over"),
            f"is {how.over!r}, but {field} of {dataset.name!r} is no precipitation: say over: "
            "steps or over: days, or percentiles: [] for its total alone",
        )
    if how.over.endswith("days"):
        try:
            steps_a_day(dataset.step_hours)
        except BadInput as error:
            origins.refuse((*path, "over"), f"is {how.over!r}: {error}")


def _check_classes(
    path: Keys,
    how: Attribution,
    experiment: Experiment,
    config: Config,
    tables: Tables,
    origins: Origins,
) -> None:
    """`within` names classes of the experiment, as far as they are known."""
    kind, called = experiment.found_by
    labels = (
        tables.detectors[called].labels
        if kind == "detector"
        else known_of(tables.models[called], "labels")
    )
    if labels is None:
        return
    classes = Classes.of_labels(labels, config.classes)
    for name in how.within:
        if classes.get(name) is None:
            known = [feature.short for feature in classes.features]
            origins.refuse(
                (*path, "within", name),
                f"is of no class of the {kind} {called!r}{did_you_mean(name, known)}; its classes: "
                f"{', '.join(known)}",
            )


def _check_owner(
    path: Keys,
    how: Attribution,
    experiment: Experiment,
    config: Config,
    tables: Tables,
    origins: Origins,
) -> None:
    """The owner of the percentiles is attributed alike, on the same grid, and carried out."""
    name, field, owner = str(path[1]), str(path[-1]), str(how.extremes_of)
    path = (*path, "extremes_of")
    origins.one_of(owner, tables.experiments, path)
    if field not in config.attribute.get(owner, {}):
        origins.refuse(
            path,
            f"is {owner!r}, of which {field} is not attributed: add attribute.{owner}.{field}",
        )
    sides = (tables.comparisons[one] for one in config.compare)
    shown = {*config.run, *(side for one in sides for side in (one.first, one.second))}
    if name in shown and owner not in shown:
        origins.refuse(path, f"is {owner!r}, which is not carried out: name it in `run`")
    other = config.attribute[owner][field]
    for key in ("percentiles", "over", "wet_mm_day", "by"):
        if getattr(other, key) != getattr(how, key):
            origins.refuse(
                path,
                f"is {owner!r}, of which {field} has {key}: {getattr(other, key)!r}, not "
                f"{getattr(how, key)!r}: say the same of both",
            )
    if other.extremes_of is not None:
        origins.refuse(path, f"is {owner!r}, whose extremes are those of {other.extremes_of!r}")
    if (grid := tables.experiments[owner].grid) != experiment.grid:
        origins.refuse(
            path,
            f"is {owner!r} on the grid {grid!r}, but this experiment is on {experiment.grid!r}: "
            "percentiles are of cells, so run both on one grid",
        )


def _check_steps(
    path: Keys, how: Attribution, experiment: Experiment, dataset: Dataset, origins: Origins
) -> None:
    """There are enough steps or days for the percentiles; the calendar with most days is taken."""
    parts = [list(part.period) for part in dataset.parts]
    if experiment.period is not None:
        parts = [both for part in parts if (both := common(part, experiment.period))]
    months = np.zeros(12, np.int64)
    for year in years_of(parts):
        for stretch in filter(None, (clip(part, year) for part in parts)):
            months += expected_steps(int(year), "all_leap", dataset.step_hours, _real(stretch))
    extremes = Extremes(how.percentiles, how.over, how.wet_mm_day, how.by)
    for period in extremes.periods:
        steps = int(sum(months[month - 1] for month in months_of(period)))
        values = steps // steps_a_day(dataset.step_hours) if how.over.endswith("days") else steps
        if period == "annual" or values:
            try:
                check_enough(values, extremes, period)
            except BadInput as error:
                origins.refuse((*path, "percentiles"), f"cannot be computed: {error}")


def _real(stretch: list[str]) -> list[str]:
    """Return a stretch whose ends every calendar has: 30 February is one of 360 days."""
    return [re.sub(r"-02-30", "-02-29", moment) for moment in stretch]
