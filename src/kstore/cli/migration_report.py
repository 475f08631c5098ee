"""
How a migration's results are said: for people as lines and a table, for scripts as one JSON document.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from kstore.cli.hints import hint_of
from kstore.cli.standard_output import say, terminal
from kstore.printable import command_text
from kstore.scalars.counts import counted

if TYPE_CHECKING:
    from kstore.migrate.discrepancy import Discrepancy
    from kstore.migrate.journal import Journal
    from kstore.migrate.summary import SkippedObject, Summary
    from kstore.migrate.verify import State


@dataclass(frozen=True)
class Shown:
    """Prints results: for people, or as one JSON document."""

    output: str

    def say(self, text: str) -> None:
        """A word beside the result."""
        click.echo(f"kstore: {text}", err=True)

    def summary(
        self,
        summary: Summary,
        *,
        journal: Path | None = None,
        result: Path | None = None,
        objects: list[dict[str, Any]] | None = None,
        err: bool = False,
    ) -> None:
        """The counts of a plan, or of what was written."""
        if self.output == "json" and not err:
            document = summary.as_json(hint_of)
            if objects is not None:
                document["objects"] = objects
            document["journal"] = str(journal) if journal else None
            document["output"] = str(result) if result else None
            click.echo(json.dumps(document, indent=2))
            return
        say_skipped(summary.skipped, summary.skipped_count)
        for line in _table(summary, terminal().width if sys.stdout.isatty() else None):
            click.echo(line, err=err)
        for assumption, count in summary.assumed.items():
            self.say(
                f"{assumption} is assumed for {counted(count, 'headless Service')}: nothing in the store says it; "
                f"--service-family IPv4 or IPv6 does"
            )
        if result is not None:
            verify = command_text("kstore", "migrate", "verify", str(result))
            self.say(f"the migrated database is {result}, its journal {journal}: `{verify}`")
        elif journal is not None:
            verify, rollback = (
                command_text("kstore", "migrate", verb, str(journal)) for verb in ("verify", "rollback")
            )
            self.say(f"the journal is {journal}: `{verify}`, `{rollback}`")

    def state(self, journal: Journal, state: State, *, late: int | None = 0) -> None:
        """
        What a journal holds.

        Args:
            journal: the journal.
            state: what it says.
            late: objects that were written by transactions which it does not call done; None where that is not known.
        """
        from dataclasses import asdict

        from kstore.migrate.request import Request

        document = {
            "journal": str(journal.path),
            "store": journal.header.get("store", ""),
            "created": journal.header.get("created", ""),
            "request": asdict(Request.of(journal.header, str(journal.path))),
            "batches": state.batches,
            "written": state.objects,
            "undone": state.undone,
            "unknown": state.open,
            "late": late,
            "firstRevision": state.first_revision,
            "lastRevision": state.last_revision,
            "unchanged": state.notes.get("unchanged"),
            "skipped": state.notes.get("skipped"),
            "finished": state.notes.get("finished"),
            "rollingBack": state.notes.get("rollingBack"),
            "rolledBack": state.notes.get("rolledBack"),
        }
        if self.output == "json":
            click.echo(json.dumps(document, indent=2))
            return
        request = document.pop("request")
        moved = ", ".join(journal.header.get("move", {}).get("toPrefixes", ()))
        aim = ", ".join(request["to"]) or request["to_release"] or ("encryption" if request["encrypt"] else moved)
        for name, value in {"journal": None, "store": None, "created": None, "target": aim, **document}.items():
            shown = document.get(name, value)
            click.echo(f"{name:14} {'-' if shown in (None, '') else shown}")
        path = str(journal.path)
        last = state.last.name if state.last else ""
        if last == "rollingBack":
            self.say(f"its rollback did not come to its end: `{command_text('kstore', 'migrate', 'rollback', path)}`")
        elif not last and journal.header.get("output"):
            self.say("it did not come to its end: run the same command again, its input is as it was")
        elif not last:
            self.say(f"it did not come to its end: `{command_text('kstore', 'migrate', 'resume', path)}`")

    def findings(
        self, findings: list[Discrepancy], counts: dict[str, int], good: str, server: dict[str, Any] | None = None
    ) -> None:
        """What is not as it should be, or the word that all is; in JSON with what a server said, if one was asked."""
        if self.output == "json":
            found = [{"key": one.key, "code": one.code, "message": one.message} for one in findings]
            told = {} if server is None else {"server": server}
            click.echo(json.dumps({**counts, "objects_found": found, **told}, indent=2))
            return
        for one in findings:
            click.echo(f"{one.key}: {one.message} ({one.code})")
        if findings:
            self.say(", ".join(f"{number} {name}" for name, number in counts.items()))
        else:
            click.echo(good)


def say_skipped(named: Sequence[SkippedObject], count: int) -> None:
    """Say on standard error what was left as it is, why and what to try: what is named, and how many more there are."""
    for one in named:
        hint = hint_of(one.error)
        say(f"skipped {one.key}: {one.message} ({one.code}){f': {hint}' if hint else ''}")
    if count > len(named):
        say(f"skipped {count - len(named)} more")


@dataclass(frozen=True)
class _Row:
    kind: str
    stored: str
    becomes: str
    figures: tuple[str, ...]

    @property
    def words(self) -> str:
        """The cells of text in one, without what the second would say again."""
        if self.becomes == _NO_TARGET:
            return f"{self.kind}: {self.stored}"
        if self.becomes.startswith(f"{self.stored} ("):
            return f"{self.kind}: {self.becomes}"
        group, slash, _ = self.stored.rpartition("/")
        return f"{self.kind}: {self.stored} -> {self.becomes.removeprefix(group + slash)}"


_NO_TARGET: Final = "-"
_HEADINGS: Final = ("KIND", "STORED AS", "BECOMES")
_FIGURES: Final = ("CHANGES", "UNCHANGED", "SKIPPED", "BYTES")


def _laid_out(rows: Sequence[_Row], width: int | None) -> list[str]:
    """A table; on a terminal that is too narrow for it one with the long cells last, broken between words."""
    from kstore.view.wrapping import wrapped

    table = _aligned((_HEADINGS + _FIGURES, *((one.kind, one.stored, one.becomes, *one.figures) for one in rows)))
    if width is None or max(map(len, table.splitlines())) <= width:
        return table.splitlines()
    told = [at for at in range(len(_FIGURES)) if any(one.figures[at] for one in rows)]
    lines = ((*(one.figures[at] for at in told), one.words) for one in rows)
    narrow = _aligned(((*(_FIGURES[at] for at in told), "KIND AND VERSIONS"), *lines))
    return "".join(wrapped([narrow], width)).splitlines()


def _aligned(rows: Iterable[tuple[str, ...]]) -> str:
    from kstore.view.tab_writer import TabWriter

    return TabWriter().lay_out("\n".join(map("\t".join, rows)))


def _table(summary: Summary, width: int | None) -> Iterator[str]:
    """
    The counts by kind and version, aligned; kinds of which nothing changes stand in the sum only.

    Args:
        summary: what is counted.
        width: of the terminal; None for as wide as it comes.
    """
    from kstore.view.tree_text import human_size

    if not summary.lines:
        yield "Nothing in the store is concerned."
        return
    rows: list[_Row] = []
    shown = [line for line in summary.lines.values() if line.changes or line.skipped]
    for line in sorted(shown, key=lambda one: (one.kind, one.stored, one.target)):
        grown = line.bytes_after - line.bytes_before
        size = f"{'-' if grown < 0 else '+'}{human_size(abs(grown))}" if line.changes else ""
        counts = (line.changes, line.unchanged, line.skipped)
        becomes = f"{line.target} ({', '.join(sorted(line.anew))})" if line.anew else line.target or _NO_TARGET
        rows.append(_Row(line.kind, line.stored, becomes, (*(str(one) if one else "" for one in counts), size)))
    if rows:
        yield from _laid_out(rows, width)
    grown = summary.growth
    yield (
        f"{counted(summary.changes, 'change')}, {summary.unchanged} unchanged, {summary.skipped_count} skipped; "
        f"{'-' if grown < 0 else '+'}{human_size(abs(grown))}"
        + (f"; {summary.conflicts} changed by others meanwhile and planned again" if summary.conflicts else "")
    )
