"""
A store as `import kstore` opens it: its objects, its history, and what the commands say of it, as data.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from kstore import codec
from kstore.errors import NotFound
from kstore.library.descriptions import Item, Resource, Revision
from kstore.library.listing import Findings, Listing
from kstore.library.objects import StoredObject, Undecodable
from kstore.library.opening import Opening
from kstore.selection import Criteria, Selection, object_key

if TYPE_CHECKING:
    from kstore.catalog.releases import Release
    from kstore.inspect.analysis import Analysis
    from kstore.inspect.clusters import Cluster
    from kstore.inspect.comparison import Compared
    from kstore.inspect.proof_record import Proof
    from kstore.library.proving import ServerProof
    from kstore.library.serving import Serving
    from kstore.sql.arrow import RecordBatchReader
    from kstore.sql.asked_store import AskedStore
    from kstore.sql.database import DuckDBPyRelation
    from kstore.store import Store as ObjectStore
    from kstore.tree import Branch


class Store:
    """
    A store, read as Kubernetes objects; a context manager that closes it.

    Made by `kstore.open`, and by `at` for another revision of the same store.
    """

    def __init__(self, store: ObjectStore, opening: Opening, *, owned: bool = True) -> None:
        self._store = store
        self._opening = opening
        self._owned = owned

    # ---- what it is

    @property
    def address(self) -> str:
        """Where the store is, as it was found; without what permits to read it."""
        return self._opening.location.shown

    @property
    def absolute_address(self) -> str:
        """The address as it is right from any directory."""
        return self._opening.location.absolute

    @property
    def release(self) -> Release:
        """The release whose types and storage versions are used."""
        return self._store.codec.scheme.release

    @property
    def prefix(self) -> str:
        """The prefix of all keys of the cluster, without a slash at its end."""
        return self._store.prefix

    @property
    def revision(self) -> int:
        """The revision that is looked at; 0 is now."""
        return self._store.revision

    @property
    def notes(self) -> tuple[str, ...]:
        """What whoever reads this store should know of how it was opened."""
        return self._store.source.notes

    @property
    def damage(self) -> tuple[Any, ...]:
        """What of a damaged store could not be read so far, where `salvage` was asked for."""
        return tuple(getattr(self._store.source, "damage", ()))

    def at(self, revision: int) -> Store:
        """
        The same store as of a revision; 0 is now. It is closed with the store that it was made of.

        Raises (when it is read):
            Compacted: the revision is no longer held.
            FutureRevision: the store has not come so far.
        """
        return Store(self._store.at(revision), self._opening, owned=False)

    def close(self) -> None:
        """Close the store; harmless when called twice."""
        if self._owned:
            self._opening.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        at = f" at revision {self.revision}" if self.revision else ""
        return f"<Store {self.address}{at}, read as Kubernetes {self.release}>"

    # ---- objects

    def objects(
        self,
        what: str = "",
        namespace: str = "",
        *,
        selector: str = "",
        field_selector: str = "",
        stored_version: str = "",
        where: str = "",
    ) -> Listing:
        """
        The objects of a resource, or below a path, in key order.

        Args:
            what: a resource as kubectl takes it (`deploy`, `deployments.apps`, several with commas),
                `RESOURCE/NAMESPACE`, a path or key; empty for all of the store.
            namespace: only this one.
            selector: only objects with these labels, as `kubectl -l` takes it.
            field_selector: only objects with these fields, as `kubectl --field-selector` takes it.
            stored_version: only what is stored in such a version: `apps/v1beta1`, `*beta*`.
            where: only objects of which this CEL expression is true (needs the extra `cel`).

        Returns:
            `StoredObject` and, in its place, `Undecodable`; each iteration reads anew.

        Raises:
            UnknownResource: there is no such resource.
            NotFound: nothing is stored at a path that no resource has.
            UsageError: a selector that cannot be read, or a field that there is not.
        """
        criteria = Criteria(
            (what,) if what else (),
            namespace,
            selector=selector,
            field_selector=field_selector,
            stored_version=stored_version,
            where=where,
        )
        selection = Selection.listed(self._store, criteria)
        return Listing(lambda: map(self._item, selection.reads()))

    def __iter__(self) -> Iterator[Item]:
        """All objects of the store, in key order."""
        return iter(self.objects())

    def get(self, name: str, namespace: str = "") -> StoredObject:
        """
        One object.

        Args:
            name: `RESOURCE/NAME`, `RESOURCE/NAMESPACE/NAME`, or a key.
            namespace: of a name without one; `default` where it is empty.

        Raises:
            NotFound: it is not there.
            ValueFault: it cannot be decoded, or not be decrypted; with its key.
            UsageError: the name cannot be meant.
        """
        read = self._store.get(object_key(self._store, name, namespace))
        found = self._item(read)
        if isinstance(found, Undecodable):
            found.error.where = found.error.where or found.key
            raise found.error
        return found

    def history(self, name: str, namespace: str = "") -> Iterator[Revision]:
        """
        The revisions of an object that are still held, oldest first: who changed it, when, and what.

        Raises:
            NotFound: no revision of it is held.
            Unsupported: this kind of store keeps no history.
        """
        from kstore.inspect.changes import Changes

        key = object_key(self._store, name, namespace)
        found = False
        for step in Changes(self._store).steps(self._store.source.history(key)):
            found = True
            item = self._item(step.read) if step.read is not None else None
            yield Revision(step.key, step.revision, step.what, item, step.authors, step.time, step.differences)
        if not found:
            raise NotFound(f"the store has no revision of {name}")

    def _item(self, read: codec.StoredObject | codec.Undecodable) -> Item:
        place = self._store.any_place(read.record.key)
        if isinstance(read, codec.Undecodable):
            return Undecodable(read, place)
        return StoredObject(read, place, self._store.as_version, lambda one, to: self._serving.object(one, to))

    @cached_property
    def _serving(self) -> Serving:
        from kstore.library.serving import Serving

        return Serving(self._store)

    # ---- tables

    def sql(self, query: str, *, others: Iterable[Store] = (), show_secrets: bool = False) -> DuckDBPyRelation:
        """
        Ask in SQL: a relation of DuckDB, which runs when its rows are asked for (`.fetchall()`, `.df()`, `.pl()`).

        Only the tables, columns and keys that the query names are read. Close no store before the rows are read.

        Args:
            query: one SELECT over objects, history, findings, resources, leases, or resources by name.
            others: stores that are asked together with this one; the column `store` tells them apart.
            show_secrets: show the values of Secrets, which are masked otherwise.

        Raises:
            UsageError: the query cannot be meant, or the extra `sql` is not installed.
        """
        from kstore.sql.database import Database

        return Database([one._asked(show_secrets) for one in (self, *others)]).relation(query)

    def to_arrow(
        self, table: str = "objects", columns: Iterable[str] | None = None, *, show_secrets: bool = False
    ) -> RecordBatchReader:
        """
        A table as a pyarrow RecordBatchReader, which computes its batches as they are read.

        Args:
            table: `objects`, `history`, `findings`, `resources`, `leases`, or a resource by name.
            columns: those wanted; None for all. Only what they need is decoded.
            show_secrets: show the values of Secrets, which are masked otherwise.

        Raises:
            UsageError: there is no such table or column, or the extra `parquet` is not installed.
        """
        from kstore.sql.tables import Tables, read_table

        return read_table(Tables([self._asked(show_secrets)]).find(table), columns)

    def _asked(self, show_secrets: bool) -> AskedStore:
        from kstore.sql.asked_store import AskedStore

        return AskedStore.pinned(self._store, secrets=show_secrets)

    # ---- the whole

    def resources(self) -> list[Resource]:
        """The resources of the release, of the store's CRDs, and those that only keys tell of."""
        found = (*self._store.mapper.resources, *self._store.unexplained())
        return [Resource.of(one, self.prefix, self.release) for one in found]

    def tree(self) -> list[Branch]:
        """What each resource has in the store: objects, bytes, stored versions, encodings, encryption, namespaces."""
        from kstore.tree import tree

        return tree(self._store)

    def clusters(self) -> list[Cluster]:
        """
        The clusters that share the store, each below prefixes of its own: `.prefixes`, `.objects`, `.size`,
        `.versions`, `.namespaces`, `.encryption`; the one alone whose prefix the store was opened with.
        """
        from kstore.inspect.clusters import clusters_of

        return clusters_of(self._store)

    def analyze(self, *, top: int = 10, history: bool = True) -> Analysis:
        """
        What fills the store; when it is compacted meanwhile, the rest is read at a newer revision.

        Args:
            top: how many of the largest objects, and of the keys that change most; 0 is all.
            history: count the history, too.
        """
        from kstore.inspect.analysis import Analyzer

        return Analyzer(self._store.across_compactions(), top=top).run(history=history)

    def check(self, target_release: str = "") -> Findings:
        """
        What a release could not read, and what else is wrong with the store; when it is compacted meanwhile, the rest
        is read at a newer revision.

        Args:
            target_release: the release to upgrade to; empty for the store's own.

        Raises:
            UnknownRelease: it is not known.
        """
        from kstore.inspect.checks import run_checks
        from kstore.inspect.survey import Survey

        store = self.read_as(target_release).across_compactions()
        release = store.codec.scheme.release
        return Findings(run_checks(Survey(store, release)), str(release))

    def prove(
        self,
        target_release: str = "",
        *,
        serve: bool = False,
        max_age: timedelta | None = None,
        earlier: str | PathLike[str] = "",
    ) -> Proof:
        """
        Whether this backup is worth anything: whole, complete, readable, served.

        Args:
            target_release: the release that shall read it; empty for the store's own.
            serve: restore it into a scratch etcd, and compare what that serves.
            max_age: how old its newest object may be.
            earlier: the record of an earlier proof, whose resources must all be there.

        Returns:
            `.proved`, `.steps` with `.name`, `.verdict` and `.detail`, and `.statement()`, the record.

        Raises:
            UsageError: it is to be served, and is no database of etcd's.
            Unsupported: it is to be served, and no etcd is installed.
            SourceError: the earlier record is none, or was changed.
        """
        from kstore.inspect.proof_record import expected_by
        from kstore.library.backup_proof import Asked, prove

        expected = expected_by(Path(earlier)) if earlier else None
        return prove(self._opening, Asked(target_release, serve, max_age, expected))

    def prove_with_server(
        self,
        kubeconfig: str | PathLike[str] = "",
        what: str = "",
        namespace: str = "",
        *,
        selector: str = "",
        media: str = "",
        concurrency: int = 4,
    ) -> ServerProof:
        """
        Ask the running apiserver of this etcd what it would still write: each object is patched as a dry run that asks
        for nothing, and its answer is held against what is stored. Nothing is written.

        Args:
            kubeconfig: names the server; empty for kubectl's own.
            what: a resource or path, as `objects` takes it; empty for all.
            namespace: only this one.
            selector: only objects with these labels.
            media: the server's `--storage-media-type`, `protobuf` or `json`; empty for what its release has.
            concurrency: requests at once.

        Returns:
            `.proved`, the counts, and `.findings`: each with `.key`, `.outcome`, `.changes` and `.message`.

        Raises:
            UsageError: the store is no running etcd, or is looked at as of a revision.
            SourceError: the server cannot be asked.
            WriteRefused: it wrote an object, though it was asked for a dry run.
        """
        from kstore.library.proving import asked

        criteria = Criteria((what,) if what else (), namespace, selector=selector)
        return asked(
            kubeconfig,
            self._store,
            lambda store: Selection.listed(store, criteria).reads(),
            media_type=media,
            concurrency=concurrency,
        )

    def diff(self, other: Store, what: str = "", namespace: str = "") -> Iterator[Compared]:
        """
        What is different in another store, or at another revision of this one, in key order.

        Args:
            other: the later state.
            what: only objects of this resource, or below this path.
            namespace: only this one.
        """
        from kstore.inspect.comparison import Side, compare

        prefix = b""
        if what:
            prefix = Selection.listed(other._store, Criteria((what,), namespace)).prefix
        found = compare(Side(self._store), Side(other._store), prefix)
        return (one for one in found if not namespace or one.namespace == namespace)

    def read_as(self, release: str) -> ObjectStore:
        """The records' store through another release's types; through its own where that is empty."""
        wanted = replace(self.release, name=release) if release else self.release
        if wanted == self.release:
            return self._store
        return self._store.read_as(self._opening.scheme_of(wanted))
