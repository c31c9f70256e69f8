"""Scripts that draw a folder of figures, run whole on small files: which files there are, and when not.

What the figures show is held against their data in test_true_figures*.py.
"""

import importlib
import json
import sys

import numpy as np
import pytest
from PIL import Image

from make_results import MINI, dates_between, write_masks, write_samples
from stormtrace.attribution.extremes import Extremes
from stormtrace.attribution.threshold_fitting import fit_thresholds
from stormtrace.attribution.yearly_sums import Year, attribute_year
from stormtrace.classes import CLIMATENET_LABELS, Classes
from stormtrace.errors import BadInput
from stormtrace.formats.agreement_maps import write_agreement_maps
from stormtrace.formats.decomposition_maps import OF_FIELD, DecompositionMaps, write_decomposition
from stormtrace.formats.extreme_thresholds import write_thresholds
from stormtrace.prepare.years_of_samples import OpenedYears


def draw(monkeypatch, script, folder, *flags, formats=("pdf", "png")):
    """Run a script's main in this process; return the names of the figures, each in all formats."""
    words = [script, *map(str, flags), "--title", "T", "--dots-per-inch", "10"]
    monkeypatch.setattr(sys, "argv", [*words, "--output", str(folder / "figures")])
    importlib.import_module(script).main()
    files = sorted(path.name for path in (folder / "figures").iterdir())
    names = {name.rsplit(".", 1)[0] for name in files}
    assert files == sorted(f"{name}.{kind}" for name in names for kind in formats)
    return names


def words_of(figure):
    """Return what a figure says of itself."""
    with Image.open(figure) as image:
        return image.info["Description"]


@pytest.mark.parametrize("called", ["AR", "RIV", "AR+TC"])  # known, of the study's, of several
def test_an_agreement(tmp_path, monkeypatch, called):
    counts = {name: np.full((4, size, *MINI.shape), 3, np.int32)
              for name, size in (("count", 2), ("both", 1), ("at_least", 2))}  # fmt: skip
    path = tmp_path / "a.nc"
    steps = np.array([10, 0, 0, 10])
    write_agreement_maps(path, MINI, steps, counts, [f"{called}@one", "AR@two"], [(0, 1)], {})
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "old.png").touch()  # the folder is replaced, not added to
    names = draw(monkeypatch, "draw_agreement", tmp_path, "--maps", path, "--names", '["1", "2"]')
    assert len(names) >= 2 and "old" not in names
    flags = ("--maps", path, "--names", '["1", "2"]', "--formats", "png")
    assert draw(monkeypatch, "draw_agreement", tmp_path, *flags, formats=["png"]) == names
    with pytest.raises(BadInput, match=r"--names has 1 names; .* has 2 members: .*@one, AR@two"):
        draw(monkeypatch, "draw_agreement", tmp_path, "--maps", path, "--names", '["1"]')
    assert {path.stem for path in (tmp_path / "figures").iterdir()} == names


def test_a_decomposition(tmp_path, monkeypatch):
    classes = Classes.of_labels(CLIMATENET_LABELS)
    shape = (5, 2, *MINI.shape)
    values = {"first": 1.0, "second": 5.0, "difference": 4.0, "remainder": 1.0}
    values |= {f"TMQ_{kind}": 3.0 for kind in OF_FIELD}
    maps = {name: np.full(shape, value, np.float32) for name, value in values.items()}
    made = DecompositionMaps(MINI, classes, ["TMQ"], maps, {})
    write_decomposition(tmp_path / "d.nc", made)
    table = {"Tropical Cyclone": {"short": "Cyclone"}}
    names = draw(monkeypatch, "draw_decomposition", tmp_path, "--decomposition", tmp_path / "d.nc",
                 "--classes", json.dumps(table))  # fmt: skip
    assert names == {"cyclone-contributions", "ar-contributions"}


def test_an_attribution_and_its_change(tmp_path, monkeypatch):
    """Shares by class and percentiles; of two years why they differ, and nothing else."""
    dates = dates_between((2001, 1, 1), (2001, 1, 11), "noleap")

    def river(step, _date):
        mask = np.zeros(MINI.shape, np.int8)
        mask[5] = 2 * (step % 4 == 0)
        return mask

    def rain(step, date):
        return {"PRECT": np.where(river(step, date) > 0, 5.0, 1.0).astype(np.float32)}

    mask = write_masks(tmp_path / "m.nc", 2001, dates, river)
    about = {"units": "mm/day", "cell_methods": "time: mean"}
    samples = write_samples(tmp_path / "s", dates, rain, **about)
    grid, limits = fit_thresholds(
        OpenedYears([samples], ["PRECT"]), "PRECT", Extremes((75.0,), "steps")
    )
    write_thresholds(tmp_path / "e.nc", limits, grid, {})
    attribute_year(Year(mask, samples, "PRECT", tmp_path / "e.nc"), tmp_path / "2001.nc", {})
    common = ("--sums", tmp_path / "2001.nc", "--field", "PRECT")
    limits = ("--extremes", tmp_path / "e.nc")
    names = draw(monkeypatch, "draw_attribution", tmp_path, *common, *limits)
    assert {"tc-PRECT-share", "ar-PRECT-share"} < names and len(names) == 3
    common += ("--percentiles", 75)
    draw(monkeypatch, "draw_attribution", tmp_path, *common)
    said = words_of(tmp_path / "figures" / "ar-PRECT_p75-share.png")
    assert "Share of PRECT above its 75th percentile that falls within" in said
    draw(monkeypatch, "draw_attribution", tmp_path, *common, "--extremes-of", "Today")
    said = words_of(tmp_path / "figures" / "ar-PRECT_p75-share.png")
    assert "Share of PRECT above the 75th percentile of Today that falls within" in said
    second = ("--second", tmp_path / "2001.nc")
    names = draw(monkeypatch, "draw_attribution", tmp_path, *common, *second)
    assert names == {f"{key}-{one}-split" for key in ("tc", "ar") for one in ("PRECT", "PRECT_p75")}


def test_a_time_without_a_step_is_told_the_nearest(tmp_path, monkeypatch):
    dates = dates_between((2000, 1, 2), (2000, 1, 3), "noleap")
    dates = [dates[0], dates[-1]]  # 00 and 21 h
    field = np.full(MINI.shape, 20, np.float32)
    write_samples(tmp_path / "samples", dates, lambda *_: {"TMQ": field})
    write_masks(tmp_path / "2000.nc", 2000, dates, lambda *_: np.zeros(MINI.shape, np.int8))
    sample = tmp_path / "samples" / "made.2000-01-02-10800.nc"
    near = "nearest samples are made.2000-01-02-00000.nc and made.2000-01-02-75600.nc: .*`snapshots"
    flags = ("--sample", sample, "--mask", tmp_path / "2000.nc", "--fields", "TMQ")
    with pytest.raises(BadInput, match=near):
        draw(monkeypatch, "draw_fields", tmp_path, *flags)
