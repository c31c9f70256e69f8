"""Scripts run within this process: nothing is imported twice, and what they refuse is raised."""

import importlib
import sys
from pathlib import Path
from unittest.mock import patch


def run_script(script, *flags):
    """Run `main` of a script of ours with flags."""
    with patch.object(sys, "argv", [script, *map(str, flags)]):
        importlib.import_module(Path(script).stem).main()
