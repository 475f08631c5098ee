"""`kstore sql`: queries over the objects, the history and the findings of one or many stores."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kstore.cli.hints import worded
from kstore.cli.options import Once, output_option, store_options
from kstore.cli.session import Session, open_session
from kstore.cli.settings import settings
from kstore.cli.sql_session import OUTPUTS, SqlSession, Unread
from kstore.errors import UsageError

if TYPE_CHECKING:
    from kstore.sql.asked_store import AskedStore


@click.command()
@click.argument("arguments", nargs=-1, metavar="[QUERY] [STORE]...")
@click.option("--file", "file", cls=Once, metavar="FILE", help="Read the queries from a file; - is standard input.")
@output_option(OUTPUTS, "table")
@click.option("--show-secrets", is_flag=True, help="Show the values of Secrets.")
@store_options
def command(arguments: tuple[str, ...], file: str, output: str, show_secrets: bool) -> int:
    """
    Query one or more stores in SQL (DuckDB's dialect). The tables are objects, history, findings, resources, leases,
    and one for each resource, under any name that kubectl accepts. Only the columns of the query are decoded, and
    conditions on group, resource, namespace and name limit the keys that are read. Without a query, open a prompt.

    \b
    kstore sql "select stored_version, count(*) from objects group by 1"
    kstore sql "select namespace, name, spec.nodeName from pods" backup.db other.db
    kstore sql "select store, count(*) from pods group by 1" 's3://backups/*/latest.db.gz'
    kstore sql ".tables"
    kstore sql ".explain select status.phase from pods where namespace = 'shop'"
    kstore sql --file questions.sql -o markdown

    Stores are only read, and a query reaches nothing else: no files, no addresses, no extensions.
    """
    query, stores = _split(arguments, file)
    if stores and (settings().store or settings().context):
        raise UsageError("stores are named as arguments and by an option", hint="name all of them as arguments")
    unread = Unread()
    with _asked(stores, unread) as asked:
        from kstore.sql.database import Database

        session = SqlSession(Database(asked), asked, output, show_secrets=show_secrets)
        if query is None:
            from kstore.cli.sql_prompt import prompt

            prompt(session)
        else:
            session.run(query)
    return unread.unreadable.summarize()


def _split(arguments: Sequence[str], file: str) -> tuple[str | None, list[str]]:
    """
    The query, or None where a person is to be asked for it, and the stores.

    The first argument is the query if it can be one: it has a blank in it or begins with a dot and a letter, and no
    file is called so.
    """
    stores = list(arguments)
    if file:
        return _read(file), stores
    first = stores[0] if stores else ""
    if stores and not first.strip():
        raise UsageError("the query is empty", hint="without one kstore sql asks for queries; .tables names the tables")
    if first and (any(map(str.isspace, first)) or (first[:1] == "." and first[1:].isalpha())) and not _is_file(first):
        return stores.pop(0), stores
    if sys.stdin.isatty():
        return None, stores
    return _read("-"), stores


def _is_file(text: str) -> bool:
    try:
        return Path(text).exists()
    except (OSError, ValueError):
        return False


def _read(file: str) -> str:
    if file == "-":
        return sys.stdin.read()
    try:
        return Path(file).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"the file is no UTF-8: byte {error.start}", where=file) from None


@contextmanager
def _asked(stores: Sequence[str], unread: Unread) -> Iterator[list[AskedStore]]:
    """The stores that are asked, each as of one revision; closed at the end."""
    from contextlib import ExitStack

    from kstore.sql.asked_store import AskedStore

    with ExitStack() as stack:
        if stores:
            from kstore.fleet.named import stores_of

            given = settings()
            options = Session(given).source_options()
            found = [one for name in stores for one in stores_of(name, options)]
            sessions = [Session(replace(given, store=one.address), remembers=True) for one in found]
            for session in sessions:
                stack.callback(session.close)
        else:
            sessions = [stack.enter_context(open_session())]
        every = [AskedStore.pinned(session.store, worded=worded) for session in sessions]
        for asked in every:
            asked.unreadable = partial(unread.note, asked.address)
        yield every
        if stores:
            for session in sessions:
                session.report_damage()
