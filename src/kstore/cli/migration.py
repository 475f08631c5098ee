"""
A migration as the command line runs it: asks before it writes, shows how it goes, and says what came of it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kstore.cli.confirm import confirm, require_terminal
from kstore.cli.exit_codes import ExitCode
from kstore.cli.journals import as_journaled
from kstore.cli.migration_report import Shown
from kstore.cli.offline_surgery import say_if_without_checksum
from kstore.cli.server_flags import with_flags, words_of
from kstore.cli.session import Session
from kstore.cli.settings import Settings, settings
from kstore.cli.standard_output import progressing, show
from kstore.cli.stopping import stopping
from kstore.errors import SourceError, UsageError, WriteRefused
from kstore.new_file import NewFile
from kstore.printable import command_text
from kstore.scalars.counts import counted
from kstore.source.location.control_plane import parse_flags

if TYPE_CHECKING:
    from kstore.library.migration import Migration
    from kstore.library.plans import Report
    from kstore.migrate.journal import Journal
    from kstore.migrate.planfile import SavedPlan
    from kstore.migrate.request import Request
    from kstore.migrate.summary import Summary


@dataclass
class Run:
    """
    One run of a migration, or of a re-encryption.

    Args:
        request: what is asked for.
        saved: a plan to be held to.
        resumed: the journal of an interrupted run.
    """

    request: Request
    saved: SavedPlan | None = None
    resumed: Journal | None = None
    save_plan: Path | None = None
    dry_run: str = ""
    yes: bool = False
    output_file: Path | None = None
    journal_file: Path | None = None
    batch: int | None = None
    concurrency: int = 4
    workers: int = 1
    rate: float = 0
    retry_seconds: float = 120
    metrics_file: Path | None = None
    output: str = "table"
    via: str = "direct"
    kubeconfig: str = ""
    force: bool = False
    allow_webhooks: bool = False
    _shown: Shown = field(init=False)

    def __post_init__(self) -> None:
        self._shown = Shown(self.output)

    def go(self) -> int:
        """
        Plan, ask, write, and say what came of it; the exit code.

        Raises:
            KstoreError: what stopped it.
        """
        given = self._started(settings())
        if self.request.release:
            given = replace(given, release=self.request.release)
        if self.resumed is not None:
            given = as_journaled(given, self.resumed)
        self._consent()
        session = Session(given)
        try:
            self.request = replace(self.request, release=session.release.name, server_flags=session.release.flags)
            return self._go(session)
        finally:
            session.close()

    def _started(self, given: Settings) -> Settings:
        """
        The settings with the server's flags that the request was made with.

        Raises:
            UsageError: a journal or a plan says them, and so do options.
        """
        if (self.resumed is not None or self.saved is not None) and (given.like or words_of(given)):
            raise UsageError(
                "how the server is started was said when this migration was planned",
                where=str(self.resumed.path) if self.resumed is not None else "the saved plan",
                hint="leave --like and the server's flags out",
            )
        if self.resumed is None and self.saved is None:
            return given
        return with_flags(given, parse_flags(list(self.request.server_flags)))

    def _consent(self) -> None:
        """
        See that a file which says that webhooks may be asked is not the only one to say so.

        Raises:
            UsageError: only a journal or a plan does.
        """
        if self.resumed is None and self.saved is None:
            return
        if self.request.asks_webhooks and not self.allow_webhooks:
            place = self.request.webhook_url or "where the CRDs say"
            raise UsageError(
                f"this migration asks conversion webhooks ({place}), which is to be allowed each time",
                where=str(self.resumed.path) if self.resumed is not None else "the saved plan",
                hint="--allow-webhooks",
            )
        self.request = replace(self.request, allow_webhooks=self.allow_webhooks)

    def _go(self, session: Session) -> int:
        from kstore.library.migration import Migration
        from kstore.source.interface import WritableSource

        migration = Migration(
            session.store, self.request, address=session.location.absolute, saved=self.saved, workers=self.workers
        )
        if self.dry_run:
            return self._only_plan(session, migration)
        live = isinstance(session.source, WritableSource)
        self._refuse(session, live)
        if self.via == "apiserver":
            if migration.conditions or self.request.only_stored_version:
                given = next(iter(migration.conditions), "--stored-version")
                raise UsageError(
                    f"--via apiserver rewrites whole resources, so {given} cannot hold",
                    hint="name resources and -n, or leave --via out",
                )
            from kstore.cli.via_apiserver import rewrite

            return rewrite(
                session, migration.selection, self.request, self._shown,
                kubeconfig=self.kubeconfig, concurrency=self.concurrency, yes=self.yes,
            )  # fmt: skip
        if live and self.kubeconfig and not self.force:
            from kstore.cli.via_apiserver import guard

            guard(migration.selection, self.kubeconfig, self._shown)
        if not self.yes:
            self._ask(session, migration)
        return self._live(session, migration) if live else self._file(session, migration)

    def _refuse(self, session: Session, live: bool) -> None:
        """See that there is a way to write, before anything is planned."""
        from kstore.source.snapshot.source import SnapshotSource

        if session.given.rev:
            raise UsageError("an old revision is looked at, not migrated", hint="leave --rev out")
        if not live and self.via == "apiserver":
            raise UsageError(
                "an apiserver has a running etcd", hint="--store names it, so that its bytes can be looked at"
            )
        if live and self.output_file is not None:
            raise UsageError("--output is for stores that are files; a running store is written itself")
        if not live and not isinstance(session.source, SnapshotSource):
            raise WriteRefused("this kind of store is only read", where=session.location.shown)
        if not live and self.output_file is None:
            raise WriteRefused(
                "a snapshot is not modified in place",
                where=session.location.shown,
                hint="pass --output NEW.db for the migrated copy; --dry-run shows what would change",
            )

    def _ask(self, session: Session, migration: Migration) -> None:
        from kstore.write.retry import Retry

        require_terminal()
        plan = migration.plan(retry=Retry(self.retry_seconds), compacted=self._say_compacted)
        summary = plan.summary()
        self._shown.summary(summary, err=True)
        if not summary.changes:
            return
        confirm(f"Write {counted(summary.changes, 'object')} of {session.location.shown}?")

    def _say_compacted(self) -> None:
        self._shown.say("the store was compacted while it was read: the rest is read at its newest revision")

    def _only_plan(self, session: Session, migration: Migration) -> int:
        from kstore.migrate.summary import Summary
        from kstore.write.retry import Retry

        summary = Summary()
        plan = migration.plan(retry=Retry(self.retry_seconds), compacted=self._say_compacted)
        changes: list[dict[str, Any]] = []
        steps = plan if self.save_plan is None else plan.saving(self.save_plan)
        for step in progressing(steps, "objects planned", lambda: _most(session, migration)):
            summary.add(step)
            if self.dry_run == "diff":
                from kstore.migrate.diff import difference_of
                from kstore.view.mask import masked

                found = difference_of(step, session.codec, masked)
                if found is not None and self.output == "json":
                    changes.append(found.as_json())
                elif found is not None:
                    show(found.lines())
        self._shown.summary(summary, objects=changes if self.dry_run == "diff" else None)
        return ExitCode.SOME_SKIPPED if summary.skipped_count else ExitCode.DONE

    # ---- writing

    def _live(self, session: Session, migration: Migration) -> int:
        from kstore.library.writing import default_journal
        from kstore.write.batches import Pace
        from kstore.write.retry import Retry

        path = self.resumed.path if self.resumed is not None else self.journal_file or default_journal()
        pace = Pace(self.batch or 0, self.concurrency, self.rate)
        written = 0

        def ended(summary: Summary) -> None:
            nonlocal written
            written = summary.changes
            self._leave_metrics(summary, finished=False)

        with stopping() as stop, watching(session, migration, self) as progress:
            try:
                report = migration.run(
                    path,
                    pace=pace,
                    retry=Retry(self.retry_seconds, progress, stop),
                    resumed=self.resumed,
                    ended=ended,
                    compacted=self._say_compacted,
                )
            except (SourceError, WriteRefused):
                if written:
                    goes_on = command_text("kstore", "migrate", "resume", str(path))
                    self._shown.say(f"{counted(written, 'object is', 'objects are')} written; `{goes_on}` goes on")
                raise
        return self._done(report)

    def _file(self, session: Session, migration: Migration) -> int:
        from kstore.write.retry import Retry

        assert self.output_file is not None
        with stopping() as stop, watching(session, migration, self) as progress:
            retry = Retry(self.retry_seconds, progress, stop)
            report = migration.run_file(self.output_file, self.journal_file, retry=retry, compacted=self._say_compacted)
        return self._done(report)

    def _done(self, report: Report) -> int:
        """Say what came of it; the exit code."""
        self._leave_metrics(report.summary, finished=True)
        for note in report.notes:
            self._shown.say(note)
        self._shown.summary(report.summary, journal=report.journal, result=report.output)
        if report.output is not None:
            say_if_without_checksum(report.output)
        return ExitCode.SOME_SKIPPED if report.summary.skipped_count else ExitCode.DONE

    def _leave_metrics(self, summary: Summary, *, finished: bool) -> None:
        if self.metrics_file is None:
            return
        try:
            with NewFile(self.metrics_file, mode=0o644) as file:  # another user's exporter reads it
                file.write(summary.as_metrics(finished=finished).encode())
                file.publish()
        except OSError as error:
            self._shown.say(f"{self.metrics_file}: the metrics cannot be written: {error.strerror}")


def _most(session: Session, migration: Migration) -> int:
    """How many objects are read."""
    return sum(session.source.count(prefix) for prefix in migration.selection.prefixes())


@contextmanager
def watching(session: Session, migration: Migration, run: Run) -> Iterator[Any]:
    """A progress bar, on a terminal; else progress that nobody sees."""
    from kstore.source.interface import WritableSource
    from kstore.write.progress import Silent

    if not session.given.progress or not sys.stderr.isatty():
        yield Silent()
        return
    from kstore.cli.progress_bar import Bar

    total = None
    if isinstance(session.source, WritableSource) and run.saved is None:
        total = _most(session, migration)
    with Bar(total) as bar:
        yield bar
