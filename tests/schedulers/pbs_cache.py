"""A fake PBS behind NCAR's `qstat-cache`, refreshed every second instead of 10 and 60."""

import contextlib
import importlib.util
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

from cluster import Cluster, write_command


@contextlib.contextmanager
def cached(cluster: Cluster) -> Iterator[None]:
    """Put the cached qstat first on the PATH of a fake PBS."""
    package = importlib.util.find_spec("qscache")
    assert package is not None
    folder = cluster.folder.parent
    copy = folder / "cache" / "qscache"
    shutil.copytree(Path(package.origin or package.submodule_search_locations[0]), copy)
    real = folder / "server" / "bin" / "qstat"
    (copy / "cfg" / "casper.cfg").write_text(
        textwrap.dedent(f"""\
            [paths]
            Temp = {folder}/cache/temp
            Data = {folder}/cache/data
            [filters]
            [pbs]
            Qstat = {real}
            Prefix = env
            [servermap]
            casper = casper-pbs
        """)
    )
    front = folder / "cache" / "bin"
    front.mkdir()
    run = f"QSCACHE_SERVER=casper PYTHONPATH={folder / 'cache'} exec {sys.executable} -m"
    write_command(front / "qstat", f'{run} qscache.qscache "$@"')
    write_command(front / "refresh", f"{run} qscache.gen_data")
    cluster.environment["PATH"] = f"{front}:{cluster.environment['PATH']}"
    with refreshing(copy.parent, cluster):
        yield


@contextlib.contextmanager
def refreshing(cache: Path, cluster: Cluster) -> Iterator[None]:
    """Refresh the cache once a second, as NCAR's cron job does more slowly; one Python is enough."""
    code = textwrap.dedent("""\
        import os, select, sys
        from qscache import gen_data, qscache
        root = os.path.dirname(qscache.__file__)
        config = qscache.read_config(root + "/cfg/casper.cfg", root, "casper")
        gen_data.check_paths(config)
        while True:
            for cycle in "active", "history":
                try:
                    gen_data.run_cache_cycle(config, "casper", cycle)
                except SystemExit:
                    pass
            print("refreshed", flush=True)
            if select.select([sys.stdin], [], [], 1)[0]:
                break
    """)
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env=cluster.environment | {"PYTHONPATH": str(cache)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline()
    try:
        yield
    finally:
        process.communicate()
        assert process.returncode == 0
