"""
A migration as the command line runs it: asks before it writes, shows how it goes, and says what came of it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kstore.cli.agreement import agree, need_somebody
from kstore.cli.exit_codes import ExitCode
from kstore.cli.journals import as_journaled, journal_beside, see_that_it_may_go
from kstore.cli.listing import write
from kstore.cli.migration_report import Shown
from kstore.cli.options import settings
from kstore.cli.session import Session
from kstore.cli.stopping import stopping
from kstore.errors import SourceError, UsageError, WriteRefused
from kstore.printable import command_text
from kstore.scalars.counts import counted

if TYPE_CHECKING:
    from kstore.migrate.journal import Journal, JournalWriter
    from kstore.migrate.planfile import SavedPlan
    from kstore.migrate.request import Request, Selection
    from kstore.migrate.summary import Summary
    from kstore.records import Record
    from kstore.selection import Criteria, Filter
    from kstore.write.retry import Retry


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
        given = settings()
        if self.request.release:
            given = replace(given, release=self.request.release)
        if self.resumed is not None:
            given = as_journaled(given, self.resumed)
        self._consent()
        session = Session(given)
        try:
            self.request = replace(self.request, release=session.release.name)
            return self._go(session)
        finally:
            session.close()

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
        from kstore.migrate.request import Selection
        from kstore.selection import Filter
        from kstore.source.interface import WritableSource

        criteria = _criteria(self.request)
        conditions = Filter(criteria)
        selection = Selection(
            session.store,
            self.request,
            conditions.matches,
            projection=conditions.projection,
            processes=self.workers,
        )
        _check(session, selection, criteria, conditions)
        if self.dry_run:
            return self._only_plan(session, selection)
        live = isinstance(session.source, WritableSource)
        self._refuse(session, live)
        if self.via == "apiserver":
            if criteria.filters or self.request.only_stored_version:
                given = next(iter(criteria.filters), "--stored-version")
                raise UsageError(
                    f"--via apiserver sends back whole resources, so {given} cannot hold",
                    hint="name resources and -n, or leave --via out",
                )
            from kstore.cli.via_apiserver import rewrite

            return rewrite(session, selection, self, self._shown)
        if live and self.kubeconfig and not self.force:
            from kstore.cli.via_apiserver import guard

            guard(selection, self.kubeconfig, self._shown)
        if not self.yes:
            self._ask(session, selection)
        return self._live(session, selection) if live else self._file(session, selection)

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
            raise WriteRefused("this kind of store is only read", where=session.location.address)
        if not live and self.output_file is None:
            raise WriteRefused(
                "a file is never written; its migration goes into a new one",
                where=session.location.address,
                hint="--output FILE says where; --dry-run says what",
            )

    def _ask(self, session: Session, selection: Selection) -> None:
        need_somebody()
        summary = self._planned(session, selection)
        self._shown.summary(summary, err=True)
        if not summary.changes:
            return
        agree(f"Write {counted(summary.changes, 'object')} of {session.location.address}?")

    # ---- planning only

    def _records(self, session: Session, selection: Selection, retry: Retry | None = None) -> Iterator[Record]:
        from kstore.write.retry import Retry

        if self.saved is not None:
            return self.saved.records(session.source)
        retry = retry or Retry(self.retry_seconds)
        return retry.scan(
            session.source, selection.prefixes(), revision=session.given.rev, compacted=self._say_compacted
        )

    def _say_compacted(self) -> None:
        self._shown.say("the store was compacted while it was read: the rest is read at its newest revision")

    def _planner(self, selection: Selection) -> Any:
        planner = selection.planner()
        return planner if self.saved is None else self.saved.only(planner)

    def _planned(self, session: Session, selection: Selection) -> Summary:
        from kstore.migrate.summary import Summary

        summary = Summary()
        for step in self._planner(selection).plan(self._records(session, selection)):
            summary.add(step)
        return summary

    def _only_plan(self, session: Session, selection: Selection) -> int:
        from kstore.migrate.planfile import save_plan
        from kstore.migrate.summary import Summary

        summary = Summary()
        steps = self._planner(selection).plan(self._records(session, selection))
        if self.save_plan is not None:
            steps = save_plan(self.save_plan, self.request, steps)
        changes: list[dict[str, Any]] = []
        for step in steps:
            summary.add(step)
            if self.dry_run == "diff":
                from kstore.migrate.diff import difference_of
                from kstore.view.mask import masked

                found = difference_of(step, session.codec, masked)
                if found is not None and self.output == "json":
                    changes.append(found.as_json())
                elif found is not None:
                    write(found.lines())
        self._shown.summary(summary, objects=changes if self.dry_run == "diff" else None)
        return ExitCode.SOME_SKIPPED if summary.skipped_count else ExitCode.DONE

    # ---- writing

    def _header(self, session: Session) -> dict[str, Any]:
        from kstore.migrate.request import Request

        assert isinstance(self.request, Request)
        status = session.source.status()
        return {
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "kstore": _version(),
            "store": session.location.absolute,
            "prefix": session.store.prefix,
            "revision": status.revision,
            "cluster": status.cluster_id,
            "output": str(self.output_file.resolve()) if self.output_file else "",
            "plan": str(self.saved.path.resolve()) if self.saved else "",
            "planSHA256": self.saved.sha256 if self.saved else "",
            **self.request.header(),
        }

    def _live(self, session: Session, selection: Selection) -> int:
        from kstore.migrate.apply import Applier
        from kstore.migrate.journal import Journal, JournalWriter
        from kstore.migrate.settle import settle
        from kstore.write.batches import Pace
        from kstore.write.commit import writable
        from kstore.write.retry import Retry

        source = writable(session.source)
        if self.resumed is not None:
            path = self.resumed.path
            writer = JournalWriter(path, None)
        else:
            path = self.journal_file or Path(f"kstore-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}.journal")
            writer = JournalWriter(path, self._header(session))
        pace = Pace(self.batch or 0, self.concurrency, self.rate)
        try:
            with stopping() as stop, watching(session, selection, self) as progress:
                retry = Retry(self.retry_seconds, progress, stop)
                if self.resumed is not None:
                    settle(self.resumed, writer, source, retry)
                applier = Applier(source, self._planner(selection), writer, pace=pace, retry=retry)
                try:
                    summary = applier.run(self._records(session, selection, retry))
                except (SourceError, WriteRefused):
                    if written := applier.summary.changes:
                        goes_on = command_text("kstore", "migrate", "resume", str(path))
                        written_so_far = counted(written, "object is", "objects are")
                        self._shown.say(f"{written_so_far} written; `{goes_on}` goes on")
                    raise
                finally:
                    self._leave_metrics(applier.summary, finished=False)
                self._finish(session, selection, summary, writer, retry)
                if self.resumed is not None or not applier.saw_every_end:
                    settle(Journal(path), writer, source, retry, for_good=True)
            writer.finish(summary)
        finally:
            writer.close()
        self._leave_metrics(summary, finished=True)
        self._shown.summary(summary, journal=path)
        return ExitCode.SOME_SKIPPED if summary.skipped_count else ExitCode.DONE

    def _finish(
        self, session: Session, selection: Selection, summary: Summary, writer: JournalWriter, retry: Retry
    ) -> None:
        """Have `status.storedVersions` of the CRDs whose objects were migrated say where these lie now."""
        if self.request.encrypt:
            return
        from kstore.migrate.stored_versions import settle_versions

        whole = self.request.is_whole and self.saved is None
        for note in settle_versions(session.store, selection, summary, writer, retry, whole=whole):
            self._shown.say(note)

    def _file(self, session: Session, selection: Selection) -> int:
        from kstore.migrate.journal import JournalWriter
        from kstore.migrate.offline import migrate_file
        from kstore.source.snapshot.source import SnapshotSource
        from kstore.write.retry import Retry

        source, output = session.source, self.output_file
        assert isinstance(source, SnapshotSource)
        assert output is not None
        path = self.journal_file or journal_beside(output)
        if output.exists():
            raise WriteRefused("the file is there already", where=str(output), hint="name another output")
        see_that_it_may_go(path, output)
        writer = JournalWriter(path, self._header(session), appears_whole=True)
        try:
            with stopping() as stop, watching(session, selection, self) as progress:
                summary, _ = migrate_file(
                    source,
                    self._planner(selection),
                    self._records(session, selection, Retry(self.retry_seconds, progress, stop)),
                    output,
                    writer,
                    progress=progress,
                    stop=stop,
                )
        finally:
            writer.close()
        self._leave_metrics(summary, finished=True)
        if not self.request.encrypt:
            from kstore.migrate.stored_versions import unlisted_versions

            for note in unlisted_versions(session.store, selection, summary):
                self._shown.say(note)
        self._shown.summary(summary, journal=path, result=output)
        return ExitCode.SOME_SKIPPED if summary.skipped_count else ExitCode.DONE

    def _leave_metrics(self, summary: Summary, *, finished: bool) -> None:
        if self.metrics_file is not None:
            unfinished = self.metrics_file.with_name(f".{self.metrics_file.name}.unfinished")
            unfinished.write_text(summary.as_metrics(finished=finished))
            unfinished.replace(self.metrics_file)


def _criteria(request: Request) -> Criteria:
    """The request's conditions; those on stored versions of a migration are its targets' business."""
    from kstore.selection import Criteria

    return Criteria(
        what=request.resources,
        namespace=request.namespace,
        selector=request.selector,
        field_selector=request.field_selector,
        stored_version=request.only_stored_version if request.encrypt else "",
        where=request.where,
    )


def _check(session: Session, selection: Selection, criteria: Criteria, conditions: Filter) -> None:
    """See that each argument means something that the conditions and the namespace can be asked of."""
    from kstore.selection.arguments import require_namespaced

    store = session.store
    arguments = [store.resources(text) for text in criteria.what] or [selection.resources()]
    for resources in arguments:
        require_namespaced(resources, criteria.namespace)
    conditions.check(arguments, store.codec.scheme)


def _version() -> str:
    from importlib.metadata import version

    return version("kstore")


@contextmanager
def watching(session: Session, selection: Selection, run: Run) -> Iterator[Any]:
    """A progress bar, on a terminal; else progress that nobody sees."""
    from kstore.source.interface import WritableSource
    from kstore.write.progress import Silent

    if not session.given.progress or not sys.stderr.isatty():
        yield Silent()
        return
    from kstore.cli.progress_bar import Bar

    total = None
    if isinstance(session.source, WritableSource) and run.saved is None:
        total = sum(session.source.count(prefix) for prefix in selection.prefixes())
    with Bar(total) as bar:
        yield bar
