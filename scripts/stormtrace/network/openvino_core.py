"""OpenVINO's core: one in a process, which lasts as long as it."""

import functools
from typing import Any


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
