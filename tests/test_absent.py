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


AS_SCRIPT = f"sys.modules['__main__'].__file__ = {str(SCRIPTS / 'draw_labels.py')!r}"
OTHERWISE = ["", "sys.modules['__main__'].__file__ = '/home/me/own.py'"]


def test_a_script_does_not_find_it_and_then_does():
    assert tried(AS_SCRIPT) == ["hidden: wave", "wave"]


@pytest.mark.parametrize("script", OTHERWISE)
def test_everybody_else_finds_it(script):
    assert tried(script) == ["there", "wave"]


@pytest.mark.parametrize("script", [AS_SCRIPT, *OTHERWISE])
def test_artists_list_their_properties_where_somebody_may_read_it(script):
    """In a script of ours they do not; if matplotlib does it in another way, this notices."""
    code = (
        f"import sys; sys.path.insert(0, {str(SCRIPTS)!r}); {script or 'pass'}; import stormtrace.figures;"
        "from matplotlib.lines import Line2D; print('fillstyle' in Line2D.set.__doc__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"{script != AS_SCRIPT}\n"


@pytest.mark.parametrize("script", [AS_SCRIPT, *OTHERWISE])
def test_what_numpy_names_is_loaded_by_scipy_or_when_it_is_used(script):
    """With numpy's all names scipy takes its tests and its Fortran, too; if it does so otherwise,
    this notices."""
    code = (
        f"import sys; sys.path.insert(0, {str(SCRIPTS)!r}); {script or 'pass'};"
        "import stormtrace.commandline, scipy.sparse, numpy;"
        "parts = ['numpy.testing', 'numpy.f2py'];"
        "print(*[part in sys.modules for part in parts]);"
        "numpy.testing.assert_array_equal(1, 1); numpy.f2py.get_include;"
        "print(*[part in sys.modules for part in parts])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    at_once = script != AS_SCRIPT
    assert done.stdout == f"{at_once} {at_once}\nTrue True\n"


@pytest.mark.parametrize("script", [AS_SCRIPT, OTHERWISE[0]])
def test_torchs_compiler_is_loaded_by_an_optimizer_or_to_compile(script):
    """If torch loads it otherwise, or needs another part of it, this notices."""
    code = f"""
import sys
sys.path.insert(0, {str(SCRIPTS)!r})
{script}
import stormtrace.commandline, torch
def loaded(): return [f"torch.{{name}}" in sys.modules for name in ("_decomp", "_dynamo.eval_frame")]
torch.set_deterministic_debug_mode("error")
weight = torch.nn.Parameter(torch.ones(2))
optimizer = torch.optim.AdamW([weight], lr=0.5, weight_decay=0)
weight.sum().backward()
optimizer.step()
optimizer.zero_grad()
print(round(float(weight.sum()), 3), *loaded())
print(*torch.compile(lambda x: x + 1, backend="eager")(torch.ones(2)).tolist(), *loaded())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    at_once = script != AS_SCRIPT
    assert done.stdout == f"1.0 {at_once} {at_once}\n2.0 2.0 True True\n"


@pytest.mark.parametrize("script", [AS_SCRIPT, OTHERWISE[0]])
def test_python_looks_for_no_garbage_until_a_script_has_started(script):
    code = (
        f"import sys; sys.path.insert(0, {str(SCRIPTS)!r}); {script or 'pass'}; import gc;"
        "from stormtrace import commandline; print(gc.isenabled());"
        "commandline.run(lambda: print(gc.isenabled()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"{script != AS_SCRIPT}\nTrue\n"
