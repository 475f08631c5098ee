"""
The exit codes of the command line: the one place where they are given.

docs/reference/exit-codes.md says what each means, command by command. An error that ends a command brings its own
code (`KstoreError.exit_code`); it is always one of these.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ended."""

    DONE = 0
    """Everything that was asked for was done."""

    FAILED = 1
    """Nothing was done, or not all of it, for a reason that standard error gives."""

    USAGE = 2
    """The command line, or a configuration file that it names, is not valid; nothing was opened or written."""

    SOME_SKIPPED = 3
    """Done, but some objects could not be read or were skipped; each is named on standard error."""

    CONFLICT = 4
    """A guard or another writer's change stopped a write."""

    FOUND = 5
    """A command that looks for something has found it: check, diff, verify."""

    INTERRUPTED = 130
    """Interrupted by the user; what was begun can be resumed."""

    BROKEN_PIPE = 141
    """Whoever read standard output has gone, as for a program that SIGPIPE ended."""
