"""What tests of campaigns share: raw files of eight steps, masks of them, and a campaign of both."""

import json

import numpy as np

from mask_files import write_mask_file
from mock_raw import Cesm
from stormtrace.blocks import read_block
from stormtrace.classes import CLIMATENET_LABELS, Classes
from stormtrace.grids import make_grid
from stormtrace.labels.campaigns.campaign_block import Campaign
from stormtrace.labels.campaigns.campaign_making import Inputs, make_campaign
from stormtrace.labels.campaigns.campaign_masks import open_detections
from stormtrace.prepare.dataset import make_dataset
from stormtrace.prepare.mesh.mesh_reading import dataset_mesh
from stormtrace.prepare.regridding.makers import own_matrix
from stormtrace.prepare.sample_making import FieldSource
from track_files import random_masks

GRID = make_grid({"nlat": 24, "nlon": 36})


def field_source(folder):
    """Return a dataset of eight steps on 1 January 2000, three fields of it, on GRID."""
    raw = Cesm(folder / "raw")
    raw.write_all()
    dataset = make_dataset(raw.spec())
    mesh = dataset_mesh(dataset)
    matrix, _ = own_matrix(mesh, GRID, "bilinear")
    fields = {name: dataset.fields[name] for name in ("TMQ", "U850", "PSL")}
    dataset = dataset.model_copy(update={"fields": fields})
    return FieldSource(dataset, mesh, GRID, matrix, {})


def write_detections(folder, seed=0):
    """Write masks of those eight steps; return the file, and the masks, (8, 24, 36)."""
    masks = random_masks(seed, (8, 24, 36), 0.2)
    return write_mask_file(folder / "2000.nc", masks, grid=GRID), masks


def campaign_of(**changes):
    """A campaign of those, as a typed block."""
    block = {"dataset": "mock", "grid": "small", "times": 4, "apart_hours": 0, **changes}
    return read_block(Campaign, block, "campaign").model_copy(update={"name": "first"})


def made(folder, source, campaign, **masks):
    """Make a campaign in a folder of its name; return its times and tasks."""
    opened = {key: open_detections([path], CLIMATENET_LABELS, GRID) for key, path in masks.items()}
    inputs = Inputs(source, Classes.of_labels(CLIMATENET_LABELS), **opened)
    times = make_campaign(campaign, inputs, folder / campaign.name, {"title": "test"})
    return times, json.loads((folder / campaign.name / "tasks.json").read_text())


def import_block(campaign, exports):
    """The few lines that import what came back, with the campaign's own table."""
    return {
        "format": "label-studio",
        "files": str(exports),
        "classes": {name: name for name in CLIMATENET_LABELS[1:]},
        "times": {"table": str(campaign / "times.csv")},
    }


def masks_at(masks, times):
    """Return the masks at some of the eight times."""
    return np.array([masks[int(time[11:13]) // 3] for time in times])
