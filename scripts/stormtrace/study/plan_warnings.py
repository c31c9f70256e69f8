"""What the plan says of a study that can be carried out, but perhaps not as it was meant."""

import calendar
from collections.abc import Iterator

from stormtrace.blocks import did_you_mean
from stormtrace.class_table import flag_name, union_members
from stormtrace.classes import Classes
from stormtrace.study.definition import Study
from stormtrace.study.known_grids import grid_warnings
from stormtrace.study.missing_inputs import missing_inputs
from stormtrace.study.periods import months_of


def plan_warnings(study: Study) -> list[str]:
    """Return a sentence each: grids, missing files, comparisons, missing fields, classes."""
    warnings = (
        grid_warnings, missing_inputs, _compared_too, _other_months, _not_measured, _not_agreed,
        _not_drawn, _classes_of_nothing,
    )  # fmt: skip
    return [sentence for each in warnings for sentence in each(study)]


def _not_agreed(study: Study) -> Iterator[str]:
    """Yield which agreements are left out, since a member is not run."""
    for name, agreement in study.config.agree.items():
        if missing := [one for one in agreement.members if one not in study.shown]:
            yield f"agree.{name} is left out: `run` does not name {', '.join(missing)}"


def _not_drawn(study: Study) -> Iterator[str]:
    """Yield of which comparisons there are no maps why a field changes, since grids differ."""
    for name, one in study.comparisons.items():
        fields = study.composed_by_both(name)
        fields += [field for comparison, field in study.attribution_changes() if comparison == name]
        if fields and not study.on_one_grid(name):
            listed = ", ".join(dict.fromkeys(fields))
            yield (
                f"comparisons.{name}: {one.first} and {one.second} are on two grids, so there are "
                f"no maps of why {listed} changes; run both on one grid for these"
            )


def _not_measured(study: Study) -> Iterator[str]:
    """Yield which experiments lack fields that say how strong their events are."""
    lacking_of: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for name, lacking in study.intensity_missing().items():
        lacking_of.setdefault((study.experiments[name].dataset, tuple(lacking)), []).append(name)
    for (dataset, missing), names in lacking_of.items():
        yield (
            f"{dataset} derives no {', no '.join(missing)}: `measure: [intensity]` of "
            f"{', '.join(names)} has no column for it; add it to its `fields`, or leave it"
        )


def _compared_too(study: Study) -> Iterator[str]:
    """Yield which experiments are carried out though `run` does not name them."""
    added = [name for name in study.shown if name not in study.config.run]
    by = [name for name, one in study.comparisons.items() if {one.first, one.second} & set(added)]
    if added:
        yield (
            f"`compare` adds {', '.join(added)}, which `run` does not name, for {', '.join(by)}:"
            " leave those comparisons out of `compare` ([] leaves out all) to run without"
        )


def _other_months(study: Study) -> Iterator[str]:
    """Yield which comparisons are of unlike parts of the year, as of a summer and whole years."""
    for name, one in study.comparisons.items():
        first, second = (
            months_of(part for year in study.years(side) for part in study.periods(side, year))
            for side in (one.first, one.second)
        )
        if first != second:
            yield (
                f"comparisons.{name}: {one.first} has {_in_words(first)} of the year, {one.second} "
                f"{_in_words(second)}: annual means, and those of seasons that one has in part, "
                "differ by that, too; compare seasons that both have, or give both the same "
                "months (`period`)"
            )


def _in_words(months: set[int]) -> str:
    names = [calendar.month_abbr[month] for month in sorted(months)]
    return "all months" if len(names) == 12 else ", ".join(names)


def _classes_of_nothing(study: Study) -> Iterator[str]:
    """Yield which entries of `classes` no model, detector or set of labels has a class for.

    Nothing is said while the labels of a published model cannot be read.
    """
    flags = {flag_name(name): name for labels in study.all_labels or () for name in labels}
    known = list(flags.values())
    for name, entry in study.config.classes.items() if known else ():
        of = union_members(entry)
        if flags.keys().isdisjoint(map(flag_name, of or [name])):
            found = (Classes.of_labels(labels).get(name) for labels in study.all_labels or ())
            meant = next((f", did you mean {one.name!r}?" for one in found if one), "")
            yield (
                f"classes.{name} has no effect: no model or detector of the study has "
                f"{'one of its classes' if of else 'this class'}"
                f"{meant or did_you_mean(name, known) or '.'} Their classes: {', '.join(known)}"
            )
