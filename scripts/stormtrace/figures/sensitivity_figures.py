"""Many experiments side by side: the panels of the talk."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from stormtrace.class_table import ClassTable
from stormtrace.classes import Classes, FeatureClass
from stormtrace.climate.comparison import coarser
from stormtrace.climate.frequency import open_frequency
from stormtrace.climate.time_coverage import coverage
from stormtrace.figures.colours import diverging, largest_shown, sequential
from stormtrace.figures.names import heading
from stormtrace.figures.panels import Panel, draw_panels
from stormtrace.grids import Grid
from stormtrace.grids.remapping import on_grid


@dataclass(frozen=True)
class WholeRecord:
    """Frequency of each class over an experiment's record: flag → per cent of steps, one map.

    of: words for a title, what it is the frequency of. record: dates and steps, in words.
    """

    grid: Grid
    classes: Classes
    per_cent: dict[str, NDArray[np.float64]]
    of: str = ""
    record: str = ""


def read_whole_record(
    path: Path | str, table: ClassTable | None = None, of: str = "masks"
) -> WholeRecord:
    """Read the maps of a `frequency.nc` and nothing else: there may be many experiments."""
    with open_frequency(path, table, of) as frequency:
        classes = frequency.classes
        maps = {flag: frequency.per_cent(flag) for flag in classes.flags}
        record = coverage(frequency).words
        return WholeRecord(frequency.grid, classes, maps, frequency.of, record)


def draw_sensitivity(
    experiments: Mapping[str, WholeRecord], title: str
) -> Iterator[tuple[str, Figure]]:
    """Yield (file name, figure) for each class: all frequencies, and all minus the first's.

    Classes are matched by name; a panel for each experiment that has the class. Each panel keeps
    its experiment's own grid; differences are taken on the coarser of the two grids, regridded
    conservatively. One scale for all panels of a figure.
    """
    for feature in _features(experiments):
        having = {n: one for n, one in experiments.items() if feature.flag in one.per_cent}
        names, of = list(having), next(iter(having.values())).of
        title_of = heading(feature, f"frequency{of}")
        notes, note = _notes(having), " · ".join(filter(None, (title, _shared_record(having))))
        maps = {name: one.per_cent[feature.flag] for name, one in having.items()}
        scale = sequential(largest_shown(list(maps.values())), feature, "% of time steps")
        panels = [Panel(having[name].grid, maps[name], name, note=notes[name]) for name in names]
        figure = draw_panels(panels, scale, "Frequency", title_of, note)
        yield f"{feature.key}-frequency", figure
        if len(names) > 1:
            differences = [
                replace(_minus(having, name, names[0], feature.flag), note=notes[name])
                for name in names[1:]
            ]
            shared = diverging(largest_shown([p.values for p in differences]), "percentage points")
            each = "each minus" if len(differences) > 1 else "minus"
            note = " · ".join(filter(None, (note, f"{each} {_called(names[0], notes)}")))
            figure = draw_panels(differences, shared, "Difference", f"{title_of}, changes", note)
            yield f"{feature.key}-differences", figure


def _shared_record(experiments: Mapping[str, WholeRecord]) -> str:
    """Return dates and steps that all experiments have; empty if they differ."""
    records = {one.record for one in experiments.values()}
    return records.pop() if len(records) == 1 else ""


def _called(name: str, notes: Mapping[str, str]) -> str:
    """Return an experiment's title, with its record where those differ."""
    return " · ".join(filter(None, (name, notes[name])))


def _notes(experiments: Mapping[str, WholeRecord]) -> dict[str, str]:
    """Return what stands under each panel: its record, where they differ."""
    is_shared = len({one.record for one in experiments.values()}) == 1
    return {name: "" if is_shared else one.record for name, one in experiments.items()}


def _features(experiments: Mapping[str, WholeRecord]) -> list[FeatureClass]:
    """Return the classes of all experiments, each once, in the order they first appear."""
    found: dict[str, FeatureClass] = {}
    for one in experiments.values():
        for feature in one.classes.features:
            found.setdefault(feature.flag, feature)
    return list(found.values())


def _minus(experiments: Mapping[str, WholeRecord], name: str, reference: str, flag: str) -> Panel:
    """Return the panel of one experiment minus the reference, on the coarser grid."""
    sides = [experiments[side] for side in (name, reference)]
    grid = sides[1].grid
    if not sides[0].grid.same_as(grid):
        grid = coarser([side.grid for side in sides])
    values = [on_grid(side.per_cent[flag], side.grid, grid) for side in sides]
    difference = values[0] - values[1]
    return Panel(grid, difference, name, beyond=np.isnan(difference))
