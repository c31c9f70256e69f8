"""The study as it is run: its tables, with what the user says laid over them."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from stormtrace.blocks import quoted
from stormtrace.study.definition import Study
from stormtrace.study.merging import overlay
from stormtrace.study.study_files import ELSEWHERE, Origins, read_yaml

#: Files of the folder that `base` names.
FILES = ("config", "datasets", "models", "experiments")


def load_study(
    root: Path | str,
    said: Mapping[str, Any],
    overlays: Iterable[Path | str] = (),
    elsewhere: str = ELSEWHERE,
) -> Study:
    """Return the study that the Snakefile in `root` runs.

    said: what is laid over the tables of its `base` (see `Config.base`): what `--configfile` and
        `--config` say (`read_overlays`), or what another workflow hands to the module.
    overlays: the files it comes from, for errors; `elsewhere` is where the rest does.

    Raises:
        BadInput: the study has a fault, or the folder `base` lacks a table.

    """
    overlays = list(overlays)
    base = said.get("base") or "config"
    if not isinstance(base, str):
        Origins(overlays, said, elsewhere).refuse(("base",), f"is {quoted(base)}: must be text")
    tables = [] if base == "none" else [Path(root) / base / f"{name}.yaml" for name in FILES]
    config: dict[str, Any] = {}
    for file in tables:
        if not file.is_file():
            folders = ", ".join(
                sorted({str(one.parent) for one in Path(root).glob("config/*.yaml")})
            )
            Origins(overlays, said, elsewhere).refuse(
                ("base",), f"is {base!r}, but there is no {file} (the demo's: {folders})"
            )
        config = overlay(config, read_yaml(file))
    return Study(overlay(config, said), [*tables, *overlays], elsewhere)


def read_overlays(files: Iterable[Path], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return what some files (`--configfile`) and changes (`--config`) say together.

    Snakemake merges them too, but key by key throughout: {take: IWV} in one file and {integrate: Q}
    in a later one would be both.
    """
    said: dict[str, Any] = {}
    for file in files:
        said = overlay(said, read_yaml(file))
    return overlay(said, changes)
