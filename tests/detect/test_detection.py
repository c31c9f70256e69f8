"""Detection: masks of a year, the same on every path, with their origin written down."""

import json

import netCDF4
import numpy as np
import pytest
import torch

from detection_runs import OWN, SHAPE, look, make_model
from labelled_factory import FIELDS, MEAN, STD, statistics, weather, write_map_file, write_samples
from script_runs import run_forked
from stormtrace.errors import BadInput
from stormtrace.formats.samples import open_folder
from stormtrace.network.cgnet import CGNet
from stormtrace.network.identity import model_checksum
from stormtrace.network.model_files import load_model, write_model
from stormtrace.network.normalization import Normalization, read_statistics
from stormtrace.network.runtimes import choose_runtime


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return make_model(tmp_path_factory.mktemp("models") / "m", 3)


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    return write_samples(tmp_path_factory.mktemp("samples") / "2001", 7, shape=SHAPE)


@pytest.fixture(scope="module")
def masks(model, samples, tmp_path_factory):
    return look(model, samples, tmp_path_factory.mktemp("masks") / "2001.nc", runtime="torch")


def test_masks_are_what_the_network_says(model, samples, masks):
    _, network = load_model(model)
    folder = open_folder(samples, dict.fromkeys(FIELDS))
    for step, path in enumerate(folder.paths):
        values = torch.from_numpy(OWN.apply(folder.read([path]).values))
        with torch.inference_mode():
            expected = network(values).softmax(1).argmax(1)[0].numpy()
        np.testing.assert_array_equal(masks[0]["mask"][step], expected)
    assert len(np.unique(masks[0]["mask"])) == 3


def test_mask_file_keeps_the_contract(model, samples, masks, tmp_path):
    variables, attributes = masks
    assert variables["mask"].dtype == np.int8 and variables["mask"].shape == (7, *SHAPE)
    np.testing.assert_array_equal(variables["time"], np.arange(7) * 3.0)
    assert attributes["model_checksum"] == model_checksum(*load_model(model))
    assert json.loads(attributes["statistics"]) == {f: [MEAN[f], STD[f]] for f in FIELDS}
    assert attributes["step_hours"] == 3 and attributes["precision"] == "float32"
    look(model, samples, tmp_path / "masks.nc", runtime="torch")
    with netCDF4.Dataset(tmp_path / "masks.nc") as dataset:
        mask = dataset["mask"]
        assert mask.flag_values.dtype == np.int8 and mask.flag_values.tolist() == [0, 1, 2]
        assert mask.flag_meanings == "background tropical_cyclone atmospheric_river"
        assert mask.chunking() == [1, *SHAPE]
        assert mask.filters()["zlib"] and mask.filters()["complevel"] == 1
        assert (dataset["time"].units, dataset["time"].calendar) == (
            "hours since 2001-01-01",
            "noleap",
        )


@pytest.mark.parametrize("batch", [3, 7])
def test_masks_do_not_depend_on_the_batch(model, samples, masks, tmp_path, batch):
    variables, _ = look(model, samples, tmp_path / "m.nc", runtime="torch", batch=batch)
    np.testing.assert_array_equal(variables["mask"], masks[0]["mask"])


def test_openvino_gives_the_same_masks_in_whole_and_broken_batches(
    small_network, samples, tmp_path
):
    pytest.importorskip("openvino")
    model = make_model(tmp_path / "model", 3)
    masks = look(model, samples, tmp_path / "torch.nc", runtime="torch")
    for _ in range(2):  # compiled, then read
        variables, attributes = look(
            model,
            samples,
            tmp_path / "m.nc",
            runtime="openvino",
            batch=3,
            kept=tmp_path / "compiled",
        )
        np.testing.assert_array_equal(variables["mask"], masks[0]["mask"])
        assert attributes["runtime"] == "openvino"
    assert len(list((tmp_path / "compiled").iterdir())) == 1


def test_statistics_make_the_same_masks_wherever_they_are_written(model, samples, masks, tmp_path):
    path = tmp_path / "statistics.json"
    path.write_text(json.dumps(statistics()))
    chosen = read_statistics(path, FIELDS, "none")
    same, _ = look(model, samples, tmp_path / "a.nc", normalization=chosen, runtime="torch")
    np.testing.assert_array_equal(same["mask"], masks[0]["mask"])

    further = tuple(mean + std for mean, std in zip(OWN.mean, OWN.std, strict=True))
    shifted = Normalization(FIELDS, further, OWN.std)
    other, attributes = look(model, samples, tmp_path / "b.nc", normalization=shifted)
    assert (other["mask"] != masks[0]["mask"]).any()
    assert json.loads(attributes["statistics"])["TMQ"] == [MEAN["TMQ"] + STD["TMQ"], STD["TMQ"]]


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_reduced_precision_says_how_far_it_strays(model, samples, masks, tmp_path, precision):
    variables, attributes = look(model, samples, tmp_path / "m.nc", precision=precision)
    agreement = json.loads(attributes["agreement_with_float32"])
    checked = [0, 3, 6]
    same = variables["mask"][checked] == masks[0]["mask"][checked]
    assert agreement["steps"] == 3
    assert agreement["equal_cells"] == pytest.approx(same.mean())
    assert 0.9 < agreement["equal_cells"] < 1
    assert attributes["precision"] == precision
    assert "agreement_with_float32" not in masks[1]


def test_probabilities_are_those_of_the_masks(model, samples, masks, tmp_path):
    variables, _ = look(model, samples, tmp_path / "m.nc", probabilities=True)
    probability = variables["probability"].astype(int)
    assert probability.shape == (7, 3, *SHAPE)
    np.testing.assert_array_equal(variables["class"], [0, 1, 2])  # CDO refuses names here
    assert abs(probability.sum(axis=1) - 250).max() <= 1
    np.testing.assert_array_equal(variables["mask"], masks[0]["mask"])
    chosen = np.take_along_axis(probability, variables["mask"][:, None].astype(int), axis=1)[:, 0]
    np.testing.assert_array_equal(chosen, probability.max(axis=1))


def test_an_ensemble_tells_how_many_members_agree(model, samples, tmp_path):
    members = [model, make_model(tmp_path / "b", 5), make_model(tmp_path / "c", 6)]
    together, attributes = look(members, samples, tmp_path / "e.nc")
    alone = [look(one, samples, tmp_path / "one.nc")[0]["mask"] for one in members]
    votes = sum((one == together["mask"]).astype(int) for one in alone)
    np.testing.assert_array_equal(together["agreement"], votes)
    assert len(attributes["model_checksum"].split()) == 3
    # Where all agree, their mean agrees.
    unanimous = (alone[0] == alone[1]) & (alone[1] == alone[2])
    np.testing.assert_array_equal(together["mask"][unanimous], alone[0][unanimous])


def test_a_neutral_field_is_its_mean_everywhere(model, tmp_path):
    without = write_samples(tmp_path / "2001", 2, shape=SHAPE, fields=("TMQ", "U850", "V850"))
    variables, _ = look(model, without, tmp_path / "m.nc", neutral=["PSL"])
    _, network = load_model(model)
    folder = open_folder(without, dict.fromkeys(FIELDS) | {"PSL": MEAN["PSL"]})
    values = OWN.apply(folder.read(folder.paths[:1]).values)
    assert (values[:, 3] == 0).all()
    with torch.inference_mode():
        expected = network(torch.from_numpy(values)).argmax(1)[0].numpy()
    np.testing.assert_array_equal(variables["mask"][0], expected)
    with pytest.raises(BadInput, match="neutral: TS is not a field of the model"):
        look(model, without, tmp_path / "m.nc", neutral=["TS"])


def test_float64_samples_give_the_same_masks(model, samples, masks, tmp_path):
    double = write_samples(tmp_path / "2001", 7, shape=SHAPE, dtype=np.float64)
    variables, _ = look(model, double, tmp_path / "m.nc", runtime="torch")
    assert (variables["mask"] == masks[0]["mask"]).mean() > 0.999


def test_blank_masks_end_the_job_or_are_told(model, samples, tmp_path, caplog):
    config, network = load_model(model)
    network.classifier[0].conv.weight.data.zero_()  # all logits equal: class 0 everywhere
    write_model(tmp_path / "blank", config.content, network.state_dict())
    with pytest.raises(BadInput, match=r"every mask \(7\) of .*2001 is blank: .* blank: allow"):
        look(tmp_path / "blank", samples, tmp_path / "m.nc", blank="refuse")
    assert not (tmp_path / "m.nc").exists()
    _, attributes = look(tmp_path / "blank", samples, tmp_path / "m.nc", blank="allow")
    assert attributes["blank_steps"] == 7
    assert "7 of 7 masks are blank (2001-01-01 00:00:00" in caplog.text


@pytest.mark.parametrize("runtime", ["torch", "openvino"])
def test_a_network_that_gives_no_numbers_ends_the_job(small_network, samples, tmp_path, runtime):
    """The argmax of NaN is a class, and was exit 0 with masks of the background."""
    pytest.importorskip(runtime)
    config, network = load_model(make_model(tmp_path / "model", 3))
    network.classifier[0].conv.weight.data[:] = 3e38  # finite, as weights must be
    write_model(tmp_path / "broken", config.content, network.state_dict())
    with pytest.raises(BadInput, match=r"output is not finite .*: its weights are damaged"):
        look(tmp_path / "broken", samples, tmp_path / "m.nc", runtime=runtime)
    assert not (tmp_path / "m.nc").exists()


def test_a_network_that_openvino_cannot_run_is_told_in_our_words(
    model, samples, tmp_path, monkeypatch
):
    openvino = pytest.importorskip("openvino")

    def fails(*given, **more):
        raise RuntimeError("Exception from src/core.cpp:1:\nno such operation\n")

    monkeypatch.setattr(openvino, "convert_model", fails)
    with pytest.raises(BadInput, match=r"\(no such operation\): say runtime: torch"):
        look(model, samples, tmp_path / "m.nc", runtime="openvino")


def test_precision_is_what_openvino_ran_in(small_network, samples, tmp_path, monkeypatch, caplog):
    """A CPU without bfloat16 computes in float32, whatever it is asked for."""
    openvino = pytest.importorskip("openvino")
    compile_model = openvino.Core.compile_model

    def without(core, network, device, config):
        return compile_model(core, network, device, config | {"INFERENCE_PRECISION_HINT": "f32"})

    monkeypatch.setattr(openvino.Core, "compile_model", without)
    asked = {"runtime": "openvino", "precision": "bfloat16"}
    model = make_model(tmp_path / "model", 3)
    _, attributes = look(model, samples, tmp_path / "m.nc", **asked)
    assert attributes["precision"] == "float32"
    assert json.loads(attributes["agreement_with_float32"])["equal_cells"] == 1
    assert "precision: bfloat16: this CPU has none, OpenVINO runs in float32" in caplog.text


def test_regridding_to_the_learned_spacing(model, samples, masks, tmp_path, caplog):
    """Of a network that learned on the samples' own spacing nothing changes, bit by bit; one that
    learned on half of it runs on 2 · 44 + 1 rows, and its masks come back to 45."""

    def learned_on(lat, lon):
        config, network = load_model(model)
        content = dict(config.content) | {"trained_on": {"lat": lat, "lon": lon}, "name": "m"}
        return write_model(tmp_path / "m", content, network.state_dict())

    learned_on(180 / 44, 5.0)
    same, _ = look(tmp_path / "m", samples, tmp_path / "a.nc", regrid_to_learned=True)
    np.testing.assert_array_equal(same["mask"], masks[0]["mask"])
    learned_on(90 / 44, 2.5)
    caplog.clear()
    other, attributes = look(
        tmp_path / "m", samples, tmp_path / "b.nc", regrid_to_learned=True, probabilities=True
    )
    assert "ran on 89 by 144 cells of 2.05 by 2.5 degrees" in attributes["regridded_to_learned"]
    assert "trained on" not in caplog.text and "doubts" not in attributes
    assert other["mask"].shape == masks[0]["mask"].shape
    assert abs(other["probability"].astype(int).sum(axis=1) - 250).max() <= 2
    assert 0.3 < (other["mask"] == masks[0]["mask"]).mean() < 1
    look(tmp_path / "m", samples, tmp_path / "c.nc")
    assert "say regrid_to_learned: true" in caplog.text


def test_false_neighbours_on_a_part_of_the_globe_are_told(tmp_path, caplog):
    """Published weights join the map's opposite edges, whatever lies between them."""
    published = make_model(tmp_path / "published", 3, padding="circular")
    fields, _ = weather(0, SHAPE)
    pacific = {"lat": np.linspace(10, 54, SHAPE[0]), "lon": np.linspace(150, 221, SHAPE[1])}
    write_map_file(tmp_path / "samples/a.2000-01-01-00000.nc", fields, **pacific)
    _, attributes = look(published, tmp_path / "samples", tmp_path / "masks.nc", year=2000)
    assert "9.5 to 54.5 degrees north, 149.5 to 221.5 east" in attributes["comment"]
    assert "the region cut from the masks; one trained on maps of this region" in caplog.text


def test_members_of_an_ensemble_must_fit(model, samples, tmp_path):
    write_model(
        tmp_path / "one",
        {"fields": {"TMQ": {"mean": 1, "std": 1}}},
        CGNet(1, 3).state_dict(),
    )
    with pytest.raises(BadInput, match="cannot be one ensemble"):
        look([model, tmp_path / "one"], samples, tmp_path / "m.nc")


def test_script(model, samples, masks, tmp_path):
    """The wiring: flags to attributes."""
    (tmp_path / "statistics.json").write_text(json.dumps(statistics()))
    line = ["detect", "--model", str(model)]
    line += ["--samples", str(samples), "--output", str(tmp_path / "m.nc"), "--year", "2001"]
    line += ["--experiment", "e", "--dataset", "d", "--grid", "g"]
    line += ["--statistics", str(tmp_path / "statistics.json"), "--weighting", "mean"]
    run_forked(*line)
    with netCDF4.Dataset(tmp_path / "m.nc") as dataset:
        np.testing.assert_array_equal(dataset["mask"][:], masks[0]["mask"])
        told = {name: dataset.getncattr(name) for name in ("experiment", "dataset", "grid")}
        assert told == {"experiment": "e", "dataset": "d", "grid": "g"}
        assert dataset.statistics_source.endswith("statistics.json (mean)")
        assert str(model / "weights.pth") in json.loads(dataset.inputs)
    line[line.index("2001")] = "1999"
    said = run_forked(*line, status=1)
    assert "its time is 2001-01-01 00:00:00, but the samples are of 1999" in said
    assert "Traceback" not in said


def test_half_precision_is_torch_s_even_where_openvino_would_be_chosen():
    assert choose_runtime("auto", torch.device("cpu"), "float16", 10**9) == "torch"
    assert choose_runtime("auto", torch.device("cpu"), "float32", 10**6) == "torch"
    assert choose_runtime("auto", torch.device("cuda"), "float32", 10**9) == "torch"
    with pytest.raises(BadInput, match="runs on the CPU, not on cuda"):
        choose_runtime("openvino", torch.device("cuda"), "float32", 10**9)
