"""
What the checks need to know of a store as a whole, gathered while its records pass by once.

Namespaces and CRDs are read first, since what belongs to them is before and after them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from kstore.catalog.mapper import NamedResource
from kstore.catalog.releases import Release, minor_of
from kstore.codec import StoredObject, Undecodable
from kstore.customresource.converter import Converted
from kstore.customresource.resource import CustomResource
from kstore.errors import KstoreError, Unsupported
from kstore.inspect.claims import claims_of
from kstore.inspect.directories import Directories, Directory
from kstore.inspect.ownership import Coordinates, Owner, Ownership
from kstore.naming import GroupKind, GroupVersionKind
from kstore.printable import key_text
from kstore.source.interface import WritableSource
from kstore.source.snapshot.source import SnapshotSource
from kstore.store import Store, is_housekeeping

_NOT_COLLECTED = ("events", "events.events.k8s.io")


@dataclass(frozen=True, slots=True)
class Seen:
    """One record, and where it belongs."""

    read: StoredObject | Undecodable
    key: str
    directory: Directory


@dataclass(slots=True)
class Terminating:
    """A namespace that is to be deleted, and what it still holds."""

    key: str
    since: str
    finalizers: tuple[str, ...]
    conditions: tuple[str, ...]
    """What the namespace controller says it waits for."""
    left: Counter[str] = field(default_factory=Counter)
    """Objects by resource."""
    held: list[tuple[str, str]] = field(default_factory=list)
    """Keys of objects that finalizers hold, and which."""


@dataclass(slots=True)
class Extension:
    """A group that an APIService hands on to an extension server."""

    key: str
    """The APIService's."""
    service: str
    """The server's namespace and name."""
    objects: int = 0
    """Those of the group that are in this store."""


class Survey:
    """
    A store, read once.

    Args:
        store: through a codec of the target release.
        release: the target.
    """

    def __init__(self, store: Store, release: Release) -> None:
        self.store = store
        self.release = release
        self.catalog = store.codec.scheme.catalog
        self.directories = Directories(store)
        self.terminating: dict[str, Terminating] = {}
        self.namespaces = self._read_namespaces()
        self.stored_versions: dict[str, Counter[str]] = {}
        """Of each custom resource (`plural.group`): the versions that its objects are stored in."""
        self.unread: set[str] = set()
        """The custom resources of which an object could not be read, so that its version is not known."""
        self.losing: set[str] = set()
        """The custom resources of which an object would lose fields on its way to the version that the CRD stores."""
        self.ownership = Ownership()
        """All objects, and the owners that those name which the garbage collector would look at."""
        self._owning: dict[tuple[str, str], NamedResource | None] = {}
        """The resource of each version and kind of an owner; None where it cannot be looked up."""
        self.claims: dict[str, list[str]] = {}
        """What only one Service may have, and the keys of those that have it (`claims_of`)."""
        self.read = 0

    @cached_property
    def is_file(self) -> bool:
        """Whether the store is a database in a file: a change of it is written as a new one."""
        return isinstance(self.store.source, SnapshotSource)

    @property
    def is_partial(self) -> bool:
        """Whether objects may be missing: of a damaged file only what can be read is there."""
        return isinstance(self.store.source, SnapshotSource) and self.store.source.salvage

    @property
    def is_writable(self) -> bool:
        """Whether the store itself can be written."""
        return isinstance(self.store.source, WritableSource)

    @cached_property
    def keeps_history(self) -> bool:
        """Whether the store keeps what was overwritten."""
        try:
            next(iter(self.store.source.history(b"")), None)
        except Unsupported:
            return False
        return True

    @cached_property
    def leases(self) -> dict[int, int] | None:
        """The leases of the store; None where it knows none."""
        try:
            return self.store.source.leases()
        except Unsupported:
            return None

    @cached_property
    def custom(self) -> dict[str, CustomResource]:
        """The resources of the store's CRDs by name (`plural.group`)."""
        return {f"{one.resource}.{one.group}": one for one in self.store.custom_resources}

    @cached_property
    def extension_groups(self) -> dict[str, Extension]:
        """The groups that APIServices hand on to extension servers."""
        found: dict[str, Extension] = {}
        for read in self.store.objects(self.store.built_in.find("apiservices")[0]):
            spec = read.object.get("spec") if isinstance(read, StoredObject) else None
            service = spec.get("service") if isinstance(spec, dict) else None
            if isinstance(spec, dict) and isinstance(service, dict):
                key = key_text(read.record.key)
                found[str(spec.get("group"))] = Extension(key, f"{service.get('namespace')}/{service.get('name')}")
        return found

    @cached_property
    def served_elsewhere(self) -> frozenset[str]:
        """The groups whose objects another server keeps: by an APIService, or as a plugin knows them."""
        plugins = {one.group for one in self.store.codec.scheme.extension_resources}
        return frozenset(plugins | set(self.extension_groups))

    @cached_property
    def _registered(self) -> dict[tuple[str, str], bool]:
        """
        The groups and versions that have an APIService, and whether the cluster serves them itself.

        The aggregator makes one for each that it does (`kube-aggregator/pkg/controllers/autoregister`).
        """
        reads = self.store.objects(self.store.built_in.find("apiservices")[0])
        specs = (read.object.get("spec") for read in reads if isinstance(read, StoredObject))
        return {
            (str(spec.get("group") or ""), str(spec.get("version") or "")): not spec.get("service")
            for spec in specs
            if isinstance(spec, dict)
        }

    def _is_served(self, group: str, version: str, kind: str) -> bool:
        """
        Whether the cluster serves a version of a kind, so that its RESTMapper knows it.

        As its APIServices say; where they are not here, stable versions that the release has not removed are served.
        """
        if any(self._registered.values()):
            return self._registered.get((group, version), False)
        name = GroupVersionKind(group, version, kind)
        removed = self.catalog.kind(name).removed if self.catalog.has_kind(name) else ""
        stable = version.removeprefix("v").isdigit() or not self.catalog.has_kind(name)
        return stable and not (removed and minor_of(removed) <= self.release.minor)

    @cached_property
    def _registrations_are_known(self) -> bool:
        """Whether every CRD and APIService can be read, and none can be missing."""
        names = ("customresourcedefinitions.apiextensions.k8s.io", "apiservices")
        reads = (read for name in names for one in self.store.built_in.find(name) for read in self.store.objects(one))
        return not self.is_partial and not any(isinstance(read, Undecodable) for read in reads)

    def is_unserved(self, seen: Seen) -> bool:
        """
        Whether nobody serves an object: the cluster's APIServices are here, all of them can be read, and none has its
        group; and it is stored where an apiserver of this prefix would store it, not in another's directory.
        """
        assert isinstance(seen.read, StoredObject)
        group, registered = seen.read.gvk.group, {group for group, _ in self._registered}
        directories = (self.store.path_of(seen.read.record.key) or "").split("/")
        if not registered or directories[0] != group or registered.intersection((group, *directories)):
            return False
        return self._registrations_are_known

    def is_read_by_apiserver(self, seen: Seen) -> bool:
        """Whether an object is stored where the cluster's own apiserver reads: a built-in resource's, or a CRD's."""
        resource = seen.directory.resource
        if resource is None or resource.group in self.extension_groups:
            return False
        return not isinstance(resource, CustomResource) or resource.definition is not None

    def _coordinates(self, owner: Owner, namespace: str) -> Coordinates | None:
        """Where an owner of objects in a namespace (empty: of cluster-wide ones) is; None if that cannot be told."""
        name = owner.api_version, owner.kind
        if name not in self._owning:
            self._owning[name] = self._owning_resource(*name)
        resource = self._owning[name]
        if resource is None or (resource.namespaced and not namespace):  # which is not valid, and left alone
            return None
        return Coordinates(resource.key_prefix, namespace if resource.namespaced else "", owner.name)

    def _owning_resource(self, api_version: str, kind: str) -> NamedResource | None:
        group, _, version = api_version.rpartition("/")
        resource = self.store.mapper.of_kind(GroupKind(group, kind))
        if resource is None or version not in resource.versions or group in self.served_elsewhere:
            return None  # no RESTMapper of this store knows it, or its objects are elsewhere
        return resource if self._is_served(group, version, kind) else None

    def _read_namespaces(self) -> set[str]:
        names = set()
        for read in self.store.objects(self.store.built_in.find("namespaces")[0]):
            key = key_text(read.record.key)
            name = key.rpartition("/")[2]
            names.add(name)
            if isinstance(read, StoredObject) and metadata_of(read).get("deletionTimestamp"):
                self.terminating[name] = _terminating(key, read.object)
        return names

    def records(self) -> Iterator[Seen]:
        """Yield everything in the store, and remember what the checks need in the end."""
        for record in self.store.records():
            if is_housekeeping(record):
                continue
            read = self.store.codec.read(record)
            seen = Seen(read, key_text(record.key), self.directories.of(record.key))
            self.read += 1
            self._remember(seen)
            yield seen

    def fault(self, seen: Seen) -> KstoreError | None:
        """What makes an apiserver fail to read a custom object that could be decoded; None where it can."""
        resource = seen.directory.resource
        if (
            not isinstance(resource, CustomResource)
            or resource.definition is None
            or isinstance(seen.read, Undecodable)
        ):
            return None
        if not resource.has_version(seen.read.gvk.group_version):
            return None
        try:
            converter = self.store.definitions.converter(resource.group_kind)
            return converter.fault(seen.read.object) if converter is not None else None
        except KstoreError:  # it is the CRD that cannot be read
            return None

    def pruned(self, seen: Seen) -> tuple[str, ...]:
        """
        The fields of a custom object that the schema of the version which its CRD stores has no place for.

        A server drops them at the next update, and so does a migration. A webhook is not asked.
        """
        resource, read = seen.directory.resource, seen.read
        if not isinstance(resource, CustomResource) or resource.definition is None or isinstance(read, Undecodable):
            return ()
        wanted = resource.storage_version
        if read.gvk.version == wanted or not resource.has_version(read.gvk.group_version):
            return ()
        if resource.converts_by_webhook:
            return ()
        try:
            converter = self.store.definitions.converter(resource.group_kind)
            (found,) = converter.convert([read.object], wanted) if converter is not None else (None,)
        except KstoreError:  # it is the CRD that cannot be read
            return ()
        return found.pruned if isinstance(found, Converted) else ()

    def _remember(self, seen: Seen) -> None:
        namespace = self.terminating.get(seen.directory.namespace) if seen.directory.namespace else None
        if namespace is not None:
            namespace.left[seen.directory.label] += 1
        place = self.store.place(seen.read.record.key) if seen.directory.resource is not None else None
        coordinates = Coordinates(place.resource.key_prefix, place.namespace, place.name) if place else None
        if isinstance(seen.read, Undecodable):
            if coordinates:
                self.ownership.may_exist(coordinates)
            if isinstance(seen.directory.resource, CustomResource):
                self.unread.add(seen.directory.label)
            return
        extension = self.extension_groups.get(seen.read.gvk.group)
        if extension is not None:
            extension.objects += 1
        if self.pruned(seen):
            self.losing.add(seen.directory.label)
        if seen.directory.label == "services" and seen.read.gvk.kind == "Service":
            for claim in claims_of(seen.read.object.get("spec") or {}):
                self.claims.setdefault(claim, []).append(seen.key)
        if isinstance(seen.directory.resource, CustomResource):
            self.stored_versions.setdefault(seen.directory.label, Counter())[seen.read.gvk.version] += 1
        metadata = metadata_of(seen.read)
        finalizers = members_of(metadata, "finalizers")
        if namespace is not None and finalizers:
            namespace.held.append((seen.key, f"held by {', '.join(map(str, finalizers))}"))
        if coordinates:
            self.ownership.exists(coordinates, str(metadata.get("uid") or ""))
            self._remember_owners(seen, metadata)

    def _remember_owners(self, seen: Seen, metadata: dict[str, Any]) -> None:
        """What the garbage collector would look at: no Events (`DefaultIgnoredResources`), nothing being deleted."""
        if seen.directory.label in _NOT_COLLECTED or metadata.get("deletionTimestamp"):
            return
        namespace = seen.directory.namespace
        owners = {}
        for one in members_of(metadata, "ownerReferences"):
            if isinstance(one, dict):
                owner = Owner(*(str(one.get(name) or "") for name in ("apiVersion", "kind", "name", "uid")))
                coordinates = self._coordinates(owner, namespace)
                if coordinates is None:
                    return  # it may live, which keeps the object
                owners[owner] = coordinates
        if owners:
            self.ownership.names(seen.key, namespace, owners)


def metadata_of(read: StoredObject) -> dict[str, Any]:
    """An object's metadata, however odd the object is."""
    metadata = read.object.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def members_of(metadata: dict[str, Any], name: str) -> list[Any]:
    """A list in an object's metadata; empty where a custom object holds something else there."""
    found = metadata.get(name)
    return found if isinstance(found, list) else []


def _terminating(key: str, namespace: dict[str, Any]) -> Terminating:
    spec, status = namespace.get("spec") or {}, namespace.get("status") or {}
    finalizers = [*(spec.get("finalizers") or ()), *(namespace["metadata"].get("finalizers") or ())]
    conditions = [
        f"{one.get('type')}: {one.get('message') or one.get('reason')}"
        for one in status.get("conditions") or ()
        if isinstance(one, dict) and one.get("status") == "True"
    ]
    since = str(namespace["metadata"]["deletionTimestamp"])
    return Terminating(key, since, tuple(map(str, finalizers)), tuple(conditions))
