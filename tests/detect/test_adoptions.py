"""Masks of two adoptions of one model belong together."""

import netCDF4

from detection_runs import SHAPE, look, make_model
from labelled_factory import write_samples
from script_runs import run_forked
from stormtrace.track.joining import read_record
from track_files import write_objects


def test_years_detected_with_two_adoptions_are_one_record(tmp_path):
    """Tracking refuses years of different models; these only differ in when they were adopted."""
    make_model(tmp_path / "published", 3)
    objects = []
    for year in (2001, 2002):
        model = tmp_path / f"model-{year}"
        run_forked("adopt_model", "--output", model, "--weights", tmp_path / "published")
        samples = write_samples(tmp_path / str(year), 2, shape=SHAPE, year=year)
        look(model, samples, tmp_path / f"{year}.nc", year=year)
        objects.append(write_objects(tmp_path / f"objects-{year}.nc", tmp_path / f"{year}.nc"))
    assert len(read_record(objects).years) == 2
    found = set()
    for year in (2001, 2002):
        with netCDF4.Dataset(tmp_path / f"{year}.nc") as nc:
            found.add(nc.model_checksum)
    assert len(found) == 1
