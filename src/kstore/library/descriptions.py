"""
What the library says of a resource, and of one revision of an object.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kstore.library.objects import StoredObject, Undecodable

if TYPE_CHECKING:
    from kstore.catalog.mapper import NamedResource
    from kstore.catalog.releases import Release
    from kstore.differences import Difference
    from kstore.inspect.changes import Author

Item = StoredObject | Undecodable


@dataclass(frozen=True, slots=True)
class Resource:
    """What a RESTMapper knows of a resource, and where its objects are stored."""

    group: str
    versions: tuple[str, ...]
    """The preferred one first; of a built-in resource, those of every known release."""
    kind: str
    resource: str
    """The plural: `deployments`."""
    singular: str
    short_names: tuple[str, ...]
    categories: tuple[str, ...]
    namespaced: bool
    prefix: str
    """What the keys of its objects begin with: `/registry/deployments/`."""
    storage_version: str
    """The `apiVersion` that the release stores it in; empty where it does not store it, or no CRD tells."""

    @staticmethod
    def of(found: NamedResource, prefix: str, release: Release) -> Resource:
        """A resource of a store with that prefix, which is read as that release."""
        from kstore.view.resource_text import storage_version

        stored = storage_version(found, release)
        return Resource(
            group=found.group,
            versions=tuple(found.versions),
            kind=found.kind,
            resource=found.resource,
            singular=found.singular,
            short_names=tuple(found.short_names),
            categories=tuple(found.categories),
            namespaced=found.namespaced,
            prefix=f"{prefix}/{found.key_prefix}/",
            storage_version=str(stored) if stored else "",
        )


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision of a key."""

    key: str
    revision: int
    change: str
    """`created`, `changed` or `deleted`."""
    item: Item | None
    """The object as of this revision; None where it was deleted."""
    authors: tuple[Author, ...]
    """Who wrote it, as far as managedFields tell: `.manager`, `.operation`, `.time`, `.subresource`."""
    time: str
    """When, in RFC 3339, as far as the object tells; else empty."""
    differences: tuple[Difference, ...]
    """What has changed since the revision before: `.path`, `.kind`, `.old`, `.new`."""
