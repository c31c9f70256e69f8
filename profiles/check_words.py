"""What a command says after `--configfile` and `--config`, checked before Snakemake reads it.

Snakemake takes every word after these flags for a file or for KEY=VALUE, also a target, and answers
with a traceback; of YAML that does not parse it names neither file nor line. No Snakefile is read
before that, but the profile is: each profile runs this file.
"""

import datetime
import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

#: Flag -> what Snakemake takes each word after it for.
FLAGS = {
    "--configfile": "a file",
    "--configfiles": "a file",
    "--config": "KEY=VALUE",
    "-C": "KEY=VALUE",
}

#: A parser notices a mistake later than it was made, and names it in its own words.
LOOK_FOR = (
    "look there and in the line before for a missing colon, quote or bracket, a tab, or a line"
    " indented unlike its neighbours"
)


def problem(words: Sequence[str]) -> str:
    """Return one sentence for what is wrong with the words of a command, or nothing."""
    flag = ""
    for place, word in enumerate(words):
        if word.startswith("-"):
            flag, _, file = word.partition("=")
            if file and FLAGS.get(flag) == "a file" and (said := _unreadable(file)):
                return said
            flag = "" if "=" in word else flag  # --flag=VALUE takes no further word
        elif FLAGS.get(flag) == "KEY=VALUE" and "=" not in word:
            return f"{word} is no KEY=VALUE{_advice(words, place, flag)}"
        elif FLAGS.get(flag) == "a file" and (said := _unreadable(word)):
            is_target = not Path(word).exists() and Path(word).suffix not in (
                ".yaml",
                ".yml",
                ".json",
            )
            return said + (_advice(words, place, flag) if is_target else "")
    return ""


def _advice(words: Sequence[str], place: int, flag: str) -> str:
    """Return the rest of the sentence, with the command as it would be right."""
    first = next(i for i, word in enumerate(words) if word.partition("=")[0] in FLAGS)
    right = [*words[:first], words[place], *words[first:place], *words[place + 1 :]]
    return (
        f": Snakemake takes each word after {flag} for {FLAGS[flag]}, so targets stand before it:"
        f"\n  snakemake {' '.join(right)}"
    )


def _unreadable(file: str) -> str:
    """Return why a file is no study: it is missing, not YAML (or JSON), or has a key twice."""
    try:
        text = Path(file).read_text(encoding="utf-8")
    except FileNotFoundError:
        return f"there is no file {file}"
    except (OSError, UnicodeDecodeError) as error:
        return f"{file} cannot be read as text: {error}"
    try:
        json.loads(text)
        return ""
    except ValueError:
        pass
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        return f"{file} is not YAML{_where(error.problem_mark)}: {error.problem}; {LOOK_FOR}"
    except yaml.YAMLError as error:
        return f"{file} is not YAML: {error}"
    if not isinstance(root, yaml.MappingNode):
        return f"{file} has no keys at its top level"
    return next((f"{file}{fault}" for fault in _faults(root)), "")


def _faults(node: yaml.Node) -> Iterator[str]:
    """Yield keys that stand twice, of which YAML drops the first, and dates that it cannot hold."""
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                yield f" has the key {key.value!r} twice,{_where(key.start_mark)}: keep one of them"
            seen.add(key.value)
            yield from _faults(value)
    elif isinstance(node, yaml.SequenceNode):
        for inner in node.value:
            yield from _faults(inner)
    elif node.tag.endswith(":timestamp") and re.fullmatch(r"[\d-]+", node.value):
        try:
            datetime.date.fromisoformat(node.value)
        except ValueError as error:
            where = _where(node.start_mark)
            yield f" has {node.value}{where} ({error}): put it in quotes if the calendar has it"


def _where(mark: yaml.Mark | None) -> str:
    return f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""


if __name__ == "__main__" and (said := problem(sys.argv[1:])):
    sys.exit(f"error: {said}")
