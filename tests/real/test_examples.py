"""The README's examples on real data, from the raw files through Snakemake to the page."""

import json

import netCDF4
import numpy as np
import pytest

from real_data import FOLDER, NEEDED, real_data
from workflow_runs import ROOT, snakemake

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module", params=NEEDED)
def example(request, tmp_path_factory):
    """The folder of one example's results; its name is the example's."""
    for path in NEEDED[request.param]:
        real_data(path)
    folder = tmp_path_factory.mktemp("examples")
    file = ROOT / "config" / "examples" / f"{request.param}.yaml"
    alone = request.param == "merra2-day"
    # One has the figures that users get; of the others they are coarse.
    coarse = folder / "coarse.json"
    coarse.write_text(json.dumps({} if alone else {"figures": {"dots_per_inch": 50}}))
    settings = ["--configfile", str(file), str(coarse), "--config", f"data={FOLDER}"]
    snakemake(folder, *settings, alone=alone)
    return folder / "results" / "examples" / request.param


def test_it_ends_in_a_page_that_a_browser_draws(example, browser, tmp_path):
    page = example / "report.html"
    browser.complaints.clear()
    for dark, width in ((False, 1280), (True, 1280), (False, 390)):
        browser.open(page, width=width, dark=dark)
        browser.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        browser.screenshot(tmp_path / f"{width}.png", whole=True)
        words = browser.evaluate("document.querySelector('main').innerText")
        for wrong in ("undefined", "None", "nan", "NaN"):
            assert wrong not in words.split(), wrong
    assert browser.complaints == []


@pytest.mark.parametrize("example", ["merra2-day"], indirect=True)
def test_the_rivers_of_28_february_2017_lie_where_vapour_flows(example):
    """Every cell with strong transport (IVT > 750 kg m-1 s-1) between 20° and 70° lies in a
    river. IVT is in the raw file, but the network's only input is water vapour.
    """
    with netCDF4.Dataset(example / "masks" / "rivers" / "2017.nc") as nc:
        mask, lat, lon = nc["mask"][0], nc["lat"][:], nc["lon"][:]
        names = dict(zip(nc["mask"].flag_meanings.split(), nc["mask"].flag_values, strict=True))
    rivers = mask == names["atmospheric_river"]
    # Exact areas of rows: sines of the edges half-way between rows, the poles at the ends.
    edges = np.concatenate([[-90.0], (lat[1:] + lat[:-1]) / 2, [90.0]])
    share = 100 * np.average(rivers.mean(axis=1), weights=np.diff(np.sin(np.radians(edges))))
    assert share == pytest.approx(8.289, abs=0.0005)
    assert not (mask == names["tropical_cyclone"]).any()

    with netCDF4.Dataset(real_data(NEEDED["merra2-day"][0])) as nc:
        transport, raw_lat, raw_lon = nc["IVT"][0], nc["lat"][:], nc["lon"][:]
    row, column = np.nonzero(
        (transport > 750) & (np.abs(raw_lat) > 20)[:, None] & (np.abs(raw_lat) < 70)[:, None]
    )
    assert row.size > 500
    step_lat, step_lon = lat[1] - lat[0], lon[1] - lon[0]
    here = np.rint((raw_lat[row] - lat[0]) / step_lat).astype(int)
    there = np.rint((raw_lon[column] - lon[0]) / step_lon).astype(int) % lon.size
    assert rivers[here, there].all()

    assert "8.3<small>% of the globe" in (example / "report.html").read_text()
