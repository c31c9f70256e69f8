"""Which YAML file says something, and one sentence for what is wrong with it."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import yaml
from pydantic import BaseModel

from stormtrace.blocks import Fault, at, check_block, did_you_mean, plain
from stormtrace.errors import BadInput

Model = TypeVar("Model", bound=BaseModel)
Keys = Sequence[str | int]

#: Where a value comes from that no file of the study has.
ELSEWHERE = "the command line (--config)"


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Reads YAML; a date that only other calendars have, 2000-02-30, stays text."""

    def construct_yaml_timestamp(self, node: yaml.Node) -> Any:
        try:
            return super().construct_yaml_timestamp(node)
        except ValueError:
            return self.construct_scalar(node)


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _Loader.construct_yaml_timestamp)


def read_yaml(file: Path | str) -> dict[str, Any]:
    """Return the content of a YAML file.

    Raises:
        BadInput: it is not there, or is not YAML; with the line.

    """
    try:
        text = Path(file).read_text(encoding="utf-8")
        content: dict[str, Any] = yaml.load(text, Loader=_Loader) or {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error)
        raise BadInput(f"{_short(file)} is not YAML{where}: {problem}") from error
    except FileNotFoundError:
        raise BadInput(
            f"there is no file {file}: --configfile takes all words after it for files, so targets"
            " stand before it"
        ) from None
    return content


def _short(file: Path | str) -> str:
    relative = os.path.relpath(file)
    return str(file) if relative.startswith("..") else relative


class Origins:
    """Which file of a study says what.

    files: the files of the study, those that are laid over others last.
    config: what they make together; a value that no file has was given `elsewhere`.
    """

    def __init__(
        self,
        files: Iterable[Path | str] = (),
        config: Mapping[str, Any] = {},
        elsewhere: str = ELSEWHERE,
    ) -> None:
        self._config = plain(config)
        self._elsewhere = elsewhere
        self._said = [(_short(file), plain(read_yaml(file))) for file in files]

    def of(self, path: Keys) -> str:
        """Return the last file that says what is at `path`, or where else it must come from."""
        meant = at(self._config, path)
        for file, content in reversed(self._said):
            said = at(content, path)
            if said is not None and (isinstance(said, Mapping) or meant in (None, said)):
                return file
        if meant is None and len(path) > 1:
            return self.of(path[:-1])
        return self._elsewhere

    def refuse(self, path: Keys, text: str) -> NoReturn:
        """Raise BadInput: the file, the keys, and what is wrong with them."""
        keys = ".".join(map(str, path)) or "the study"
        raise BadInput(f"{self.of(path)}: {keys} {text}")

    def read(self, model: type[Model], block: Any, path: Keys) -> Model:
        """Return the block at `path` as its model, or refuse it."""
        made = check_block(model, block)
        if isinstance(made, Fault):
            self.refuse([*path, *made.path], made.text)
        return made

    def one_of(self, value: str, allowed: Iterable[str], path: Keys) -> None:
        """Refuse `value`, found at `path`, unless it is one of the `allowed` names."""
        names = sorted(allowed)
        if value not in names:
            hint = did_you_mean(value, names)
            there = ", ".join(names) or "none"
            self.refuse(path, f"is {value!r}, which does not exist{hint}; there are: {there}")

    def check_name(self, name: str, table: str) -> None:
        """Refuse a `name` in a table that cannot be part of a file's name."""
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
            raise BadInput(
                f"{self.of([table, name])}: {table} has an entry {name!r}, which cannot be a name; "
                "names are letters, digits, '.', '_' and '-', and start with a letter or digit"
            )
