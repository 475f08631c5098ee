"""
What is done in a simulated world: a migration, a re-encryption, a move, keys put back; each by kstore's own code.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.encryption.conftest import configuration, keyed
from tests.simulation.etcd import Etcd, KeyValue, Refused
from tests.simulation.network import Network
from tests.simulation.process import Process
from tests.simulation.world import LEASES, THEIRS, World, last_of_others

from kstore.catalog.releases import newest
from kstore.codec import StorageCodec
from kstore.encryption import Transformers
from kstore.encryption.config import load_configuration
from kstore.errors import EncryptionError
from kstore.library.journals import require_resumable, resumed_move, roll_back, verified
from kstore.library.migration import Migration
from kstore.library.moving import Destination, Move
from kstore.migrate.journal import Journal
from kstore.migrate.request import Request
from kstore.migrate.rollback import RolledBack
from kstore.migrate.verify import Verified
from kstore.naming import GroupResource, GroupVersion
from kstore.records import Record
from kstore.scheme.scheme import Scheme
from kstore.source.interface import Source
from kstore.store import Store
from kstore.testing import MemorySource
from kstore.write.batches import Pace
from kstore.write.retry import Retry

_SCHEME = Scheme(newest())
_CODEC = StorageCodec(_SCHEME)
_NEW = GroupVersion("scheduling.k8s.io", "v1")
_RESOURCE = GroupResource("scheduling.k8s.io", "priorityclasses")
_PREFIX, _COPIES = "/registry", "/copies"
_OTHER = b"/elsewhere/untouched"
_RETRY_SECONDS = 20.0


@cache
def old_value(number: int) -> bytes:
    """An object as an old release has stored it."""
    description = f"number {number}"
    return _CODEC.encode(
        {"apiVersion": "scheduling.k8s.io/v1beta1", "kind": "PriorityClass", "metadata": {"name": "p"}, "value": 1,
         "description": description}
    )  # fmt: skip


@cache
def new_value(number: int) -> bytes:
    """The same as the new release stores it."""
    return _CODEC.convert(old_value(number), _NEW)


@cache
def _numbers() -> dict[bytes, int]:
    return {old_value(number): number for number in range(200)}


@cache
def _keys() -> Transformers:
    with TemporaryDirectory() as folder:
        path = Path(folder, "encryption.yaml")
        path.write_text(configuration(("'*.*'", keyed("aesgcm", ("new", 1), ("old", 2)) + ", {identity: {}}")))
        return load_configuration(path)


@cache
def _old_keys() -> Transformers:
    with TemporaryDirectory() as folder:
        path = Path(folder, "encryption.yaml")
        path.write_text(configuration(("'*.*'", keyed("aesgcm", ("old", 2)))))
        return load_configuration(path)


@cache
def _template(prefix: str, transformers: Transformers | None) -> Store:
    store = Store(MemorySource(), _SCHEME, transformers, prefix=prefix)
    assert store.custom_resources is not None
    assert store.resources("priorityclasses")
    return store


def opened(source: Source, prefix: str = _PREFIX, transformers: Transformers | None = None) -> Store:
    """A store, with the functions that were compiled for another one: to compile them takes longer than a schedule."""
    found = copy.copy(_template(prefix, transformers))
    found.source = source
    return found


class Scenario(ABC):
    """
    What kstore is asked for, and what must come of it.

    Args:
        world: where it happens; filled by this.
    """

    kinds = 8
    """The things that another client does."""

    def __init__(self, world: World) -> None:
        decisions = world.decisions
        self.world = world
        self.number = 0
        self.network = world.networks[0]
        self.etcd: Etcd = self.network.etcd
        self.keys = [f"/registry/priorityclasses/p{number}".encode() for number in range(1 + decisions.pick("keys", 4))]
        self.pace = Pace(decisions.pick("batch", 4), 1 + decisions.pick("concurrency", 3))
        self.ambiguous: set[bytes] = set()
        """Keys under which another client has written just what kstore was to write."""
        self.etcd.leases = dict.fromkeys((7, 8), 3600)
        self.etcd.put(_OTHER, b"of no concern", 0, THEIRS)
        for key in self.keys:
            kind = decisions.pick("at first", 4)
            if kind < 3:
                value = self.made(key, new=kind == 1)
                self.etcd.put(key, value, LEASES[decisions.pick("its lease at first", 4)], THEIRS)
        world.foreign, world.kinds, world.keys = self.another, self.kinds, len(self.keys)

    @property
    def concerned(self) -> list[tuple[Etcd, bytes]]:
        """The keys that kstore may write, and where."""
        return [(self.etcd, key) for key in self.keys]

    def another(self, kind: int, which: int) -> None:
        """What another client does."""
        etcd, key = self.etcd, self.keys[which]
        found = etcd.live.get(key)
        lease = found.lease if found else 0
        match kind:
            case 0 | 1:
                etcd.put(key, self.made(key, new=kind == 1), lease, THEIRS)
            case 2:
                etcd.put(key, self.made(key), LEASES[self.world.decisions.pick("its lease", 4)], THEIRS)
            case 3:
                etcd.delete(key, THEIRS)
            case 4:
                if found:
                    etcd.put(key, found.value, found.lease, THEIRS)
                    self.ambiguous.add(key)
            case 5:
                lease = LEASES[2 + which % 2]
                etcd.revoke(lease)
                etcd.leases[lease] = 60  # one of the same id, granted anew, as the next Events have
            case 6:
                etcd.compact(etcd.revision)
            case 7:
                etcd.alarmed = not etcd.alarmed

    @abstractmethod
    def made(self, key: bytes, *, new: bool = False) -> bytes:
        """A value of another client's that was never there before; `new` where kstore has nothing to do about it."""

    @abstractmethod
    def is_right(self, before: KeyValue, after: KeyValue) -> bool:
        """Whether what kstore has left under a key is what was to become of what was there."""

    # ---- kstore's work, each called in a process of its own

    @abstractmethod
    def begin(self, process: Process, path: Path) -> Any:
        """Do it, with this journal."""

    @abstractmethod
    def resume(self, process: Process, path: Path) -> Any:
        """Go on with it."""

    def rollback(self, process: Process, path: Path) -> RolledBack:
        """Undo it."""
        source = process.source(self.network)
        return roll_back(Journal(path), source, self.retry(), read_only=False)

    def verify(self, process: Process, path: Path) -> Verified:
        """Hold the store against the journal."""
        return verified(Journal(path), self.store(process))

    def retry(self) -> Retry:
        """How long a store may stay away."""
        return Retry(_RETRY_SECONDS)

    def store(self, process: Process) -> Store:
        """The store as kstore reads it."""
        return opened(process.source(self.network))


class Migrating(Scenario):
    """`kstore migrate --to scheduling.k8s.io/v1`."""

    request = Request(release=_SCHEME.release.name, to=(str(_NEW),), resources=("priorityclasses",))

    def made(self, key: bytes, *, new: bool = False) -> bytes:
        """In the old version, or the new one."""
        self.number += 1
        return (new_value if new else old_value)(self.number)

    def another(self, kind: int, which: int) -> None:
        """Also writes just what kstore will write, as a server does when its own storage version is new."""
        found = self.etcd.live.get(self.keys[which])
        if kind == 4 and found and found.value in _numbers():
            self.etcd.put(self.keys[which], new_value(_numbers()[found.value]), found.lease, THEIRS)
            self.ambiguous.add(self.keys[which])
        else:
            super().another(kind, which)

    def is_right(self, before: KeyValue, after: KeyValue) -> bool:
        """Converted, byte for byte."""
        number = _numbers().get(before.value)
        return after.value == (before.value if number is None else new_value(number)) and after.lease == before.lease

    def begin(self, process: Process, path: Path) -> Any:
        """As `Migration.apply`."""
        return self._migration(process).run(path, pace=self.pace, retry=self.retry())

    def resume(self, process: Process, path: Path) -> Any:
        """As `Journal.resume`."""
        journal = Journal(path)
        require_resumable(journal)
        return self._migration(process).run(path, pace=self.pace, retry=self.retry(), resumed=journal)

    def _migration(self, process: Process) -> Migration:
        return Migration(self.store(process), self.request, address="simulated")


class Encrypting(Migrating):
    """`kstore encrypt`: some values are plain, some encrypted by the former key."""

    request = Request(release=_SCHEME.release.name, encrypt=True, resources=("priorityclasses",))

    def made(self, key: bytes, *, new: bool = False) -> bytes:
        """Encrypted with the new key, with the former one, or plain."""
        self.number += 1
        plain = old_value(self.number)
        if not new and self.number % 2:
            return plain
        return (_keys() if new else _old_keys()).encrypt(key, plain, _RESOURCE)

    def another(self, kind: int, which: int) -> None:
        """No two encryptions are the same: nobody writes what kstore writes."""
        Scenario.another(self, kind, which)

    def is_right(self, before: KeyValue, after: KeyValue) -> bool:
        """The same content by the new key; what had it is as it was."""
        for key in self.keys:
            try:
                old, new = (_keys().open(key, one.value, _RESOURCE) for one in (before, after))
            except EncryptionError:  # of another key
                continue
            same = before.value == after.value if not old.stale else not new.stale
            return same and old.plain == new.plain and before.lease == after.lease
        return False

    def store(self, process: Process) -> Store:
        """Read with both keys."""
        return opened(process.source(self.network), transformers=_keys())


class Moving(Scenario):
    """`kstore move`: into another store, or below another prefix of the same one."""

    kinds = 10

    def __init__(self, world: World) -> None:
        self.across = bool(world.decisions.pick("another store", 2))
        if self.across:
            world.networks.append(Network(Etcd(), " of the copies"))
        super().__init__(world)
        self.target = world.networks[-1]
        self.copies = [key.replace(_PREFIX.encode(), _COPIES.encode(), 1) for key in self.keys]

    @property
    def concerned(self) -> list[tuple[Etcd, bytes]]:
        """The copies."""
        return [(self.target.etcd, key) for key in self.copies]

    def made(self, key: bytes, *, new: bool = False) -> bytes:
        """Any object."""
        self.number += 1
        return (new_value if new else old_value)(self.number)

    def another(self, kind: int, which: int) -> None:
        """Also to the copies."""
        if kind < 8:
            super().another(kind, which)
        elif kind == 8:
            self.target.etcd.put(self.copies[which], self.made(b""), 0, THEIRS)
        else:
            self.target.etcd.delete(self.copies[which], THEIRS)

    def is_right(self, before: KeyValue, after: KeyValue) -> bool:
        """Byte for byte, with a lease where the original has one."""
        return before.value == after.value

    def begin(self, process: Process, path: Path) -> Any:
        """As `Move.apply`."""
        store = self.store(process)
        source = store.source if not self.across else process.source(self.target)
        destination = Destination(source, "copies", None)
        move = Move(store, (_COPIES,), destination, address="simulated")
        return move.run(path, pace=self.pace, retry=self.retry())

    def resume(self, process: Process, path: Path) -> Any:
        """As `Journal.resume`."""
        journal = Journal(path)
        require_resumable(journal)
        move = resumed_move(journal, self.store(process), self._copied(process))
        return move.run(path, pace=self.pace, retry=self.retry(), resumed=journal)

    def rollback(self, process: Process, path: Path) -> RolledBack:
        """The copies are deleted."""
        return roll_back(Journal(path), process.source(self.target), self.retry(), read_only=False)

    def verify(self, process: Process, path: Path) -> Verified:
        """Both stores."""
        return verified(Journal(path), self._copied(process), self.store(process))

    def _copied(self, process: Process) -> Store:
        return opened(process.source(self.target), _COPIES)


SCENARIOS: dict[str, Callable[[World], Scenario]] = {"migrate": Migrating, "encrypt": Encrypting, "move": Moving}

__all__ = ["SCENARIOS", "Moving", "Record", "Refused", "Scenario", "last_of_others", "new_value", "old_value"]
