"""Which experiments share masks and objects, because they differ only in what comes later."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from stormtrace.blocks import dump
from stormtrace.study.entries import Experiment
from stormtrace.track.tracking import labelling_keys


@dataclass(frozen=True)
class Sharing:
    """The table of experiments, and what each is `like`."""

    experiments: Mapping[str, Experiment]
    likes: Mapping[str, str | None]

    def masks_of(self, experiment: str) -> str:
        """Return the experiment whose masks this one tracks: itself, or what it is like.

        An experiment that differs from its ancestor only in tracking has the same masks.
        """
        return self._owner(experiment, self._detection)

    def objects_of(self, experiment: str) -> str:
        """Return the experiment whose objects this one links: itself, or what it is like."""

        def key(name: str) -> object:
            return self._detection(name), self.labelling(name), self.experiments[name].measure

        return self._owner(experiment, key)

    def labelling(self, experiment: str) -> dict[str, Any]:
        """Return the part of an experiment's tracking that its objects depend on."""
        return labelling_keys(dump(self.experiments[experiment].tracking))

    def _detection(self, experiment: str) -> dict[str, Any]:
        apart = {"name", "title", "tracking", "measure"}
        return self.experiments[experiment].model_dump(exclude=apart)

    def _owner(self, experiment: str, key: Callable[[str], object]) -> str:
        """Follow `like` upwards as long as `key` stays the same."""
        parent = self.likes.get(experiment)
        while parent and key(parent) == key(experiment):
            experiment, parent = parent, self.likes.get(parent)
        return experiment
