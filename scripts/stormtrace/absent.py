"""Libraries that other libraries look for, and jobs of ours never need.

numba looks for scipy's linear algebra, pyarrow for pandas, and matplotlib for its axes in three
dimensions: each takes a job a tenth to four tenths of a second, and a study is hundreds of jobs. In
a script of ours, where nobody else's code runs, they are hidden while their library looks for them
(the axes for good: nothing draws them). A notebook has them all.
"""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

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
