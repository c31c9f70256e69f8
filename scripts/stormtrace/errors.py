"""The one kind of error a user is meant to read."""


class BadInput(Exception):
    """Input that cannot be used, told in a sentence or two.

    The message says what was expected, what was found (file, variable, value) and what to do.
    Scripts print it without a traceback and exit with 1 (see `stormtrace.commandline`).
    """
