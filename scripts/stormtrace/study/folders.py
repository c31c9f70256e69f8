"""Folders of a study: the environment's variables in them replaced, and nothing in their way."""

import getpass
import os
import re
import string
from collections.abc import Iterable
from pathlib import Path

from stormtrace.errors import BadInput
from stormtrace.study.study_files import Keys, Origins

#: A wildcard of Snakemake: its name and perhaps the pattern that it must match.
WILDCARD = re.compile(r"\{\w+(?:,((?:[^{}]|\{[\d,]+\})*))?\}")


def expanded(path: str, key: str, origins: Origins) -> str:
    """Return `path` with $NAME and ${NAME} replaced by the environment's, ~ by the home folder.

    Raises:
        BadInput: a variable or a user is not there, or `path` cannot be a folder.

    """
    try:
        text = string.Template(path).substitute({"USER": getpass.getuser(), **os.environ})
    except (KeyError, ValueError) as error:
        raise BadInput(
            f"{origins.of((key,))}: {key} is {path!r}, but the environment has no {error}; "
            "set it, or write the path out ($$ is a dollar)"
        ) from error
    if set("{}\n") & set(text):
        origins.refuse((key,), f"is {text!r}; a folder's name can have no braces and no line break")
    try:
        folder = str(Path(text).expanduser() if text.startswith("~") else Path(text))
    except RuntimeError:
        origins.refuse((key,), f"is {text!r}, but there is no such user; ./~… is a folder of here")
    check_folder(folder, (key,), origins)
    return folder


def check_folder(folder: str, path: Keys, origins: Origins) -> None:
    """Refuse (BadInput) a path that is no folder and cannot become one; it may be absent."""
    if obstacle := _obstacle(Path(folder)):
        origins.refuse(path, f"is {folder!r}, but must be a folder: {obstacle}")


def check_places(results: str, folders: Iterable[str]) -> None:
    """Refuse (BadInput) files, and links to nothing, where folders of results belong.

    folders: patterns, with wildcards as Snakemake writes them; those outside of `results`, and what
    is in it under other names, do not matter.
    """
    inner = (one.removeprefix(f"{results}/") for one in folders if one.startswith(f"{results}/"))
    paths = {tuple(one.split("/")[:end]) for one in inner for end in range(1, one.count("/") + 2)}
    there: dict[tuple[str, ...], list[Path]] = {(): [Path(results)]}
    for path in sorted(paths, key=len):
        there[path] = [one for parent in there[path[:-1]] for one in _matching(parent, path[-1])]
        if obstacle := next(filter(None, map(_obstacle, there[path])), None):
            raise BadInput(
                f"{obstacle}, where a folder of results belongs: move it away, or choose another"
                " folder with `results:` in the study or --config results=FOLDER"
            )


def _matching(folder: Path, pattern: str) -> list[Path]:
    """Return what is in a folder under names that match a pattern with wildcards."""
    if not WILDCARD.search(pattern):
        return [folder / pattern] if os.path.lexists(folder / pattern) else []
    words, regex = WILDCARD.split(pattern), ""  # texts and, at odd places, what wildcards match
    for position, word in enumerate(words):
        regex += f"(?:{word or '.+'})" if position % 2 else re.escape(word)
    there = folder.iterdir() if folder.is_dir() else ()
    return sorted(path for path in there if re.fullmatch(regex, path.name))


def _obstacle(folder: Path) -> str:
    """Return what is in the way of a folder, empty if nothing is."""
    for place in (folder, *folder.parents):
        try:
            if place.is_dir():
                return ""
            if place.is_symlink() and not place.exists():
                return f"{place} is a link to {place.readlink()}, which is not there"
            if place.exists():
                return f"{place} is a file"
        except PermissionError:
            return ""  # for a job to say, which may run elsewhere
    return ""
