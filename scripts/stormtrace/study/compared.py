"""What experiments of a study are held against: each other, observations, other methods, rain."""

from collections.abc import Container
from functools import cached_property
from typing import Any

from stormtrace.blocks import dump
from stormtrace.study.counterfactuals import counterfactual_name
from stormtrace.study.entries import Agreement, Attribution, Verification
from stormtrace.study.periods import clip, common, years_of
from stormtrace.study.resolution import ResolvedStudy
from stormtrace.study.resolved import placed


class ComparedStudy(ResolvedStudy):
    """A resolved study, and what is compared in it."""

    def years(self, experiment: str) -> list[str]:
        """Return the years an experiment is run on, four digits each."""
        if experiment not in self._years:  # a plan asks some ten times a job
            self._years[experiment] = years_of(self._stretches(experiment))
        return self._years[experiment]

    @cached_property
    def _years(self) -> dict[str, list[str]]:
        return {}

    def period(self, experiment: str, year: str) -> list[str]:
        """Return the first moment of `year` an experiment is run on, and the first no longer."""
        there = self.periods(experiment, year)
        return [there[0][0], max(end for _, end in there)]

    def periods(self, experiment: str, year: str) -> list[list[str]]:
        """Return the stretches of `year` an experiment is run on, in order of time."""
        clipped = (clip(one, year) for one in self._stretches(experiment))
        return sorted(one for one in clipped if one)

    def _stretches(self, experiment: str) -> list[list[str]]:
        """Return what of the dataset's parts lies in the experiment's period."""
        entry = self.experiments[experiment]
        parts = [list(part.period) for part in self.raw(entry.dataset).parts]
        if entry.period is None:
            return parts
        return [both for part in parts if (both := common(part, entry.period))]

    @cached_property
    def decomposed(self) -> list[str]:
        """Names of the comparisons that are shared out among input fields."""
        return [name for name, entry in self.comparisons.items() if entry.decompose]

    def counterfactuals_of(self, comparison: str, side: str) -> list[str]:
        """Return the experiments of a side, `first` or `second`, with each field of the other."""
        entry = self.comparisons[comparison]
        one, other = entry.first, entry.second
        if side == "second":
            one, other = other, one
        return [counterfactual_name(one, field, other) for field in entry.decompose]

    def composed(self, comparison: str) -> list[str]:
        """Return those of `composed_by_both` whose change has maps: of two grids it has none."""
        return self.composed_by_both(comparison) if self.on_one_grid(comparison) else []

    def composed_by_both(self, comparison: str) -> list[str]:
        """Return the fields that both experiments of a comparison have composites of."""
        entry, composites = self.comparisons[comparison], self.config.composites
        second = composites.get(entry.second, ())
        return [field for field in composites.get(entry.first, ()) if field in second]

    def on_one_grid(self, comparison: str) -> bool:
        """Whether both experiments of a comparison are on the same grid."""
        entry = self.comparisons[comparison]
        return self.experiments[entry.first].grid == self.experiments[entry.second].grid

    def title(self, name: str) -> str:
        """Return an experiment's title, by default its name."""
        return self.experiments[name].title or name

    def comparison_title(self, name: str) -> str:
        """Return a comparison's title, by default its name."""
        return self.comparisons[name].title or name

    def titles_of_sides(self, comparison: str) -> dict[str, str]:
        """Return the titles of a comparison's experiments by its sides, first and second."""
        compared = self.comparisons[comparison]
        return {"first": self.title(compared.first), "second": self.title(compared.second)}

    @cached_property
    def verified(self) -> dict[str, Verification]:
        """What is shown and held against observed storms, and how."""
        found = {}
        for name, entry in self.config.verify.items():
            if name in self.shown:
                observed = self.raw(self.experiments[name].dataset).has_observed_weather
                match = entry.match or ("time" if observed else "climatology")
                storms = placed(entry.storms, {"data": self.data, "results": self.results})
                found[name] = entry.model_copy(update={"match": match, "storms": storms})
        return found

    @cached_property
    def agreements(self) -> dict[str, Agreement]:
        """What is held against each other: all members are shown."""
        table = self.config.agree.items()
        return {name: one for name, one in table if set(one.members) <= set(self.shown)}

    def catalogues_of(self, agreement: str) -> dict[str, Any]:
        """Return the catalogues of an agreement, their files in their places."""
        folders = {"data": self.data, "results": self.results}
        return {
            name: dump(one) | {"file": placed(one.file, folders)}
            for name, one in self.config.catalogues.items()
            if name in self.agreements[agreement].catalogues
        }

    def names_in_agreement(self, name: str) -> list[str]:
        """Return what members are called: their experiment and, where these differ, the class."""
        pairs = self.agreements[name].pairs
        alike = len({named.lower() for _, named in pairs}) == 1
        return [self.title(one) + ("" if alike else f", {named}") for one, named in pairs]

    def years_of_agreement(self, name: str) -> list[str]:
        """Return the years of all members."""
        years = [self.years(member) for member in self.agreements[name].members]
        return sorted(set(years[0]).intersection(*years))

    def members_of_agreement(
        self, name: str, years: Container[str] | None = None
    ) -> list[dict[str, Any]]:
        """Return experiment, class and files of each member, as `agree.py` takes them.

        years: those whose files are needed, by default all.
        """
        at = self.at

        def needed(member: str) -> list[str]:
            return [year for year in self.years(member) if years is None or year in years]

        return [
            {
                "experiment": one,
                "class": named,
                "masks": [at.masks(self.masks_of(one), year) for year in needed(one)],
                "objects": [at.objects(self.objects_of(one), year) for year in needed(one)],
                "events": at.events(one),
            }
            for one, named in self.agreements[name].pairs
        ]

    @cached_property
    def attributed(self) -> dict[tuple[str, str], Attribution]:
        """(experiment, field) of what is shown -> how its features' share is computed."""
        table = self.config.attribute
        return {
            (name, field): how for name in self.shown for field, how in table.get(name, {}).items()
        }

    def attribution_changes(self) -> list[tuple[str, str]]:
        """(comparison, field) of what both experiments are attributed alike."""
        return [
            (name, field)
            for name, entry in self.comparisons.items()
            for (experiment, field), how in self.attributed.items()
            if experiment == entry.first and (other := self.attributed.get((entry.second, field)))
            if how.is_like(other)
        ]

    def extremes_of(self, name: str, field: str) -> str:
        """Title of the other experiment whose percentiles say what is extreme; empty: its own."""
        other = self.attributed[name, field].extremes_of
        return self.title(other) if other else ""

    def extremes_of_change(self, comparison: str, field: str) -> str:
        """Title of the experiment whose percentiles both sides take; empty: each its own."""
        entry = self.comparisons[comparison]
        owners = {
            self.attributed[side, field].extremes_of or side for side in (entry.first, entry.second)
        }
        return self.title(owners.pop()) if len(owners) == 1 else ""

    def attribution_change_maps(self) -> list[tuple[str, str]]:
        """Those of `attribution_changes` whose experiments are on one grid, so have maps."""
        changes = self.attribution_changes()
        return [(name, field) for name, field in changes if self.on_one_grid(name)]
