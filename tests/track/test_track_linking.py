"""Years linked one after the other give the events of the whole record, bit by bit."""

import numpy as np
import pyarrow.parquet
import pytest

from stormtrace.formats.tables import write_tables
from stormtrace.formats.track_texts import write_nodes, write_tracks_csv
from stormtrace.formats.tracks import write_geojson, write_trajectories
from stormtrace.track.event_files import write_event_files
from stormtrace.track.events import event_table, object_table, sightings
from stormtrace.track.linking import Linking
from stormtrace.track.track_points import track_points
from stormtrace.track.tracking import read_tracking
from track_files import random_masks, tracked

FILES = (
    *("objects.csv", "events.csv", "tracks.geojson", "trajectories.nc"),
    *("tracks.csv", "nodes.txt"),
)
RULES = {
    "graph": {"minimum_area_km2": 0, "minimum_hours": 6},
    "over gaps": {"minimum_area_km2": 0, "minimum_hours": 0, "gap_hours": 9},
    "components": {"rule": "components", "minimum_area_km2": 0, "minimum_hours": 6},
    "climatenet": {"rule": "climatenet", "minimum_pixels": 2},
}


def film(seed):
    """Forty steps, of which some have no object and some are missing; files of one and more."""
    random, masks = np.random.default_rng(seed), random_masks(seed, (40, 10, 16), 0.2)
    masks[random.random(40) < 0.1] = 0
    there = np.flatnonzero(random.random(40) > 0.1)
    return masks[there], 3.0 * there, (5, 6, 14, 23)


@pytest.mark.parametrize("block", RULES.values(), ids=RULES)
@pytest.mark.parametrize("seed", [3, 4])
def test_part_by_part_is_the_same_as_all_at_once(tmp_path, block, seed):
    """All at once is what other tests hold to their truths; the oldest file is given last."""
    masks, hours, cuts = film(seed)
    record, assignment = tracked(tmp_path, masks, block, cuts, hours=hours)
    objects = object_table(record, assignment)
    events, seen = event_table(record, assignment, objects), sightings(objects, record.grid)
    seen = track_points(objects, seen, record.grid, record.classes)
    one, other = tmp_path / "at once", tmp_path / "in parts"
    about = {"units": record.time_units, "calendar": record.calendar}
    for name, table in (("objects", objects), ("events", events)):
        write_tables(one, name, table, record.classes, about)
    write_geojson(one / "tracks.geojson", events, seen, record.classes)
    write_trajectories(one / "trajectories.nc", events, seen, record.classes, about, {"doubts": ""})
    write_tracks_csv(one / "tracks.csv", seen, record.classes)
    write_nodes(one / "nodes.txt", seen, record.classes)

    linking = Linking([year.path for year in record.years][::-1])
    tracking = read_tracking(block, record.classes)
    doubts = write_event_files(other, linking, tracking, {})
    assert len(list(linking.parts(tracking))) == len(cuts) + 1
    assert not doubts
    for name in FILES:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name
    for name in ("objects", "events"):
        tables = [pyarrow.parquet.read_table(each / f"{name}.parquet") for each in (one, other)]
        assert tables[0].schema.equals(tables[1].schema)
        assert str(tables[0].to_pydict()) == str(tables[1].to_pydict())  # as text: NaN is NaN


def test_what_is_done_leaves_the_memory(tmp_path):
    """Objects of a part wait for nothing but later years of their own events."""
    masks = np.zeros((24, 10, 16), np.int8)
    masks[::6, 4:6, 4:8] = 1  # seen once every 18 hours, which nothing links
    record, _ = tracked(tmp_path, masks, RULES["graph"], (8, 16))
    tracking = read_tracking(RULES["graph"], record.classes)
    parts = list(Linking([year.path for year in record.years]).parts(tracking))
    # Steps 0 and 6 | 12 | 18; the first part ends at step 7, near enough to 6 to wait for more.
    assert [part.record.count for part in parts] == [1, 2, 1]
    assert [len(part.record.years) for part in parts] == [1, 2, 1]
    assert np.isinf([parts[1].complete_h, parts[2].complete_h]).all()
