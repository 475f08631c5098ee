"""
The prompt of `kstore sql`: history, completion of tables, columns and words, queries over several lines.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from kstore.cli.hints import hint_of
from kstore.cli.sql_session import COMMANDS, OUTPUTS, SqlSession
from kstore.cli.streams import unescaped_stdout
from kstore.errors import ExtraMissing, KstoreError

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession

_WORDS: Final = (
    "select", "from", "where", "group by", "order by", "having", "limit", "join", "left join", "using", "on", "and",
    "or", "not", "in", "like", "is null", "is not null", "distinct", "count(*)", "sum", "min", "max", "avg", "with",
    "union all", "case when", "then", "else", "end", "desc", "unnest", "as",
)  # fmt: skip
_LAST_WORD: Final = re.compile(r'[\w.$"-]*$')
_TABLE_COMES: Final = re.compile(r"\b(?:from|join)\s+\"?[\w.-]*$", re.I)
_TABLE: Final = re.compile(r"\b(?:from|join)\s+\"?([\w.-]+)", re.I)


def prompt(session: SqlSession) -> int:
    """
    Ask for queries and answer them until there are no more.

    Args:
        session: answers them.

    Raises:
        ExtraMissing: prompt_toolkit is not installed.
    """
    lines = _lines(session)
    click.echo("Queries end with a semicolon; .help shows the commands, .quit leaves.", err=True)
    while True:
        try:
            text = lines.prompt()
        except KeyboardInterrupt:
            continue  # what was begun is dropped, as in every shell
        except EOFError:
            return 0
        if not text.strip():
            continue
        if text.strip().rstrip(";") in (".quit", ".exit"):
            return 0
        try:
            session.timed(text)
        except KstoreError as error:
            click.echo(f"kstore: {error}", err=True)
            if hint := hint_of(error):
                click.echo(f"  hint: {hint}", err=True)
        except KeyboardInterrupt:
            click.echo("kstore: interrupted", err=True)


def is_complete(text: str) -> bool:
    """
    Whether Enter ends what was typed: a dot command, or a query with its semicolon.

    Args:
        text: all of its lines.
    """
    return text.lstrip().startswith(".") or text.rstrip().endswith(";") or not text.strip()


def _lines(session: SqlSession) -> PromptSession[str]:
    try:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.application import get_app
        from prompt_toolkit.completion import Completer, Completion
        from prompt_toolkit.filters import Condition
        from prompt_toolkit.history import FileHistory, InMemoryHistory
        from prompt_toolkit.output import create_output
    except ImportError:
        raise ExtraMissing(
            "the prompt needs prompt_toolkit", extra="sql", hint="give a query: `kstore sql 'select …'`"
        ) from None

    class Names(Completer):
        """Completes from the tables and columns of the stores."""

        def get_completions(self, document: Any, event: Any) -> Iterator[Any]:
            """Whatever may stand at the cursor."""
            before = document.text_before_cursor
            word = _LAST_WORD.search(before)
            begun = word[0] if word else ""
            for name in proposals(session, before, begun, document.text_after_cursor):
                yield Completion(name, -len(begun))

    place = _history()
    history = FileHistory(str(place)) if place else InMemoryHistory()
    return PromptSession(
        "kstore> ",
        # a query is one entry of the history, however many lines it has
        multiline=Condition(lambda: not is_complete(get_app().current_buffer.text)),
        prompt_continuation="   ...> ",
        history=history,
        completer=Names(),
        complete_while_typing=False,
        enable_history_search=True,
        output=create_output(unescaped_stdout()),
    )


def proposals(session: SqlSession, before: str, begun: str, after: str = "") -> list[str]:
    """
    What the word at the cursor may become.

    Args:
        session: knows tables and columns.
        before: what was typed, up to the cursor.
        begun: the word that was begun.
        after: what stands behind the cursor; it may name the tables.
    """
    tables = session.database.tables
    if before.lstrip().startswith("."):
        word, blank, _ = before.lstrip().partition(" ")
        if not blank:
            names = [name.partition(" ")[0] for name in COMMANDS]
        else:
            names = {".columns": tables.names(), ".output": list(OUTPUTS[:-1])}.get(word, [])
    elif _TABLE_COMES.search(before):
        names = [f'"{name}"' if not name.isidentifier() else name for name in tables.names()]
    else:
        columns: list[str] = []
        for name in _TABLE.findall(before + after) or ["objects"]:
            with suppress(KstoreError):
                columns += [one.name for one in tables.find(name).columns]
        names = [*dict.fromkeys(columns), *_WORDS]
    wanted = begun.strip('"').lower()
    return [name for name in names if name.strip('"').lower().startswith(wanted)]


def _history() -> Path | None:
    """The file of past queries, readable by its owner alone; None where none can be kept."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    place = Path(state) / "kstore" / "sql_history"
    try:
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(place, os.O_WRONLY | os.O_CREAT, 0o600))
    except OSError:
        return None
    return place
