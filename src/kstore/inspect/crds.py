"""
The CRDs of a store, and in which versions their objects are really stored.

What `status.storedVersions` says is what the apiserver goes by; what is there is what counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from kstore.codec import StoredObject, Undecodable
from kstore.customresource.resource import CustomResource
from kstore.decode.projection import METADATA
from kstore.inspect.directories import resource_label
from kstore.store import Store


@dataclass(slots=True)
class CustomUsage:
    """One CRD and its objects."""

    name: str
    kind: str
    namespaced: bool
    storage_version: str
    versions: tuple[str, ...]
    """All that the CRD has."""
    served: tuple[str, ...]
    listed: tuple[str, ...]
    """`status.storedVersions`."""
    really: dict[str, int] = field(default_factory=dict)
    """Version -> how many objects are stored in it."""
    encodings: dict[str, int] = field(default_factory=dict)
    bytes: int = 0
    undecodable: int = 0

    @property
    def objects(self) -> int:
        """How many objects there are."""
        return sum(self.really.values()) + self.undecodable

    @property
    def unlisted(self) -> tuple[str, ...]:
        """Versions that objects are stored in and storedVersions does not list."""
        return tuple(one for one in self.really if one not in self.listed)

    @property
    def idle(self) -> tuple[str, ...]:
        """Versions that storedVersions lists and could lose: nothing is stored so, and nothing will be."""
        return tuple(
            one
            for one in self.listed
            if one not in self.really and one != self.storage_version and not self.undecodable
        )

    @property
    def gone(self) -> tuple[str, ...]:
        """Versions that objects are stored in, and that the CRD does not have: no server can read these objects."""
        return tuple(one for one in self.really if one not in self.versions)

    @property
    def outdated(self) -> int:
        """Objects in another version than the storage version."""
        return sum(count for version, count in self.really.items() if version != self.storage_version)

    def as_document(self) -> dict[str, Any]:
        """One entry of `-o json`."""
        return {
            "name": self.name, "kind": self.kind, "namespaced": self.namespaced, "objects": self.objects,
            "bytes": self.bytes, "storageVersion": self.storage_version, "servedVersions": list(self.served),
            "storedVersions": list(self.listed), "reallyStored": self.really, "encodings": self.encodings,
            "unlisted": list(self.unlisted), "prunable": list(self.idle), "outdated": self.outdated,
            "undecodable": self.undecodable,
        }  # fmt: skip


def custom_usages(store: Store, unreadable: Callable[[Undecodable], None] = lambda _: None) -> Iterator[CustomUsage]:
    """Yield each CRD of the store with what is stored of it, in the order of their names."""
    for resource in sorted(store.custom_resources, key=resource_label):
        usage = _usage(resource)
        for read in store.objects(resource, projection=METADATA):
            usage.bytes += len(read.record.value)
            if isinstance(read, StoredObject):
                usage.really[read.gvk.version] = usage.really.get(read.gvk.version, 0) + 1
                usage.encodings[read.encoding] = usage.encodings.get(read.encoding, 0) + 1
            else:
                usage.undecodable += 1
                unreadable(read)
        yield usage


def _usage(resource: CustomResource) -> CustomUsage:
    definition = resource.definition or {}
    spec = definition.get("spec") or {}
    versions = spec.get("versions") or [{"name": name, "served": True} for name in resource.versions]
    return CustomUsage(
        name=resource_label(resource),
        kind=resource.kind,
        namespaced=resource.namespaced,
        storage_version=resource.storage_version,
        versions=resource.versions,
        served=tuple(str(one.get("name")) for one in versions if one.get("served")),
        listed=tuple(map(str, (definition.get("status") or {}).get("storedVersions") or ())),
    )
