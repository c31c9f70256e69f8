"""The plan of the house: imports run downwards only, and a name is a name of one module."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

LIBRARY = Path(__file__).resolve().parents[1] / "scripts" / "stormtrace"

FLOORS = (
    ("study",),
    ("report",),
    ("figures",),
    ("results", "verification", "attribution"),
    ("climate", "planet"),
    ("detect", "learn", "labels"),
    ("track",),
    ("network", "prepare"),
    ("formats",),
    ("checkpoints",),
    ("land",),
    ("grids", "provenance"),
    ("classes", "sphere"),
    ("class_table", "commandline", "compiled"),
    ("files",),
    ("signals", "blocks", "seals", "class_specification", "memory"),
    ("absent", "constants", "errors", "numerals", "data"),
)
"""From the roof to the ground. A room imports from the floors below it, never from its own."""

FLOOR = {room: height for height, rooms in enumerate(reversed(FLOORS)) for room in rooms}


def modules() -> dict[str, Path]:
    """Return the dotted name below `stormtrace` -> file of every module."""
    files = sorted(LIBRARY.rglob("*.py"))
    return {".".join(file.relative_to(LIBRARY).with_suffix("").parts): file for file in files}


def imports_of(file: Path) -> set[str]:
    """Return the modules of Stormtrace that a file imports, dotted below `stormtrace`."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "stormtrace":
            parent = (node.module or "").split(".")[1:]
            names = [".".join([*parent, alias.name]) for alias in node.names]
            found |= {name if name in MODULES else ".".join(parent) for name in names}
        elif isinstance(node, ast.Import):
            found |= {
                alias.name.removeprefix("stormtrace.")
                for alias in node.names
                if alias.name.startswith("stormtrace.")
            }
    return found - {""}


MODULES = modules()


def test_what_a_room_says_of_its_modules_is_there():
    """The index at the head of a package: names, two blanks, what they are."""
    stale = {}
    for init in LIBRARY.rglob("__init__.py"):
        lines = ast.get_docstring(ast.parse(init.read_text(encoding="utf-8"))).splitlines()
        listed = [re.match(r" *(\w+(?:, \w+)*)  +\S", line) for line in lines]
        names = {name for one in listed if one for name in one[1].split(", ")}
        there = {path.stem for path in init.parent.iterdir()}
        stale |= {init.parent.name: names - there} if names - there else {}
    assert not stale


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_run_downwards(module):
    """A room may import from lower floors and from itself."""
    room = module.split(".")[0]
    if room == "__init__":
        return
    rooms = {imported.split(".")[0] for imported in imports_of(MODULES[module])} - {room}
    upwards = sorted(other for other in rooms if FLOOR[other] >= FLOOR[room])
    assert not upwards, f"{module} imports from {upwards}, which are not below {room}"


def test_no_circle_within_a_room():
    """Modules of one room do not import each other in a circle."""
    edges = {
        name.removesuffix(".__init__"): {one.removesuffix(".__init__") for one in imports_of(file)}
        for name, file in MODULES.items()
    }
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join([*path[path.index(module) :], module])
        if module not in done:
            for imported in sorted(edges.get(module, ())):
                visit(imported, (*path, module))
            done.add(module)

    for module in sorted(edges):
        visit(module, ())


def test_no_two_modules_of_one_name():
    """Neither modules nor packages share a name: "which `masks`?" is never a question."""
    named = [
        name.removesuffix(".__init__").rsplit(".", 1)[-1] for name in MODULES if name != "__init__"
    ]
    twice = sorted(name for name, count in Counter(named).items() if count > 1)
    assert not twice
