"""
What a running server would still write: each object is patched as a dry run that asks for nothing, and the answer is
held against what is stored.

The patch is the in-tree migrator's (see `via_apiserver.py`) with `dryRun=All`: the server reads, converts, admits and
validates as it would, and writes nothing. It answers without encoding, so that is done here, by the server's release.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any, Final

from kstore.catalog.mapper import NamedResource, Place
from kstore.catalog.resources import custom_media_type
from kstore.codec import StoredObject, Undecodable
from kstore.customresource import unstructured
from kstore.customresource.resource import CustomResource
from kstore.differences import object_differences
from kstore.errors import KstoreError, NotConvertible, WriteRefused
from kstore.migrate.apiserver import (
    JSON,
    MERGE_PATCH,
    Apiserver,
    ApiserverRefused,
    object_path,
    storage_version_hash,
    unchanging_patch,
    understood,
)
from kstore.naming import GroupVersion, GroupVersionKind
from kstore.printable import key_text
from kstore.records import Record
from kstore.scheme.running_server import is_removed_by_update
from kstore.store import Store, is_housekeeping

_EXACT = f"application/vnd.kubernetes.protobuf, {JSON}"
"""
What is stored in protobuf is asked for in it: what it can say is not what JSON can (a null among bytes). Custom
resources have no such form, and are answered in JSON.
"""
_QUERY = "?dryRun=All&fieldManager=kstore"
_ATTEMPTS = 5
_RETRIED = frozenset({429, 503, 504})
_TOGETHER = 64

CHANGED: Final = "changed"
"""The server would write the object anew."""
REFUSED: Final = "refused"
"""The server refuses the patch, or its answer cannot be compared."""
UNREADABLE: Final = "unreadable"
"""What is stored cannot be read here."""


@dataclass(frozen=True, slots=True)
class Unproved:
    """An object of which is not proved that the server leaves it as it is."""

    key: str
    outcome: str
    """`changed`, `refused` or `unreadable`."""
    changes: tuple[str, ...] = ()
    """What the server would change: field paths, `encoding: json -> protobuf` and the like."""
    message: str = ""
    """Of what was refused or cannot be read: why."""


@dataclass
class Proof:
    """What a server would do to the objects that were sent to it; filled while findings are yielded."""

    objects: int = 0
    """How many were sent."""
    unchanged: int = 0
    """How many it would leave as they are."""
    gone: int = 0
    """How many were deleted before they could be sent."""
    outcomes: Counter[str] = field(default_factory=Counter)
    """The findings, counted by outcome."""
    unserved: Counter[str] = field(default_factory=Counter)
    """Objects that no API serves, so that no update reaches them, by resource."""


@dataclass(frozen=True, slots=True)
class _Served:
    """How a server serves and stores a resource."""

    prefix: str
    resource: dict[str, Any]
    storage: GroupVersion


_Answer = bytes | ApiserverRefused


class Prover:
    """
    Asks a server what it would write.

    Args:
        server: the apiserver.
        store: its etcd, read by the server's release.
        media_type: its `--storage-media-type`, `protobuf` or `json`; empty for what the release has.
        concurrency: requests at once.
    """

    def __init__(
        self,
        server: Apiserver,
        store: Store,
        *,
        media_type: str = "",
        concurrency: int = 4,
    ) -> None:
        self.proof = Proof()
        self._server = server
        self._store = store
        self._media_type = media_type
        self._concurrency = concurrency
        self._known: dict[tuple[str, str], _Served | None] = {}

    def prove(self, reads: Iterable[StoredObject | Undecodable]) -> Iterator[Unproved]:
        """
        Yield what is not proved to stay as it is; `proof` counts the rest.

        Raises:
            ApiserverRefused: the server cannot be asked at all.
            WriteRefused: the server wrote an object, though it was asked for a dry run.
        """
        following = iter(reads)
        with understood(self._server), ThreadPoolExecutor(self._concurrency) as pool:
            while page := list(islice(following, _TOGETHER)):
                asked: list[tuple[StoredObject, Place[NamedResource], _Served]] = []
                for read in page:
                    if isinstance(read, Undecodable):
                        if not is_housekeeping(read.record):
                            yield self._found(read.record, UNREADABLE, message=read.error.message)
                    elif (found := self._place(read)) is not None:
                        asked.append((read, *found))
                answers = pool.map(lambda one: self._ask(*one), asked)
                for (read, place, served), answer in zip(asked, answers, strict=True):
                    self.proof.objects += 1
                    if (finding := self._judge(read, place, served, answer)) is not None:
                        yield finding

    def _found(self, record: Record, outcome: str, changes: tuple[str, ...] = (), message: str = "") -> Unproved:
        self.proof.outcomes[outcome] += 1
        return Unproved(key_text(record.key), outcome, changes, message)

    # ---- where an object is served

    def _place(self, read: StoredObject) -> tuple[Place[NamedResource], _Served] | None:
        """Where the server has an object; None, counted, where it has not."""
        place = self._store.place(read.record.key)
        served = self._served(place.resource, read) if place is not None and place.resource.kind else None
        if place is None or served is None:
            resource = place.resource if place else None
            named = f"{resource.resource}.{resource.group}".rstrip(".") if resource else read.gvk.kind
            self.proof.unserved[named] += 1
            return None
        return place, served

    def _served(self, resource: NamedResource, read: StoredObject) -> _Served | None:
        name = resource.group, resource.resource
        if name not in self._known:
            self._known[name] = self._find(resource, read)
        return self._known[name]

    def _find(self, resource: NamedResource, read: StoredObject) -> _Served | None:
        """The resource in the version that the server stores, where it serves that, else in the preferred one."""
        preferred = self._resources.get((resource.group, resource.resource))
        if preferred is None:
            return None
        prefix, row = preferred
        storage = self._storage(resource, read, str(row.get("storageVersionHash") or ""))
        if storage.group == resource.group:
            own = self._server.resources_in(storage).get(resource.resource)
            if own is not None:
                prefix, row = self._server.prefix_of(storage), own
        return _Served(prefix, row, storage)

    @cached_property
    def _resources(self) -> dict[tuple[str, str], tuple[str, dict[str, Any]]]:
        found = {}
        for prefix, row in self._server.resources():
            group = prefix.split("/")[2] if prefix.startswith("/apis/") else ""
            found[group, str(row["name"])] = prefix, row
        return found

    def _storage(self, resource: NamedResource, read: StoredObject, told: str) -> GroupVersion:
        """The version that the server stores a resource in, by the hash that discovery tells, else by the tables."""
        if isinstance(resource, CustomResource):
            return GroupVersion(resource.group, resource.storage_version)
        scheme = self._store.codec.scheme
        own = [GroupVersionKind(resource.group, version, resource.kind) for version in resource.versions]
        for one in (*own, *scheme.targets(read.gvk)):
            if storage_version_hash(one.group, one.version, one.kind) == told:
                return one.group_version
        return scheme.storage_version(read.gvk)

    # ---- asking

    def _ask(self, read: StoredObject, place: Place[NamedResource], served: _Served) -> _Answer:
        metadata = read.object.get("metadata") or {}
        path = object_path(served.prefix, served.resource, place.namespace, place.name)
        api_version = served.prefix.removeprefix("/apis/").removeprefix("/api/")
        identity = {"uid": metadata.get("uid"), "resourceVersion": str(read.record.mod_revision)}
        patch = unchanging_patch(api_version, served.resource["kind"], identity)
        accept = JSON if self._media_type_of(served.storage) == "json" else _EXACT
        for attempt in range(_ATTEMPTS):
            try:
                return self._server.exchange("PATCH", path + _QUERY, patch, media=MERGE_PATCH, accept=accept)
            except ApiserverRefused as error:
                if error.status not in _RETRIED or attempt == _ATTEMPTS - 1:
                    return error
                time.sleep(0.1 * 2**attempt)
        raise AssertionError("the last attempt returns")

    def _judge(
        self, read: StoredObject, place: Place[NamedResource], served: _Served, answer: _Answer
    ) -> Unproved | None:
        """What the answer says of an object; what was written meanwhile is asked about as it is now."""
        for _ in range(_ATTEMPTS):
            if not isinstance(answer, ApiserverRefused) or answer.status not in (404, 409):
                break
            record = self._store.source.get(read.record.key)
            if record is None:
                self.proof.gone += 1
                return None
            if record.mod_revision == read.record.mod_revision:
                break
            now = self._store.codec.read(record)
            if isinstance(now, Undecodable):
                return self._found(record, UNREADABLE, message=now.error.message)
            read, answer = now, self._ask(now, place, served)
        if isinstance(answer, ApiserverRefused):
            if answer.status == 0:
                raise answer
            return self._found(read.record, REFUSED, message=answer.message)
        try:
            changes = tuple(self._changes(read, place.resource, served.storage, answer))
        except WriteRefused:
            raise
        except KstoreError as error:
            return self._found(read.record, REFUSED, message=f"its answer cannot be compared: {error.message}")
        if changes:
            return self._found(read.record, CHANGED, changes)
        self.proof.unchanged += 1
        return None

    # ---- comparing

    def _changes(
        self, read: StoredObject, resource: NamedResource, storage: GroupVersion, answer: bytes
    ) -> Iterator[str]:
        """What of the stored value the server would write otherwise, and how."""
        if is_removed_by_update(read.gvk.kind, read.object):
            yield "the object: it is being deleted, its time is up, and nothing holds it"
            return
        found = self._store.codec.decode(answer).object
        written = found["metadata"].pop("resourceVersion", "")
        if written != str(read.record.mod_revision):
            raise WriteRefused(
                f"the server answered resourceVersion {written!r} to a dry run of {read.record.mod_revision}: it may "
                "have written the object",
                where=key_text(read.record.key),
                hint="what stands between kstore and the server may drop the query of a URL",
            )
        _as_written(found, read)
        if read.stale:
            yield "encryption: anew, with the first provider"
        media_type, value, before = self._written(read, resource, storage, found)
        if value == read.plain:
            return
        reasons = []
        if read.gvk.group_version != storage:
            reasons.append(f"apiVersion: {read.gvk.api_version} -> {storage}")
        if read.encoding != media_type:
            reasons.append(f"encoding: {read.encoding} -> {media_type}")
        reasons += self._fields(before, value)
        yield from reasons or ["encoding: the same fields in other bytes"]

    def _written(
        self, read: StoredObject, resource: NamedResource, storage: GroupVersion, found: dict[str, Any]
    ) -> tuple[str, bytes, bytes]:
        """The media type and the bytes that the server would write; and those of the stored object, as it is read."""
        codec = self._store.codec
        if isinstance(resource, CustomResource):
            media_type = custom_media_type(read.encoding, codec.scheme.release)
            return media_type, self._custom(resource, storage, found, media_type), read.plain
        media_type = self._media_type_of(storage)
        value = codec.encode(found, media_type)
        if found["apiVersion"] != str(storage):
            _, value = codec.convert_typed(value, storage, media_type=media_type, drop_unknown_fields=True)
        before = read.plain
        if read.gvk.group_version != storage:
            _, before = codec.convert_typed(read.plain, storage, media_type=media_type, drop_unknown_fields=True)
        return media_type, value, before

    def _media_type_of(self, version: GroupVersion) -> str:
        return self._store.codec.scheme.media_type(version.group, self._media_type)

    def _custom(self, resource: CustomResource, storage: GroupVersion, found: dict[str, Any], media_type: str) -> bytes:
        if found["apiVersion"] != str(storage):
            converter = self._store.definitions.converter(resource.group_kind)
            if converter is None:
                raise NotConvertible(f"the CRD of {resource.resource}.{resource.group} cannot be read")
            (result,) = converter.convert([found], storage.version, drop_unknown_fields=True)
            if isinstance(result, Exception):
                raise result
            found = result.object
        return unstructured.write(unstructured.normalize(found), media_type)

    def _fields(self, before: bytes, after: bytes) -> list[str]:
        """The fields that differ between two values."""
        codec = self._store.codec
        try:
            old, new = codec.decode(before), codec.decode(after)
        except NotConvertible:
            return []
        type_name = new.type_name if old.gvk == new.gvk else ""
        found = object_differences(old.object, new.object, type_name or None, codec.scheme.catalog)
        return [one.path for one in found if one.path not in ("apiVersion", "kind")]


def _as_written(found: dict[str, Any], read: StoredObject) -> None:
    """
    Bring an answer into the form that would be written, in place.

    A selfLink is answered and not written (`apiserver/pkg/storage/api_object_versioner.go`, PrepareObjectForStorage).
    Of a Service the answer is decorated as a read is, which hides a policy that an update leaves
    (`pkg/registry/core/service/storage/storage.go`, defaultOnReadInternalTrafficPolicy).
    """
    found["metadata"].pop("selfLink", None)
    spec = read.object.get("spec") or {}
    if read.gvk.kind == "Service" and spec.get("type") == "ExternalName" and "internalTrafficPolicy" in spec:
        found["spec"]["internalTrafficPolicy"] = spec["internalTrafficPolicy"]
