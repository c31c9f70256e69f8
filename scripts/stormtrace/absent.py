"""What other libraries do while they are imported, and jobs of ours never need.

numba looks for scipy's linear algebra, pyarrow for pandas, and matplotlib for its axes in three
dimensions: each takes a job a tenth to four tenths of a second, and a study is hundreds of jobs. In
a script of ours, where nobody else's code runs, they are hidden while their library looks for them
(the axes for good: nothing draws them). Docstrings that matplotlib composes are another tenth of a
second, and so are numpy's tests and its Fortran, which scipy loads with all that numpy names; here
they are loaded when they are used. So are torch's compiler, a second, which an optimizer loads to
say that it is not to be compiled, and what torch knows of tensors without values, a fifth of its
import. A notebook has them all.
"""

import contextlib
import gc
import importlib
import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

SCRIPTS = Path(__file__).resolve().parents[1]


def is_script() -> bool:
    """Whether this process runs one of our scripts."""
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    return file is not None and Path(file).resolve().parent == SCRIPTS


class _Absence:
    """A finder of modules that says of one that there is no such thing."""

    def __init__(self, module: str) -> None:
        self.module = module

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name == self.module:
            raise ModuleNotFoundError(f"{name} is hidden here", name=name)


@contextlib.contextmanager
def absent(module: str) -> Iterator[None]:
    """Let `import module` fail within, if this is a script and has not imported it yet."""
    if not is_script():
        yield
        return
    absence = _Absence(module)
    sys.meta_path.insert(0, absence)
    try:
        yield
    finally:
        sys.meta_path.remove(absence)


@contextlib.contextmanager
def unsearched() -> Iterator[None]:
    """Let Python look for no garbage within: what is being imported is none."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class _Quicker:
    """A finder of one module, of which it replaces some contents as soon as it is loaded."""

    def __init__(self, module: str, contents: dict[str, Any]) -> None:
        self.module = module
        self.contents = contents

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != self.module:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_and_replace(module: ModuleType) -> None:
                with unsearched():
                    load(module)
                vars(module).update(self.contents)

            spec.loader.exec_module = load_and_replace  # type: ignore[method-assign]
        return spec


def quicken(module: str, **contents: Any) -> None:
    """Import a module without looking for garbage, then replace `contents` of it, in a script."""
    if is_script() and module not in sys.modules:
        sys.meta_path.insert(0, _Quicker(module, contents))


class Later(ModuleType):
    """A module that is loaded when something of it is wanted that it has not been given."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__path__":  # what looks at all modules wants nothing
            raise AttributeError(name)
        package = self.__name__.partition(".")[0]
        deferred = [other for other, one in sys.modules.items() if isinstance(one, Later)]
        deferred = [other for other in deferred if other.startswith(f"{package}.")]
        for other in deferred:
            del sys.modules[other]
        for other in deferred:  # what one of them does while it is loaded, the next may need
            importlib.import_module(other)
        return getattr(importlib.import_module(self.__name__), name)


def defer(module: str, **contents: Any) -> None:
    """Let a script that imports a module have `contents`, and load the rest when it is wanted."""
    if is_script() and module not in sys.modules:
        sys.modules[module] = Later(module)
        vars(sys.modules[module]).update(contents)
