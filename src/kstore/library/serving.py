"""
Stored objects as a running server would answer them: read, filled in, and in a version that it serves.

Reading alone: what a server writes back is `migrate`'s business. Knows releases and CRDs, and what of the server's
flags the store tells; nothing is asked of a server.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from kstore.catalog.mapper import NamedResource
from kstore.codec import StoredObject
from kstore.customresource.resource import served_versions
from kstore.errors import NotServed
from kstore.migrate.server import AssumedServer, server_of
from kstore.naming import GroupVersion, GroupVersionKind
from kstore.printable import key_text
from kstore.store import Store

_NEVER_SERVED = frozenset({"masterleases", "peerserverleases", "rangeallocations"})
"""What an apiserver stores for itself; no request reaches it (`pkg/controlplane/reconcilers`, `registry/core/rest`)."""


class Serving:
    """
    A store's objects as its server answers a GET.

    Args:
        store: the store, read by the release of the server.
        service_family: the first family of its `--service-cluster-ip-range`; empty for what the store tells.
    """

    def __init__(self, store: Store, service_family: str = "") -> None:
        self._store = store
        self._service_family = service_family

    @cached_property
    def _server(self) -> AssumedServer:
        return server_of(self._store, self._service_family)

    def object(self, stored: StoredObject, to: GroupVersion | None = None) -> dict[str, Any]:
        """
        An object as the server answers it, but for `metadata.resourceVersion`, which is the record's revision.

        Args:
            stored: as it was read from the store.
            to: the version that is asked for; None for the one that kubectl would ask for.

        Raises:
            NotServed: the release serves no such resource, or not in that version.
            NotConvertible: a rule refuses the object.
            KstoreError: it cannot be read.
        """
        place = self._store.place(stored.record.key)
        if place is None or not place.resource.kind or place.resource.resource in _NEVER_SERVED:
            raise NotServed(f"no API serves what is stored at {key_text(stored.record.key)}")
        version = self._version(place.resource, stored, to)
        if place.resource.definition is not None:
            return self._store.as_version(stored, version)
        scheme = self._store.codec.scheme
        if not scheme.catalog.holds(stored.gvk):
            raise NotServed(f"release {scheme.release} cannot read what is stored as {stored.gvk}")
        return self._store.codec.as_version(stored, version, self._server.running)

    def _version(self, resource: NamedResource, stored: StoredObject, to: GroupVersion | None) -> GroupVersion:
        """The version that was asked for, or the resource's preferred one, as far as it is served."""
        served = self._served(resource, stored.gvk.kind)
        if to is None and served:
            return served[0]
        if to is not None and (to in served or self._is_served(to, stored.gvk.kind)):
            return to
        release = self._store.codec.scheme.release
        named = f"{resource.resource}.{resource.group}".rstrip(".")
        versions = ", ".join(map(str, served))
        raise NotServed(
            f"release {release} does not serve {named}{f' in {to}' if to and served else ''}",
            hint=f"it serves {versions}" if served else "",
        )

    def _served(self, resource: NamedResource, kind: str) -> list[GroupVersion]:
        """The versions that a server serves of a resource, the preferred one first."""
        if resource.definition is not None:
            return [GroupVersion(resource.group, version) for version in served_versions(resource.definition)]
        found = [GroupVersion(resource.group, version) for version in resource.versions]
        return [version for version in found if self._is_served(version, kind)]

    def _is_served(self, version: GroupVersion, kind: str) -> bool:
        return self._store.codec.scheme.catalog.serves(GroupVersionKind(version.group, version.version, kind))
