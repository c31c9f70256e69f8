"""A factory of small studies of every kind, as `write_report.py` gets them."""

import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet

from make_results import write_frequency
from stormtrace.climate.comparison import compare_files
from stormtrace.grids import Grid, make_grid

PAIR = ("tropical_cyclone", "atmospheric_river")
FRONTS = ("cold_front", "warm_front", "stationary_front", "occluded_front", "dry_line")
GRID = make_grid({"nlat": 37, "nlon": 72})

#: Where the page's template is.
TEMPLATES = Path(__file__).resolve().parents[1] / "workflow" / "report"

#: The poles of two grids.
ENDS = ("north", "south")

#: First and last time of a single map.
AT = ("2017-01-31T00:00:00", "2017-01-31T00:00:00")

#: Steps of a record in January alone, and in all months.
JANUARY = (1, *[0] * 11)
ALL_YEAR = (1,) * 12


def share_of(grid: Grid, classes: int) -> np.ndarray:
    """Return how often each class is in each cell, (class, …): bands of latitude, one a class."""
    lat = np.abs(grid.points[0])
    edges = np.linspace(5, 65, classes + 1)
    bands = [(lat > low) & (lat <= high) for low, high in itertools.pairwise(edges)]
    return np.stack([0.3 / (1 + i) * band for i, band in enumerate(bands)])


def experiment(
    folder: Path,
    name: str,
    classes: Sequence[str] = PAIR,
    years: Sequence[int] = (2000, 2001),
    months: Sequence[int] = ALL_YEAR,
    steps: int = 240,
    events: int | None = 10,
    factor: float = 1.0,
    grid: Grid = GRID,
    coverage: tuple[str, str] | None = None,
    entries: float = 0,
) -> dict[str, Any]:
    """Write an experiment's results and return its entry of the report.

    steps: of each month that has any. events: of each class; None: they were not tracked.
    """
    rng = np.random.default_rng(len(name))
    each = steps * np.array(months)
    share = np.clip(share_of(grid, len(classes)) * factor, 0, 1)
    counts = {
        year: np.stack([rng.binomial(n, share) for n in each]).astype(np.int16) for year in years
    }
    if steps == 1:  # a map: the class is there or not
        counts = {
            year: np.stack([n * (share > 0) for n in each]).astype(np.int16) for year in years
        }
    file = folder / "frequency" / name / "frequency.nc"
    file.parent.mkdir(parents=True)
    tracked = 0.9 if events is not None else 0
    more = {"classes": classes, "coverage": coverage, "entries": entries}
    write_frequency(file, counts, each, grid, name, tracked, **more)
    entry = {"name": name, "title": f"The <{name}>", "model": "net", "frequency": str(file)}
    if events is None:
        return entry
    write_event_table(folder / "events" / name, range(1, len(classes) + 1), events)
    return entry | {"events": str(folder / "events" / name)}


def write_event_table(folder: Path, codes: Sequence[int], number: int) -> None:
    """Write `number` events of each code, of two days each."""
    rng = np.random.default_rng(0)
    code = np.repeat(np.array(list(codes), np.int8), number)
    columns = {"class": code, "event": np.arange(code.size), "lifetime_h": np.full(code.size, 48.0)}
    for end in ("genesis", "termination"):
        columns[f"{end}_lat"] = rng.uniform(10, 60, code.size)
        columns[f"{end}_lon"] = rng.uniform(0, 360, code.size)
    for measure in ("track_km", "speed_km_h", "max_area_km2"):
        columns[measure] = rng.uniform(100, 1000, code.size)
    folder.mkdir(parents=True)
    pyarrow.parquet.write_table(pyarrow.table(columns), folder / "events.parquet")


def comparison(folder: Path, first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Compare two experiments and return the comparison's entry."""
    file = folder / "comparison.nc"
    compare_files(first["frequency"], second["frequency"], file, {})
    return {"name": "change", "first": first["name"], "second": second["name"], "file": str(file)}


def model(folder: Path, labels: Sequence[str], with_scores: bool = True) -> dict[str, Any]:
    """Write a model's scores and history and return its entry."""
    entry: dict[str, Any] = {"name": "net", "fields": ["TMQ"]}
    if not with_scores:
        return entry
    iou = {label: 0.9 / (1 + i) for i, label in enumerate(labels)}
    iou[labels[-1]] = None  # never in the labels, never predicted
    scores = {"files": 2, "times": 1, "iou": iou, "mean_iou": 0.6, "experts": None}
    (folder / "scores.json").write_text(json.dumps(scores))
    columns = [f"validation_iou_{label.lower().replace(' ', '_')}" for label in labels]
    rows = [",".join([str(epoch), "1", *["0.5"] * len(labels)]) for epoch in range(3)]
    (folder / "history.csv").write_text(
        "\n".join([",".join(["epoch", "train_loss", *columns]), *rows]) + "\n"
    )
    files = {"scores": "scores.json", "history": "history.csv"}
    return entry | {key: str(folder / name) for key, name in files.items()}


def one_map(folder: Path) -> dict[str, Any]:
    """A single time of one model."""
    entry = experiment(
        folder, "rivers", years=[2017], months=JANUARY, steps=1, events=0, coverage=AT
    )
    return {"title": "One map", "experiments": [entry], "models": [model(folder, [], False)]}


def no_event(folder: Path) -> dict[str, Any]:
    """Twenty days in which nothing was tracked, and nothing detected of either class."""
    entry = experiment(folder, "quiet", months=JANUARY, years=[2000], steps=160, events=0, factor=0)
    return {"title": "No event", "experiments": [entry]}


def not_tracked(folder: Path) -> dict[str, Any]:
    """A year of masks alone."""
    return {"title": "Not tracked", "experiments": [experiment(folder, "masks", events=None)]}


def one_class(folder: Path) -> dict[str, Any]:
    """Two experiments of a network that knows rivers only."""
    pair = [
        experiment(folder, name, ["atmospheric_river"], factor=factor)
        for name, factor in (("now", 1.0), ("later", 1.2))
    ]
    return {
        "title": "One class",
        "experiments": pair,
        "comparisons": [comparison(folder, *pair)],
        "models": [model(folder, ["Background", "Atmospheric River"])],
    }


def five_classes(folder: Path) -> dict[str, Any]:
    """Five kinds of front, of which the study's table names only some."""
    pair = [
        experiment(folder, name, FRONTS, factor=factor, entries=0.2)
        for name, factor in (("now", 1.0), ("later", 1.2))
    ]
    labels = ["Background", *(name.replace("_", " ").title() for name in FRONTS)]
    return {
        "title": "Fronts",
        "classes": {"Dry Line": {"short": "DL", "kind": "line", "colours": ["#b08020"]}},
        "experiments": pair,
        "comparisons": [comparison(folder, *pair)],
        "models": [model(folder, labels)],
    }


def unlike_classes(folder: Path) -> dict[str, Any]:
    """Experiments whose detectors know different classes, one round the South Pole."""
    square = make_grid({"projection": "south-polar", "cells": 60})
    return {
        "title": "Unlike classes",
        "experiments": [
            experiment(folder, "both"),
            experiment(folder, "rivers", ["atmospheric_river"], grid=square),
        ],
    }


def one_year(folder: Path) -> dict[str, Any]:
    """A single whole year: 365 days of three-hourly steps."""
    entry = experiment(folder, "year", years=[2000], steps=2920 // 12 + 1)
    return {"title": "One year", "experiments": [entry]}


def short_record(folder: Path) -> dict[str, Any]:
    """Two days of three-hourly steps with three events of each class; another of four days."""
    short = {"months": JANUARY, "years": [2000], "events": 3}
    return {
        "title": "Two days",
        "experiments": [
            experiment(folder, "two", steps=16, **short),
            experiment(folder, "four", steps=32, **short),
        ],
    }


def region(folder: Path) -> dict[str, Any]:
    """A regional grid over the north-east Pacific, across no seam."""
    grid = make_grid({"box": [180, 250, 20, 65], "step": 1})
    return {"title": "Regional", "experiments": [experiment(folder, "pacific", grid=grid)]}


def polar(folder: Path) -> dict[str, Any]:
    """A square polar grid round the North Pole."""
    grid = make_grid({"projection": "north-polar", "cells": 90})
    return {"title": "Polar", "experiments": [experiment(folder, "arctic", grid=grid)]}


def south_and_north(folder: Path) -> dict[str, Any]:
    """Two experiments whose grids have no cell in common."""
    grids = {name: make_grid({"projection": f"{name}-polar", "cells": 60}) for name in ENDS}
    pair = [experiment(folder, name, grid=grid) for name, grid in grids.items()]
    return {"title": "Both poles", "experiments": pair}


KINDS = {
    made.__name__: made
    for made in (
        one_map,
        no_event,
        not_tracked,
        one_class,
        five_classes,
        unlike_classes,
        one_year,
        short_record,
        region,
        polar,
        south_and_north,
    )
}
