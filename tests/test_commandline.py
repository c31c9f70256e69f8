"""How scripts fail: one sentence for a person, no traceback; and how long work still takes."""

import errno
import logging

import pytest

from stormtrace import commandline
from stormtrace.errors import BadInput


def failing(error):
    def main():
        raise error

    with pytest.raises(SystemExit) as stop:
        commandline.run(main)
    return str(stop.value)


def test_bad_input_is_told_in_its_own_words():
    assert failing(BadInput("Q of 2090 is missing; restore it")) == (
        "error: Q of 2090 is missing; restore it"
    )


def test_what_the_system_refuses_comes_with_advice():
    assert "disk is full: free some space" in failing(OSError(errno.ENOSPC, "No space left"))
    denied = failing(PermissionError(errno.EACCES, "Permission denied", "/archive/x.nc"))
    assert "/archive/x.nc" in denied and "ask its owner" in denied


def test_other_errors_keep_their_traceback():
    def main():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        commandline.run(main)


def test_progress_says_how_much_is_done(caplog):
    with caplog.at_level(logging.INFO, logger="stormtrace"):
        assert list(commandline.progress(range(3), "steps", 3, every_s=0)) == [0, 1, 2]
    assert "steps: 1 of 3, about" in caplog.text
    assert "steps: 3 in" in caplog.text
