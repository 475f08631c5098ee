"""
One stored object as Python has it: where it is stored, how, and what the API would serve of it, in any version.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from kstore import codec
from kstore.catalog.mapper import NamedResource, Place
from kstore.decode.json.raw_json import plain
from kstore.errors import KstoreError, UsageError
from kstore.naming import GroupVersion, parse_group_version
from kstore.printable import key_text
from kstore.records import Record

Convert = Callable[[codec.StoredObject, GroupVersion], dict[str, Any]]
Serve = Callable[[codec.StoredObject, "GroupVersion | None"], dict[str, Any]]


def resource_name(resource: NamedResource | None) -> str:
    """`deployments.apps`, `pods`: as kubectl names a resource; empty for None."""
    return f"{resource.resource}.{resource.group}".rstrip(".") if resource else ""


class VersionedObject:
    """An object in one version, as the API would serve it."""

    def __init__(self, served: dict[str, Any]) -> None:
        self._served = served

    @cached_property
    def object(self) -> dict[str, Any]:
        """The object as dicts, lists and scalars; `metadata.resourceVersion` is the revision that it was stored at."""
        found: dict[str, Any] = plain(self._served)
        return found

    def yaml(self) -> str:
        """The object as `kubectl get -o yaml` prints it, nothing hidden."""
        from kstore.view.yaml_text import to_yaml

        return to_yaml(self._served)

    def json(self) -> str:
        """The object as `kubectl get -o json` prints it, nothing hidden."""
        from kstore.view.json_text import to_json

        return to_json(self._served)


class _Stored:
    """Where a value is stored, and how, whether it can be decoded or not."""

    def __init__(self, record: Record, place: Place[NamedResource] | None, encryption: str) -> None:
        self._record = record
        self._place = place
        self._encryption = encryption

    @property
    def key(self) -> str:
        """The key in etcd, percent-encoded where it holds what is no printable text; `Store.get` takes it."""
        return key_text(self._record.key)

    @property
    def resource(self) -> str:
        """`deployments.apps`, `pods`; empty where none is known to be stored at the key."""
        return resource_name(self._place.resource if self._place else None)

    @property
    def namespace(self) -> str:
        """Empty for what is in no namespace."""
        return self._place.namespace if self._place else ""

    @property
    def cluster(self) -> str:
        """The logical cluster, in a store that has them (kcp); else empty."""
        return self._place.cluster if self._place else ""

    @property
    def name(self) -> str:
        """The name, as the key says it."""
        return self._place.name if self._place else ""

    @property
    def encryption(self) -> str:
        """The provider and key name that the value is encrypted with, such as `aescbc key1`; empty for plain text."""
        return self._encryption

    @property
    def revision(self) -> int:
        """The revision of the store at which the value was written (`mod_revision`)."""
        return self._record.mod_revision

    @property
    def value(self) -> bytes:
        """The bytes as stored."""
        return self._record.value

    @property
    def size(self) -> int:
        """Bytes of the value as stored."""
        return len(self._record.value)


class StoredObject(_Stored, VersionedObject):
    """
    An object that could be decoded; `object`, `yaml` and `json` show it in the version that it is stored in.

    Args:
        read: the object as the codec read it.
        place: what its key says, if that is known.
        convert: has it in another version.
        serve: has it as a server answers it; None for what was read from no store.
    """

    def __init__(
        self,
        read: codec.StoredObject,
        place: Place[NamedResource] | None,
        convert: Convert,
        serve: Serve | None = None,
    ) -> None:
        _Stored.__init__(self, read.record, place, str(read.encryption_header or ""))
        VersionedObject.__init__(self, _served(read, read.object))
        self._read = read
        self._convert = convert
        self._serve = serve

    @property
    def namespace(self) -> str:
        """Empty for what is in no namespace."""
        return super().namespace or self._metadata("namespace")

    @property
    def name(self) -> str:
        """The object's name."""
        return self._metadata("name") or super().name

    def _metadata(self, member: str) -> str:
        metadata = self._read.object.get("metadata")
        return str(metadata.get(member) or "") if isinstance(metadata, dict) else ""

    @property
    def kind(self) -> str:
        """`Deployment`."""
        return self._read.gvk.kind

    @property
    def stored_version(self) -> str:
        """The `apiVersion` that it is stored in, such as `apps/v1`."""
        return self._read.gvk.api_version

    @property
    def encoding(self) -> str:
        """`protobuf`, `json` or `cbor`."""
        return self._read.encoding

    def as_version(self, version: str) -> VersionedObject:
        """
        The object in another version, defaulted and converted as the release's apiserver serves it.

        Args:
            version: such as `apps/v1`.

        Raises:
            NotConvertible: the kind cannot be had in that version, or a rule refuses the object.
            KstoreError: the version is none, or the object's CRD would ask a webhook.
        """
        return VersionedObject(_served(self._read, self._convert(self._read, parse_group_version(version))))

    def as_served(self, version: str = "") -> VersionedObject:
        """
        The object as a server of the store's release answers a GET of it.

        Args:
            version: such as `apps/v1`; empty for the one that kubectl asks for.

        Raises:
            NotConvertible: the release serves no such resource, or not in that version; or a rule refuses the object.
            UsageError: the object was read from no store, or the version is none.
            KstoreError: its CRD would ask a webhook.
        """
        if self._serve is None:
            raise UsageError("the object was read from no store, so no server answers it", hint="as_version(…)")
        wanted = parse_group_version(version) if version else None
        return VersionedObject(_served(self._read, self._serve(self._read, wanted)))

    def __repr__(self) -> str:
        return f"<StoredObject {self.kind} {self.key or self.name} stored as {self.stored_version}>"


class Undecodable(_Stored):
    """
    A value that could not be decoded: it stands in its place in a list, which does not end at it.

    Args:
        read: the value, and what is wrong with it, as the codec found it.
        place: what its key says, if that is known.
    """

    def __init__(self, read: codec.Undecodable, place: Place[NamedResource] | None) -> None:
        super().__init__(read.record, place, str(read.encryption_header or ""))
        self.error: KstoreError = read.error
        """Why; its `code` is for programs."""

    def __repr__(self) -> str:
        return f"<Undecodable {self.key}: {self.error.code}>"


def _served(read: codec.StoredObject, obj: dict[str, Any]) -> dict[str, Any]:
    from kstore.view.mask import shown

    record = read.record
    return shown(obj, key=record.key, resource_version=record.mod_revision, secrets=True, managed_fields=True)
