"""Whether detectors that are no networks fit the datasets and experiments that name them."""

from collections.abc import Mapping

from stormtrace.classes import Classes
from stormtrace.detect.recipes import Detector, ThresholdRecipe
from stormtrace.errors import BadInput
from stormtrace.prepare.dataset import Dataset
from stormtrace.prepare.verbs import Transport
from stormtrace.study.config import Config
from stormtrace.study.resolved import AnyDataset
from stormtrace.study.study_files import Keys, Origins


def check_detector(name: str, detector: Detector, config: Config, origins: Origins) -> None:
    """Check that the classes of a detector can be those of masks."""
    try:
        Classes.of_labels(detector.labels, config.classes)
    except BadInput as error:
        path = ("detectors", name)
        raise BadInput(f"{origins.of(path)}: {'.'.join(path)}: {error}") from None


def check_use(
    path: Keys,
    detector: Detector,
    dataset: Dataset,
    datasets: Mapping[str, AnyDataset],
    origins: Origins,
) -> None:
    """Check that a dataset, and those of percentiles, derive what a recipe needs.

    path: the experiment's `dataset`.
    """
    if not isinstance(detector, ThresholdRecipe):
        return
    if missing := [one for one in detector.fields if one not in dataset.fields]:
        origins.refuse(
            path,
            f"is {dataset.name!r}, which does not derive {', '.join(missing)} that the detector "
            f"{detector.name!r} needs; it derives: {', '.join(dataset.fields)}",
        )
    for recipe in detector.classes.values():
        for component in ("eastward", "northward") if recipe.transport else ():
            field = getattr(recipe.transport, component)
            derived = dataset.fields[field]
            if isinstance(derived, Transport) and derived.component != component:
                origins.refuse(
                    path,
                    f"is {dataset.name!r}, whose {field} is the {derived.component} transport, but "
                    f"the detector {detector.name!r} takes it for the {component} component: say "
                    f"`component: {component}` of the field",
                )
    for condition in detector.conditions:
        percentile = condition.percentile
        if percentile is None or percentile.dataset is None:
            continue
        where = ("detectors", detector.name)
        raw = {key: one for key, one in datasets.items() if isinstance(one, Dataset)}
        origins.one_of(percentile.dataset, raw, where)
        if condition.field not in raw[percentile.dataset].fields:
            origins.refuse(
                where,
                f"takes a percentile of {condition.field} of {percentile.dataset!r}, which derives "
                f"only: {', '.join(raw[percentile.dataset].fields)}",
            )
