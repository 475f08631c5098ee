"""
Queries and dot commands of `kstore sql`, one after the other, over the same stores.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import click

from kstore.cli.forms import is_for_programs, masks
from kstore.cli.standard_output import terminal
from kstore.cli.streams import for_programs
from kstore.cli.unreadable import Unreadable
from kstore.errors import UsageError
from kstore.scalars.counts import counted

if TYPE_CHECKING:
    from kstore.codec import Undecodable
    from kstore.sql.asked_store import AskedStore
    from kstore.sql.database import Database

OUTPUTS: Final = ("table", "markdown", "csv", "json", "jsonl", "parquet")
COMMANDS: Final = {
    ".tables": "the tables that every store has, and those of its resources",
    ".columns TABLE": "the columns of a table",
    ".explain QUERY": "what a query reads and decodes, and how it is carried out",
    ".output FORMAT": f"how answers are written: {', '.join(OUTPUTS[:-1])}",
    ".help": "these lines",
    ".quit": "leave; so does the end of input",
}
"""What begins with a dot, and what it shows."""
_FOR_PEOPLE: Final = ("table", "markdown")
"""Forms of which two would run into each other without a blank line."""


def _no_command(word: str, rest: str) -> UsageError:
    """What is wrong with a dot command that cannot be carried out."""
    usage = next((each for each in COMMANDS if each.partition(" ")[0] == word), "")
    if not usage:
        return UsageError(f"{word!r} is no command", hint=f"there are {', '.join(COMMANDS)}")
    if not rest:
        return UsageError(f"{word!r} needs {usage.partition(' ')[2]}", hint=f"`{usage}`: {COMMANDS[usage]}")
    return UsageError(f"{word!r} does not take {rest!r}", hint=f"`{usage}`: {COMMANDS[usage]}")


@dataclass
class Unread:
    """Names each value that cannot be read once, however often a query meets it."""

    unreadable: Unreadable = field(default_factory=Unreadable)
    _met: set[tuple[str, bytes]] = field(default_factory=set)

    def note(self, address: str, read: Undecodable) -> None:
        """Take one that was met in the store of an address."""
        place = address, read.record.key
        if place not in self._met:
            self._met.add(place)
            self.unreadable.note(read)


class SqlSession:
    """
    Answers what is asked of some stores.

    Args:
        database: their tables.
        stores: the stores.
        output: the word of `-o`.
        show_secrets: show the values of Secrets.
    """

    def __init__(self, database: Database, stores: Sequence[AskedStore], output: str, *, show_secrets: bool) -> None:
        self.database = database
        self._stores = stores
        self._output = output
        self._show_secrets = show_secrets

    def run(self, text: str) -> None:
        """
        Carry out the queries of a text, or a dot command, and write what they say.

        Raises:
            UsageError, KstoreError: as `Database.answer`.
        """
        if text.lstrip().startswith("."):
            for line in self._commanded(text.strip()):
                sys.stdout.write(f"{line}\n")
            return
        statements = self.database.statements(text)
        if not statements:
            raise UsageError("there is no query", hint="kstore sql 'select resource, count(*) from objects group by 1'")
        if self._output == "parquet":
            self._write_parquet(statements)
            return
        for number, statement in enumerate(statements):
            if number and self._output in _FOR_PEOPLE:
                sys.stdout.write("\n")
            self._write(statement)

    def timed(self, text: str) -> None:
        """The same, and on standard error how many rows there were and how long it took."""
        began = time.monotonic()
        self._count = 0
        self.run(text)
        if not text.lstrip().startswith("."):
            click.echo(f"{counted(self._count, 'row')} in {time.monotonic() - began:.2f} s", err=True)

    _count = 0

    def _commanded(self, text: str) -> Iterator[str]:
        word, _, rest = text.partition(" ")
        rest = rest.strip()
        if word == ".tables":
            yield from self.database.tables.names()
        elif word in (".columns", ".schema") and rest:
            table = self.database.tables.find(rest.strip('";'))
            width = max(len(one.name) for one in table.columns)
            kind = max(len(one.type) for one in table.columns)
            yield from (f"{one.name:{width}}  {one.type:{kind}}  {one.meaning}" for one in table.columns)
        elif word == ".explain" and rest:
            yield from self.database.explain(rest)
        elif word == ".output" and rest in OUTPUTS[:-1]:
            self._output = rest
        elif word == ".help":
            width = max(map(len, COMMANDS))
            yield from (f"{name:{width}}  {about}" for name, about in COMMANDS.items())
            yield "Anything else is SQL; a query ends with a semicolon."
        else:
            raise _no_command(word, rest)

    def _reveal(self) -> None:
        """Settle for the next query whether Secrets are masked: by the same rule as for every output."""
        for asked in self._stores:
            asked.secrets = self._show_secrets or not masks(self._output)
        if is_for_programs(self._output):
            for_programs()

    def _write(self, statement: str) -> None:
        from kstore.view.rows_text import FORMS, terminal_text

        self._reveal()
        answer = self.database.answer(statement)
        form = FORMS[self._output]
        if self._output == "table" and sys.stdout.isatty():
            form = partial(terminal_text, width=terminal().width)
        for piece in form(answer.columns, answer.types, self._counted(answer.rows)):
            sys.stdout.write(piece)
        sys.stdout.flush()

    def _counted(self, rows: Iterator[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        for row in rows:
            self._count += 1
            yield row

    def _write_parquet(self, statements: Sequence[str]) -> None:
        from kstore.sql.parquet import require_pyarrow, write_batches

        require_pyarrow()
        if len(statements) != 1:
            raise UsageError(f"one Parquet file holds one answer, {len(statements)} were asked for")
        if sys.stdout.isatty():
            raise UsageError("Parquet is not written to a terminal", hint="kstore sql … -o parquet > answer.parquet")
        self._reveal()
        with self.database.arrow(statements[0]) as answer:
            write_batches(answer.schema, answer, sys.stdout.buffer)
        sys.stdout.buffer.flush()
