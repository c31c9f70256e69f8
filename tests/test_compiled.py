"""Compiled functions: the cache is shared by content, and works where nothing can be written."""

import errno
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numba.core import caching

from stormtrace import compiled as room
from stormtrace.compiled import Compiled, compiled


def double(x):
    return 2 * x


@pytest.fixture(autouse=True)
def own_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def module(source):
    """The names that a module of this source has, as another checkout would have them."""
    names = {"compiled": compiled, "np": np, "__name__": "module"}
    exec(compile(source, "/elsewhere/module.py", "exec"), names)
    return names


CODE = """
@compiled
def inner(x): return {factor} * x
SHIFT = {shift}
TABLE = np.array({table})
@compiled
def outer(x): return inner(x) + SHIFT + TABLE[0]
"""
FIRST = {"factor": 2, "shift": 1, "table": [3, 4]}


def test_a_digest_is_that_of_the_content():
    assert module(CODE.format(**FIRST))["outer"].digest == (
        module("\n\n" + CODE.format(**FIRST))["outer"].digest
    )


@pytest.mark.parametrize("change", [{"factor": 5}, {"shift": 2}, {"table": [4, 4]}])
def test_a_digest_follows_what_is_called_and_named(change):
    """Which numba's own cache does not: it went on with the old `inner` of another module."""
    before, after = (module(CODE.format(**one)) for one in (FIRST, FIRST | change))
    assert before["outer"].digest != after["outer"].digest


def test_another_checkout_loads_what_the_first_compiled(own_folder):
    first, second = (module(CODE.format(**FIRST))["outer"] for _ in range(2))
    assert first(10) == second(10) == 24
    assert first.dispatcher.stats.cache_misses and second.dispatcher.stats.cache_hits
    assert list(own_folder.glob("*.nbi"))


def test_a_full_disk_costs_the_cache_and_nothing_else(monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(caching.FunctionCache, "save_overload", full)
    function = compiled(double)
    assert function(21) == 42
    assert function.dispatcher.stats.cache_misses  # it was looked for in a cache


def test_a_damaged_cache_is_compiled_anew(monkeypatch):
    def damaged(*_):
        raise EOFError

    monkeypatch.setattr(caching.FunctionCache, "load_overload", damaged)
    monkeypatch.setattr(caching.FunctionCache, "save_overload", lambda *_: None)
    assert compiled(double)(21) == 42


@pytest.mark.parametrize("writable", [True, False])
def test_it_goes_to_the_first_folder_that_can_be_written_or_to_none(
    monkeypatch, tmp_path, writable
):
    (tmp_path / "file").touch()
    folders = [tmp_path / "file" / "below"] + [tmp_path / "other"] * writable
    monkeypatch.setattr(room, "cache_folders", lambda source: iter(folders))
    assert compiled(double)(21) == 42
    assert bool(list(tmp_path.rglob("*.nbi"))) == writable


def test_nothing_is_loaded_from_a_folder_of_somebody_else(monkeypatch, tmp_path):
    """The temporary folder is open to all: another user could have made ours."""
    monkeypatch.setattr(room, "cache_folders", lambda source: iter([tmp_path / "theirs"]))
    monkeypatch.setattr("os.getuid", lambda: 12345)
    assert compiled(double)(21) == 42
    assert not list(tmp_path.rglob("*.nbi"))


def test_numba_is_imported_by_the_first_call_only():
    scripts = Path(room.__file__).parents[1]
    code = (
        "import sys; from stormtrace.track import labelling;"
        "from stormtrace.prepare.regridding import kernel; sys.exit('numba' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=scripts).returncode == 0
    assert isinstance(compiled(double), Compiled)
