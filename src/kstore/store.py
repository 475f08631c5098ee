"""
A store read as Kubernetes objects: a source through a codec, selected by resource, namespace and name.

Finds the prefix and the CRDs by itself. Reading only: what is written goes through `migrate`. What cannot be decoded
is yielded as `Undecodable`, in its place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import Any

from kstore.catalog.layouts import APISERVER, KCP, Layout
from kstore.catalog.mapper import NamedResource, Place, ResourceMapper
from kstore.catalog.resources import ResourceInfo, resources_of
from kstore.codec import StorageCodec, StoredObject, Undecodable
from kstore.customresource.definitions import Definitions
from kstore.customresource.resource import CustomResource, custom_resource
from kstore.customresource.webhook import Webhooks
from kstore.decode.json import go_json
from kstore.decode.projection import EVERYTHING, Projection
from kstore.encryption import Transformers
from kstore.errors import (
    AccessDenied,
    DecodeError,
    KstoreError,
    NotConvertible,
    NotFound,
    UnknownResource,
    UsageError,
)
from kstore.logical_clusters import key_in_clusters, one_of_each
from kstore.naming import GroupKind, GroupResource, GroupVersion
from kstore.prefixes import DEFAULT, Prefixes
from kstore.printable import key_text
from kstore.records import Record, prefix_end
from kstore.scheme.scheme import Scheme
from kstore.source.interface import Source

_COMPACTION = b"compact_rev_key"
_DEFAULT_TOP = f"{DEFAULT}/".encode()
_CRDS = "apiextensions.k8s.io/customresourcedefinitions"

Read = StoredObject | Undecodable


class Store:
    """
    A source read through the storage codec of a release.

    Makes its codec itself, so that values are always opened and encrypted by the resource that they are stored of.

    Args:
        source: where the records come from; closing it is its owner's business.
        scheme: the release's types and rules, and its resources.
        transformers: what opens and encrypts values; without them encrypted values are undecodable.
        prefix: the apiserver's `--etcd-prefix`; None finds it.
        revision: look at the store as of this revision; 0 is now.
    """

    def __init__(
        self,
        source: Source,
        scheme: Scheme,
        transformers: Transformers | None = None,
        *,
        prefix: str | None = None,
        revision: int = 0,
    ) -> None:
        self.source = source
        self.codec = StorageCodec(scheme, transformers=transformers, resource_of=self.resource_of)
        self._revision = revision
        self._resources: tuple[ResourceInfo, ...] = resources_of(scheme.release)
        self._extensions = scheme.extension_resources
        self._prefix = prefix

    @property
    def revision(self) -> int:
        """The revision that is looked at; 0 is now."""
        return self._revision

    def at(self, revision: int) -> Store:
        """The same store as of a revision; 0 is now."""
        codec = self.codec
        return Store(self.source, codec.scheme, codec.transformers, prefix=self._prefix, revision=revision)

    def across_compactions(self) -> Store:
        """The same store, whose scans go on when their revision is compacted; see `Source.across_compactions`."""
        codec, source = self.codec, self.source.across_compactions()
        return Store(source, codec.scheme, codec.transformers, prefix=self._prefix, revision=self.revision)

    def read_as(self, scheme: Scheme) -> Store:
        """The same store through another release's types and rules."""
        transformers = self.codec.transformers
        return Store(self.source, scheme, transformers, prefix=self._prefix, revision=self.revision)

    def resource_of(self, key: bytes) -> GroupResource | None:
        """The resource that an object is stored of, which decides how it is encrypted; None where none is known."""
        place = self.place(key)
        return GroupResource(place.resource.group, place.resource.resource) if place else None

    # ---- where things are

    @cached_property
    def prefix(self) -> str:
        """
        The prefix that all keys of the apiserver begin with, without a slash at its end.

        Raises:
            UsageError: see `prefixes`.
        """
        return self.prefixes[0]

    @cached_property
    def prefixes(self) -> tuple[str, ...]:
        """
        All prefixes of the cluster: one; two of an OpenShift, whose second server keeps its objects beside the first's.

        Raises:
            UnclearPrefix: several clusters are in the store, or one that is not where a server keeps it by default, and
                nobody said which is meant; or nothing is below the prefix that was given, but elsewhere.
        """
        return self._finder.of_cluster(self._prefix)

    def clusters(self) -> list[Store]:
        """
        The same store for each cluster in it, in key order; for the one prefix alone that it was opened with.

        None for a store without any.
        """
        if self._prefix is not None:
            return [self]
        scheme, transformers = self.codec.scheme, self.codec.transformers
        prefixes = self._finder.first_of_each_cluster()
        return [Store(self.source, scheme, transformers, prefix=one, revision=self.revision) for one in prefixes]

    @property
    def roots(self) -> tuple[str, ...]:
        """The paths below which all of the cluster is stored."""
        return tuple(f"{prefix}/" for prefix in self.prefixes)

    @cached_property
    def layout(self) -> Layout:
        """How the keys below the prefix are built: with logical clusters in them (kcp), or without."""
        try:
            first = self.source.first(f"{self.prefix}/{KCP.mark}/".encode(), revision=self.revision)
        except AccessDenied:  # a user who may read a part of the cluster only
            return APISERVER
        return APISERVER if first is None else KCP

    @cached_property
    def _finder(self) -> Prefixes:
        return Prefixes(self.source, ResourceMapper([*self._resources, *self._extensions]), self.revision)

    def elsewhere(self) -> Counter[str]:
        """How many keys are outside the cluster's prefixes, by their first path element: they are others'."""
        try:
            return self._finder.elsewhere(self.prefixes)
        except AccessDenied:  # the user may read this cluster only, or a part of it
            return Counter()

    def owns(self, key: bytes) -> bool:
        """Whether a key is below one of the cluster's prefixes."""
        return key.startswith(self._tops)

    @cached_property
    def _tops(self) -> tuple[bytes, ...]:
        return tuple(root.encode() for root in self.roots)

    def records(self, revision: int = 0) -> Iterator[Record]:
        """Yield all records of the cluster, in key order; `revision` instead of the store's."""
        for top in self._tops:
            yield from self.source.scan(top, revision=revision or self.revision)

    def _first(self, prefix: str, start: str = "") -> str | None:
        """The first key with that prefix, from `start` on."""
        keys = self.source.keys(_key(prefix), revision=self.revision, start=_key(start))
        return next((key.decode("utf-8", "replace") for key in keys), None)

    @cached_property
    def _built_in(self) -> tuple[NamedResource, ...]:
        """
        The scheme's resources, each with the directory that it has in this store.

        An extension server that shares the cluster's etcd keeps its objects below a prefix of its own, which is the
        group's name: `/registry/GROUP/GROUP/flunders`.
        """
        if self.layout.clusters:
            moved = ((one, self.layout.directory(one)) for one in self._resources)
            return (*(replace(one, key_prefix=directory) for one, directory in moved), *self._extensions)
        groups = {one.group for one in self._extensions}
        apart = {group for group in groups if self._first(f"{self.prefix}/{group}/{group}/") is not None}
        return (
            *self._resources,
            *(
                replace(one, key_prefix=f"{one.group}/{one.key_prefix}") if one.group in apart else one
                for one in self._extensions
            ),
        )

    @cached_property
    def custom_resources(self) -> tuple[CustomResource, ...]:
        """The resources that the CRDs of the store define; a damaged CRD defines none."""
        found = []
        for record in self._definitions():
            try:
                found.append(custom_resource(self._crd(record), record.key))
            except (KstoreError, KeyError, TypeError, AttributeError):
                continue
        return one_of_each(found) if self.layout.clusters else tuple(found)

    def _definitions(self) -> Iterator[Record]:
        """The stored CRDs; none where the user may not read them."""
        with suppress(AccessDenied):
            yield from self._below(_CRDS)

    def _crd(self, record: Record) -> dict[str, Any]:
        """
        A CRD as it is stored, its schemas not looked into: some are long, and most commands need but names.

        Raises:
            KstoreError: it cannot be read.
        """
        plain = self.codec.open(record.key, record.value).plain
        if plain.startswith(b"{"):
            try:
                found: dict[str, Any] = go_json.loads_fast(plain)
                return found
            except DecodeError:
                pass  # the codec's own reader knows better what is wrong, or takes it all the same
        return self.codec.decode(plain).object

    @cached_property
    def mapper(self) -> ResourceMapper[NamedResource]:
        """All resources by name and key: the built-in ones, and those of the store's CRDs."""
        return ResourceMapper([*self._built_in, *self.custom_resources], self.layout)

    @cached_property
    def built_in(self) -> ResourceMapper[NamedResource]:
        """The built-in resources alone: to look one up reads no CRD."""
        return ResourceMapper(self._built_in, self.layout)

    def resources(self, name: str) -> list[NamedResource]:
        """
        The resources that a name stands for, in kubectl's grammar.

        A name that neither a type nor a CRD has is looked for among the keys: an extension server's resources and
        orphans are found where they are.

        Raises:
            UnknownResource: nothing answers to it.
        """
        try:
            return self.mapper.find(name)
        except UnknownResource:
            wanted, _, group = name.partition(".")
            loose = [one for one in self.unexplained() if one.resource == wanted and one.group.startswith(group)]
            if loose:
                return list(loose)
            raise

    def unexplained(self) -> list[CustomResource]:
        """Resources that only the keys tell of: `<group>/<plural>` below the prefix, without a CRD."""
        found = []
        for path in self.directories():
            group, slash, _ = path.partition("/")
            if slash and self.mapper.place(path) is None:
                first = self._first(f"{self.prefix}/{path}/") or ""
                rest = first.removeprefix(f"{self.prefix}/{path}/").split("/")
                self.layout.take_cluster(rest, custom=True)
                found.append(CustomResource(group, path.rpartition("/")[2], namespaced=len(rest) > 1, directory=path))
        return found

    def directories(self) -> Iterator[str]:
        """
        Yield what is directly below the prefix, as far as it tells resources apart: `pods`, `example.com/databases`.

        Jumps from one to the next, so that few keys are read.
        """
        top = f"{self.prefix}/"
        key = self._first(top)
        while key is not None:
            path = self.directory_of(key.removeprefix(top))
            yield path
            key = self._first(top, prefix_end(f"{top}{path}/".encode()).decode("utf-8", "replace"))

    def directory_of(self, path: str) -> str:
        """The directory of the resource that a path below the prefix belongs to, as `directories` tells them apart."""
        parts = path.split("/")
        place = self.built_in.place(path)
        if place is not None:
            return place.resource.key_prefix
        depth = 2 if len(parts) > 2 and "." in parts[0] else 1
        if len(parts) > 3 and parts[0] == parts[1]:
            depth += 1  # an extension server's own prefix
        return "/".join(parts[:depth])

    def place(self, key: bytes) -> Place[NamedResource] | None:
        """What a key means, or None where it is outside the prefix or no resource is known to keep objects there."""
        if (place := self._obvious_place(key)) is not None:
            return place
        path = self.path_of(key)
        return None if path is None else self.built_in.place(path) or self.mapper.place(path)

    def _obvious_place(self, key: bytes) -> Place[NamedResource] | None:
        """
        What a key means that no other key of the store can make mean something else: an object of a built-in resource
        where a server keeps it by default. To find the prefix, a whole file must be looked through.
        """
        if self._prefix is not None or "prefixes" in self.__dict__ or not key.startswith(_DEFAULT_TOP):
            return None
        place = self._by_default.place(key.removeprefix(_DEFAULT_TOP).decode("utf-8", "replace"))
        return place if place is not None and place.name and "/" not in place.name else None

    @cached_property
    def _by_default(self) -> ResourceMapper[NamedResource]:
        return ResourceMapper(self._resources)

    def cluster_of(self, key: bytes) -> str:
        """The logical cluster that a key is in, also where no CRD tells of its resource; empty in most stores."""
        if not self.layout.clusters:
            return ""
        place = self.place(key)
        if place is not None:
            return place.cluster
        return self.layout.take_cluster((self.path_of(key) or "").split("/")[2:], custom=True)

    def any_place(self, key: bytes) -> Place[NamedResource] | None:
        """The same, also of a resource that only keys tell of: an orphan's, or an extension server's."""
        return self.place(key) or self._unexplained.place(self.path_of(key) or "")

    @cached_property
    def _unexplained(self) -> ResourceMapper[NamedResource]:
        return ResourceMapper(self.unexplained())

    def path_of(self, key: bytes) -> str | None:
        """A key below the cluster's prefix; None where it is outside."""
        for top in self._tops:
            if key.startswith(top):
                return key.removeprefix(top).decode("utf-8", "replace")
        return None

    # ---- reading

    def key_of(self, resource: NamedResource, namespace: str = "", name: str = "") -> bytes:
        """
        The key of an object, or, with less given, the prefix of the keys of many (ending in a slash).

        In a store with logical clusters the name may have one in front (of a namespaced resource, the namespace is in
        the name then). Without it, all are looked through; and the prefix is always that of the whole resource.

        Raises:
            UsageError: a namespaced resource without a namespace, or an object of that name in several clusters.
        """
        if self.layout.clusters:
            directory = f"{self.prefix}/{resource.key_prefix}/".encode()
            path = [namespace, *name.split("/")] if resource.namespaced else name.split("/")
            if not name:
                return directory
            return key_in_clusters(self.source.keys(directory, revision=self.revision), self.place, directory, path)
        parts = [self.prefix, resource.key_prefix]
        if resource.namespaced and (namespace or name):
            if not namespace:
                raise UsageError(
                    f"{resource.resource} are namespaced: say in which namespace",
                    hint="`namespace='NAMESPACE'`, or NAMESPACE/NAME",
                )
            parts.append(namespace)
        return "/".join([*parts, name]).encode()

    def objects(
        self, resource: NamedResource, namespace: str = "", projection: Projection = EVERYTHING
    ) -> Iterator[Read]:
        """Yield the objects of a resource in key order, all or one namespace's: what is wanted of them."""
        prefix = self.key_of(resource, namespace if resource.namespaced else "")
        records = self.source.scan(prefix, revision=self.revision)
        if self.layout.clusters and namespace:
            records = (one for one in records if (place := self.place(one.key)) and place.namespace == namespace)
        return self.read(records, projection)

    def under(self, path: str, projection: Projection = EVERYTHING) -> Iterator[Read]:
        """
        Yield the objects at a key or below it: `/registry/pods`, `/registry/pods/default`, or a whole key.

        As a directory, not as a string: `/registry/pods` does not take `/registry/podtemplates` along.
        """
        exact, below = self._at_and_below(path)
        if exact is not None:
            yield self.codec.read(exact, projection)
        yield from self.read(self.source.scan(below, revision=self.revision), projection)

    def keys(self, path: str) -> Iterator[bytes]:
        """Yield the keys at a path or below it, as `under` takes it; of what is below no value is read."""
        exact, below = self._at_and_below(path)
        if exact is not None:
            yield exact.key
        yield from self.source.keys(below, revision=self.revision)

    def _at_and_below(self, path: str) -> tuple[Record | None, bytes]:
        """What is stored at exactly this path, and what all keys below it begin with; nothing beside it is read."""
        whole = _key(path.rstrip("/"))
        if not whole:
            return None, b""
        exact = None if path.endswith("/") else self.source.get(whole, revision=self.revision)
        return exact, whole + b"/"

    def get(self, key: bytes) -> Read:
        """
        The object of exactly this key.

        Raises:
            NotFound: there is none.
        """
        record = self.source.get(key, revision=self.revision)
        if record is None:
            text = key.decode("utf-8", "surrogateescape")
            path = text.rstrip("/")
            is_prefix = self._first(f"{path}/") is not None
            folder = (path if is_prefix else path.rpartition("/")[0]) or "/"
            raise NotFound(f"nothing is stored at {key_text(key)}", directory=key_text(_key(folder)))
        return self.codec.read(record)

    def find(self, resource: NamedResource, namespace: str, name: str) -> Read:
        """
        The object of that name.

        Raises:
            NotFound: there is none.
        """
        return self.get(self.key_of(resource, namespace, name))

    def as_version(self, stored: StoredObject, to: GroupVersion) -> dict[str, Any]:
        """
        An object in another version, as the API would serve it; a custom one by its CRD.

        Raises:
            KstoreError: it cannot be had so: no such version, a rule that refuses it, a webhook that would be asked.
        """
        if self.codec.scheme.catalog.has_kind(stored.gvk):
            return self.codec.as_version(stored, to)
        place = self.place(stored.record.key)
        kind = GroupKind(place.resource.group, place.resource.kind) if place else stored.gvk.group_kind
        converter = self.definitions.converter(kind)
        if converter is None:
            return self.codec.as_version(stored, to)  # raises: nothing tells how to convert it
        if to.group != stored.gvk.group:
            raise NotConvertible(f"{to} has no kind {stored.gvk.kind}", hint=f"it is one of {stored.gvk.group}")
        result = converter.convert([stored.object], to.version, drop_unknown_fields=True, served=True)[0]
        if isinstance(result, Exception):
            raise result
        return result.object

    @cached_property
    def definitions(self) -> Definitions:
        """What the CRDs of the store say of custom kinds; no conversion webhook is asked."""
        return self.definitions_asking(None)

    def definitions_asking(self, webhooks: Webhooks | None) -> Definitions:
        """The same, with conversion webhooks asked as `webhooks` says."""
        return Definitions(self.codec, self.custom_resources, lambda one: self.get(self.crd_key(one)), webhooks)

    def crd_key(self, resource: CustomResource) -> bytes:
        """Where the CRD of a custom resource is stored."""
        return resource.definition_key or f"{self.prefix}/{_CRDS}/{resource.resource}.{resource.group}".encode()

    def housekeeping(self) -> Iterator[Read]:
        """Yield what apiservers note outside their prefix: who compacts, which is the same for all of an etcd."""
        record = None
        with suppress(AccessDenied):
            record = self.source.get(_COMPACTION, revision=self.revision)
        if record is not None:
            yield self.codec.read(record)

    def _below(self, path: str) -> Iterator[Record]:
        return self.source.scan(f"{self.prefix}/{path}/".encode(), revision=self.revision)

    def read(self, records: Iterable[Record], projection: Projection = EVERYTHING) -> Iterator[Read]:
        """Yield records as objects: what is wanted of them."""
        for record in records:
            yield self.codec.read(record, projection)


def is_housekeeping(record: Record) -> bool:
    """
    Whether a record is no object, but a note of those who keep the store.

    Apiservers agree under `compact_rev_key` on who compacts (`apiserver/pkg/storage/etcd3/compact.go`); kine writes a
    key now and then to see that it works (`pkg/server/types.go`, `HealthKey`).
    """
    if record.key == _COMPACTION:
        return True
    return record.key.endswith(b"/health") and record.value == b'{"health":"true"}'


def _key(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
