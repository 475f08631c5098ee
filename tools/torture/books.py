"""
The books of one store: what others have written last under every key, and what kstore may have made of it.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple

from kstore.catalog.releases import newest
from kstore.codec import StorageCodec
from kstore.errors import KstoreError, SourceError
from kstore.naming import GroupVersion
from kstore.records import Delete, Put, Record
from kstore.scheme.scheme import Scheme
from kstore.source.etcd.live import LiveSource
from kstore.write.retry import Retry
from tools.torture.processes import Unbalanced

PREFIX = b"/registry/deployments/shop/"
OTHER = b"/elsewhere/untouched"
LEASES = (0, 0, 0, 7001, 7002)
_CODEC = StorageCodec(Scheme(newest()))
_OLD, _NEW = GroupVersion("apps", "v1beta1"), GroupVersion("apps", "v1")
_PATIENCE = 240.0


class Stored(NamedTuple):
    """What is stored under a key."""

    value: bytes
    lease: int


def old(name: str, image: str) -> bytes:
    """A Deployment as an old release has stored it."""
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "web", "image": image}]}}
    made = {"kind": "Deployment", "apiVersion": str(_OLD), "metadata": {"name": name, "namespace": "shop"},
            "spec": {"template": template}}  # fmt: skip
    return _CODEC.convert(_CODEC.encode(made), _OLD)


@lru_cache(maxsize=20_000)
def new(value: bytes) -> bytes:
    """The same as a migration leaves it."""
    return _CODEC.convert(value, _NEW)


def before(stored: Stored) -> Stored:
    """As others left it."""
    return stored


def after(stored: Stored) -> Stored:
    """As a migration leaves it."""
    return Stored(new(stored.value), stored.lease)


class Books:
    """
    What others have written to a store.

    Args:
        source: the store, as the others reach it.
        chosen: where the numbers are from.
        count: keys.
    """

    def __init__(self, source: LiveSource, chosen: random.Random, count: int) -> None:
        self.source = source
        self.written = 0
        self._random = chosen
        self._keys = [PREFIX + b"web-%05d" % number for number in range(count)]
        self._last: dict[bytes, Stored | None] = {}
        self._perhaps: dict[bytes, list[Stored | None]] = {}
        """Writes whose end was not seen: they may have happened, or happen later."""
        self._number = 0
        for lease in sorted({*LEASES} - {0}):
            source.grant_lease(lease, 36_000)
        self._leases = set(source.leases())
        puts = [Put(OTHER, b"of no concern", 0)]
        for key in self._keys:
            made = self._made(key)
            self._last[key] = made
            puts.append(Put(key, made.value, 0, made.lease))
        for at in range(0, len(puts), 100):
            if not source.commit(puts[at : at + 100]).succeeded:
                raise Unbalanced("a store to begin with")

    def _made(self, key: bytes) -> Stored:
        self._number += 1
        name = key.rpartition(b"/")[2].decode()
        return Stored(old(name, f"other:{self._number}"), self._random.choice(LEASES))

    def meddle(self) -> None:
        """Write something as another client does: a change, now and then a deletion or a creation."""
        key = self._random.choice(self._keys)
        found = Retry(_PATIENCE).ask(lambda: self.source.get(key))
        made: Stored | None = self._made(key)
        if found is not None and self._random.random() < 0.15:
            made = None
        revision = found.mod_revision if found else 0
        write = Put(key, made.value, revision, made.lease) if made else Delete(key, revision)
        try:
            done = self.source.commit([write]).succeeded
        except SourceError:
            self._perhaps.setdefault(key, []).append(made)
            return
        if done:  # whatever depended on an earlier revision comes no more
            self._last[key] = made
            self._perhaps.pop(key, None)
            self.written += 1

    # ---- held against the store

    def hold(self, what: str, *allowed: Callable[[Stored], Stored]) -> None:
        """
        Hold the store against the books.

        Args:
            what: the promise.
            allowed: what may have become of what others wrote last.

        Raises:
            Unbalanced: a key is neither of these, or one is there that nobody wrote, or a lease has changed.
        """
        stored = {record.key: record for record in Retry(_PATIENCE).scan(self.source, [b"/"])}
        if stored.pop(OTHER, Record(b"", b"", 0, 0, 0)).value != b"of no concern":
            raise Unbalanced(f"{what}: a key of no concern was changed")
        for key in self._keys:
            found = stored.pop(key, None)
            wanted = self._wanted(key, allowed)
            if (Stored(found.value, found.lease) if found else None) not in wanted:
                raise Unbalanced(f"{what}: {key.decode()}: {found} is none of {wanted}")
        if any(key.startswith(PREFIX) for key in stored):
            raise Unbalanced(f"{what}: nobody has written {next(iter(stored))!r}")
        leases = set(Retry(_PATIENCE).ask(self.source.leases))
        if leases != self._leases:
            raise Unbalanced(f"{what}: the leases were {self._leases}, and are {leases}")

    def _wanted(self, key: bytes, allowed: Iterable[Callable[[Stored], Stored]]) -> list[Stored | None]:
        last = [self._last[key], *self._perhaps.get(key, ())]
        return [one and form(one) for one in last for form in allowed]

    def revision(self) -> int:
        """The store's."""
        return Retry(_PATIENCE).ask(self.source.revision)


class Others:
    """
    Other clients, who write all along while a `with` lasts.

    Args:
        books: where it is kept.
        pause: seconds between two writes.
    """

    def __init__(self, books: Books, pause: float = 0.02) -> None:
        self._books = books
        self._pause = pause
        self._stop = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            while not self._stop.wait(self._pause):
                self._books.meddle()
        except KstoreError as error:
            self._failure = error

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        if self._failure is not None:
            raise self._failure
