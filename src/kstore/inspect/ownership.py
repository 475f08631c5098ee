"""
Objects whose owners are gone, found without keeping any of a store's objects in memory.

What exists and what is named as an owner are noted as sorted keys (`kstore/sorted_keys.py`): in their order an owner
that is named comes right behind the object that it must be.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from struct import Struct
from typing import Final, NamedTuple

from kstore.sorted_keys import SortedKeys

_AT_ONCE: Final = 1 << 15
"""Keys in memory: they are longer than those of objects."""
_PLACE: Final = Struct(">q")
"""The hash of coordinates."""
_IDENTITY: Final = Struct(">qq")
"""The hashes of coordinates and of a uid."""


class Coordinates(NamedTuple):
    """Where the garbage collector looks for an owner."""

    key_prefix: str
    """Its resource's."""
    namespace: str
    """Empty for what is cluster-wide."""
    name: str


class Owner(NamedTuple):
    """An owner that an object names."""

    api_version: str
    kind: str
    name: str
    uid: str


@dataclass(slots=True)
class Dependents:
    """Objects of one namespace that name the same owners."""

    owners: tuple[Owner, ...]
    namespace: str
    first_key: str
    keys: int = 0


class Ownership:
    """The objects of a store, and the owners that they name, noted in any order."""

    def __init__(self) -> None:
        # By the hashes of coordinates and uid: alone for an object that exists, with a dependent behind them for what
        # that names; coordinates without a uid are those of an object that cannot be read.
        self._noted = SortedKeys(_AT_ONCE)

    def exists(self, coordinates: Coordinates, uid: str) -> None:
        """Note an object."""
        self._noted.note(_identity(coordinates, uid))

    def may_exist(self, coordinates: Coordinates) -> None:
        """Note an object that cannot be read: it may have any uid."""
        self._noted.note(_PLACE.pack(hash(coordinates)))

    def names(self, key: str, namespace: str, owners: Mapping[Owner, Coordinates]) -> None:
        """Note the owners of an object, and where each is if it exists."""
        identities = {_identity(coordinates, owner.uid) for owner, coordinates in owners.items()}
        dependent = json.dumps((key, namespace, len(identities), (*owners,))).encode()
        for identity in identities:
            self._noted.note(identity + dependent)

    def without_owners(self) -> list[Dependents]:
        """The objects of which no owner exists, by the owners that they name, in the order of their first keys."""
        found: dict[tuple[tuple[Owner, ...], str], Dependents] = {}
        for key, namespace, owners in self._dangling():
            group = found.setdefault((owners, namespace), Dependents(owners, namespace, key))
            group.first_key = min(group.first_key, key)
            group.keys += 1
        return sorted(found.values(), key=lambda group: group.first_key)

    def _dangling(self) -> Iterator[tuple[str, str, tuple[Owner, ...]]]:
        missing: Counter[bytes] = Counter()  # of the few that name several owners
        for dependent in self._of_missing_owners():
            key, namespace, count, owners = json.loads(dependent)
            if count > 1:
                missing[dependent] += 1
            if count == 1 or missing[dependent] == count:
                yield key, namespace, tuple(Owner(*owner) for owner in owners)

    def _of_missing_owners(self) -> Iterator[bytes]:
        """Yield each dependent once for every owner of its that does not exist."""
        unread = existing = b""
        for block in self._noted.blocks():
            for key in block.keys:
                if len(key) == _PLACE.size:
                    unread = key
                elif len(key) == _IDENTITY.size:
                    existing = key
                elif key[: _IDENTITY.size] != existing and key[: _PLACE.size] != unread:
                    yield key[_IDENTITY.size :]


def _identity(coordinates: Coordinates, uid: str) -> bytes:
    return _IDENTITY.pack(hash(coordinates), hash(uid))
