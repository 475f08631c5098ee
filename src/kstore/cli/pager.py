"""
A pager for what is longer than the screen, as git has one.

`$KSTORE_PAGER`, else `$PAGER`, else `less`; off in a pipe, with `--no-pager`, and where the pager is empty or `cat`. It
starts with the first line that does not fit, so what is short is simply printed; from then on it has the terminal, so
notes and errors of standard error go through it, too, and no progress is shown.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Final, TextIO

import click

from kstore.cli.settings import settings
from kstore.cli.streams import EscapingStream
from kstore.view.styles import ERASE_LINE, own

if TYPE_CHECKING:
    import subprocess

PAGED: Final = frozenset({
    "analyze", "check", "crds", "describe", "diff", "explain", "get", "history", "ls", "prefixes", "releases",
    "resources",
})  # fmt: skip
"""Commands whose output is read from its beginning to its end; others ask, follow, write, or print a line or two."""
_FOLLOWING: Final = ("watch", "watch_only")
"""Options with which a command never ends."""
_COLORS: Final = re.compile(r"\x1b\[[0-9;]*[mK]")
_DEFAULTS: Final = {"LESS": "FRX", "LV": "-c"}
"""git's, for pagers that read them (`pager.c`): colours, nothing where one screen will do, and the text stays."""


def chosen_pager() -> str:
    """The command of the pager that the environment names; empty for none, or where it is not installed."""
    import shutil

    pager = os.environ.get("KSTORE_PAGER", os.environ.get("PAGER", "less")).strip()
    program = pager.partition(" ")[0]
    if program == "cat" or ("=" not in program and not shutil.which(program)):
        return ""
    return pager


@contextmanager
def paging() -> Iterator[None]:
    """Have the text of a command that is paged go through the pager, if somebody looks at a terminal."""
    out = sys.stdout
    if not isinstance(out, EscapingStream) or not out.isatty():
        yield
        return
    waiting = _Waiting(out.unescaped)
    out.redirect(waiting)
    try:
        yield
    finally:
        out.redirect(None)
        waiting.end()


def _pager_of_command() -> str:
    """The pager for the command that is running; empty where there is none for it."""
    ctx = click.get_current_context(silent=True)
    if ctx is None or ctx.parent is None or ctx.parent.parent is not None or ctx.info_name not in PAGED:
        return ""
    if not settings().pager or any(ctx.params.get(name) for name in _FOLLOWING) or os.environ.get("TERM") == "dumb":
        return ""
    return chosen_pager()


def start_in_shell(command: str, environment: Mapping[str, str]) -> subprocess.Popen[str]:
    """Start a program that the user's environment names, with its arguments; it reads text from us."""
    import subprocess

    return subprocess.Popen(  # noqa: S602 - as git does
        command,
        shell=True,
        stdin=subprocess.PIPE,
        encoding="utf-8",
        env=environment,
    )


class _Waiting:
    """
    Holds text until there is more than the screen has room for, and then starts the pager with it.

    Args:
        terminal: where text goes that fits, or is of a command that is not paged.
    """

    def __init__(self, terminal: TextIO) -> None:
        import shutil

        self._terminal = terminal
        self._pager: str | None = None
        self._held: list[str] = []
        self._width, self._room = shutil.get_terminal_size()
        self._column = 0
        self._process: subprocess.Popen[str] | None = None

    def write(self, text: str, /) -> int:
        """
        Take text.

        Raises:
            BrokenPipeError: the pager has been left.
        """
        if self._pager is None:  # with the first text it is known whose it is
            self._pager = _pager_of_command()
        if self._process is not None:
            self._input.write(text)
        elif not self._pager:
            self._terminal.write(text)
        else:
            self._held.append(text)
            self._room -= self._lines(_COLORS.sub("", text))
            if self._room <= 0:
                self._start(self._pager)
        return len(text)

    def _lines(self, text: str) -> int:
        """How many lines of the screen a text ends."""
        found = 0
        first, *rest = text.split("\n")
        self._column += len(first)
        for line in rest:
            found += 1 + max(self._column - 1, 0) // max(self._width, 1)
            self._column = len(line)
        return found

    def _start(self, pager: str) -> None:
        """Start the pager, through the shell as git does, and give it what was held."""
        errors = sys.stderr
        if isinstance(errors, EscapingStream) and errors.isatty():
            errors.write(own(ERASE_LINE))
            errors.flush()
            errors.redirect(self)
        self._terminal.flush()
        self._process = start_in_shell(pager, {**_DEFAULTS, **os.environ})
        held, self._held = self._held, []
        for piece in held:
            self._input.write(piece)

    @property
    def _input(self) -> IO[str]:
        assert self._process is not None
        assert self._process.stdin is not None
        return self._process.stdin

    def flush(self) -> None:
        """Pass on what is not held."""
        if self._process is not None:
            self._input.flush()
        elif not self._pager:
            self._terminal.flush()

    def end(self) -> None:
        """Print what fitted, or wait until the pager is left; an interrupt is for the pager, which has the terminal."""
        if self._process is None:
            self._terminal.write("".join(self._held))
            self._terminal.flush()
            return
        if isinstance(sys.stderr, EscapingStream):
            sys.stderr.redirect(None)
        with suppress(BrokenPipeError):
            self._input.close()
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            self._process.wait()
        finally:
            signal.signal(signal.SIGINT, before)
