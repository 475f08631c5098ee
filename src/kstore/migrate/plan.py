"""
The plan: what is to happen to each object, decided from its stored bytes alone. Nothing is written here.

A plan is total: every record that is looked at becomes a change, is unchanged, or is skipped with its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from kstore import custom
from kstore.codec import CBOR, JSON, StorageCodec, StoredObject, Undecodable
from kstore.custom import CustomConverter
from kstore.errors import KstoreError, NotConvertible
from kstore.migrate.targets import Targets
from kstore.naming import GroupKind, GroupVersion, GroupVersionKind
from kstore.records import Put, Record

_TOGETHER = 100
"""How many custom resources are converted at once, since each webhook call costs a round trip."""


_KINE_HEALTH = (b"/health", b'{"health":"true"}')
"""How the key ends, and the value, that kine keeps to see that it works (`pkg/server/types.go`, `HealthKey`)."""


@dataclass(frozen=True, slots=True)
class Change:
    """An object that is to be written."""

    record: Record
    """The record as it was read."""
    stored: GroupVersionKind
    target: GroupVersion
    media_type: str
    value: bytes = field(repr=False)
    """The bytes to store, sealed if the resource is encrypted at rest."""
    reason: str = "version"
    """`version`, `encoding`, `defaults` (the same version and encoding, other bytes) or `encryption`."""
    pruned: tuple[str, ...] = ()
    """Fields of a custom resource that the target's schema has no place for."""

    def put(self) -> Put:
        """The write: only if the key is as it was read, with the lease that it has."""
        return Put(self.record.key, self.value, self.record.mod_revision, self.record.lease)


@dataclass(frozen=True, slots=True)
class Unchanged:
    """An object whose bytes are already what they should be: it is not written, as the apiserver would not write it."""

    record: Record
    stored: GroupVersionKind
    target: GroupVersion


@dataclass(frozen=True, slots=True)
class Skipped:
    """An object that is left as it is, and why."""

    record: Record
    error: KstoreError
    """Its `code` is the reason for machines."""
    stored: GroupVersionKind | None = None


Step = Change | Unchanged | Skipped


class Planner(Protocol):
    """Decides what happens to records; the same ones always give the same steps."""

    def plan(self, records: Iterable[Record]) -> Iterator[Step]:
        """Yield a step for each record that the migration concerns, in order."""
        ...


class VersionPlanner:
    """
    Plans the rewriting to another storage version.

    Args:
        codec: reads and converts, with the release whose rules count.
        targets: which version each object goes to.
        media_type: `protobuf` or `json`; empty for what the apiserver would choose.
        drop_unknown_fields: drop fields that the release does not know, as the apiserver would, instead of skipping.
        custom_converter: the converter of a custom kind; None where no CRD defines it.
        wanted: a further condition on objects (labels).
    """

    def __init__(
        self,
        codec: StorageCodec,
        targets: Targets,
        *,
        media_type: str = "",
        drop_unknown_fields: bool = False,
        custom_converter: Callable[[GroupKind], CustomConverter | None] = lambda _: None,
        wanted: Callable[[StoredObject], bool] = lambda _: True,
    ) -> None:
        self.codec = codec
        self._targets = targets
        self._media_type = media_type
        self._drop = drop_unknown_fields
        self._custom_converter = custom_converter
        self._wanted = wanted

    def plan(self, records: Iterable[Record]) -> Iterator[Step]:
        """Yield a step for each record that the migration concerns, in order."""
        waiting: list[StoredObject] = []
        for record in records:
            # labels are all that decides; what is converted is read anew, as the storage decoder reads
            read = self.codec.read(record, metadata_only=True)
            if isinstance(read, Undecodable):
                yield from self._custom(waiting)
                yield from _unread(read)
            elif not self._wanted(read):
                continue
            elif self.codec.scheme.catalog.has_kind(read.gvk):
                yield from self._custom(waiting)
                step = self._built_in(read)
                if step is not None:
                    yield step
            else:
                if waiting and (len(waiting) == _TOGETHER or waiting[0].gvk.kind != read.gvk.kind):
                    yield from self._custom(waiting)
                waiting.append(read)
        yield from self._custom(waiting)

    # ---- built-in kinds

    def _built_in(self, read: StoredObject) -> Step | None:
        try:
            target = self._targets.built_in(read.gvk)
            if target is None:
                return None
            media_type = self.codec.scheme.media_type(target.group, self._media_type or "protobuf")
            plain = self.codec.convert(read.plain, target, media_type=media_type, drop_unknown_fields=self._drop)
            return self._step(read, target, media_type, plain)
        except KstoreError as error:
            return Skipped(read.record, error, read.gvk)

    def _step(
        self, read: StoredObject, target: GroupVersion, media_type: str, plain: bytes, pruned: tuple[str, ...] = ()
    ) -> Step:
        if plain == read.plain:
            return Unchanged(read.record, read.gvk, target)
        if read.gvk.group_version != target:
            reason = "version"
        else:
            reason = "defaults" if read.encoding == media_type else "encoding"
        value = self.codec.seal(read.record.key, plain)
        return Change(read.record, read.gvk, target, media_type, value, reason, pruned)

    # ---- custom resources

    def _custom(self, waiting: list[StoredObject]) -> Iterator[Step]:
        """Plan what has been gathered, and empty it."""
        gathered, waiting[:] = waiting[:], []
        kinds: dict[GroupKind, list[StoredObject]] = {}
        for read in gathered:
            kinds.setdefault(GroupKind(read.gvk.group, read.gvk.kind), []).append(read)
        for kind, reads in kinds.items():
            converter = self._custom_converter(kind)
            if converter is None:
                fault = NotConvertible(f"no built-in type and no CRD of the store explains {kind}")
                yield from (Skipped(read.record, fault, read.gvk) for read in reads)
            else:
                yield from self._of_definition(converter, reads)

    def _of_definition(self, converter: CustomConverter, reads: list[StoredObject]) -> Iterator[Step]:
        by_target: dict[GroupVersion, list[StoredObject]] = {}
        for read in reads:
            target = self._targets.custom(read.gvk, converter.definition)
            if target is not None:
                by_target.setdefault(target, []).append(read)
        for target, members in by_target.items():
            try:
                results = converter.convert(
                    [read.object for read in members], target.version, drop_unknown_fields=self._drop
                )
            except KstoreError as error:
                yield from (Skipped(read.record, error, read.gvk) for read in members)
                continue
            for read, result in zip(members, results, strict=True):
                if isinstance(result, KstoreError):
                    yield Skipped(read.record, result, read.gvk)
                else:
                    yield self._custom_step(read, target, result)

    def _custom_step(self, read: StoredObject, target: GroupVersion, converted: custom.Converted) -> Step:
        try:
            media_type = CBOR if read.encoding == CBOR else JSON
            plain = custom.write(converted.object, media_type)
            return self._step(read, target, media_type, plain, converted.pruned)
        except KstoreError as error:
            return Skipped(read.record, error, read.gvk)


class SealPlanner:
    """
    Plans re-encryption: every value that its resource's first provider has not sealed is sealed by it anew.

    Args:
        codec: with the transformers of the configuration.
        wanted: a further condition on objects.
    """

    def __init__(self, codec: StorageCodec, *, wanted: Callable[[StoredObject], bool] = lambda _: True) -> None:
        self.codec = codec
        self._wanted = wanted

    def plan(self, records: Iterable[Record]) -> Iterator[Step]:
        """Yield a step for each record, in order."""
        for record in records:
            read = self.codec.read(record, metadata_only=True)
            if isinstance(read, Undecodable):
                yield from _unread(read)
            elif self._wanted(read):
                yield self._step(read)

    def _step(self, read: StoredObject) -> Step:
        key, version = read.record.key, read.gvk.group_version
        try:
            opened = self.codec.open(key, read.record.value)
            if not opened.stale:
                return Unchanged(read.record, read.gvk, version)
            value = self.codec.seal(key, opened.plain)
        except KstoreError as error:
            return Skipped(read.record, error, read.gvk)
        if value == read.record.value:  # plain, and to stay plain
            return Unchanged(read.record, read.gvk, version)
        return Change(read.record, read.gvk, version, read.encoding, value, "encryption")


def _unread(read: Undecodable) -> Iterator[Skipped]:
    """What cannot be read is skipped; what was never an object is nobody's concern."""
    end, value = _KINE_HEALTH
    if not (read.record.key.endswith(end) and read.record.value == value):
        yield Skipped(read.record, read.error)
