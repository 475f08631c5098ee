"""
Archives with a file for each key, as vcluster saves a virtual cluster: values side by side in one temporary file.

Knows the form (`pkg/snapshot/client.go`: `writeKeyValue`): a file's name is the whole key, its content the stored
value; revisions are not kept. What vcluster notes about the snapshot itself is below a prefix of its own, and no key.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise
from typing import IO

from kstore.errors import Compacted, DamagedStore, FutureRevision
from kstore.printable import key_text
from kstore.records import Record
from kstore.source.archive.spool import Spool
from kstore.source.bbolt.database import Damage
from kstore.source.interface import Source, StoreStatus

_KEYS = ("/registry/", "/vcluster/")
"""How the keys of a virtual cluster begin: its objects, and what it knows of the host's."""
_ABOUT = "/vcluster/snapshot/"
"""The Helm release, the request, keys to leave out: notes on the snapshot."""
REVISION = 1
"""The revision that stands for all, where none is kept."""


def is_key(name: str) -> bool:
    """Whether a file of an archive is a key by its name."""
    return name.startswith(_KEYS)


class KeyedValues:
    """
    The values of an archive, written one after the other.

    Args:
        spool: where to.
    """

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._found: list[tuple[bytes, int, int]] = []
        self._size = 0
        self.path = spool.path / ".values"

    def add(self, name: str, stream: IO[bytes]) -> None:
        """Take a key's value."""
        if name.startswith(_ABOUT):
            return
        damaged = len(self._spool.damage)
        size = self._spool.append(stream, self.path)
        if len(self._spool.damage) == damaged:  # half a value is none
            self._found.append((name.encode("utf-8", "surrogateescape"), self._size, size))
        self._size += size

    def __len__(self) -> int:
        return len(self._found)

    def sorted(self, where: str) -> tuple[list[bytes], array[int], array[int]]:
        """
        The keys in order, with the places and sizes of their values.

        Raises:
            DamagedStore: a key is there twice.
        """
        self._found.sort()
        keys = [key for key, _, _ in self._found]
        twice = next((one for one, other in pairwise(keys) if one == other), None)
        if twice is not None:
            raise DamagedStore(f"the key {key_text(twice)} is there twice", where=where)
        return keys, array("Q", (one[1] for one in self._found)), array("Q", (one[2] for one in self._found))


class KeyedSource(Source):
    """
    A virtual cluster as vcluster saved it; read only, of one revision.

    Args:
        values: what was in the archive.
        spool: where it is; closed with the source.
        shown: what people call it.

    Raises:
        DamagedStore: a key is there twice.
    """

    def __init__(self, values: KeyedValues, spool: Spool, shown: str) -> None:
        self._spool = spool
        self._shown = shown
        self._keys, self._places, self._sizes = values.sorted(shown)
        self._file = values.path.open("rb")
        self.notes = (f"the archive has keys without revisions: {REVISION} stands for all of them",)

    @property
    def damage(self) -> list[Damage]:
        """What could not be unpacked, when salvaging."""
        return self._spool.damage

    def status(self) -> StoreStatus:
        """Sizes of what was unpacked."""
        size = sum(self._sizes) + sum(map(len, self._keys))
        return StoreStatus(self._shown, "vcluster", REVISION, REVISION, size=size, size_in_use=size)

    def scan(self, prefix: bytes = b"", *, revision: int = 0, start: bytes = b"") -> Iterator[Record]:
        """Yield the records whose key begins with `prefix`, in key order (see `Source`)."""
        self._check(revision)
        for at in range(bisect_left(self._keys, max(prefix, start)), len(self._keys)):
            if not self._keys[at].startswith(prefix):
                return
            yield self._record(at)

    def keys(self, prefix: bytes = b"", *, revision: int = 0, start: bytes = b"") -> Iterator[bytes]:
        """Yield the keys that begin with `prefix`, in order; no value is read."""
        self._check(revision)
        for at in range(bisect_left(self._keys, max(prefix, start)), len(self._keys)):
            if not self._keys[at].startswith(prefix):
                return
            yield self._keys[at]

    def get(self, key: bytes, *, revision: int = 0) -> Record | None:
        """The record of exactly this key."""
        self._check(revision)
        at = bisect_left(self._keys, key)
        return self._record(at) if at < len(self._keys) and self._keys[at] == key else None

    def _record(self, at: int) -> Record:
        self._file.seek(self._places[at])
        return Record(self._keys[at], self._file.read(self._sizes[at]), REVISION, REVISION, 1)

    def _check(self, revision: int) -> None:
        if revision > REVISION:
            raise FutureRevision("the archive has no revisions", where=self._shown)
        if revision < 0:
            raise Compacted("there is no such revision", compact_revision=REVISION, where=self._shown)

    def close(self) -> None:
        """Close the file and remove it; harmless when called twice."""
        self._file.close()
        self._spool.close()


__all__ = ["REVISION", "KeyedSource", "KeyedValues", "is_key"]
