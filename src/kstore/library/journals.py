"""
A migration's journal afterwards: found, held against the store, gone on with, undone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from kstore.catalog.server_flags import ServerFlags
from kstore.errors import JournalError, UsageError, WriteRefused
from kstore.library.journal_files import open_journal
from kstore.library.migration import Migration
from kstore.library.moving import Destination, Move, MoveReport, Origin
from kstore.library.opening import Opening
from kstore.library.plans import Report
from kstore.library.writing import Told, retry_of
from kstore.migrate import journal as journals
from kstore.migrate.journal_writer import JournalWriter
from kstore.migrate.request import Request
from kstore.migrate.rollback import Rollback, RolledBack
from kstore.migrate.settle import Unsettled, creations_to_come, settle
from kstore.migrate.verify import State, Verified, state_of, verify_file, verify_live
from kstore.source.location.control_plane import parse_flags
from kstore.write.commit import writable
from kstore.write.retry import Retry

if TYPE_CHECKING:
    from kstore.library.proving import ServerProof
    from kstore.library.store import Store
    from kstore.migrate.planfile import SavedPlan
    from kstore.source.interface import Source, WritableSource
    from kstore.store import Store as ObjectStore


class Journal:
    """
    The journal of a migration, and the store that it wrote to.

    Made by `Journal.open`.
    """

    def __init__(self, journal: journals.Journal, store: Store | None, origin: Store | None = None) -> None:
        self._journal = journal
        self._store = store
        self._moved_from = origin

    @classmethod
    def open(cls, path: str | PathLike[str], store: Store | None = None, *, origin: Store | None = None) -> Journal:
        """
        A journal.

        Args:
            path: its file, or the database that the migration wrote.
            store: the store that it wrote to, where more than its address is needed to open it (certificates, keys,
                plugins); None opens the one that the journal names, whenever it is needed.
            origin: of a move, the store that was copied, likewise.

        Raises:
            JournalError: there is none, or it is no journal.
        """
        return cls(open_journal(Path(path)), store, origin)

    @property
    def path(self) -> Path:
        """Its file."""
        return self._journal.path

    def state(self) -> State:
        """
        What the journal says of its migration: `.objects` written, `.finished`, revisions, what is open.

        Raises:
            JournalError: it is damaged.
        """
        return state_of(self._journal)

    def verify(self) -> Verified:
        """
        Read every object again that was written, and hold it against the journal.

        Returns:
            `.findings` is empty if every object is as planned, none is missing, and the journal is whole and finished.

        Raises:
            SourceError: the store cannot be opened or read.
        """
        output = self._journal.header.get("output")
        if output and not Path(output).exists():
            return Verified.without_database(self._journal, output)
        with self._opened() as store, self._origin() as origin:
            return verified(self._journal, store, origin)

    def prove_with_server(
        self, kubeconfig: str | PathLike[str] = "", *, media: str = "", concurrency: int = 4
    ) -> ServerProof:
        """
        Ask the running apiserver of the store what it would still write of all that was written, as
        `Store.prove_with_server` does. Nothing is written.

        Args:
            kubeconfig: names the server; empty for kubectl's own.
            media: the server's `--storage-media-type`, `protobuf` or `json`; empty for what its release has.
            concurrency: requests at once.

        Raises:
            UsageError: the migration wrote a new file, of which no server knows.
            SourceError: the store or the server cannot be asked.
            WriteRefused: the server wrote an object, though it was asked for a dry run.
        """
        from kstore.library.proving import asked, written

        with self._opened() as store:
            return asked(
                kubeconfig, store, lambda own: written(self._journal, own), media_type=media, concurrency=concurrency
            )

    def resume(
        self,
        *,
        progress: Told | None = None,
        stop: threading.Event | None = None,
        allow_webhooks: bool = False,
        retry_seconds: float = 120,
    ) -> Report | MoveReport:
        """
        Go on with a migration, or a move, that was interrupted.

        Args:
            progress: told how many objects have been planned, and how many written.
            stop: set it to stop between two transactions.
            allow_webhooks: send objects to conversion webhooks, if the migration did.
            retry_seconds: how long to wait for a store that does not answer.

        Raises:
            UsageError: it wrote a new file, which is whole or not there; or it asks webhooks, which is to be allowed
                each time.
            WriteRefused: it was rolled back.
            KstoreError: what else stops it; see `Migration.apply`.
        """
        from dataclasses import replace

        from kstore.write.batches import Pace

        require_resumable(self._journal)
        retry = retry_of(progress, stop, retry_seconds)
        with self._origin() as origin:
            if origin is not None:
                with self._opened() as store:
                    going_on_move = resumed_move(self._journal, origin, store)
                    return going_on_move.run(self.path, pace=Pace(), retry=retry, resumed=self._journal)
        request = Request.of(self._journal.header, str(self.path))
        if request.asks_webhooks and not allow_webhooks:
            raise UsageError(
                "this migration asks conversion webhooks, which is to be allowed each time",
                where=str(self.path),
                hint="allow_webhooks=True",
            )
        with self._opened() as store:
            going_on = Migration(
                store,
                replace(request, allow_webhooks=allow_webhooks, release=str(store.codec.scheme.release)),
                saved=saved_plan_of(self._journal),
            )
            return going_on.run(self.path, pace=Pace(), retry=retry, resumed=self._journal)

    def rollback(
        self,
        *,
        progress: Told | None = None,
        stop: threading.Event | None = None,
        any_cluster: bool = False,
        retry_seconds: float = 120,
    ) -> RolledBack:
        """
        Put back what the migration replaced, unless others have changed it since. It may be interrupted and run again.

        Args:
            progress: told how many objects are looked at (0), and how many are put back.
            stop: set it to stop between two transactions.
            any_cluster: also where the cluster is not the one that the migration wrote to: one restored from a backup.
            retry_seconds: how long to wait for a store that does not answer.

        Returns:
            `.restored`, `.already`, and `.findings`: what was left as it is, by key.

        Raises:
            WriteRefused: the migration wrote a new file: what it was made from is as it was.
            Interrupted: `stop` was set.
        """
        require_in_place(self._journal)
        with self._opened() as store:
            source = writable(store.source)
            read_only = not any_cluster and is_other_cluster(self._journal, source)
            return roll_back(self._journal, source, retry_of(progress, stop, retry_seconds), read_only=read_only)

    @contextmanager
    def _opened(self) -> Iterator[ObjectStore]:
        """The store, read by the migration's release."""
        header = self._journal.header
        request = Request.of(header, str(self.path))
        release = request.release
        with ExitStack() as opened:
            if self._store is not None:
                yield self._store.read_as(release)
                return
            moved = Origin.of(header, str(self.path))
            opening = Opening(
                str(header.get("output") or header.get("store") or ""),
                release=release,
                flags=ServerFlags.of(parse_flags(list(request.server_flags))),
                encryption_config=moved.to_encryption if moved else "",
                prefix=str(header.get("prefix") or ""),
            )
            opened.callback(opening.close)
            yield opening.store

    @contextmanager
    def _origin(self) -> Iterator[ObjectStore | None]:
        """The cluster that a move has copied; None for a migration."""
        moved = Origin.of(self._journal.header, str(self.path))
        release = Request.of(self._journal.header, str(self.path)).release
        if moved is None:
            yield None
        elif self._moved_from is not None:
            yield self._moved_from.read_as(release)
        else:
            with ExitStack() as opened:
                opening = Opening(
                    moved.store, release=release, encryption_config=moved.encryption, prefix=moved.prefixes[0]
                )
                opened.callback(opening.close)
                yield opening.store

    def __repr__(self) -> str:
        return f"<Journal {self.path}>"


# ---- gone on with


def require_resumable(journal: journals.Journal) -> None:
    """
    See that a journal is of a migration that can be resumed.

    Raises:
        UsageError: it wrote a new file, which is whole or not there.
        WriteRefused: it was rolled back.
    """
    output = journal.header.get("output")
    if output and Path(output).exists():
        raise UsageError("the migration came to its end: its new database is there", where=str(journal.path))
    if output:
        raise UsageError(
            f"a new database is written whole or not at all, and {output} is not there: there is nothing to resume",
            where=str(journal.path),
        )
    notes = state_of(journal).notes
    if "rolledBack" in notes:
        raise WriteRefused(f"this migration was rolled back at {notes['rolledBack']}", where=str(journal.path))
    if "rollingBack" in notes:
        raise WriteRefused(
            f"a rollback of this migration was begun at {notes['rollingBack']}, and did not come to its end",
            where=str(journal.path),
        )


def saved_plan_of(journal: journals.Journal) -> SavedPlan | None:
    """
    The saved plan that a migration was held to, to which it is held when it goes on; None where there was none.

    Raises:
        JournalError: the plan is not there any more, or is another one.
    """
    from kstore.migrate.planfile import SavedPlan

    path = journal.header.get("plan")
    if not path:
        return None
    # an edited one is the one that was applied, too, if it has not been edited since
    plan = SavedPlan(Path(path), edited=True)
    if plan.sha256 != journal.header.get("planSHA256"):
        raise JournalError(
            "this is not the plan that was applied: its SHA-256 is another",
            where=path,
            hint="put the plan back as it was, or migrate anew by another one",
        )
    return plan


def resumed_move(journal: journals.Journal, origin: ObjectStore, store: ObjectStore) -> Move:
    """
    The move of a journal, to go on with.

    Args:
        journal: the move's.
        origin: the cluster that is copied.
        store: where the copies go, read as the new cluster reads it.
    """
    moved = Origin.of(journal.header, str(journal.path))
    assert moved is not None
    destination = Destination(store.source, str(journal.header.get("store", "")), store.codec.transformers)
    return Move(origin, moved.to_prefixes, destination, address=moved.store)


# ---- undone


def require_in_place(journal: journals.Journal) -> None:
    """
    See that a migration wrote to a running store, so that there is something to put back.

    Raises:
        WriteRefused: it wrote a new file.
    """
    if journal.header.get("output"):
        raise WriteRefused(
            "the migration wrote a new file; what it was made from is as it was",
            where=str(journal.header["output"]),
            hint="delete the file",
        )


def is_other_cluster(journal: journals.Journal, source: Source) -> bool:
    """Whether a store is of another cluster than the journal's; journals of before 1.0 name none."""
    named, found = journal.header.get("cluster"), source.status().cluster_id
    return bool(named and found and named != found)


def count_written(journal: journals.Journal, source: Source, retry: Retry) -> int:
    """How many objects a migration wrote, by transactions that the journal does not call done, too."""
    return state_of(journal).objects + Unsettled.of(journal).count_landed(source, retry)


def roll_back(journal: journals.Journal, source: WritableSource, retry: Retry, *, read_only: bool) -> RolledBack:
    """
    Undo a migration, or only say what would be left (`read_only`).

    Raises:
        KstoreError: what stopped it; it can be run again.
    """
    writer = JournalWriter(journal.path, None)
    try:
        if not read_only:
            settle(journal, writer, source, retry, for_good=True)
            writer.begin_rollback()
        result = Rollback(journal, source, retry=retry, read_only=read_only).run()
        result.may_come = len(creations_to_come(journal))
        if not read_only:
            writer.finish_rollback(result.restored)
        return result
    finally:
        writer.close()


# ---- verified


def verified(
    journal: journals.Journal,
    store: ObjectStore,
    origin: ObjectStore | None = None,
    tell: Callable[[int], None] = lambda _: None,
) -> Verified:
    """
    A store, or the database that was written, held against a journal.

    Args:
        journal: of a migration, or a move.
        store: what it has written, of a move as the new cluster reads it.
        origin: of a move, the cluster that was copied.
        tell: told how many objects, of a database how many keys, have been looked at.

    Raises:
        SourceError: it cannot be read, or the database that it was made from is not there.
    """
    if not journal.header.get("output"):
        result = verify_live(journal, store.source, store.codec, tell)
    else:
        from kstore.source.location.address import open_source

        with open_source(journal.header.get("store", "")) as before:
            result = verify_file(journal, before, store.source, store.codec, tell)
    moved = Origin.of(journal.header, str(journal.path))
    if moved is None or origin is None:
        return result
    from kstore.migrate.verify_move import verify_move

    return verify_move(journal, result, origin, store.source, store.codec.transformers, moved.routes)
