import contextlib
import inspect
import io
import re
from pathlib import Path

import numpy as np
import pandas
import pyarrow
import pyarrow.parquet
import pytest
import xarray as xr

from make_results import (
    MINI,
    dates_between,
    write_events,
    write_frequency,
    write_masks,
    write_samples,
)
from stormtrace import results
from stormtrace.attribution.extremes import Extremes
from stormtrace.attribution.regional_sums import regional_sums
from stormtrace.attribution.shares import shares
from stormtrace.attribution.threshold_fitting import fit_thresholds
from stormtrace.attribution.yearly_sums import Year, attribute_year
from stormtrace.classes import CLIMATENET_LABELS, Classes
from stormtrace.climate.comparison import compare_files
from stormtrace.errors import BadInput
from stormtrace.formats.agreement_maps import write_agreement_maps
from stormtrace.formats.comparison_maps import Comparison, write_comparison
from stormtrace.formats.decomposition_maps import OF_FIELD, DecompositionMaps, write_decomposition
from stormtrace.formats.extreme_thresholds import write_thresholds
from stormtrace.formats.json_files import write_json
from stormtrace.prepare.years_of_samples import OpenedYears
from stormtrace.study.layout import Layout

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "results.md"


FRAGMENT = {"lat": -80.0, "lon": 0.0}
YEARS = range(2000, 2006)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Results of two experiments and their comparison, where the document expects them.

    AR counts of 100 steps a month: 25 everywhere, but 60 at 40° N, 240° E and 90 at 40° N, 0° E;
    35 where it is warmer, a little more or less from year to year.
    """
    folder = tmp_path_factory.mktemp("run") / "results"
    for name, usual in (("control", 25), ("warmer", 35)):
        counts = {}
        for year in YEARS:
            counts[year] = np.full((12, 2, *MINI.shape), usual + year % 2, np.int16)
            counts[year][:, 1, 13, [0, 24]] = 90, 60
        (folder / "frequency" / name).mkdir(parents=True)
        write_frequency(folder / "frequency" / name / "frequency.nc", counts, events=True)
    paths = [folder / "frequency" / name / "frequency.nc" for name in ("control", "warmer")]
    compare_files(*paths, folder / "comparisons" / "warming.nc", {})
    write_events(folder / "events" / "control", number=5)
    _add_fragments(folder / "events" / "control" / "objects.parquet")
    for year in (2000, 2001):
        dates = dates_between((year, 1, 1), (year, 1, 3), "noleap")
        path = folder / "masks" / "control" / f"{year}.nc"
        write_masks(path, year, dates, lambda s, _: np.full(MINI.shape, 2 * (s % 4 == 0), np.int8))
    _add_answers(folder)
    return folder


def _add_answers(folder):
    """Write a decomposition, an attribution, a verification and an agreement of known values.

    Of the change of 10 points TMQ contributes 6, PSL 3. Rain is 5 in a river, at one step of four
    everywhere, and 1 else, so the river has 20 of 32 shares; its 90th percentile is 5: none above.
    """
    classes = Classes.of_labels(CLIMATENET_LABELS)
    shape = (5, 2, *MINI.shape)
    values = {"first": 25.0, "second": 35.0, "difference": 10.0, "remainder": 1.0}
    values |= {f"TMQ_{kind}": 6.0 for kind in OF_FIELD} | {f"PSL_{kind}": 3.0 for kind in OF_FIELD}
    maps = {name: np.full(shape, value, np.float32) for name, value in values.items()}
    made = DecompositionMaps(MINI, classes, ["TMQ", "PSL"], maps, {})
    (folder / "decompositions").mkdir()
    write_decomposition(folder / "decompositions" / "warming.nc", made)

    dates = dates_between((2001, 1, 1), (2001, 1, 11), "noleap")
    mask = write_masks(folder / "m.nc", 2001, dates,
                       lambda s, _: np.full(MINI.shape, 2 * (s % 4 == 0), np.int8))  # fmt: skip
    samples = write_samples(
        folder / "s", dates,
        lambda s, _: {"PRECT": np.full(MINI.shape, 1.0 + 4 * (s % 4 == 0), np.float32)},
        units="mm/day", cell_methods="time: mean",
    )  # fmt: skip
    there = folder / "attribution" / "control" / "PRECT"
    there.mkdir(parents=True)
    grid, limits = fit_thresholds(
        OpenedYears([samples], ["PRECT"]), "PRECT", Extremes((90.0,), "steps")
    )
    write_thresholds(there / "extremes.nc", limits, grid, {})
    attribute_year(Year(mask, samples, "PRECT", there / "extremes.nc"), there / "2001.nc", {})
    sums = regional_sums([there / "2001.nc"], "PRECT", [90.0], {})
    write_json(there / "shares.json", {"field": "PRECT"} | shares(sums))

    every = {
        "points": 20,
        "pod": 0.75,
        "pod_interval": [0.5, 0.9],
        "far": 0.2,
        "far_interval": None,
    }
    rate = {"a_year": 86.0, "interval": None, "months": [1.0] * 12}
    storms = {"all": rate, "basins": {"North Atlantic": rate | {"a_year": 12.0}}}
    verified = {
        "time": {"all": every, "by": {"basin": {"North Atlantic": every | {"pod": 0.8}}}},
        "climatology": {"detected": storms, "observed": storms | {"first_year": 1980}},
    }
    (folder / "verification").mkdir()
    write_json(folder / "verification" / "control.json", verified)

    cyclones = Classes(classes.features[:1])
    values = {"first": 2.0, "second": 3.0, "difference": 1.0, "p_value": 0.5, "significant": 0.0}
    density = {f"track_density_{name}": np.full((5, 1, *MINI.shape), value, np.float32)
               for name, value in values.items()}  # fmt: skip
    tracks = Comparison(MINI, cyclones, density, {})
    write_comparison(folder / "verification" / "control.nc", tracks, {})

    pair = {"first": 0, "second": 1, "lag_h": 0.0, "iou": 0.25, "iou_interval": None}
    members = [{"short": "AR", "experiment": name} for name in ("control", "ivt-250")]
    found = {"members": members, "regions": {"all": {"annual": {"pairs": [pair]}}}}
    (folder / "agreement").mkdir()
    write_json(folder / "agreement" / "rivers.json", found)
    counts = {name: np.full((4, size, *MINI.shape), count, np.int32)
              for name, size, count in (("count", 2, 8), ("both", 1, 4), ("at_least", 2, 5))}  # fmt: skip
    steps = np.array([10, 10, 0, 10])
    write_agreement_maps(folder / "agreement" / "rivers.nc", MINI, steps, counts,
                         ["AR@control", "AR@ivt-250"], [(0, 1)], {})  # fmt: skip


def _add_fragments(path):
    """Give each object a fragment far away, at the same time."""
    table = pyarrow.parquet.read_table(path)
    there = table.to_pandas()
    both = pandas.concat([there, there.assign(main=False, **FRAGMENT)], ignore_index=True)
    made = pyarrow.Table.from_pandas(both, preserve_index=False)
    pyarrow.parquet.write_table(made.replace_schema_metadata(table.schema.metadata), path)


@pytest.fixture(scope="module")
def documented(folder):
    """The names that the document's blocks leave behind, and what they print."""
    names, said = {}, io.StringIO()
    with contextlib.chdir(folder.parent), contextlib.redirect_stdout(said):
        for block in re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL):
            exec(block, names)
    assert (folder.parent / "west-coast.pdf").exists()
    return names, said.getvalue()


def test_the_document_says_what_is_true_of_maps(documented):
    """40° N, 240° E lies in the box, 0° E does not. Over the globe: 25.5 (odd years have one step
    more), and what two cells of the row at 40° N have more.
    """
    names, said = documented
    assert "at most 60.0 % of the time" in said
    edges = np.radians([35, 45])
    cell = (np.sin(edges[1]) - np.sin(edges[0])) / 2 / 36  # share of the sphere
    globe = 25.5 + cell * ((60 - 25.5) + (90 - 25.5))
    assert f"over the globe {globe:.1f} % of the time" in said
    assert float(names["winter"].weighted(names["winter"].cell_area).mean()) == pytest.approx(
        globe, abs=1e-4
    )
    change = 10 * (1 - 2 * cell)  # but in the two cells, which are the same in both
    cells = MINI.size - 2
    assert f"{change:+.2f} percentage points over the globe; significant: {cells} cells" in said


def test_the_document_says_what_is_true_of_tracks(documented):
    names, said = documented
    track, longest = names["track"], names["longest"]
    assert longest.lifetime_h == names["events"].lifetime_h.max()
    assert len(track) == longest.lifetime_h / 3 + 1  # each 3-hourly step once
    assert not (track.lat == FRAGMENT["lat"]).any() and track.time.is_unique
    assert list(track.time) == sorted(track.time) and track.time.iloc[0] in said
    assert "count" in said and re.search(r"^AR +5\.0", said, re.MULTILINE)


def test_the_document_says_what_is_true_of_masks(documented):
    assert "ARs cover a cell at most 25.0 % of the time" in documented[1]


def test_the_document_says_what_is_true_of_answers(documented):
    names, said = documented
    assert "{'TMQ': 6.0, 'PSL': 3.0}" in said
    share = 100 * 20 / 32
    assert f"'atmospheric_river': {share:.1f}, 'none': {100 - share:.1f}" in said
    assert names["brought"].feature.values.tolist() == ["TC", "AR", "none"]
    assert names["extremes"].isnull().all()  # nothing lies above the percentile
    assert "North Atlantic  0.8  0.2" in said and "{'detected': 86.0, 'observed': 86.0}" in said
    assert (names["more"] == 1).all() and names["more"].dims == ("lat", "lon")
    assert "AR@control  AR@ivt-250  0.25" in said
    assert (names["both"] == 50).all() and names["methods"].both.sel(season="JJA").isnull().all()
    pair = names["methods"].both.sel(season="DJF", first="AR@ivt-250", second="AR@control")
    assert (pair == 40).all()
    bands = names["shares"].dropna(subset="south")
    assert (bands.query("part == 'none' and measure == 'total'").share.round(3) == 37.5).all()


def test_every_result_is_in_the_documents_table():
    """Each folder that the layout knows, but those that hold no results."""
    none = {
        "planet",
        "blocks",
        "logs",
        "checkpoints",
        "figures",
        "animations",
        "check.txt",
        "report.html",
    }
    layout = Layout("results")
    methods = [
        getattr(Layout, name) for name in vars(Layout) if name[0] != "_" and name != "planet_part"
    ]
    folders = {
        Path(found(layout, *["x"] * (len(inspect.signature(found).parameters) - 1))).parts[1]
        for found in methods if inspect.isfunction(found)
    }  # fmt: skip
    table = {
        row.split("|")[1] for row in DOCUMENT.read_text().splitlines() if row.startswith("| `")
    }
    assert folders - none == {name for name in folders if any(f"`{name}/" in row for row in table)}


def test_a_box_is_found_on_grids_from_any_longitude_and_on_projected_ones():
    box = [230, 255, 32, 55]
    for first in (0, -180):
        lon = np.arange(first, first + 360, 5.0)
        maps = xr.Dataset(coords={"lat": np.arange(-90.0, 91, 5), "lon": lon})
        inside = results.in_box(maps, box)
        assert sorted(inside.lon[inside.any("lat")].values % 360) == [230, 235, 240, 245, 250, 255]
        assert list(inside.lat[inside.any("lon")].values) == [35, 40, 45, 50, 55]
    lat, lon = np.meshgrid([30.0, 40.0], [240.0, 300.0])
    maps = xr.Dataset(coords={"lat": (("y", "x"), lat), "lon": (("y", "x"), lon)})
    assert results.in_box(maps, box).values.tolist() == [[False, True], [False, False]]


def test_frequency_is_what_was_counted(folder):
    opened = results.open_frequency(folder / "frequency" / "control" / "frequency.nc")
    assert (opened.frequency.sel(feature="TC") == 25.5).all()
    assert opened.steps.sel(period="annual") == 7200
    assert (opened.genesis.sel(feature="TC") == 2 * 12 * 6).all()
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
