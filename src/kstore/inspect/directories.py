"""
Which resource and namespace a key belongs to, asked for every key of a store.

Remembers the answer for each directory of keys, since those of one directory belong together.
"""

from __future__ import annotations

from dataclasses import dataclass

from kstore.catalog.mapper import NamedResource
from kstore.store import Store


@dataclass(frozen=True, slots=True, eq=False)
class Directory:
    """Where the keys of one directory belong; one for each directory, told apart by being another."""

    label: str
    """The resource as a person names it (`deployments.apps`); of unexplained keys the path below the prefix."""
    resource: NamedResource | None
    """None where no type and no CRD explains what is there."""
    namespace: str = ""


class Directories:
    """
    Finds the directories of keys.

    Args:
        store: whose keys.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._directories: dict[bytes, Directory] = {}

    def of(self, key: bytes) -> Directory:
        """The directory of a key."""
        directory = key.rpartition(b"/")[0]
        found = self._directories.get(directory)
        if found is None:
            found = self._directories[directory] = self._find(key)
        return found

    def _find(self, key: bytes) -> Directory:
        place = self._store.place(key)
        if place is not None and place.resource.kind:
            return Directory(resource_label(place.resource), place.resource, place.namespace)
        path = self._store.path_of(key) or key.decode("utf-8", "backslashreplace")
        parts = path.split("/")
        return Directory("/".join(parts[:2]) if len(parts) > 2 else parts[0], None)


def resource_label(resource: NamedResource) -> str:
    """`pods`, `deployments.apps`: as kubectl and the encryption configuration spell a resource with its group."""
    return f"{resource.resource}.{resource.group}" if resource.group else resource.resource
