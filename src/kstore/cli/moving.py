"""
A move as the command line runs it: asks before it writes, shows how it goes, and says what came of it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kstore.cli.confirm import confirm
from kstore.cli.exit_codes import ExitCode
from kstore.cli.hints import hint_of
from kstore.cli.journals import as_journaled, origin_session
from kstore.cli.migration_report import say_skipped
from kstore.cli.offline_surgery import say_if_without_checksum
from kstore.cli.session import Session
from kstore.cli.settings import settings
from kstore.cli.standard_output import progressing
from kstore.cli.stopping import stopping
from kstore.errors import UsageError, WriteRefused
from kstore.printable import command_text, key_text
from kstore.scalars.counts import counted

if TYPE_CHECKING:
    from kstore.library.moving import Move, MoveReport
    from kstore.migrate.journal import Journal
    from kstore.migrate.move import MoveSummary
    from kstore.write.progress import Progress


@dataclass
class MoveRun:
    """One run of a move; the fields are the command's options."""

    to_prefixes: tuple[str, ...] = ()
    to_store: str = ""
    to_encryption: str = ""
    dry_run: bool = False
    yes: bool = False
    output_file: Path | None = None
    journal_file: Path | None = None
    batch: int | None = None
    concurrency: int = 4
    rate: float = 0
    retry_seconds: float = 120
    output: str = "table"

    def go(self) -> int:
        """
        Plan, ask, write, and say what came of it; the exit code.

        Raises:
            KstoreError: what stopped it.
        """
        if self.to_store and self.output_file is not None:
            raise UsageError(
                "--output writes a copy of the store that is read, --to-store names another", hint="give one of them"
            )
        given = settings()
        if given.rev:
            raise UsageError("an old revision is looked at, not moved", hint="leave --rev out")
        session = Session(given)
        there = Session(
            replace(
                given,
                store=self.to_store or given.store,
                context="" if self.to_store else given.context,
                encryption_provider_config=self.to_encryption or session.encryption_config,
            )
        )
        try:
            return self._go(session, there)
        finally:
            there.close()
            session.close()

    def _go(self, session: Session, there: Session) -> int:
        from kstore.library.moving import Destination, Move

        target = there if self.to_store else session
        destination = Destination(target.source, target.location.absolute, there.transformers)
        move = Move(session.store, self.to_prefixes, destination, address=session.location.absolute)
        if self.dry_run:
            return self._only_plan(session, move)
        self._refuse(move)
        confirm(f"Copy {_question(move, self.output_file)}?", yes=self.yes)
        return self._file(session, move) if self.output_file is not None else self._live(session, move)

    def _only_plan(self, session: Session, move: Move) -> int:
        from kstore.migrate.move import MoveSummary

        summary = MoveSummary()
        for step in progressing(move.plan(), "keys planned", lambda: _most(session, move)):
            summary.add(step)
        _say(self.output, move, summary)
        return ExitCode.SOME_SKIPPED if summary.skipped_count else ExitCode.DONE

    def _refuse(self, move: Move) -> None:
        """See that there is a way to write, before anybody is asked."""
        from kstore.source.interface import WritableSource

        live = isinstance(move.destination.source, WritableSource)
        if live and self.output_file is not None:
            raise UsageError("--output is for stores that are files; a running store is written itself")
        if not live and self.output_file is None:
            raise WriteRefused(
                "a file is not modified in place",
                where=move.destination.address,
                hint="pass --output NEW.db: a copy of it that has both; or --to-store: a running etcd",
            )

    def _live(self, session: Session, move: Move, resumed: Journal | None = None) -> int:
        from kstore.library.writing import default_journal
        from kstore.write.batches import Pace
        from kstore.write.retry import Retry

        path = resumed.path if resumed is not None else self.journal_file or default_journal()
        with stopping() as stop, _watching(session, move) as progress:
            report = move.run(
                path,
                pace=Pace(self.batch or 0, self.concurrency, self.rate),
                retry=Retry(self.retry_seconds, progress, stop),
                resumed=resumed,
                compacted=lambda: click.echo(
                    "kstore: the store was compacted while it was read: the rest is read at its newest revision",
                    err=True,
                ),
            )
        return self._done(move, report)

    def _file(self, session: Session, move: Move) -> int:
        from kstore.write.retry import Retry

        assert self.output_file is not None
        with stopping() as stop, _watching(session, move) as progress:
            retry = Retry(self.retry_seconds, progress, stop)
            report = move.run_file(self.output_file, self.journal_file, retry=retry)
        return self._done(move, report)

    def resume(self, journal: Journal) -> int:
        """
        Go on with a move that was interrupted; the exit code.

        Raises:
            KstoreError: what stops it.
        """
        from kstore.library.journals import resumed_move

        there = Session(as_journaled(settings(), journal))
        try:
            with origin_session(journal) as session:
                return self._live(session, resumed_move(journal, session.store, there.store), journal)
        finally:
            there.close()

    def _done(self, move: Move, report: MoveReport) -> int:
        _say(self.output, move, report.summary, report)
        if report.meanwhile and report.meanwhile.changed:
            return ExitCode.CONFLICT
        return ExitCode.SOME_SKIPPED if report.summary.skipped_count else ExitCode.DONE


def _most(session: Session, move: Move) -> int:
    """How many keys are read."""
    return sum(map(session.source.count, move.routes.sources))


@contextmanager
def _watching(session: Session, move: Move) -> Iterator[Progress]:
    """A progress bar, on a terminal; else progress that nobody sees."""
    from kstore.write.progress import Silent

    if not session.given.progress or not sys.stderr.isatty():
        yield Silent()
        return
    from kstore.cli.progress_bar import Bar

    with Bar(_most(session, move)) as bar:
        yield bar


def _question(move: Move, output: Path | None) -> str:
    store = move.store.source
    keys = counted(sum(map(store.count, move.routes.sources)), "key")
    place = str(output) if output is not None else move.destination.address
    routes = ", ".join(f"below {old} to {new}" for old, new in move.routes.pairs)
    return f"{keys} of {store.status().location} {routes} in {place}"


def _say(output: str, move: Move, summary: MoveSummary, report: MoveReport | None = None) -> None:
    """What is planned, or what came of it."""
    if output == "json":
        click.echo(json.dumps(_document(move, summary, report), indent=2))
        return
    say_skipped(summary.skipped, summary.skipped_count)
    for line in _lines(move, summary, report):
        click.echo(line)
    if report is None:
        return
    words = [("migrate", "verify", str(report.output or report.journal))]
    if report.output is None:
        words.append(("migrate", "rollback", str(report.journal)))
    commands = ", ".join(f"`{command_text('kstore', *one)}`" for one in words)
    click.echo(f"kstore: the journal is {report.journal}: {commands}", err=True)
    if report.output is not None:
        say_if_without_checksum(report.output)
    if report.meanwhile and report.meanwhile.changed:
        meanwhile = report.meanwhile
        click.echo(
            f"kstore: {counted(meanwhile.changed, 'key was', 'keys were')} changed while the cluster was copied, "
            f"{key_text(meanwhile.first)} the first: the copy may lack it. Stop its apiservers, roll back, and move "
            "again",
            err=True,
        )
    if report.may_come:
        later = command_text("kstore", "migrate", "resume", str(report.journal))
        click.echo(
            f"kstore: {counted(report.may_come, 'key')} may yet be copied by transactions whose end was not seen: "
            f"`{later}` later notes what came",
            err=True,
        )


def _lines(move: Move, summary: MoveSummary, report: MoveReport | None) -> Iterator[str]:
    from kstore.view.tree_text import human_size

    word = "to be copied" if report is None else "copied"
    for old, new in move.routes.pairs:
        yield f"{old} -> {new}"
    counts = [f"{counted(summary.copied, 'key')} {word} ({human_size(summary.bytes)})"]
    counts += [
        f"{number} {text}"
        for number, text in (
            (summary.encrypted, "encrypted anew"),
            (summary.unchanged, "copied before"),
            (summary.without_lease, "without their lease, which is gone"),
            (summary.ended, "gone with their lease meanwhile"),
            (summary.skipped_count, "skipped"),
        )
        if number
    ]
    yield "; ".join(counts)


def _document(move: Move, summary: MoveSummary, report: MoveReport | None) -> dict[str, Any]:
    meanwhile = report.meanwhile if report else None
    return {
        "prefixes": [{"from": old, "to": new} for old, new in move.routes.pairs],
        **summary.as_json(hint_of),
        "changedMeanwhile": meanwhile.changed if meanwhile else 0,
        "mayCome": report.may_come if report else 0,
        "journal": str(report.journal) if report else None,
        "output": str(report.output) if report and report.output else None,
    }
