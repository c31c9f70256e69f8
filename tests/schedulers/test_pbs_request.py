"""What the Casper profile asks of qsub, without any PBS, and what a job is for both profiles."""

import ast
import re

import pbs
import pytest
import request
from cluster import PROFILES, SHARED

ENVIRONMENT = {"PBS_ACCOUNT": "UABC0001"}


def job(**changes):
    properties = {
        "type": "single",
        "rule": "detect",
        "input": ["samples"],
        "output": ["masks/control/2000.nc"],
        "wildcards": {"experiment": "control", "year": "2000"},
        "params": {"model": "m"},
        "log": ["logs/detect/control/2000.log"],
        "threads": 8,
        "resources": {"mem_mb": 60000, "runtime": 90, "gpu": 1, "gpu_model": "a100_80gb"},
    }
    return {**properties, **changes}


def options(properties, environment=ENVIRONMENT):
    words = pbs.arguments(properties, request.identity(properties), environment)
    return list(zip(words[::2], words[1::2], strict=True))


def resources(**changes):
    return job(resources={"mem_mb": 1000, "runtime": 60, **changes})


def test_the_kind_of_gpu_belongs_inside_the_chunk():
    chunk = "select=1:ncpus=8:mpiprocs=1:mem=60200mb:ngpus=1:gpu_type=a100_80gb"
    assert ("-l", chunk) in options(job())


def test_a_job_without_gpus_says_nothing_of_them():
    assert ("-l", "select=1:ncpus=8:mem=1200mb") in options(resources(gpu=0))


@pytest.mark.parametrize(
    ("minutes", "text"), [(1, "00:01:00"), (90, "01:30:00"), (24 * 60, "24:00:00")]
)
def test_walltime(minutes, text):
    assert ("-l", f"walltime={text}") in options(resources(runtime=minutes))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"runtime": 24 * 60 + 1}, "runtime of 1441 minutes; Casper allows 1 to 1440"),
        ({"runtime": 0}, "runtime of 0 minutes"),
        ({"gpu": 5, "gpu_model": "a100"}, "5 GPUs (a100); no node has more than 4"),
        ({"gpu": 9}, "9 GPUs (any); no node has more than 8"),
        ({"gpu": 1, "gpu_model": "a1000"}, "gpu_model 'a1000' is none of Casper's: a100,"),
    ],
)
def test_what_casper_can_never_run_is_refused(changes, words):
    with pytest.raises(request.Refused, match=f"detect: {re.escape(words)}"):
        options(resources(**changes))


def test_more_threads_than_a_job_may_have_are_refused():
    with pytest.raises(request.Refused, match="200 threads; a job on Casper has at most 144"):
        options({**resources(), "threads": 200})


def test_somebody_has_to_pay():
    with pytest.raises(request.Refused, match="export PBS_ACCOUNT=<code>"):
        options(job(), environment={})
    assert ("-A", "UXYZ0002") in options(resources(pbs_account="UXYZ0002"))
    assert ("-A", "UABC0001") in options(job())


@pytest.mark.parametrize(
    "wildcards", [{"a": "x=1,y 2"}, {"a": "long" * 60}, {"a": "é/ü"}, {"a": "1"}, {}]
)
def test_names_are_such_that_pbs_takes_them(wildcards):
    name = dict(options(job(wildcards=wildcards)))["-N"]
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_.-]{0,79}", name)
    assert name.startswith("detect")


def test_a_retry_is_the_same_job_and_another_year_is_not():
    retry = job(resources={"mem_mb": 120000, "runtime": 180}, jobid=7)
    assert request.identity(retry) == request.identity(job())
    assert request.identity(job(output=["masks/control/2001.nc"])) != request.identity(job())
    without_outputs = job(output=None, wildcards={"year": "2001"})
    assert request.identity(without_outputs) != request.identity(job(output=None))


def test_other_parameters_are_another_content():
    assert request.content(job(resources={})) == request.content(job())
    assert request.content(job(params={"model": "n"})) != request.content(job())
    assert request.content(job(input=["others"])) != request.content(job())


def test_a_group_of_jobs():
    group = job(type="group", groupid="track")
    del group["rule"], group["wildcards"], group["params"], group["log"]
    assert dict(options(group))["-N"] == "track"
    assert dict(options(group))["-o"].endswith("logs/pbs/track/")


def test_properties_are_read_from_the_job_script(tmp_path):
    script = tmp_path / "script"
    script.write_text('#!/bin/bash\n# properties = {"rule": "detect"}\n')
    assert request.properties_of(str(script)) == {"rule": "detect"}
    script.write_text("#!/bin/bash\n")
    with pytest.raises(request.Refused, match="no line '# properties = "):
        request.properties_of(str(script))


FILES = sorted([*PROFILES.glob("*/*.py")])


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_the_profiles_are_python_3_6_and_standard_library(file):
    tree = ast.parse(file.read_text(), feature_version=(3, 6))
    own = {path.stem for path in SHARED.glob("*.py")}
    allowed = own | {"contextlib", "fcntl", "hashlib", "json", "os", "re", "signal"}
    allowed |= {"shlex", "shutil", "subprocess", "sys", "tempfile", "time", "typing"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [getattr(node, "module", None), *(alias.name for alias in node.names)]
            assert next(name for name in names if name) in allowed
        elif isinstance(node, ast.keyword):
            assert node.arg not in ("capture_output", "text")  # of subprocess, since 3.7
