"""Folders of a study, with the environment's variables in them replaced."""

import getpass
import os
import string
from pathlib import Path

from stormtrace.errors import BadInput
from stormtrace.study.study_files import Origins


def expanded(path: str, key: str, origins: Origins) -> str:
    """Return `path` with $NAME and ${NAME} replaced by the environment's, ~ by the home folder."""
    try:
        text = string.Template(path).substitute({"USER": getpass.getuser(), **os.environ})
    except (KeyError, ValueError) as error:
        raise BadInput(
            f"{origins.of((key,))}: {key} is {path!r}, but the environment has no {error}; "
            "set it, or write the path out"
        ) from error
    if set("{}\n") & set(text):
        origins.refuse((key,), f"is {text!r}; a folder's name can have no braces and no line break")
    return str(Path(text).expanduser())
