"""Scripts of ours, run where nothing is imported twice: within this process, or in forks of one."""

import atexit
import functools
import importlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest.mock import patch

import python_server

ROOT = Path(__file__).resolve().parents[1]


def run_script(script, *flags):
    """Run `main` of a script of ours with flags; what it refuses is raised."""
    with patch.object(sys, "argv", [script, *map(str, flags)]):
        importlib.import_module(Path(script).stem).main()


def run_forked(script, *flags, status=0):
    """Run a script of ours as a command, with flags; return what it says on stderr."""
    done = forked(ROOT / "scripts" / f"{Path(script).stem}.py", *flags)
    assert done.returncode == status, done.stderr
    return done.stderr


def forked(*words, environment=None, together=False):
    """Run `python WORDS` as a fork of the server; return the finished process.

    together: what it says on stderr is in `.stdout`, too, as it came.
    """
    words, folder = [*map(str, words)], str(Path.cwd())
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as out,
        tempfile.TemporaryFile("w+", encoding="utf-8") as err,
        Path(os.devnull).open() as nothing,
    ):
        streams = nothing.fileno(), out.fileno(), (out if together else err).fileno()
        status = python_server.ask(_server()[0], words, streams, folder, environment)
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(words, status, out.read(), err.read())


def forking_python():
    """A command that does what `python` does, as a fork of the server; what that starts, too.

    In the same folder is `snakemake`, likewise.
    """
    return _server()[1]


@functools.cache
def _server():
    """A Python with all libraries loaded, of this worker: its socket, and a command that asks it."""
    folder = Path(tempfile.mkdtemp(prefix="python-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    socket, python = folder / "socket", folder / "python"
    server = [sys.executable, python_server.__file__, str(socket)]
    ask = f"{server[0]} -IS {shlex.join(server[1:])}"
    python.write_text(f'#!/bin/sh\nPYTHON_OF_JOBS="$0" exec {ask} "$@"\n')
    snakemake = folder / "snakemake"
    snakemake.write_text(f'#!/bin/sh\nexec {python} -m snakemake "$@"\n')
    for command in (python, snakemake):
        command.chmod(0o755)
    process = subprocess.Popen(server, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    return str(socket), str(python), process
