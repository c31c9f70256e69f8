"""Python with its libraries loaded once: what is run by it is a fork of this process.

    python python_server.py SOCKET              serves; it ends with its standard input
    python -IS python_server.py SOCKET WORDS    runs `python WORDS` there: a script, -m snakemake or -c

A dry run of Snakemake takes some two seconds of CPU, a job of ours one, of which half is imports. A
fork has this process's libraries; what is ours it imports itself, and all else is as in a process
of its own: words, folder, environment, umask, streams, exit status, and the signals that the command
gets. It leads a session of its own, and is called `for N` after the process N that asked for it: a
fake scheduler counts it with that one. It is killed with it, too.
"""

import contextlib
import json
import os
import signal
import socket
import sys

#: What is sent on to a fork.
SENT_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)


def preload():
    """Import what Snakemake and scripts of ours import at once or later, and of ours what rules do."""
    import importlib
    import re
    from pathlib import Path

    root = Path(__file__).resolve().parents[1]
    sys.path.insert(0, str(root / "scripts"))
    rules = "\n".join(file.read_text() for file in (root / "workflow" / "rules").glob("*.smk"))
    ours = re.findall(r"^from (stormtrace\S*) import", rules, re.MULTILINE)
    for name in (
        *ours,
        "snakemake.cli",
        "snakemake.profiles",
        "snakemake.report.html_reporter",
        "snakemake.storage",
        "cftime",
        "docutils.core",
        "jinja2",
        "requests",
        "smart_open",
        "yaml",
        "yte",
        "matplotlib.pyplot",
        "netCDF4",
        "numba",
        "pandas",
        "pyarrow.parquet",
        "pydantic",
        "pyproj",
        "scipy.ndimage",
        "scipy.spatial",
        "scipy.stats",
        "torch",
        "torch._dynamo",  # by the first optimizer: a second
        "xarray",
    ):
        importlib.import_module(name)
    # The first function reads all that numba knows, for half a second.
    sys.modules["numba"].njit(lambda: None)()


def become(request, streams):
    """Make this process what a new one would be; return its words."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    os.umask(request["umask"])
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started the server
    with contextlib.suppress(OSError), open("/proc/self/comm", "w") as name:  # noqa: PTH123
        name.write(f"for {request['process']}")
    if threads := os.environ.get("OMP_NUM_THREADS"):  # which was read when torch was loaded
        import torch

        torch.set_num_threads(int(threads))
    return request["words"]


def run(words):
    """Do what `python WORDS` does, and end; return never.

    Nothing is taken apart at the end: that takes a fork a second, which copies each page for it.
    """
    import atexit
    import threading

    status = 1
    try:
        _run(words)
        status = 0
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        threading._shutdown()
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _run(words):
    import runpy

    # What is started with `sys.executable` may be run here, too.
    sys.executable = os.environ.get("PYTHON_OF_JOBS", sys.executable)
    if words[0] == "-m":
        sys.argv = words[1:]
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    elif words[0] == "-c":
        sys.argv = ["-c", *words[2:]]
        exec(compile(words[1], "<string>", "exec"), {"__name__": "__main__"})
    else:
        for name in [name for name in sys.modules if name.partition(".")[0] == "stormtrace"]:
            del sys.modules[name]  # a job imports them when it starts
        sys.argv = words
        sys.path[0] = words[0].rpartition("/")[0] or "."
        runpy.run_path(words[0], run_name="__main__")


def serve(path):
    """Answer requests until standard input is closed; in a fork, return the words to run.

    Each request costs one fork, of which every page table is copied: this process waits for all.
    """
    import gc
    import selectors

    gc.disable()
    preload()
    gc.collect()
    gc.freeze()  # what is loaded stays as it is
    gc.enable()
    watched, running = selectors.DefaultSelector(), {}
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    watched.register(listener, selectors.EVENT_READ)
    watched.register(sys.stdin, selectors.EVENT_READ)
    print("ready", flush=True)
    while watched.get_map():  # what runs at the end of standard input is waited for
        (key, _), *_ = watched.select()
        if key.fileobj is sys.stdin:
            watched.unregister(sys.stdin)
            watched.unregister(listener)
            listener.close()
        elif key.fileobj is listener:
            connection, _ = listener.accept()
            request, streams = received(connection)
            if request and not (child := os.fork()):
                os.setsid()
                for other, (_, its_connection) in running.items():
                    os.close(other)
                    its_connection.close()
                for mine in (connection, listener, watched):
                    mine.close()
                return become(request, streams)
            for stream in streams:
                os.close(stream)
            if request:
                ended = os.pidfd_open(child)
                running[ended] = child, connection
                watched.register(ended, selectors.EVENT_READ)
                watched.register(connection, selectors.EVENT_READ, child)
        elif key.fileobj in running:
            child, connection = running.pop(key.fileobj)
            _, status = os.waitpid(child, 0)
            with contextlib.suppress(ConnectionError):
                connection.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
            with contextlib.suppress(KeyError):  # the command was killed before
                watched.unregister(connection)
            watched.unregister(key.fileobj)
            os.close(key.fileobj)
            connection.close()
        elif send_on(key.fileobj, key.data) == signal.SIGKILL:
            watched.unregister(key.fileobj)
    os._exit(0)


def received(connection):
    """Return what a command asks for, None if it was killed meanwhile, and its streams."""
    text, streams, _, _ = socket.recv_fds(connection, 1 << 20, 3)
    while text and not text.endswith(b"\n"):
        piece = connection.recv(1 << 20)
        text = text + piece if piece else b""
    return json.loads(text) if text else None, streams


def send_on(connection, child):
    """Give a fork, and what it has started, a signal that the command got; at its end SIGKILL."""
    number = signal.SIGKILL
    with contextlib.suppress(ConnectionResetError):
        number = (connection.recv(1) or bytes([number]))[0]
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, number)
    return number


def ask(path, words, streams=(0, 1, 2), folder=None, environment=None):
    """Have `python WORDS` run by the server at `path`; return its exit status."""
    request = {
        "words": words,
        "folder": folder or os.getcwd(),  # noqa: PTH109 (pathlib starts slowly)
        "environment": dict(os.environ if environment is None else environment),
        "umask": os.umask(0),
        "process": os.getpid(),
    }
    os.umask(request["umask"])
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        text = json.dumps(request).encode() + b"\n"
        sent = socket.send_fds(connection, [text[:4096]], streams)
        connection.sendall(text[sent:])
        for number in SENT_ON if __name__ == "__main__" else ():
            signal.signal(number, lambda number, _: connection.sendall(bytes([number])))
        with connection.makefile() as answer:
            return int(answer.readline())


if __name__ == "__main__":
    if words := sys.argv[2:]:
        status = ask(sys.argv[1], words)
        sys.exit(status if status >= 0 else 128 - status)
    run(serve(sys.argv[1]))
