"""
What a store holds, counted: by resource, version, encoding, encryption and namespace.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from kstore.catalog.mapper import NamedResource
from kstore.codec import Undecodable
from kstore.decode.projection import METADATA
from kstore.store import Read, Store, is_housekeeping


@dataclass(slots=True)
class Branch:
    """What one resource keeps in the store, counted."""

    path: str
    """The key prefix below the store's own, such as `services/specs`."""
    resource: NamedResource | None
    """None where no type and no CRD explains what is there."""
    count: int = 0
    size: int = 0
    """The bytes of all values."""
    versions: dict[str, int] = field(default_factory=dict)
    """How many objects are stored in each version (`apps/v1`)."""
    encodings: dict[str, int] = field(default_factory=dict)
    """How many in each encoding (`protobuf`)."""
    encryption_headers: dict[str, int] = field(default_factory=dict)
    """How many are encrypted by each provider and key."""
    namespaces: dict[str, int] = field(default_factory=dict)
    """How many in each namespace."""
    undecodable: int = 0

    def add(self, read: Read, namespace: str) -> None:
        """Count one object."""
        self.count += 1
        self.size += len(read.record.value)
        if namespace:
            _count(self.namespaces, namespace)
        if read.encryption_header is not None:
            _count(self.encryption_headers, str(read.encryption_header))
        if isinstance(read, Undecodable):
            self.undecodable += 1
        else:
            _count(self.versions, read.gvk.api_version)
            _count(self.encodings, read.encoding)


def _count(counts: dict[str, int], name: str) -> None:
    counts[name] = counts.get(name, 0) + 1


def tree(
    store: Store,
    progress: Callable[[int], None] = lambda _: None,
    unreadable: Callable[[Undecodable], None] = lambda _: None,
) -> list[Branch]:
    """
    Count everything below a store's prefix, in key order.

    Args:
        store: the store.
        progress: told how many objects have been counted.
        unreadable: told of each object that cannot be read.
    """
    branches: dict[str, Branch] = {}
    objects = (record for record in store.records() if not is_housekeeping(record))
    for number, read in enumerate(store.read(objects, METADATA)):
        path = store.path_of(read.record.key) or ""
        place = store.mapper.place(path)
        directory = place.resource.key_prefix if place else store.directory_of(path)
        branch = branches.get(directory)
        if branch is None:
            branch = branches[directory] = Branch(directory, place.resource if place else None)
        branch.add(read, place.namespace if place else "")
        if isinstance(read, Undecodable):
            unreadable(read)
        progress(number + 1)
    return list(branches.values())
