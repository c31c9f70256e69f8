"""What an experiment was made by, each choice with its value: as facts, and as a paragraph."""

import json
from collections.abc import Iterator

from stormtrace import __version__
from stormtrace.classes import Classes
from stormtrace.climate.frequency import Frequency
from stormtrace.climate.time_coverage import coverage
from stormtrace.report.request import ExperimentFiles
from stormtrace.track.tracking import Tracking, read_tracking

#: What each rule of tracking is called in a paragraph.
RULES = {
    "graph": "linked by overlap along main branches",
    "climatenet": "linked by ClimateNet's published rule (any overlap)",
    "components": "linked as connected components of space and time (StitchBlobs' rule)",
}


def facts(
    files: ExperimentFiles, frequency: Frequency, classes: Classes
) -> Iterator[tuple[str, str]]:
    """Yield what an experiment consists of, as far as it is known, defaults written out."""
    yield from ((name, text) for name, text in _said(files, frequency).items() if text)
    if values := _normalization(frequency):
        yield "Normalized with (mean, standard deviation)", values
    if files.events:
        tracked = classes.of_masks
        yield "Tracking", _tracking(read_tracking(files.tracking, tracked), tracked)
    for union in classes.unions:
        names = (classes[flag].name.lower() for flag in union.union_of)
        yield union.name, " or ".join(names)


def _said(files: ExperimentFiles, frequency: Frequency) -> dict[str, str]:
    statistics = files.statistics
    if statistics and files.weighting != "none":
        statistics = f"{statistics}, weighted: {files.weighting}"
    return {
        "Model": files.model,
        "Detector": files.detector,
        "What it does" if files.detector else "Model's source": files.model_source,
        "Dataset": files.dataset,
        "Grid": ", ".join(filter(None, (files.grid, frequency.grid.describe()))),
        "Regridding": files.regridding,
        "Learned grid": frequency.attributes.get("regridded_to_learned", ""),
        "Statistics": statistics,
    }


def _normalization(frequency: Frequency) -> str:
    """Return mean and standard deviation of each field, as the masks were made with."""
    given: dict[str, list[float]] = json.loads(frequency.attributes.get("statistics", "{}"))
    return "; ".join(f"{field} {mean:.6g}, {std:.6g}" for field, (mean, std) in given.items())


def _tracking(tracking: Tracking, classes: Classes) -> str:
    """Return a tracking block in words, defaults resolved."""
    thresholds = {
        "smallest area, km²": tracking.minimum_area_km2,
        "fewest cells": tracking.minimum_pixels,
        "shortest life, h": tracking.minimum_hours,
    }
    words = [f"rule {tracking.rule}"]
    words += [f"{name}: {_by_class(values, classes)}" for name, values in thresholds.items()]
    words += [
        f"least overlap: {tracking.minimum_overlap:g}",
        f"longest gap: {tracking.gap_hours:g} h",
        f"{tracking.connectivity} neighbours",
    ]
    words += ["rows touch over the poles"] if tracking.pole_wrap else []
    if tracking.region:
        kept = {key: value for key, value in tracking.region.items() if value is not None}
        words.append("events of the region " + json.dumps(kept, ensure_ascii=False))
    return "; ".join(words)


def _by_class(values: tuple[float, ...], classes: Classes) -> str:
    """Return a threshold: one number if all classes share it, else one for each."""
    numbers = {feature.short: values[feature.code] for feature in classes.features}
    if len(set(numbers.values())) == 1:
        return f"{next(iter(numbers.values())):,.10g}"
    return ", ".join(f"{short} {number:,.10g}" for short, number in numbers.items())


def often(hours: float) -> str:
    """Return how often there is a step, in words."""
    return {1.0: "hourly", 24.0: "daily"}.get(hours, f"{hours:g}-hourly")


def paragraph(files: ExperimentFiles, frequency: Frequency, classes: Classes) -> str:
    """Return the methods of one experiment as a paragraph that can be copied."""
    said = dict(facts(files, frequency, classes))
    hours = float(frequency.attributes.get("step_hours", 3))
    names = " and ".join(feature.plural.lower() for feature in classes.of_masks.features)
    network = f"the network {files.model}" if files.model else "a network"
    if files.detector:
        network = f"the detector {files.detector}"
    source = f" ({files.model_source})" if files.model_source else ""
    data = f" of {files.dataset}" if files.dataset else ""
    regridded = f", regridded by {files.regridding}" if files.regridding else ""
    sentences = [
        f"{names[:1].upper()}{names[1:]} were detected with {network}{source} in {often(hours)}"
        f" fields{data} ({coverage(frequency).words}) on a grid of {frequency.grid.describe()}"
        f"{regridded}."
    ]
    if learned := said.get("Learned grid"):
        sentences.append(f"{learned[:1].upper()}{learned[1:]}.")
    if values := said.get("Normalized with (mean, standard deviation)"):
        sentences.append(
            "Fields were normalized with the mean and standard deviation of"
            f" {said.get('Statistics', 'the model')} ({values})."
        )
    if files.events:
        rule = RULES[read_tracking(files.tracking, classes).rule]
        sentences.append(f"Detections were {rule} ({said['Tracking']}).")
    sentences.append(f"Both were done with Stormtrace {__version__}.")
    return " ".join(sentences)
