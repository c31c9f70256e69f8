"""Folders of a study: the environment's variables in them replaced, and nothing in their way."""

import getpass
import os
import string
from pathlib import Path

from stormtrace.errors import BadInput
from stormtrace.study.study_files import Keys, Origins


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
