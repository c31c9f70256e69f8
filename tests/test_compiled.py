"""Compiled functions work where nothing can be written, and on a full disk."""

import errno

import numba
import pytest
from numba.core import caching

from stormtrace.compiled import compiled


def double(x):
    return 2 * x


def test_a_full_disk_costs_the_cache_and_nothing_else(monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(caching.FunctionCache, "save_overload", full)
    function = compiled(double)
    assert function(21) == 42
    assert function.stats.cache_misses  # it was looked for in a cache


def test_a_damaged_cache_is_compiled_anew(monkeypatch):
    def damaged(*_):
        raise EOFError

    monkeypatch.setattr(caching.FunctionCache, "load_overload", damaged)
    monkeypatch.setattr(caching.FunctionCache, "save_overload", lambda *_: None)
    assert compiled(double)(21) == 42


@pytest.mark.parametrize("writable", [True, False])
def test_without_a_folder_to_write_to_it_goes_to_the_temporary_one_or_none(
    monkeypatch, tmp_path, writable
):
    """As numba does where neither the package's folder nor the home can be written."""
    find_folder = caching.FunctionCache.__init__

    def nowhere(self, function):
        if not (writable and numba.config.CACHE_DIR):
            raise RuntimeError("cannot cache function: no locator available")
        find_folder(self, function)

    monkeypatch.setattr(caching.FunctionCache, "__init__", nowhere)
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    assert compiled(double)(21) == 42
    assert bool(list(tmp_path.rglob("*.nbi"))) == writable
