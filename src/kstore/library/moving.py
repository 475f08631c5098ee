"""
A cluster's keys copied below another prefix or into another store, from the library's side: the whole of it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kstore.errors import JournalError, NotWritable, UsageError, WriteRefused
from kstore.library.writing import Told, began, default_journal, journal_of_file, retry_of
from kstore.migrate.move import CopyPlanner, MoveStep, MoveSummary, Routes
from kstore.migrate.request import Request
from kstore.printable import key_text
from kstore.records import Record
from kstore.source.interface import Source, WritableSource
from kstore.write.leases import GrantedLeases, SameLeases

if TYPE_CHECKING:
    from kstore.encryption import Transformers
    from kstore.library.store import Store
    from kstore.migrate.journal import Journal
    from kstore.migrate.move_copy import Meanwhile
    from kstore.store import Store as ObjectStore
    from kstore.write.batches import Pace
    from kstore.write.retry import Retry


def move(
    store: Store,
    to_prefix: str | Sequence[str] = (),
    *,
    to_store: Store | None = None,
    encryption_config: str | PathLike[str] = "",
) -> Move:
    """
    Copy a cluster's keys below another prefix, into another store, or both. Nothing is written yet.

    Args:
        store: what is copied, opened with the configuration that its values are encrypted with.
        to_prefix: the new `--etcd-prefix`, one for each of the cluster's; empty to keep it.
        to_store: the store that gets the copies; None for the same one.
        encryption_config: the EncryptionConfiguration of the new cluster; empty for that of `store`.

    Raises:
        UsageError: the new prefix cannot be meant.
        EncryptionConfigError: an apiserver would not start with the configuration.
    """
    core = store.read_as("")
    transformers = core.codec.transformers
    if encryption_config:
        from kstore.encryption.config import load_configuration

        transformers = load_configuration(fspath(encryption_config))
    wanted = (to_prefix,) if isinstance(to_prefix, str) and to_prefix else tuple(to_prefix)
    to = to_store or store
    destination = Destination(to.read_as("").source, to.absolute_address, transformers)
    return Move(core, wanted, destination, address=store.absolute_address)


@dataclass(frozen=True, slots=True)
class Destination:
    """Where copies go."""

    source: Source
    address: str
    """As it is right from any directory."""
    transformers: Transformers | None
    """The encryption of the new cluster; None to store everything in plain text."""


@dataclass(frozen=True, slots=True)
class MoveReport:
    """What a move came to."""

    summary: MoveSummary
    """The counts: `.copied`, `.encrypted`, `.skipped_count`, `.skipped` by key and reason."""
    journal: Path
    output: Path | None = None
    """The new database, of a move within a file."""
    meanwhile: Meanwhile | None = None
    """What others changed in the cluster while it was copied, where `.changed` is not 0: the copy lacks it."""
    may_come: int = 0
    """
    Keys that have no copy and may yet get one, by transactions whose end nobody saw: `Journal.resume` notes those that
    came, and `Journal.rollback` deletes them.
    """


class Move:
    """
    One cluster copied once.

    Args:
        store: the cluster that is copied.
        to_prefixes: the new prefixes, one for each of its own; none to keep them.
        destination: where the copies go.
        address: the store's, as it is right from any directory; the journal names it.

    Raises:
        UsageError: an old revision is looked at, or the new prefix cannot be meant.
    """

    def __init__(
        self, store: ObjectStore, to_prefixes: Sequence[str], destination: Destination, *, address: str
    ) -> None:
        if store.revision:
            raise UsageError("an old revision is looked at, not moved", hint="open the store without a revision")
        self.store = store
        self.destination = destination
        self.routes = Routes.of(store.prefixes, tuple(to_prefixes))
        self._address = address
        if self._within:
            self.routes.refuse_within_one_store()

    @cached_property
    def _within(self) -> bool:
        """Whether the copies go into the store that they are made of."""
        source, target = self.store.source, self.destination.source
        if source is target or self._address == self.destination.address:
            return True
        ours, theirs = source.status().cluster_id, target.status().cluster_id
        return bool(ours) and ours == theirs

    # ---- planning

    def plan(self, *, retry: Retry | None = None) -> Iterator[MoveStep]:
        """
        Yield what would happen to each key: `Copy`, or `Skipped` where a value cannot be decrypted.

        Raises:
            WriteRefused: something is stored below the new prefix.
        """
        self._require_empty()
        planner = CopyPlanner(self.store, self.routes, self.destination.transformers, SameLeases())
        return planner.plan(self._records(retry or retry_of(None, None)))

    def _records(self, retry: Retry, compacted: Callable[[], None] = lambda: None) -> Iterator[Record]:
        return retry.scan(self.store.source, self.routes.sources, compacted=compacted)

    def _require_empty(self) -> None:
        for top in self.routes.targets:
            found = self.destination.source.first(top)
            if found is not None:
                raise WriteRefused(
                    f"something is stored below {top.decode().rstrip('/')} already: {key_text(found.key)}",
                    where=self.destination.address,
                    hint="copy to a prefix that nothing is stored below",
                )

    # ---- writing

    def apply(
        self,
        journal: str | PathLike[str] = "",
        *,
        progress: Told | None = None,
        stop: threading.Event | None = None,
        retry_seconds: float = 120,
    ) -> MoveReport:
        """
        Write the copies into a running store, by compare-and-swap.

        Args:
            journal: the new file where every key is noted before it is written; by default `kstore-TIME.journal`.
            progress: told how many keys have been planned, and how many written.
            stop: set it to stop between two transactions.
            retry_seconds: how long to wait for a store that does not answer.

        Raises:
            WriteRefused: something is stored below the new prefix, or the store is only read.
            KstoreError: what else stopped it; the journal can be resumed, or rolled back.
        """
        from kstore.write.batches import Pace

        path = Path(journal) if journal else default_journal()
        return self.run(path, pace=Pace(), retry=retry_of(progress, stop, retry_seconds))

    def run(
        self,
        path: Path,
        *,
        pace: Pace,
        retry: Retry,
        resumed: Journal | None = None,
        compacted: Callable[[], None] = lambda: None,
    ) -> MoveReport:
        """
        As `apply`, or on with an interrupted one.

        Args:
            path: the journal.
            pace: how hard the store is pressed.
            retry: how long to wait for it, who is told, and who may stop it.
            resumed: the journal, to go on with it.
            compacted: called when the store was compacted meanwhile, and the rest is read at its newest revision.

        Raises:
            KstoreError: see `apply`.
        """
        from kstore.migrate.journal import Journal
        from kstore.migrate.journal_writer import JournalWriter
        from kstore.migrate.move_copy import CopyApplier, changed_since
        from kstore.migrate.settle import missing_creations, settle

        source, target = self.store.source, self._target()
        if resumed is None:
            self._require_empty()
        writer = JournalWriter(path, None if resumed is not None else self.header())
        try:
            if resumed is not None:
                settle(resumed, writer, target, retry)
            revision = source.status().revision
            leases = SameLeases() if self._within else GrantedLeases(source, target.grant_lease)
            planner = CopyPlanner(
                self.store, self.routes, self.destination.transformers, leases,
                None if resumed is None else lambda key: retry.ask(lambda: target.get(key)),
            )  # fmt: skip
            applier = CopyApplier(source, target, planner, writer, pace=pace, retry=retry)
            summary = applier.run(self._records(retry, compacted))
            may_come = 0
            if resumed is not None or not applier.saw_every_end:
                # counted first: what comes meanwhile is counted, and noted; the other way round it would be neither
                may_come = missing_creations(Journal(path), target, retry)
                settle(Journal(path), writer, target, retry)
            writer.finish(summary)
        finally:
            writer.close()
        live = isinstance(source, WritableSource)
        meanwhile = changed_since(source, self.routes.sources, revision, retry) if live else None
        return MoveReport(summary, path, meanwhile=meanwhile, may_come=may_come)

    def _target(self) -> WritableSource:
        target = self.destination.source
        if not isinstance(target, WritableSource):
            raise NotWritable("this store is only read", where=self.destination.address)
        target.require_writable()
        return target

    def write(
        self,
        output: str | PathLike[str],
        journal: str | PathLike[str] = "",
        *,
        progress: Told | None = None,
        stop: threading.Event | None = None,
    ) -> MoveReport:
        """
        Write a new database that has the copies beside all that the file has; the file itself stays as it is.

        Args:
            output: the new file; it appears whole or not at all.
            journal: the file where every key is noted; by default `OUTPUT.journal`.
            progress: told how many keys have been planned, and how many written.
            stop: set it to stop; then there is no output.

        Raises:
            WriteRefused: something is stored below the new prefix, the store is no database of etcd's, or the output
                is there already.
            Interrupted: `stop` was set.
        """
        return self.run_file(Path(output), Path(journal) if journal else None, retry=retry_of(progress, stop))

    def run_file(self, output: Path, journal: Path | None = None, *, retry: Retry) -> MoveReport:
        """As `write`; `retry` has who is told, and who may stop it."""
        from kstore.migrate.move_copy import copy_file
        from kstore.repair.offline import copyable

        source = copyable(self.store.source)
        self.routes.refuse_within_one_store()
        self._require_empty()
        with journal_of_file(output, journal, self.header(output)) as writer:
            leases = SameLeases(source.leases())
            planner = CopyPlanner(self.store, self.routes, self.destination.transformers, leases)
            summary = copy_file(
                source, planner, self._records(retry), output, writer, progress=retry.progress, stop=retry.stop
            )
        return MoveReport(summary, writer.path, output)

    # ---- its journal

    def header(self, output: Path | None = None) -> dict[str, Any]:
        """The first line of the journal: `store` and `prefix` are of the copies, `move` says where they are from."""
        ours, theirs = self.store.codec.transformers, self.destination.transformers
        address = self._address if output else self.destination.address
        return {
            **began(self.destination.source, address, self.routes.pairs[0][1], output),
            "move": {
                "store": self._address,
                "prefixes": [old for old, _ in self.routes.pairs],
                "toPrefixes": [new for _, new in self.routes.pairs],
                "encryption": _absolute(ours),
                "toEncryption": _absolute(theirs),
            },
            **Request(release=self.store.codec.scheme.release.name).header(),
        }


def _absolute(transformers: Transformers | None) -> str:
    return str(Path(transformers.file).resolve()) if transformers is not None and transformers.file else ""


@dataclass(frozen=True, slots=True)
class Origin:
    """What a move's journal says of the cluster that is copied."""

    store: str
    prefixes: tuple[str, ...]
    to_prefixes: tuple[str, ...]
    encryption: str
    """The file of the configuration that its values are encrypted with; empty for none."""
    to_encryption: str
    """That of the new cluster."""

    @staticmethod
    def of(header: Mapping[str, Any], where: str) -> Origin | None:
        """
        What a journal's first line says; None where it is of no move.

        Raises:
            JournalError: it is not as a move has it.
        """
        found = header.get("move")
        if found is None:
            return None
        try:
            texts = [found[name] for name in ("store", "encryption", "toEncryption")]
            lists = [found[name] for name in ("prefixes", "toPrefixes")]
            if not all(isinstance(one, str) for one in (*texts, *lists[0], *lists[1])):
                raise TypeError
        except (KeyError, TypeError):
            raise JournalError("the first line does not say what was moved", where=where) from None
        return Origin(texts[0], tuple(lists[0]), tuple(lists[1]), texts[1], texts[2])

    @property
    def routes(self) -> Routes:
        """From which prefix to which."""
        return Routes(zip(self.prefixes, self.to_prefixes, strict=True))


__all__ = ["Destination", "Move", "MoveReport", "Origin", "move"]
