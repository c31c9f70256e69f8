"""Detection: masks of a year, the same on every path, with their origin written down."""

import json
import subprocess
import sys
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import torch

from labelled_factory import FIELDS, MEAN, STD, statistics, weather, write_map_file, write_samples
from stormtrace.detect.detection import Choice, detect
from stormtrace.detect.normalization import Normalization, read_statistics
from stormtrace.detect.reading import open_folder, open_netcdf, read_ahead, read_map
from stormtrace.detect.runtimes import choose_runtime
from stormtrace.errors import BadInput
from stormtrace.files import checksum
from stormtrace.learn.cgnet import CGNet
from stormtrace.learn.model_folder import load_model, write_model

SHAPE = (45, 72)
SCRIPTS = Path(__file__).parents[1] / "scripts"
OWN = Normalization(FIELDS, tuple(MEAN.values()), tuple(STD.values()))


def make_model(folder, seed, padding="sphere"):
    """A network with random weights whose logits have no mean, so its masks have all classes."""
    torch.manual_seed(seed)
    network = CGNet(4, 3, padding).eval()
    features = []
    network.bn_prelu_3.register_forward_hook(lambda *hooked: features.append(hooked[-1]))
    fields, _ = weather(0, SHAPE)
    with torch.inference_mode():
        network(torch.from_numpy(OWN.apply(np.stack([fields[f] for f in FIELDS])[None])))
    mean = features[0].mean((0, 2, 3))
    kernel = network.classifier[0].conv.weight.data
    kernel -= (kernel[:, :, 0, 0] @ mean / (mean @ mean))[:, None, None, None] * mean[:, None, None]
    content = {
        "architecture": "cgnet",
        "padding": padding,
        "fields": {name: {"mean": MEAN[name], "std": STD[name]} for name in FIELDS},
        "labels": ["Background", "Tropical Cyclone", "Atmospheric River"],
    }
    write_model(folder, content, network.state_dict())
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return make_model(tmp_path_factory.mktemp("models") / "m", 3)


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    return write_samples(tmp_path_factory.mktemp("samples") / "2001", 7, shape=SHAPE)


def look(models, samples, output, *, normalization=None, neutral=(), year=2001, **choice):
    detect(
        [models] if isinstance(models, Path) else models,
        samples,
        output,
        year=year,
        normalization=normalization,
        neutral=neutral,
        choice=Choice(torch.device("cpu"), **choice),
        attributes={"experiment": "test"},
    )
    with netCDF4.Dataset(output) as dataset:
        dataset.set_auto_maskandscale(False)
        variables = {name: dataset[name][:] for name in dataset.variables}
        return variables, {name: dataset.getncattr(name) for name in dataset.ncattrs()}


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
    assert attributes["model_checksum"] == checksum(model / "weights.pth")
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


def test_openvino_gives_the_same_masks_in_whole_and_broken_batches(model, samples, masks, tmp_path):
    pytest.importorskip("openvino")
    variables, attributes = look(model, samples, tmp_path / "m.nc", runtime="openvino", batch=3)
    np.testing.assert_array_equal(variables["mask"], masks[0]["mask"])
    assert attributes["runtime"] == "openvino"


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
    with pytest.raises(BadInput, match="does not look at TS"):
        look(model, without, tmp_path / "m.nc", neutral=["TS"])


def test_float64_samples_give_the_same_masks(model, samples, masks, tmp_path):
    double = write_samples(tmp_path / "2001", 7, shape=SHAPE, dtype=np.float64)
    variables, _ = look(model, double, tmp_path / "m.nc", runtime="torch")
    assert (variables["mask"] == masks[0]["mask"]).mean() > 0.999


def test_processes_read_what_a_thread_reads(samples):
    folder = open_folder(samples, dict.fromkeys(FIELDS))
    in_thread, in_processes = (list(read_ahead(folder, 3, workers)) for workers in (0, 2))
    assert [len(batch.times) for batch in in_thread] == [3, 3, 1]
    for one, other in zip(in_thread, in_processes, strict=True):
        assert one.times == other.times
        np.testing.assert_array_equal(one.values, other.values)


def spoil(tmp_path, change, index=4):
    folder = write_samples(tmp_path / "2001", 6, shape=SHAPE)
    path = sorted(folder.glob("*.nc"))[index]
    with netCDF4.Dataset(path, "a") as dataset:
        change(dataset)
    return folder


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e15, -9.97e36])
def test_one_missing_value_stops_and_leaves_no_file(model, tmp_path, value):
    """Two such cells blanked 1,098 published masks."""

    def blank(dataset):
        dataset["V850"][0, 30, 7] = value

    folder = spoil(tmp_path, blank)
    with pytest.raises(
        BadInput, match=r"2001-01-01-43200\.nc: V850 has 1 missing .* at lat 32\.7273, lon 35"
    ):
        look(model, folder, tmp_path / "out" / "m.nc")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_fill_value_of_any_size_is_missing(model, tmp_path):
    folder = write_samples(tmp_path / "2001", 2, shape=SHAPE)
    with netCDF4.Dataset(sorted(folder.glob("*.nc"))[1], "a") as dataset:
        dataset["TMQ"].missing_value = np.float32(-999)
        dataset["TMQ"][0, 0, 0] = -999
    with pytest.raises(BadInput, match=r"TMQ has 1 missing .* \(-999\.0\)"):
        look(model, folder, tmp_path / "m.nc")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda d: d["time"].__setitem__(0, 3.0),
            r"43200\.nc: its time, 2001-01-01 03:00:00, is not after",
        ),
        (
            lambda d: d["time"].__setitem__(0, 9000.0),
            "its time is 2002-01-11 .* samples are of 2001",
        ),
        (lambda d: d["time"].setncattr("calendar", "standard"), "calendar standard, but noleap"),
        (lambda d: d["lon"].__setitem__(3, 16.0), "lon differs from that of"),
        (lambda d: d.renameVariable("PSL", "SLP"), "has no field PSL; it has"),
    ],
)
def test_samples_that_do_not_belong_are_refused(model, tmp_path, change, message):
    with pytest.raises(BadInput, match=message):
        look(model, spoil(tmp_path, change), tmp_path / "m.nc")


def test_times_in_other_units_are_converted(model, tmp_path):
    def days(dataset):
        dataset["time"].units = "days since 2001-01-01"
        dataset["time"][0] = 0.5

    variables, _ = look(model, spoil(tmp_path, days), tmp_path / "m.nc")
    np.testing.assert_array_equal(variables["time"], np.arange(6) * 3.0)


def test_a_folder_without_samples_is_refused(model, tmp_path):
    with pytest.raises(BadInput, match="has no samples"):
        look(model, tmp_path, tmp_path / "m.nc")


def test_blank_masks_are_told(model, samples, tmp_path, caplog):
    config, network = load_model(model)
    network.classifier[0].conv.weight.data.zero_()  # all logits equal: class 0 everywhere
    write_model(tmp_path / "blank", config.content, network.state_dict())
    _, attributes = look(tmp_path / "blank", samples, tmp_path / "m.nc")
    assert attributes["blank_steps"] == 7
    assert "7 of 7 masks are blank (2001-01-01 00:00:00" in caplog.text


def test_false_neighbours_on_a_part_of_the_globe_are_told(tmp_path, caplog):
    """Published weights join the map's opposite edges, whatever lies between them."""
    published = make_model(tmp_path / "published", 3, padding="circular")
    fields, _ = weather(0, SHAPE)
    pacific = {"lat": np.linspace(10, 54, SHAPE[0]), "lon": np.linspace(150, 221, SHAPE[1])}
    write_map_file(tmp_path / "samples/a.2000-01-01-00000.nc", fields, **pacific)
    _, attributes = look(published, tmp_path / "samples", tmp_path / "masks.nc", year=2000)
    assert "9.5 to 54.5 degrees north, 149.5 to 221.5 east" in attributes["comment"]
    assert "cut the region from the masks" in caplog.text


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
    line = [sys.executable, str(SCRIPTS / "detect.py"), "--model", str(model)]
    line += ["--samples", str(samples), "--output", str(tmp_path / "m.nc"), "--year", "2001"]
    line += ["--experiment", "e", "--dataset", "d", "--grid", "g"]
    line += ["--statistics", str(tmp_path / "statistics.json"), "--weighting", "mean"]
    subprocess.run(line, check=True, capture_output=True)
    with netCDF4.Dataset(tmp_path / "m.nc") as dataset:
        np.testing.assert_array_equal(dataset["mask"][:], masks[0]["mask"])
        told = {name: dataset.getncattr(name) for name in ("experiment", "dataset", "grid")}
        assert told == {"experiment": "e", "dataset": "d", "grid": "g"}
        assert dataset.statistics_source.endswith("statistics.json (mean)")
        assert str(model / "weights.pth") in json.loads(dataset.inputs)
    line[line.index("2001")] = "1999"
    failed = subprocess.run(line, capture_output=True, text=True)
    assert failed.returncode == 1
    assert "its time is 2001-01-01 00:00:00, but the samples are of 1999" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_packed_fields_are_unpacked_and_their_fill_value_is_found(tmp_path):
    """int16 of hundredths: 1234 is 22.34, and −32767 no value, whatever it would be unpacked."""
    path = tmp_path / "packed.nc"
    with netCDF4.Dataset(path, "w") as dataset:
        dataset.createDimension("lat", 2)
        dataset.createDimension("lon", 3)
        field = dataset.createVariable("TMQ", "i2", ("lat", "lon"), fill_value=-32767)
        field.scale_factor, field.add_offset = 0.01, 10.0
        field.set_auto_maskandscale(False)
        field[:] = 1234
    with open_netcdf(path) as dataset:
        np.testing.assert_allclose(read_map(dataset, "TMQ", path, (2, 3)), 22.34, rtol=1e-6)
    with netCDF4.Dataset(path, "a") as dataset:
        dataset.set_auto_maskandscale(False)
        dataset["TMQ"][1, 2] = -32767
    with open_netcdf(path) as dataset, pytest.raises(BadInput, match="TMQ has 1 missing"):
        read_map(dataset, "TMQ", path, (2, 3))


def test_a_square_map_on_its_side_is_refused(tmp_path):
    path = tmp_path / "turned.nc"
    with netCDF4.Dataset(path, "w") as dataset:
        dataset.createDimension("lat", 4)
        dataset.createDimension("lon", 4)
        dataset.createVariable("TMQ", "f4", ("lon", "lat"))[:] = 1
    with open_netcdf(path) as dataset, pytest.raises(BadInput, match=r"ordered \(lon, lat\)"):
        read_map(dataset, "TMQ", path, (4, 4))


def test_samples_from_north_to_south_are_refused(model, tmp_path):
    folder = write_samples(tmp_path / "2001", 1, shape=SHAPE)
    with netCDF4.Dataset(next(folder.glob("*.nc")), "a") as dataset:
        dataset["lat"][:] = dataset["lat"][::-1]
    with pytest.raises(BadInput, match=r"lat must be one axis that ascends .* 90 … -90"):
        look(model, folder, tmp_path / "m.nc")


def test_half_precision_is_torch_s_even_where_openvino_would_be_chosen():
    assert choose_runtime("auto", torch.device("cpu"), "float16", 10**9) == "torch"
    assert choose_runtime("auto", torch.device("cpu"), "float32", 10**6) == "torch"
    assert choose_runtime("auto", torch.device("cuda"), "float32", 10**9) == "torch"
    with pytest.raises(BadInput, match="runs on the CPU, not on cuda"):
        choose_runtime("openvino", torch.device("cuda"), "float32", 10**9)
