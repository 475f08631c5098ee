"""
What could not be read, said on standard error: each object by its key, with the reason and what to try.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from kstore.cli.exit_codes import ExitCode
from kstore.cli.hints import hint_of
from kstore.printable import key_text, one_line
from kstore.scalars.counts import counted

if TYPE_CHECKING:
    from kstore.codec import Undecodable
    from kstore.errors import KstoreError
    from kstore.records import Record

_NAMED: Final = 20
"""Where objects are only counted, so many are named: a store whose keys nobody gave may hold thousands."""


class Unreadable:
    """Counts what one command cannot read, and says what it is."""

    def __init__(self) -> None:
        self.count = 0
        self._hints: set[str] = set()

    def report(self, record: Record, error: KstoreError) -> None:
        """Say what is wrong with one object, and what to try, unless that has been said of another."""
        self.count += 1
        key = key_text(record.key)
        click.echo(f"kstore: {one_line(str(error) if error.where == key else f'{key}: {error}')}", err=True)
        hint = hint_of(error)
        if hint and hint not in self._hints:
            self._hints.add(hint)
            click.echo(f"  hint: {hint}", err=True)

    def note(self, read: Undecodable) -> None:
        """The same where objects are only counted: of many the first are named."""
        if self.count < _NAMED:
            self.report(read.record, read.error)
        else:
            self.count += 1

    def summarize(self) -> int:
        """Say how many were not named, and give the exit code."""
        if self.count > _NAMED:
            more = f"{counted(self.count - _NAMED, 'more object')} cannot be read"
            click.echo(f"kstore: {more}\n  hint: `kstore check --keys 0` lists all", err=True)
        return self.exit_code

    @property
    def exit_code(self) -> int:
        """0, or the code that says that something could not be read."""
        return ExitCode.SOME_SKIPPED if self.count else ExitCode.DONE


def named(read: Undecodable) -> KstoreError:
    """The error of the one object that a command is about, with its key."""
    read.error.where = read.error.where or key_text(read.record.key)
    return read.error
