"""The conda environments of the rules: pinned, in step with envs/pip.txt, and with all that is imported.

They cannot be solved here, where conda's channels are out of reach; what can be told without is.
"""

import ast
import functools
import re
import sys

import pytest
import yaml

from workflow_runs import ROOT

SCRIPTS = ROOT / "scripts"
PACKAGES = {  # where a module is not called like the package that brings it
    "esmpy": "esmpy",
    "imageio_ffmpeg": "imageio-ffmpeg",
    "netCDF4": "netcdf4",
    "markupsafe": "jinja2",
    "pydantic_core": "pydantic",
    "PIL": "pillow",
    "segmentation_models_pytorch": "segmentation-models-pytorch",
    "shapefile": "pyshp",
    "skimage": "scikit-image",
    "torch": "pytorch-gpu",
    "xxhash": "python-xxhash",
    "yaml": "pyyaml",
}
ON_CONDA = {
    "torch": "pytorch-gpu",
    "xxhash": "python-xxhash",
}  # pip's name -> conda-forge's, where they differ
FOR_PEOPLE = {"dask", "pandas", "xarray", "xesmf", "zarr"}
"""Asked for though no rule's script imports them; each file says why."""


def environments():
    return sorted((ROOT / "envs").glob("*.yaml"))


@functools.cache
def packages(name):
    """What an environment asks for: {package: version}."""
    content = yaml.safe_load((ROOT / "envs" / f"{name}.yaml").read_text())
    assert content["channels"] == ["conda-forge"]
    return dict(one.partition("=")[::2] for one in content["dependencies"])


def pip():
    """What envs/pip.txt asks for, by the names of conda-forge."""
    text = (ROOT / "envs" / "pip.txt").read_text()
    pinned = re.findall(r"^([\w-]+)==(\S+)$", text, re.MULTILINE)
    return {ON_CONDA.get(name.lower(), name.lower()): version for name, version in pinned}


@functools.cache
def imports(file):
    """Modules that a file of ours imports when it runs, at its head or later, as dotted names."""
    tree = ast.parse(file.read_text())
    for node in tree.body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def our_file(module):
    path = SCRIPTS.joinpath(*module.split("."))
    return next((f for f in (path.with_suffix(".py"), path / "__init__.py") if f.is_file()), None)


def needed(script):
    """Modules from outside that a script and all it imports need: {top name: the file that asks}."""
    outside, ours, todo = {}, set(), [SCRIPTS / script]
    while todo:
        file = todo.pop()
        for module in imports(file):
            # To import a.b.c is to import a and a.b.
            for end in range(1, module.count(".") + 2):
                one = our_file(".".join(module.split(".")[:end]))
                if one and one not in ours:
                    ours.add(one)
                    todo.append(one)
            top = module.split(".")[0]
            if not our_file(top) and top not in sys.stdlib_module_names:
                outside[top] = file.name
    return outside


def rules():
    """(rule, script, environment) of every rule that runs a script."""
    for file in sorted((ROOT / "workflow" / "rules").glob("*.smk")):
        for text in re.split(r"^rule ", file.read_text(), flags=re.MULTILINE)[1:]:
            script = re.search(r"\"(\w+\.py) ", text)
            if script:
                environment = re.search(r"envs/(\w+)\.yaml", text)
                yield text.split(":")[0], script[1], environment[1]


def test_there_are_rules_to_look_at():
    assert len(list(rules())) > 25
    assert {environment for *_, environment in rules()} == {f.stem for f in environments()}


@pytest.mark.parametrize(("rule", "script", "environment"), list(rules()))
def test_an_environment_has_what_its_scripts_import(rule, script, environment):
    there = packages(environment)
    for module, file in needed(script).items():
        package = PACKAGES.get(module, module)
        assert package in there, (
            f"{rule}: {file} imports {module}, envs/{environment}.yaml lacks it"
        )


@pytest.mark.parametrize("file", environments(), ids=lambda file: file.stem)
def test_an_environment_says_what_it_is_for_and_asks_for_nothing_idle(file):
    assert re.match(r"# \w.{30,}", file.read_text())
    used = {
        PACKAGES.get(module, module)
        for _, script, environment in rules()
        if environment == file.stem
        for module in needed(script)
    }
    idle = packages(file.stem).keys() - used - FOR_PEOPLE - {"python"}
    assert not idle, f"nothing that runs in it imports {idle}"


@pytest.mark.parametrize("file", environments(), ids=lambda file: file.stem)
def test_versions_are_pinned_in_step_with_pip(file):
    """By major version, or by minor where a project has no majors (0.x)."""
    for package, version in packages(file.stem).items():
        assert re.fullmatch(r"\d+(\.\d+)*", version), f"{package} is not pinned"
        in_pip = pip().get(package)
        if in_pip is None:
            continue  # python itself, and what only conda users have
        parts = 2 if in_pip.startswith("0.") else 1
        assert version.split(".")[:parts] == in_pip.split(".")[:parts], package
        assert in_pip.startswith(version), f"{package}={version}, but pip has {in_pip}"


def test_what_make_installs_apart_are_pinned_requirements():
    """`make` hands every word after ``# apart:`` to pip, which takes no commas and no remarks."""
    text = (ROOT / "envs" / "pip-dev.txt").read_text(encoding="utf-8")
    words = " ".join(re.findall(r"^# apart: (.*)$", text, re.MULTILINE)).split()
    assert words and [word for word in words if not re.fullmatch(r"[\w-]+==[\w.]+", word)] == []
