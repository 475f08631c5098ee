"""
The plan: what is to happen to each object, decided from its stored bytes alone. Nothing is written here.

A plan is total: every record that is looked at becomes a change, is unchanged, or is skipped with its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from kstore.catalog.resources import custom_media_type
from kstore.codec import StorageCodec, StoredObject, Undecodable
from kstore.customresource import unstructured
from kstore.customresource.converter import Converted, CustomConverter
from kstore.decode.projection import EVERYTHING, Projection
from kstore.errors import KstoreError, NotConvertible
from kstore.migrate.conversions import Job, conversion, convert_all
from kstore.migrate.server import AssumedServer
from kstore.migrate.targets import Targets
from kstore.naming import GroupKind, GroupVersion, GroupVersionKind
from kstore.records import Put, Record
from kstore.store import is_housekeeping
from kstore.workers import Workers
from kstore.write.leases import kept_lease

_TOGETHER, _TOGETHER_BYTES = 100, 1 << 20
"""How many objects, and bytes of them, are converted at once: each call of a webhook, or of a worker, costs its way."""


@dataclass(frozen=True, slots=True)
class Change:
    """An object that is to be written."""

    record: Record
    """The record as it was read."""
    stored: GroupVersionKind
    target: GroupVersion
    media_type: str
    value: bytes = field(repr=False)
    """The bytes to store, encrypted if the resource is encrypted at rest."""
    reason: str = "version"
    """
    `version`, `assumed-version` (its own has left the CRD), `encoding`, `defaults` (the same version and encoding,
    other bytes) or `encryption`.
    """
    pruned: tuple[str, ...] = ()
    """Fields of a custom resource that the target's schema has no place for."""
    assumed: str = ""
    """What the new bytes rest on that nothing in the store says: `service-family=IPv4`."""

    def mutation(self) -> Put:
        """The write: only if the key is as it was read, with the lease that it has."""
        return Put(self.record.key, self.value, self.record.mod_revision, kept_lease(self.record))


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


@dataclass(frozen=True, slots=True)
class _BuiltIn:
    """An object of a built-in kind that is to be converted."""

    read: StoredObject
    target: GroupVersion
    media_type: str

    @property
    def job(self) -> Job:
        return self.read.plain, self.target, self.media_type


_Entry = _BuiltIn | StoredObject | Skipped
"""A record that was looked at; a `StoredObject` is a custom resource."""


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
        assume_version: the version of its CRD that a custom object is read in whose own version the CRD does not have.
        drop_unknown_fields: drop fields that the release does not know, as the apiserver would, instead of skipping.
        custom_converter: the converter of a custom kind; None where no CRD defines it.
        wanted: a further condition on objects (labels).
        projection: what that condition looks at.
        server: the running server whose next update is to find nothing to change.
        processes: how many may convert at once; more than 1 needs a program whose main module can be imported again.
    """

    def __init__(
        self,
        codec: StorageCodec,
        targets: Targets,
        *,
        media_type: str = "",
        assume_version: GroupVersion | None = None,
        drop_unknown_fields: bool = False,
        custom_converter: Callable[[GroupKind], CustomConverter | None] = lambda _: None,
        wanted: Callable[[StoredObject], bool] = lambda _: True,
        projection: Projection = EVERYTHING,
        server: AssumedServer | None = None,
        processes: int = 1,
    ) -> None:
        self.codec = codec
        self._server = server or AssumedServer()
        self._processes = processes
        self._targets = targets
        self._media_type = media_type
        self._assume_version = assume_version
        self._drop = drop_unknown_fields
        self._custom_converter = custom_converter
        self._wanted = wanted
        self._projection = projection

    def plan(self, records: Iterable[Record]) -> Iterator[Step]:
        """Yield a step for each record that the migration concerns, in order."""
        with self._conversions() as conversions:
            for entries, results in conversions.map(self._blocks(records)):
                yield from self._steps(entries, results)

    def _conversions(self) -> Workers[list[Job], list[bytes | KstoreError]]:
        prepare = partial(conversion, self.codec.scheme.settings, self._drop, self._server.running)
        convert = partial(convert_all, self.codec, self._drop, self._server.running)
        return Workers(convert, prepare, processes=self._processes)

    # ---- before conversion

    def _blocks(self, records: Iterable[Record]) -> Iterator[tuple[list[_Entry], list[Job]]]:
        """Gather what is converted together: custom resources for the webhooks, built-in ones for the workers."""
        entries: list[_Entry] = []
        size = 0
        for record in records:
            entry = self._looked_at(record)
            if entry is None:
                continue
            entries.append(entry)
            size += len(record.value)
            if len(entries) == _TOGETHER or size > _TOGETHER_BYTES:
                yield entries, [entry.job for entry in entries if isinstance(entry, _BuiltIn)]
                entries, size = [], 0
        if entries:
            yield entries, [entry.job for entry in entries if isinstance(entry, _BuiltIn)]

    def _looked_at(self, record: Record) -> _Entry | None:
        """What is to be done about a record, as far as its metadata tells; None if it is no concern."""
        # what is converted is read anew, as the storage decoder reads
        read = self.codec.read(record, self._projection)
        if isinstance(read, Undecodable):
            return _unread(read)
        if not self._wanted(read):
            return None
        try:
            if not self.codec.scheme.catalog.has_kind(read.gvk):
                return read
            target = self._targets.built_in(read.gvk)
            if target is None:
                return None
            media_type = self.codec.scheme.media_type(target.group, self._media_type)
            return _BuiltIn(read, target, media_type)
        except KstoreError as error:
            return Skipped(record, error, read.gvk)

    # ---- after it

    def _steps(self, entries: list[_Entry], results: list[bytes | KstoreError]) -> Iterator[Step]:
        """A step for each entry, the results of the built-in ones given."""
        built_in = iter(results)
        custom = self._custom([entry for entry in entries if isinstance(entry, StoredObject)])
        for entry in entries:
            if isinstance(entry, Skipped):
                yield entry
            elif isinstance(entry, StoredObject):
                step = custom.get(entry.record.key)
                if step is not None:
                    yield step
            else:
                yield self._built_in(entry, next(built_in))

    def _built_in(self, entry: _BuiltIn, result: bytes | KstoreError) -> Step:
        if isinstance(result, KstoreError):
            return Skipped(entry.read.record, result, entry.read.gvk)
        try:
            return self._step(entry.read, entry.target, entry.media_type, result)
        except KstoreError as error:  # it cannot be encrypted
            return Skipped(entry.read.record, error, entry.read.gvk)

    def _step(
        self,
        read: StoredObject,
        target: GroupVersion,
        media_type: str,
        plain: bytes,
        pruned: tuple[str, ...] = (),
        reason: str = "",
    ) -> Step:
        if plain == read.plain:
            return Unchanged(read.record, read.gvk, target)
        if not reason and read.gvk.group_version != target:
            reason = "version"
        elif not reason:
            reason = "defaults" if read.encoding == media_type else "encoding"
        value = self.codec.encrypt(read.record.key, plain)
        assumed = self._server.assumption(self.codec, read)
        return Change(read.record, read.gvk, target, media_type, value, reason, pruned, assumed)

    # ---- custom resources

    def _custom(self, reads: list[StoredObject]) -> dict[bytes, Step]:
        """The steps of custom resources, by key; what is no concern has none."""
        kinds: dict[GroupKind, list[StoredObject]] = {}
        for read in reads:
            kinds.setdefault(GroupKind(read.gvk.group, read.gvk.kind), []).append(read)
        steps: list[Step] = []
        for kind, members in kinds.items():
            converter = self._custom_converter(kind)
            if converter is None:
                fault = NotConvertible(f"{kind} is not built in, and no CRD of the store defines it")
                steps += [Skipped(read.record, fault, read.gvk) for read in members]
            else:
                steps += self._of_definition(converter, members)
        return {step.record.key: step for step in steps}

    def _of_definition(self, converter: CustomConverter, reads: list[StoredObject]) -> Iterator[Step]:
        by_target: dict[GroupVersion, list[StoredObject]] = {}
        for read in reads:
            target = self._targets.custom(read.gvk, converter.definition)
            if target is not None:
                by_target.setdefault(target, []).append(read)
        for target, members in by_target.items():
            try:
                objects = [self._assumed(read, converter) for read in members]
                results = converter.convert(objects, target.version, drop_unknown_fields=self._drop)
            except KstoreError as error:
                yield from (Skipped(read.record, error, read.gvk) for read in members)
                continue
            for read, result in zip(members, results, strict=True):
                if isinstance(result, KstoreError):
                    yield Skipped(read.record, result, read.gvk)
                else:
                    yield self._custom_step(read, target, result, converter.definition.versions)

    def _assumed(self, read: StoredObject, converter: CustomConverter) -> dict[str, Any]:
        """The object, in the version that is assumed where the CRD does not have its own."""
        assumed, definition = self._assume_version, converter.definition
        if assumed is None or assumed.group != definition.kind.group or read.gvk.version in definition.versions:
            return read.object
        return {**read.object, "apiVersion": str(assumed)}

    def _custom_step(
        self, read: StoredObject, target: GroupVersion, converted: Converted, versions: tuple[str, ...]
    ) -> Step:
        try:
            media_type = custom_media_type(read.encoding, self.codec.scheme.release, self._media_type)
            plain = unstructured.write(converted.object, media_type)
            reason = "" if read.gvk.version in versions else "assumed-version"
            return self._step(read, target, media_type, plain, converted.pruned, reason)
        except KstoreError as error:
            return Skipped(read.record, error, read.gvk)


class EncryptionPlanner:
    """
    Plans re-encryption: every value that its resource's first provider has not encrypted is encrypted by it anew.

    Args:
        codec: with the transformers of the configuration.
        wanted: a further condition on objects.
        projection: what that condition looks at.
    """

    def __init__(
        self,
        codec: StorageCodec,
        *,
        wanted: Callable[[StoredObject], bool] = lambda _: True,
        projection: Projection = EVERYTHING,
    ) -> None:
        self.codec = codec
        self._wanted = wanted
        self._projection = projection

    def plan(self, records: Iterable[Record]) -> Iterator[Step]:
        """Yield a step for each record, in order."""
        for record in records:
            read = self.codec.read(record, self._projection)
            if isinstance(read, Undecodable):
                if (skipped := _unread(read)) is not None:
                    yield skipped
            elif self._wanted(read):
                yield self._step(read)

    def _step(self, read: StoredObject) -> Step:
        key, version = read.record.key, read.gvk.group_version
        try:
            opened = self.codec.open(key, read.record.value)
            if not opened.stale:
                return Unchanged(read.record, read.gvk, version)
            value = self.codec.encrypt(key, opened.plain)
        except KstoreError as error:
            return Skipped(read.record, error, read.gvk)
        return Change(read.record, read.gvk, version, read.encoding, value, "encryption")


def _unread(read: Undecodable) -> Skipped | None:
    """What cannot be read is skipped; what was never an object is nobody's concern."""
    return None if is_housekeeping(read.record) else Skipped(read.record, read.error)
