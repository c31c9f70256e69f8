import re
from pathlib import Path

import numpy as np
import pytest

from make_results import MINI, dates_between, write_events, write_frequency, write_masks
from stormtrace import results
from stormtrace.climate.comparison import compare_files
from stormtrace.errors import BadInput

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "results.md"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Results of one experiment and one comparison, where the document expects them."""
    folder = tmp_path_factory.mktemp("run") / "results"
    counts = {y: np.full((12, 2, *MINI.shape), 25, np.int16) for y in (2000, 2001)}
    for name in ("control", "warmer"):
        (folder / "frequency" / name).mkdir(parents=True)
        write_frequency(folder / "frequency" / name / "frequency.nc", counts, events=True)
    paths = [folder / "frequency" / name / "frequency.nc" for name in ("control", "warmer")]
    compare_files(*paths, folder / "comparisons" / "warming.nc", {})
    write_events(folder / "events" / "control", number=5)
    for year in (2000, 2001):
        dates = dates_between((year, 1, 1), (year, 1, 3), "noleap")
        path = folder / "masks" / "control" / f"{year}.nc"
        write_masks(path, year, dates, lambda s, _: np.full(MINI.shape, 2 * (s % 4 == 0), np.int8))
    return folder


def test_the_documents_examples_run(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    names = {}
    blocks = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        exec(block, names)
    assert Path("west-coast.pdf").exists()
    assert float(names["winter"].mean()) == 25


def test_frequency_is_what_was_counted(folder):
    opened = results.open_frequency(folder / "frequency" / "control" / "frequency.nc")
    assert (opened.frequency == 25).all()
    assert opened.steps.sel(period="annual") == 2400
    assert (opened.genesis.sel(feature="TC") == 2 * 12 * 2).all()
    assert opened.attrs["experiment"] == "made"


def test_masks_of_all_years_are_one(folder):
    masks = results.open_masks(folder / "masks" / "control")
    assert masks.sizes["time"] == 32
    assert float((masks.mask == 2).mean()) == 0.25


def test_tables_name_their_classes(folder):
    events = results.open_events(folder / "events" / "control")
    assert events.feature.value_counts().to_dict() == {"TC": 5, "AR": 5}
    with pytest.raises(BadInput, match="there is no"):
        results.open_objects(folder)
