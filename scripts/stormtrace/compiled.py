"""Compile with numba at the first call, and share the machine code between checkouts and jobs.

numba takes a quarter of a second to import, so it is imported when a compiled function is first
called. Its own cache lies next to the source: every new clone compiles everything again. Here the
code lies in the user's cache folder (``$NUMBA_CACHE_DIR``, ``$XDG_CACHE_HOME/stormtrace`` or
``~/.cache/stormtrace``), by the content of what it was compiled from, whatever checkout that is in;
else in the package's ``__pycache__`` or the temporary folder, whichever can be written. With a full
disk or quota, the next job compiles again.
"""

import contextlib
import functools
import hashlib
import importlib
import os
import tempfile
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from types import CodeType
from typing import Any

from stormtrace.absent import absent

#: What a compiled function may take from its module besides other compiled functions.
Constant = bool | int | float | str | tuple


class Compiled:
    """A function that numba compiles, or loads from the cache, when it is first called."""

    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)
        self.function = function

    def __call__(self, *args: Any) -> Any:
        """Run the machine code."""
        return self.dispatcher(*args)

    @property
    def _numba_type_(self) -> Any:
        """What numba takes this for where another compiled function calls it."""
        return self.dispatcher._numba_type_

    @cached_property
    def dispatcher(self) -> Any:
        """The function as numba has it."""
        import numba

        with absent("scipy.linalg"):  # our functions multiply no matrices
            importlib.import_module("numba.np.arraymath")
        dispatcher: Any = numba.njit(self.function, boundscheck=False)
        with contextlib.suppress(RuntimeError):  # no folder can be written
            dispatcher._cache = _cache_class()(self.function)
        return dispatcher

    @cached_property
    def digest(self) -> str:
        """A digest of all that the machine code depends on but types, processor and numba.

        The code of the function, the constants of its module that it names, and the same of the
        compiled functions that it calls, which numba's own cache does not follow.
        """
        parts = []
        seen: dict[int, Compiled] = {}
        waiting = [self]
        while waiting:
            one = waiting.pop()
            if id(one) in seen:
                continue
            seen[id(one)] = one
            parts.append(f"{one.function.__module__}.{one.function.__qualname__}")
            for code in _codes(one.function.__code__):
                parts += [code.co_code.hex(), repr(code.co_varnames), repr(code.co_names)]
                parts.append(repr([each for each in code.co_consts if not _is_code(each)]))
                for name in sorted(code.co_names):
                    value: Any = one.function.__globals__.get(name)
                    if isinstance(value, Compiled):
                        waiting.append(value)
                    elif isinstance(value, Constant):
                        parts.append(f"{name}={value!r}")
                    elif hasattr(value, "tobytes") and not isinstance(value, type):
                        parts.append(f"{name}={value.dtype}{value.shape}{value.tobytes().hex()}")
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def compiled(function: Callable[..., Any]) -> Any:
    """Return `function` compiled at its first call, or loaded from the cache (a decorator)."""
    return Compiled(function)


def _is_code(value: Any) -> bool:
    return isinstance(value, CodeType)


def _codes(code: CodeType) -> Iterator[CodeType]:
    """Yield the code of a function and of what is defined within it."""
    yield code
    for value in code.co_consts:
        if _is_code(value):
            yield from _codes(value)


def cache_folders(source: Path) -> Iterator[Path]:
    """Yield the folders that machine code may lie in; the first that can be written is taken."""
    if chosen := os.environ.get("NUMBA_CACHE_DIR"):
        yield Path(chosen)
    with contextlib.suppress(RuntimeError):  # no home
        home = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
        yield Path(home) / "stormtrace"
    yield source.parent / "__pycache__"
    yield Path(tempfile.gettempdir()) / f"stormtrace-{os.getuid()}"


def _is_trusted(folder: Path) -> bool:
    """Whether nobody else could have put code there, which is run when it is loaded."""
    return str(folder) == os.environ.get("NUMBA_CACHE_DIR") or folder.stat().st_uid == os.getuid()


@functools.cache
def _cache_class() -> Any:
    """Return the class of our caches; what it derives from takes numba's import."""
    from numba.core import caching

    class Locator(caching._CacheLocator):
        """Finds machine code by the content of what it was compiled from."""

        def __init__(self, folder: Path, digest: str) -> None:
            self.folder, self.digest = folder, digest

        def get_cache_path(self) -> str:
            return str(self.folder)

        def get_source_stamp(self) -> str:
            return self.digest

        def get_disambiguator(self) -> str:
            return self.digest[:16]

        @classmethod
        def from_function(cls, function: Any, source: str) -> "Locator | None":
            digest = Compiled(function).digest
            for folder in cache_folders(Path(source)):
                found = cls(folder, digest)
                with contextlib.suppress(OSError):
                    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                    if _is_trusted(folder):
                        found.ensure_cache_path()
                        return found
            return None

    class Code(caching.CompileResultCacheImpl):
        _locator_classes: Any = (Locator,)

    class ForgivingCache(caching.FunctionCache):
        """A cache that cannot be written or read counts as empty."""

        _impl_class = Code

        def save_overload(self, sig: Any, data: Any) -> None:
            with contextlib.suppress(OSError):
                super().save_overload(sig, data)

        def load_overload(self, sig: Any, target_context: Any) -> Any:
            try:
                return super().load_overload(sig, target_context)
            except (OSError, EOFError):
                return None

    return ForgivingCache
