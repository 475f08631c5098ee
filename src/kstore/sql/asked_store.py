"""
One store among those that a query is asked of: its objects at one revision, and how they are shown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from kstore.catalog.mapper import NamedResource, Place
from kstore.codec import Undecodable
from kstore.store import Store


@dataclass
class AskedStore:
    """
    A store whose objects are rows.

    Args:
        store: it is read at its revision; see `pinned`.
        address: what the column `store` says.
        revision: what the column `store_revision` says.
        secrets: show the values of Secrets.
        unreadable: told of each value that was met and cannot be read.
        worded: how a hint of the library is said to whoever asks.
    """

    store: Store
    address: str
    revision: int = 0
    secrets: bool = False
    unreadable: Callable[[Undecodable], None] = field(default=lambda _: None)
    worded: Callable[[str], str] = str

    @classmethod
    def pinned(
        cls,
        store: Store,
        *,
        secrets: bool = False,
        unreadable: Callable[[Undecodable], None] = lambda _: None,
        worded: Callable[[str], str] = str,
    ) -> AskedStore:
        """A store as of now, whatever is written while it is read: several tables of a query agree."""
        status = store.source.status()
        revision = store.revision or status.revision
        if status.kind != "etcd2":  # which only knows now
            store = store.at(revision)
        return cls(store, status.location, revision, secrets, unreadable, worded)

    def place(self, key: bytes) -> Place[NamedResource] | None:
        """What a key means, also of a resource that only keys tell of."""
        return self.store.any_place(key)

    @cached_property
    def resources(self) -> tuple[NamedResource, ...]:
        """Every resource that may have objects here, each directory once."""
        every = (*self.store.mapper.resources, *self.store.unexplained())
        found = {one.key_prefix: one for one in reversed(every)}
        return tuple(reversed(found.values()))
