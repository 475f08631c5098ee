"""
One cluster's keys copied below another prefix, or into another store: what that comes to for each of them.

The bytes of an object say nothing of its key, with one exception: of a value that is encrypted at rest, the key's path
is authenticated (AES-GCM, KMS: `storage/value/encrypt/aes/aes.go`), so such values are decrypted and encrypted again.
Writes nothing; `move_copy.py` does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from kstore.codec import StoredObject
from kstore.decode.projection import METADATA
from kstore.encryption import Transformers
from kstore.encryption.prefix import is_encrypted
from kstore.errors import Conflict, KstoreError, UsageError, ValueFault
from kstore.migrate.plan import Skipped
from kstore.migrate.summary import SkippedObject
from kstore.naming import GroupResource, GroupVersionKind
from kstore.printable import key_text
from kstore.records import Put, Record
from kstore.store import Store, is_housekeeping
from kstore.write.leases import Leases


class Routes:
    """
    Where keys go: below which prefix those of another are copied.

    Args:
        pairs: a prefix of the cluster and the one that its keys get, both without a slash at the end.

    Raises:
        UsageError: two go below one, or one within another.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self.pairs = tuple(sorted(pairs, key=lambda pair: pair[1]))
        self._tops = tuple((f"{old}/".encode(), f"{new}/".encode()) for old, new in self.pairs)
        new = [top for _, top in self._tops]
        if any((one != other and one.startswith(other)) or new.count(one) > 1 for one in new for other in new):
            raise UsageError("two prefixes cannot go below the same one", hint="`to_prefix=` names one for each")

    @staticmethod
    def of(prefixes: tuple[str, ...], wanted: tuple[str, ...]) -> Routes:
        """
        The routes from a cluster's prefixes to those that were asked for, in the same order; none keeps them all.

        Raises:
            UsageError: not as many of one as of the other, or none that an apiserver could have.
        """
        new = tuple(f"/{one.strip('/')}" for one in wanted) or prefixes
        if len(new) != len(prefixes):
            raise UsageError(
                f"the cluster's keys lie below {' and '.join(prefixes)}: a prefix is required for each",
                hint=" ".join(f"`to_prefix='NEW-FOR-{one.strip('/')}'`" for one in prefixes),
            )
        if "/" in new:
            raise UsageError("the root is no prefix of a cluster", hint="`to_prefix='/registry/NAME'`, or /NAME")
        return Routes(zip(prefixes, new, strict=True))

    def refuse_within_one_store(self) -> None:
        """
        See that nothing is copied onto or into what it is copied from.

        Raises:
            UsageError: a prefix stays as it is, or lies within another.
        """
        for old, _ in self._tops:
            for _, new in self._tops:
                if old.startswith(new) or new.startswith(old):
                    said = old.decode().rstrip("/"), new.decode().rstrip("/")
                    raise UsageError(
                        f"{said[1]} and {said[0]} are within each other: a cluster cannot be copied there in its own "
                        "store",
                        hint="another `to_prefix=`; or `to_store=`",
                    )

    def __call__(self, key: bytes) -> bytes:
        """
        The key that a key is copied to.

        Raises:
            ValueError: it lies below none of the prefixes.
        """
        for old, new in self._tops:
            if key.startswith(old):
                return new + key[len(old) :]
        raise ValueError(key)

    @property
    def sources(self) -> tuple[bytes, ...]:
        """What is read: the former prefixes, in the order of the new ones."""
        return tuple(old for old, _ in self._tops)

    @property
    def targets(self) -> tuple[bytes, ...]:
        """The new prefixes."""
        return tuple(new for _, new in self._tops)


# ---- the plan


@dataclass(frozen=True, slots=True)
class Copy:
    """A key that is to be written, which nothing has so far."""

    record: Record
    """The original."""
    key: bytes
    value: bytes = field(repr=False)
    lease: int
    stored: GroupVersionKind | None
    """What it is; None for what cannot be decoded, which is copied byte for byte."""
    encrypted_anew: bool

    def mutation(self) -> Put:
        """The write: only if the key is not there."""
        return Put(self.key, self.value, 0, self.lease)


@dataclass(frozen=True, slots=True)
class Copied:
    """A key that is there already with the same content: a run that was interrupted has written it."""

    record: Record


MoveStep = Copy | Copied | Skipped


class CopyPlanner:
    """
    Decides what becomes of each record.

    Args:
        source: the cluster that is copied, read with the keys that its values are encrypted with.
        routes: where to.
        transformers: the encryption of the new cluster; None to store everything in plain text.
        leases: those of the copies.
        there: what is stored under a key of the new cluster; None where it is known that nothing is.
    """

    def __init__(
        self,
        source: Store,
        routes: Routes,
        transformers: Transformers | None,
        leases: Leases,
        there: Callable[[bytes], Record | None] | None = None,
    ) -> None:
        self._source = source
        self._routes = routes
        self._transformers = transformers
        self._leases = leases
        self._there = there

    def plan(self, records: Iterable[Record]) -> Iterator[MoveStep]:
        """Yield a step for each record; apiservers' notes of their own (kine's health key) have none."""
        for record in records:
            if is_housekeeping(record):
                continue
            try:
                yield self._step(record)
            except ValueFault as error:
                yield Skipped(record, error)

    def _step(self, record: Record) -> MoveStep:
        key = self._routes(record.key)
        read = self._source.codec.read(record, METADATA)
        if isinstance(read, StoredObject):
            plain, stored = read.plain, read.gvk
        else:  # damaged ones are copied as they are; to fail here is for those that cannot be decrypted
            plain, stored = self._source.codec.open(record.key, record.value).plain, None
        found = self._there(key) if self._there is not None else None
        if found is not None:
            if plain_of_copy(self._transformers, found, self._source.resource_of(record.key)) == plain:
                return Copied(record)
            return Skipped(record, Conflict("something else is stored there", where=key_text(key)))
        value = plain
        if self._transformers is not None:
            value = self._transformers.encrypt(key, plain, self._source.resource_of(record.key))
        return Copy(record, key, value, self._leases.of(record), stored, value != record.value)


def plain_of_copy(transformers: Transformers | None, copy: Record, resource: GroupResource | None) -> bytes | None:
    """
    The content of a copy; None where it cannot be decrypted.

    Args:
        transformers: the encryption of the new cluster.
        copy: as it is stored there.
        resource: that of its original: whether there is such a custom resource, the original's cluster says.
    """
    if transformers is None:
        return None if is_encrypted(copy.value) else copy.value
    try:
        return transformers.open(copy.key, copy.value, resource).plain
    except ValueFault:
        return None


# ---- the counts


@dataclass
class MoveSummary:
    """What a move is about and how it goes, counted; of skipped objects the first are named."""

    copied: int = 0
    bytes: int = 0
    """Of the values that were written."""
    unchanged: int = 0
    """Keys that were there already, with the same content."""
    encrypted: int = 0
    """Keys whose values were encrypted, decrypted, or encrypted anew for their new key."""
    without_lease: int = 0
    """Keys whose lease had gone, and that have none now."""
    ended: int = 0
    """Keys that went with their lease while they were to be copied."""
    skipped: list[SkippedObject] = field(default_factory=list)
    skipped_count: int = 0
    conflicts: int = 0
    """Keys under which others have written meanwhile; they are among the skipped."""
    keep: int = 10_000

    def add(self, step: MoveStep) -> None:
        """Count a step."""
        match step:
            case Copy(record=record, value=value, lease=lease, encrypted_anew=anew):
                self.copied += 1
                self.bytes += len(value)
                self.encrypted += anew
                self.without_lease += bool(record.lease and not lease)
            case Copied():
                self.unchanged += 1
            case Skipped(record=record, error=error):
                self.skipped_count += 1
                self.conflicts += isinstance(error, Conflict)
                if len(self.skipped) < self.keep:
                    self.skipped.append(SkippedObject.of(record.key, error))

    def as_json(self, hint_of: Callable[[KstoreError], str] = attrgetter("hint")) -> dict[str, Any]:
        """The counts as a document; `hint_of` is what to try, as whoever reads it shall be told."""
        return {
            "copied": self.copied,
            "bytes": self.bytes,
            "unchanged": self.unchanged,
            "encrypted": self.encrypted,
            "withoutLease": self.without_lease,
            "ended": self.ended,
            "skipped": self.skipped_count,
            "conflicts": self.conflicts,
            "skippedObjects": [
                {"key": one.key, "code": one.code, "message": one.message, "hint": hint_of(one.error)}
                for one in self.skipped
            ],
        }
