"""Memory that was used up: how it is recognized, and which key asks for more."""

import os
import re
from pathlib import Path

#: How torch (on CPUs and GPUs) and netCDF say that memory is used up, in a RuntimeError.
USED_UP = re.compile(r"out of memory|allocate memory|malloc", re.IGNORECASE)

#: How torch and Python say that a process which worked for them was killed, in a RuntimeError.
HELPER_KILLED = re.compile(r"killed by signal|exited unexpectedly|terminated abruptly")

#: What a shell makes of SIGKILL, the signal of the kernel where memory is used up.
KILLED = 137

#: What is in the log of a script that ends otherwise for the same reason: C++'s failure to allocate
#: memory, and a process of torch.distributed that was killed.
OF_KILLED = re.compile(r"std::bad_alloc|SIGKILL")


def is_used_up(error: Exception) -> bool:
    """Whether an error says so."""
    said_so = isinstance(error, RuntimeError) and USED_UP.search(str(error)) is not None
    return said_so or isinstance(error, MemoryError)  # Arrow's, too


def asked() -> str:
    """Return RULE:mem_mb=MB as the job's rule asked for it; empty where there is no rule.

    The rule's name is that of its logs' folder, `…/logs/{rule}/…`.
    """
    amount = os.environ.get("STORMTRACE_MEMORY", "")
    _, folder, log_file = os.environ.get("STORMTRACE_LOG", "").rpartition("logs/")
    rule = Path(log_file.partition("/")[0]).stem
    return f"{rule}:mem_mb={amount}" if amount and folder else ""


def more(request: str | None = None) -> str:
    """Return how to ask for more memory than `request`: by default, what the rule says."""
    request = request or asked()
    rule, _, amount = request.partition(":mem_mb=")
    if not amount.isdecimal():
        return "run it where more memory is free"
    return (
        f"the job asked for {amount} MB; if memory was the reason, ask for more with"
        f" --set-resources {rule}:mem_mb={2 * int(amount)} (in a profile, `set-resources`), or run"
        " fewer jobs at once"
    )


def killed(request: str | None = None) -> str:
    """Return what is known of a job that was killed and could say nothing."""
    return (
        "killed, by the kernel if memory was used up, or else by hand or by the scheduler: "
        + more(request)
    )
