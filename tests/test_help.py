"""`--help` of every script: each flag has a text, and the example pastes as it stands."""

import argparse
import ast
import re
import runpy
import shlex
from pathlib import Path

import pytest

from stormtrace import commandline

SCRIPTS = sorted((Path(__file__).resolve().parents[1] / "scripts").glob("*.py"))


class Parsed(BaseException):
    """Ends a script's `main` where it would parse its flags."""


@pytest.fixture
def parser_of(monkeypatch):
    def get(script):
        def parse_args(parser, *words):
            raise Parsed(parser)

        main = runpy.run_path(str(script))["main"]
        with monkeypatch.context() as patched, pytest.raises(Parsed) as ended:
            patched.setattr(argparse.ArgumentParser, "parse_args", parse_args)
            patched.setattr("sys.argv", [script.name])
            main()
        return ended.value.args[0]

    return get


def examples(script):
    """The commands that a script's docstring shows, each with the lines it goes on for."""
    text = ast.get_docstring(ast.parse(script.read_text()), clean=False)
    found = re.findall(r"^ *python scripts/.*?(?=\n\n|\Z)", text, re.DOTALL | re.MULTILINE)
    assert found, f"{script.name}: no example"
    return found


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_help_says_what_every_flag_is_and_its_example_runs(script, parser_of, monkeypatch):
    parser = parser_of(script)
    for action in parser._actions:
        assert action.help and action.help != argparse.SUPPRESS, f"{action.option_strings}"
    shown = parser.format_help()
    for example in examples(script):
        assert example in shown, "line breaks of the example are lost"
        assert "\\\\" not in example
        _, path, *words = shlex.split(example.replace("\\\n", ""))
        assert path == f"scripts/{script.name}"
        if "@" not in example:
            parser.parse_args(words)  # nothing is missing, unknown or not JSON


def test_a_flag_without_a_text_would_be_seen():
    parser = commandline.parser("A script.")
    parser.add_argument("--mute")
    assert [one.help for one in parser._actions if "--mute" in one.option_strings] == [None]
