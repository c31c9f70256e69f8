"""Folders of any name: they work, or the plan refuses them in one sentence."""

from pathlib import Path

import pytest

from stormtrace.errors import BadInput
from stormtrace.prepare.raw.found_files import year_in_name
from stormtrace.study.folders import check_places
from stormtrace.study.inputs import raw_input
from stormtrace.study.loading import load_study
from stormtrace.study.resolved import placed

ROOT = Path(__file__).resolve().parents[2]


def study(**said):
    return load_study(ROOT, {"run": ["control"], "compare": [], **said})


@pytest.mark.parametrize("folder", ["[x]", "st*r?", "[[]", "a 'b' \"c\" #%", "München"])
def test_raw_files_are_found_in_a_folder_of_any_name(tmp_path, folder):
    data = tmp_path / folder
    (data / "raw").mkdir(parents=True)
    (tmp_path / "x" / "raw").mkdir(parents=True)  # what a pattern [x] would find
    for place in (data, tmp_path / "x"):
        (place / "raw" / "case.cam.h3.Q.2000122200Z.nc").touch()
    part = {"period": ["2000-12-22", "2001-01-11"], "stamps": "end"}
    part["files"] = "{data}/raw/*.cam.h?.{variable}.{year}*.nc"
    made = study(data=str(data), datasets={"mini-historical": {"parts": [part]}})
    found = raw_input(made, "mini-historical", "2000")
    assert found == [str(data / "raw" / "case.cam.h3.Q.2000122200Z.nc")]
    dataset = made.raw("mini-historical")
    source = dataset.where(dataset.parts[0], dataset.fields["TMQ"], "Q")
    assert year_in_name(found[0], source) == 2000


def test_the_home_folder_is_known_in_every_path(tmp_path, monkeypatch):
    """As in `results`; in the middle of a path, and in a name, ~ is a letter."""
    home, other = tmp_path / "h[o]me", tmp_path / "h[o]me" / "~"
    monkeypatch.setenv("HOME", str(home))
    other.mkdir(parents=True)
    for file in (home / "a.Q.2000.nc", other / "b.Q.2000.nc"):
        file.touch()
    part = {"period": ["2000-12-22", "2001-01-11"], "stamps": "end"}
    for pattern, found in (
        ("~/a.{variable}.{year}.nc", [str(home / "a.Q.2000.nc")]),
        (
            ["~/*.{variable}.{year}.nc", f"{tmp_path}/*/~/*.nc"],
            [str(home / "a.Q.2000.nc"), str(other / "b.Q.2000.nc")],
        ),
    ):
        datasets = {"mini-historical": {"parts": [part | {"files": pattern}]}}
        made = study(datasets=datasets)
        assert raw_input(made, "mini-historical", "2000") == found
    others = {"weights": "~/net", "mesh": "./~/x", "title": "~ 5 years in ~/net"}
    assert placed(others, {}) == others | {"weights": f"{home}/net"}


@pytest.mark.parametrize("results", ["[x]", "st*r?", "a [[b]"])
def test_the_planet_is_known_in_results_of_any_name(results):
    made = study(results=results)
    assert raw_input(made, "mini-historical", "2000") == [f"{results}/planet/historical"]
    assert (
        made.at.planet_part(made.labelled("mini-climatenet").train)
        == f"{results}/planet/climatenet"
    )


@pytest.fixture
def obstacles(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there")
    return tmp_path


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("file", r"file is a file"),
        ("file/below", r"file is a file"),
        ("dangling", r"dangling is a link to .*nowhere, which is not there"),
        ("dangling/below", r"dangling is a link to .*nowhere, which is not there"),
    ],
)
def test_what_is_no_folder_is_refused_by_the_plan(obstacles, path, why):
    folder = str(obstacles / path)
    model = {"ready": {"weights": folder}}
    labels = {"mini-climatenet": {"train": folder}}
    for key, said in {
        "results": {"results": folder},
        "data": {"data": folder},
        r"datasets\.mini-climatenet\.train": {"datasets": labels},
        r"models\.ready\.weights": {"models": model},
    }.items():
        with pytest.raises(BadInput, match=rf"{key} is '.*', but must be a folder: .*{why}"):
            study(**said)


@pytest.mark.parametrize("path", ["there", "link", "link/below", "absent"])
def test_a_folder_may_be_a_link_or_not_be_there_yet(obstacles, path):
    assert study(results=str(obstacles / path)).results == str(obstacles / path)


#: As Snakemake writes the patterns of outputs, with what wildcards must match.
PLACES = [
    "results/masks/{experiment,control|one\\-field}",
    "results/samples/{dataset}/{grid,mini}/{year,[0-9]{4}}",
    "results/figures/composites/change.{comparison}.{field,[A-Z][A-Z0-9]*}",
    "results/figures/sensitivity",
    "elsewhere/masks",
]


@pytest.mark.parametrize(
    "place",
    [
        "masks", "masks/control", "masks/one-field", "samples", "samples/d", "samples/d/mini",
        "samples/d/mini/2000", "figures", "figures/composites", "figures/sensitivity",
        "figures/composites/change.warming.TMQ",
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["file", "link"])
def test_a_file_where_a_folder_of_results_belongs_is_refused(tmp_path, monkeypatch, place, kind):
    monkeypatch.chdir(tmp_path)
    path = Path("results", place)
    path.parent.mkdir(parents=True)
    check_places("results", PLACES)
    path.touch() if kind == "file" else path.symlink_to("nowhere")
    with pytest.raises(
        BadInput, match=rf"results/{place} is a {kind}\b.*: move it away, or choose"
    ):
        check_places("results", PLACES)
    path.unlink()
    path.mkdir()
    check_places("results", PLACES)


def test_what_the_workflow_does_not_need_may_be_anything(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check_places("results", PLACES)  # nothing there yet
    for name in ("masks/notes.txt", "samples/d/mini/2000.txt", "figures/composites/x", "README"):
        Path("results", name).parent.mkdir(parents=True, exist_ok=True)
        Path("results", name).touch()
    Path("elsewhere").mkdir()
    Path("elsewhere/masks").touch()
    check_places("results", PLACES)


def test_a_dollar_and_a_tilde_are_told_apart(tmp_path):
    assert study(results="do$$lar").results == "do$lar"
    with pytest.raises(BadInput, match=r"no 'lar'; set it, or write the path out \(\$\$ is a"):
        study(results="do$lar")
    with pytest.raises(BadInput, match=r"is '~nobody-of-this-name', but there is no such user"):
        study(results="~nobody-of-this-name")
    assert study(results="./~tilde").results == "~tilde"
