"""OpenVINO's core: one in a process, which lasts as long as it, and tells nobody."""

import functools
import sys
from typing import Any

# When it is imported and when it converts a network, OpenVINO tells Google Analytics so: in a fork
# of this process, whatever locks its threads hold, and for seconds where a node has no way out. It
# does not where its package for this is missing.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]


@functools.cache
def openvino_core() -> Any:
    """Return the core.

    Where the processor has AMX, each core gives the thread that first compiles with it a stack for
    signals, and at its end puts back the one that was there before. Of two that end in the order
    they began in, the second puts back the first's, which is gone: the next signal that Python
    handles, such as SIGTERM at a job's walltime, then kills the process.

    Raises:
        ImportError: OpenVINO is not installed.

    """
    import openvino

    return openvino.Core()
