"""
The storage codec: records to objects and back, with encryption before the codec of plain values.

A record comes out as a `StoredObject`, or as an `Undecodable` that says why; what is encrypted at rest is opened by the
resource that its key is of (`apiserver/pkg/storage/value`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from kstore.decode.projection import EVERYTHING, Projection
from kstore.encryption import EncryptionHeader, Opened, Transformers, read_encryption_header
from kstore.errors import ENCRYPTION_CONFIG_WANTED, DecodeError, EncryptionError, KeyMissing, KstoreError
from kstore.naming import GroupResource, GroupVersion, GroupVersionKind
from kstore.object_codec import ObjectCodec
from kstore.printable import key_text
from kstore.records import Record
from kstore.scheme.registry import RunningServer
from kstore.scheme.scheme import Scheme

_AMONG_SECRETS = b"/secrets/"
"""In a key: what is stored here is a Secret, however damaged. Errors about it quote nothing of its value."""


class StoredObject(NamedTuple):
    """A record that could be read; a tuple, as `Record` is."""

    record: Record
    """Key, revisions, lease, and the bytes as stored."""
    gvk: GroupVersionKind
    """What it is stored as."""
    encoding: str
    """`protobuf`, `json` or `cbor`."""
    object: dict[str, Any]
    """The object in its stored version, nothing defaulted."""
    encryption_header: EncryptionHeader | None = None
    """Provider and key name, when the value is encrypted at rest."""
    plain: bytes = b""
    """The value opened: what the encoding holds."""
    stale: bool = False
    """Whether the encryption configuration would encrypt it again: see `Opened.stale`."""


@dataclass(frozen=True, slots=True)
class Undecodable:
    """A record that could not be read: a value, so that one bad object ends nothing."""

    record: Record
    error: KstoreError
    """Why; its `code` is machine-readable."""
    encryption_header: EncryptionHeader | None = None


def _no_resource(key: bytes) -> GroupResource | None:
    """A codec without encryption need not know what a key is of."""
    return None


def _plain(value: bytes) -> Opened:
    return Opened(value, None, False, True)


class StorageCodec(ObjectCodec):
    """
    Records to objects and back: opens what is encrypted, decodes, converts, encrypts again.

    Args:
        scheme: the release's types and rules.
        transformers: what opens and encrypts values; without them encrypted values are undecodable.
        resource_of: the resource that keeps its objects at a key, which decides how they are encrypted.

    Raises:
        TypeError: transformers without `resource_of`: no value would be of a resource that is encrypted, so that
            Secrets were stored in plain text.
    """

    def __init__(
        self,
        scheme: Scheme,
        *,
        transformers: Transformers | None = None,
        resource_of: Callable[[bytes], GroupResource | None] | None = None,
    ) -> None:
        if transformers is not None and resource_of is None:
            raise TypeError("transformers need resource_of: the resource of a key decides whether it is encrypted")
        super().__init__(scheme)
        self.transformers = transformers
        self._resource_of = resource_of or _no_resource

    def read(self, record: Record, projection: Projection = EVERYTHING) -> StoredObject | Undecodable:
        """Open and decode a record, or what is wanted of it; whatever is wrong with it comes back as a value."""
        encryption_header = read_encryption_header(record.value)
        try:
            if encryption_header is None and self.transformers is None:
                opened = _plain(record.value)
            else:
                opened = self.open(record.key, record.value)
        except EncryptionError as error:
            return Undecodable(record, error, encryption_header)
        try:
            decoded = self.decode(opened.plain, projection)
        except KstoreError as error:
            if isinstance(error, DecodeError) and _AMONG_SECRETS in record.key:
                error.hide_values()
            return Undecodable(record, opened.doubt(record.key) or error, encryption_header)
        return StoredObject(
            record, decoded.gvk, decoded.encoding, decoded.object, encryption_header, opened.plain, opened.stale
        )

    def open(self, key: bytes, value: bytes) -> Opened:
        """
        The plain bytes of a value as it is stored at a key.

        Raises:
            EncryptionError: it is encrypted, and cannot be opened.
        """
        if self.transformers is None:
            encryption_header = read_encryption_header(value)
            if encryption_header is not None:
                raise KeyMissing(
                    f"the value is encrypted at rest with {encryption_header}",
                    where=key_text(key),
                    hint=ENCRYPTION_CONFIG_WANTED,
                )
            return _plain(value)
        return self.transformers.open(key, value, self._resource_of(key))

    def encrypt(self, key: bytes, plain: bytes) -> bytes:
        """The bytes to store at a key: encrypted by the first provider of its resource, if there is a configuration."""
        if self.transformers is None:
            return plain
        return self.transformers.encrypt(key, plain, self._resource_of(key))

    def as_version(self, stored: StoredObject, to: GroupVersion, server: RunningServer | None = None) -> dict[str, Any]:
        """
        A stored object in another version: defaulted and converted, and filled in as that server does, if one is given.

        Raises:
            KstoreError: as `convert`; what the release does not know is left out.
        """
        return self.convert_object(stored.plain, to, server=server)
