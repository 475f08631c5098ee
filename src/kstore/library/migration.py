"""
A migration, or a re-encryption, as one object: planned, applied to a running store, or written into a new file.

The only way to a plan: what was asked for, the store that is read by the release of just that request, and every
condition of the request belong together here, so that none can be forgotten.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kstore.errors import UsageError, WriteRefused
from kstore.library.plans import Plan, Report
from kstore.library.store import Store
from kstore.library.writing import Told, began, default_journal, journal_of_file, retry_of
from kstore.migrate.plan import Planner
from kstore.migrate.request import Request, Selection
from kstore.migrate.summary import Summary
from kstore.selection import Criteria, Filter
from kstore.selection.arguments import require_namespaced
from kstore.write.retry import Retry

if TYPE_CHECKING:
    from kstore.migrate.apply import Applier
    from kstore.migrate.journal import Journal
    from kstore.migrate.planfile import SavedPlan
    from kstore.records import Record
    from kstore.source.snapshot.source import SnapshotSource
    from kstore.store import Store as ObjectStore
    from kstore.write.batches import Pace


def migration(
    store: Store,
    *,
    to: str | Sequence[str] = (),
    to_release: str = "",
    resources: str | Sequence[str] = (),
    namespace: str = "",
    selector: str = "",
    field_selector: str = "",
    stored_version: str = "",
    where: str = "",
    media: str = "",
    drop_unknown_fields: bool = False,
    assume_version: str = "",
    allow_webhooks: bool = False,
    webhook_url: str = "",
    workers: int = 1,
) -> Migration:
    """
    A migration of a store's objects to another storage version.

    Args:
        store: the store.
        to: store in this version (`apps/v1`), or the first of several that fits, whatever can be had in it.
        to_release: store each resource in the version that this release's apiserver stores it in.
        resources: only these, as kubectl takes them; empty for all that `to` or the release concerns.
        namespace: only this namespace.
        selector: only objects with these labels.
        field_selector: only objects with these fields.
        stored_version: only what is stored in such a version: `apps/v1beta1`, `*beta*`.
        where: only objects of which this CEL expression is true (needs the extra `cel`).
        media: `protobuf` or `json`; empty for what the apiserver writes.
        drop_unknown_fields: drop fields that the release does not know, as its apiserver would, instead of skipping.
        assume_version: read custom objects whose own version has left their CRD as if stored in this one.
        allow_webhooks: send objects to the conversion webhooks that CRDs name.
        webhook_url: send them here instead.
        workers: processes that convert at once; more than 1 needs a program whose main module can be imported again.

    Raises:
        UsageError: neither `to` nor `to_release`, or both; a version, resource or selector that cannot be meant.
        UnknownRelease: the release is not known.
    """
    versions = (to,) if isinstance(to, str) and to else tuple(to)
    if bool(versions) == bool(to_release):
        raise UsageError("a migration has either versions or a release as its target", hint="to or to_release")
    core = store.read_as(to_release)
    request = Request(
        release=str(core.codec.scheme.release),
        server_flags=core.codec.scheme.release.flags,
        to=versions,
        to_release=to_release and str(core.codec.scheme.release),
        resources=(resources,) if isinstance(resources, str) and resources else tuple(resources),
        namespace=namespace,
        selector=selector,
        field_selector=field_selector,
        where=where,
        only_stored_version=stored_version,
        media_type=media,
        drop_unknown_fields=drop_unknown_fields,
        assume_version=assume_version,
        allow_webhooks=allow_webhooks,
        webhook_url=webhook_url,
    )
    return Migration(core, request, address=store.absolute_address, workers=workers)


class Migration:
    """
    One migration of one store.

    Args:
        store: read by the release of the request.
        request: what is asked for.
        address: the store's, as it is right from any directory; the journal names it.
        saved: a plan to be held to.
        workers: processes that convert at once.

    Raises:
        UsageError: the request is for another release than the store is read by; or what it names cannot be meant.
    """

    def __init__(
        self,
        store: ObjectStore,
        request: Request,
        *,
        address: str = "",
        saved: SavedPlan | None = None,
        workers: int = 1,
    ) -> None:
        self.store = store
        self.request = request
        self.saved = saved
        self._address = address
        criteria = criteria_of(request)
        conditions = Filter(criteria)
        self.conditions = conditions.options
        self.selection = Selection(
            store, request, conditions.matches, projection=conditions.projection, processes=workers
        )
        arguments = [store.resources(text) for text in criteria.what] or [self.selection.resources()]
        for resources in arguments:
            require_namespaced(resources, criteria.namespace)
        conditions.check(arguments, store.codec.scheme)

    # ---- planning

    def plan(self, *, retry: Retry | None = None, compacted: Callable[[], None] = lambda: None) -> Plan:
        """
        What would happen to each object: `Change`, `Unchanged` or `Skipped`.

        Args:
            retry: how long to wait for a store that does not answer.
            compacted: called when the store was compacted meanwhile, and the rest is read at its newest revision.
        """
        return Plan(self.request, lambda: self._planner.plan(self._records(retry or Retry(), compacted)))

    @cached_property
    def _planner(self) -> Planner:
        planner = self.selection.planner()
        return planner if self.saved is None else self.saved.only(planner)

    def _records(self, retry: Retry, compacted: Callable[[], None]) -> Iterator[Record]:
        if self.saved is not None:
            return self.saved.records(self.store.source)
        records = retry.scan(
            self.store.source, self.selection.prefixes(), revision=self.store.revision, compacted=compacted
        )
        if self.store.layout.clusters and self.request.namespace:  # which no prefix has, then
            return (one for one in records if self._in_namespace(one))
        return records

    def _in_namespace(self, record: Record) -> bool:
        place = self.store.place(record.key)
        return place is not None and place.namespace == self.request.namespace

    # ---- writing

    def apply(
        self,
        journal: str | PathLike[str] = "",
        *,
        progress: Told | None = None,
        stop: threading.Event | None = None,
        batch: int = 0,
        concurrency: int = 4,
        rate: float = 0,
        retry_seconds: float = 120,
    ) -> Report:
        """
        Write the changes into the running store, by compare-and-swap.

        Args:
            journal: the new file where every change is noted before it is made; by default `kstore-TIME.journal`.
            progress: told how many objects have been planned, and how many written.
            stop: set it to stop between two transactions; `Journal.resume` goes on.
            batch: objects a transaction; 0 for as many as the server takes.
            concurrency: transactions at once.
            rate: objects a second at most; 0 for no limit.
            retry_seconds: how long to wait for a store that does not answer.

        Raises:
            NotWritable: the store is only read; see `write`.
            Interrupted: `stop` was set.
            JournalError: the journal is there already, or cannot be written.
            KstoreError: what else stopped it; the journal can be resumed.
        """
        from kstore.write.batches import Pace

        retry = retry_of(progress, stop, retry_seconds)
        path = Path(journal) if journal else default_journal()
        return self.run(path, pace=Pace(batch, concurrency, rate), retry=retry)

    def run(
        self,
        path: Path,
        *,
        pace: Pace,
        retry: Retry,
        resumed: Journal | None = None,
        ended: Callable[[Summary], None] = lambda _: None,
        compacted: Callable[[], None] = lambda: None,
    ) -> Report:
        """
        As `apply`, or on with an interrupted one.

        Args:
            path: the journal.
            pace: how hard the store is pressed.
            retry: how long to wait for it, who is told, and who may stop it.
            resumed: the journal, to go on with it.
            ended: told the counts when writing has ended, however it did.
            compacted: see `plan`.

        Raises:
            KstoreError: see `apply`.
        """
        from kstore.migrate.apply import Applier
        from kstore.migrate.journal import Journal
        from kstore.migrate.journal_writer import JournalWriter
        from kstore.migrate.settle import settle
        from kstore.write.commit import writable

        self._require_now()
        source = writable(self.store.source)
        writer = JournalWriter(path, None if resumed is not None else self.header())
        try:
            if resumed is not None:
                settle(resumed, writer, source, retry)
            applier = Applier(source, self._planner, writer, pace=pace, retry=retry)
            try:
                summary = applier.run(self._records(retry, compacted))
            finally:
                ended(applier.summary)
            with writer.goes_on():
                notes = tuple(self._settle_versions(applier))
            if resumed is not None or not applier.writer.saw_every_end:
                settle(Journal(path), writer, source, retry, for_good=True)
            writer.finish(summary)
        finally:
            writer.close()
        return Report(summary, path, notes=notes)

    def write(
        self,
        output: str | PathLike[str],
        journal: str | PathLike[str] = "",
        *,
        progress: Told | None = None,
        stop: threading.Event | None = None,
    ) -> Report:
        """
        Write a new database with the changes; the file that was opened stays as it is.

        Args:
            output: the new file; it appears whole or not at all.
            journal: the file where every change is noted; by default `OUTPUT.journal`.
            progress: told how many objects have been planned, and how many written.
            stop: set it to stop; then there is no output.

        Raises:
            WriteRefused: the store is no snapshot or database file, or the output is there already.
            Interrupted: `stop` was set.
        """
        return self.run_file(Path(output), Path(journal) if journal else None, retry=retry_of(progress, stop))

    def run_file(
        self,
        output: Path,
        journal: Path | None = None,
        *,
        retry: Retry,
        compacted: Callable[[], None] = lambda: None,
    ) -> Report:
        """As `write`; `retry` has who is told, and who may stop it."""
        from kstore.migrate.offline import migrate_file
        from kstore.migrate.stored_versions import unlisted_versions

        self._require_now()
        source = self._file()
        with journal_of_file(output, journal, self.header(output)) as writer:
            summary, _ = migrate_file(
                source,
                self._planner,
                self._records(retry, compacted),
                output,
                writer,
                progress=retry.progress,
                stop=retry.stop,
            )
        notes = () if self.request.encrypt else tuple(unlisted_versions(self.store, self.selection, summary))
        return Report(summary, writer.path, output, notes)

    def _file(self) -> SnapshotSource:
        from kstore.source.snapshot.source import SnapshotSource

        if not isinstance(self.store.source, SnapshotSource):
            raise WriteRefused("this kind of store is only read", where=self._address)
        return self.store.source

    def _require_now(self) -> None:
        if self.store.revision:
            raise UsageError("an old revision is looked at, not migrated", hint="open the store without a revision")

    def _settle_versions(self, applier: Applier) -> Iterator[str]:
        """Have `status.storedVersions` of the CRDs whose objects were migrated say where these are stored now."""
        if self.request.encrypt:
            return
        from kstore.migrate.stored_versions import settle_versions

        whole = self.request.is_whole and self.saved is None
        yield from settle_versions(self.store, self.selection, applier.summary, applier.writer, whole=whole)

    def header(self, output: Path | None = None) -> dict[str, Any]:
        """The first line of the journal: of what, and how it was asked for."""
        return {
            **began(self.store.source, self._address, self.store.prefix, output),
            "plan": str(self.saved.path.resolve()) if self.saved else "",
            "planSHA256": self.saved.sha256 if self.saved else "",
            **self.request.header(),
        }


def criteria_of(request: Request) -> Criteria:
    """The request's conditions; that on the stored version of a migration is its targets' business."""
    return Criteria(
        what=request.resources,
        namespace=request.namespace,
        selector=request.selector,
        field_selector=request.field_selector,
        stored_version=request.only_stored_version if request.encrypt else "",
        where=request.where,
    )
