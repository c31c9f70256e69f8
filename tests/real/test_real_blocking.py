"""Blocking on ConTrack's real anomalies of Z500, against a plain implementation of the same recipe.

Daily maps of 2–12 October 2016 (ERA, 1°, MIT licence): cells at least 150 m above the climatology,
objects of one day and the next one block if they share half of the smaller one's area, events of five
days and more.
"""

import itertools

import netCDF4
import numpy as np
import pytest
from scipy import ndimage

from labelled_factory import write_map_file
from real_data import real_data
from stormtrace.blocks import read_block
from stormtrace.detect.recipes import ThresholdRecipe
from stormtrace.detect.thresholds import detect_by_thresholds
from stormtrace.formats.masks import open_masks
from stormtrace.grids import Grid
from stormtrace.study.resolved import shipped_detectors
from stormtrace.track.events import event_table, object_table
from stormtrace.track.joining import read_record
from stormtrace.track.rules import assign
from stormtrace.track.tracking import read_tracking
from track_files import write_objects

TRACKING = {
    "rule": "components",
    "minimum_area_km2": 0,
    "minimum_overlap": 0.5,
    "minimum_hours": 96,
}


@pytest.fixture(scope="module")
def anomalies():
    """Anomalies (day, lat, lon) in m, from south to north, and the latitudes."""
    with netCDF4.Dataset(real_data("blocking/contrack_anom_test.nc")) as nc:
        nc.set_auto_mask(False)
        return nc["anom"][:][:, ::-1], nc["latitude"][:][::-1].astype(np.float64)


@pytest.fixture(scope="module")
def detected(anomalies, tmp_path_factory):
    """The masks, and the tables of objects and events."""
    folder = tmp_path_factory.mktemp("blocking")
    grid = Grid(anomalies[1], np.arange(360.0))
    for day, values in enumerate(anomalies[0]):
        path = folder / "samples" / f"era.2016-10-{day + 2:02d}-00000.nc"
        units = "hours since 2016-10-02"
        write_map_file(path, {"Z500A": values}, grid=grid, time=24.0 * day, units=units)
        with netCDF4.Dataset(path, "a") as nc:
            nc.step_hours, nc["Z500A"].units = 24.0, "m"
    recipe = read_block(ThresholdRecipe, shipped_detectors()["blocking"], "blocking")
    detect_by_thresholds(
        recipe,
        folder / "samples",
        folder / "masks.nc",
        dataset="era",
        year=2016,
        attributes={"experiment": "blocks"},
    )
    record = read_record([write_objects(folder / "objects.nc", folder / "masks.nc", TRACKING)])
    assignment = assign(record, read_tracking(TRACKING, record.classes))
    objects = object_table(record, assignment)
    masks = np.concatenate(list(open_masks(folder / "masks.nc").blocks()))
    return masks, objects, event_table(record, assignment, objects)


def plainly(anomalies):
    """Return [(first day, last day, km² of each day)] of every block, by scipy and a loop.

    Areas of cells: R² Δλ (sin north − sin south), rows half a degree to either side.
    """
    values, lat = anomalies
    edges = np.radians(np.clip(np.concatenate([lat - 0.5, [90.5]]), -90, 90))
    row_km2 = 6371.22**2 * np.radians(1.0) * np.diff(np.sin(edges))
    days = []
    for one in values:
        labels, _ = ndimage.label(one >= 150, structure=np.ones((3, 3)))
        for row, more in itertools.product(range(len(lat)), (-1, 0, 1)):  # across the seam
            if 0 <= row + more < len(lat) and labels[row, -1] and labels[row + more, 0]:
                labels[labels == labels[row + more, 0]] = labels[row, -1]
        days.append([labels == k for k in np.unique(labels) if k])
    area = [[float(row_km2 @ each.sum(axis=1)) for each in day] for day in days]
    blocks = {(d, k): {(d, k)} for d, day in enumerate(days) for k in range(len(day))}
    for d in range(len(days) - 1):
        for (k, one), (m, two) in itertools.product(enumerate(days[d]), enumerate(days[d + 1])):
            shared = float(row_km2 @ (one & two).sum(axis=1))
            if shared > 0 and shared >= 0.5 * min(area[d][k], area[d + 1][m]):
                both = blocks[d, k] | blocks[d + 1, m]
                for member in both:
                    blocks[member] = both
    found = []
    for block in {id(one): one for one in blocks.values()}.values():
        first, last = min(block)[0], max(block)[0]
        if last - first >= 4:
            by_day = [
                sum(area[d][k] for d, k in block if d == day) for day in range(first, last + 1)
            ]
            found.append((first, last, by_day))
    return sorted(found)


def test_masks_are_where_the_anomaly_is_large(anomalies, detected):
    np.testing.assert_array_equal(detected[0], anomalies[0] >= 150)


def test_number_days_and_areas_of_blocks_are_those_of_the_plain_implementation(anomalies, detected):
    _, objects, events = detected
    expected = plainly(anomalies)
    assert len(expected) == events["event"].size == 3
    day = objects["step"]
    found = []
    for event in events["event"]:
        mine = objects["event"] == event
        first, last = day[mine].min(), day[mine].max()
        by_day = [objects["area_km2"][mine & (day == one)].sum() for one in range(first, last + 1)]
        found.append((first, last, by_day))
    for ours, theirs in zip(sorted(found), expected, strict=True):
        assert ours[:2] == theirs[:2]
        np.testing.assert_allclose(ours[2], theirs[2], rtol=1e-6)
