"""The errors a user is meant to read."""


class BadInput(Exception):
    """Input that cannot be used, reported in a sentence or two.

    The message says what was expected, what was found (file, variable, value) and what to do.
    Scripts print it without a traceback and exit with 1 (see `stormtrace.commandline`).
    """


class OutOfTime(Exception):
    """A job that stopped before its walltime; what is done is kept, and the next attempt goes on.

    Scripts print the message and exit with 1, so that a scheduler's retry starts them again.
    """
