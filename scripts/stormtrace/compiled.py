"""Compile with numba and cache the machine code, wherever there is a place for it.

The first job on a machine compiles for some seconds and leaves the result in ``__pycache__``, or
in numba's folder under the user's home, or in the temporary folder: whichever can be written.
All later jobs load it. With a full disk or quota, the next job compiles again.
"""

import contextlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import FunctionCache


class _ForgivingCache(FunctionCache):
    """A cache that cannot be written or read counts as empty."""

    def save_overload(self, sig: Any, data: Any) -> None:
        with contextlib.suppress(OSError):
            super().save_overload(sig, data)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except (OSError, EOFError):
            return None


def compiled(function: Callable[..., Any]) -> Any:
    """Return `function` compiled at its first call, or loaded from the cache (a decorator)."""
    dispatcher: Any = numba.njit(function, boundscheck=False)
    try:
        dispatcher._cache = _ForgivingCache(function)
    except RuntimeError:  # neither the package's folder nor the home can be written
        settings: Any = numba.config
        settings.CACHE_DIR = str(Path(tempfile.gettempdir()) / "stormtrace-compiled")
        with contextlib.suppress(RuntimeError):
            dispatcher._cache = _ForgivingCache(function)
    return dispatcher
