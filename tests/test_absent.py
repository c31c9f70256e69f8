"""Libraries that other libraries look for are hidden from them in scripts, and only there."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"

TRIES = """
import sys
sys.path.insert(0, {scripts!r})
from stormtrace.absent import absent
{script}
with absent("wave"):
    try:
        import wave
    except ModuleNotFoundError as error:
        print("hidden:", error.name)
    else:
        print("there")
import wave
print(wave.__name__)
"""


def tried(script):
    code = TRIES.format(scripts=str(SCRIPTS), script=script)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split("\n")[:2]


def test_a_script_does_not_find_it_and_then_does():
    as_script = f"sys.modules['__main__'].__file__ = {str(SCRIPTS / 'detect.py')!r}"
    assert tried(as_script) == ["hidden: wave", "wave"]


@pytest.mark.parametrize("script", ["", "sys.modules['__main__'].__file__ = '/home/me/own.py'"])
def test_everybody_else_finds_it(script):
    assert tried(script) == ["there", "wave"]
