"""A stand-in for every script whose outputs depend on its inputs, and that takes its time to write.

What `tests/stand_in.py` makes empty is filled with a digest of the command and of all files that it
names. So an output tells whether everything before it was whole, and two jobs at work on the same
file spoil it.
"""

import hashlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import stand_in as made  # makes the outputs, beside this file in the checkout of the test


def files_in(path: Path) -> list[Path]:
    """Files in a folder, or the file itself; hidden ones are Snakemake's."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    return [file for file in files if file.is_file() and not file.name.startswith(".")]


def facts(words: list[str]) -> Iterator[bytes]:
    """What the outputs depend on: the command, but for the time it has, and its input files."""
    if "--time-budget" in words:
        position = words.index("--time-budget")
        words = words[:position] + words[position + 2 :]
    yield repr(words).encode()
    for path in map(Path, filter(os.path.exists, words)):
        if path != made.output:
            yield from (file.read_bytes() for file in files_in(path))


output = made.output
digest = hashlib.sha256(b"".join(facts([made.script, *sys.argv[1:]]))).hexdigest()
if output.is_dir():
    targets = files_in(output) or [output / "content"]
elif output.exists():
    targets = [output]
else:
    targets = [output.with_name(output.name + ending) for ending in made.STEMS[made.script]]
for target in targets:
    with target.open("w") as stream:
        stream.write(f"by {os.getpid()}")  # a job that is killed here leaves this behind
        stream.flush()
        time.sleep(0.2 / len(targets))
        stream.seek(0)
        stream.truncate()
        stream.write(digest)
