"""
Which key opens and encrypts the values of which resource, decided as the apiserver decides it.

Knows the order of providers and keys (`storage/value/transformer.go`) and that of resources and wildcards
(`transformerFromOverrides` in `server/options/encryptionconfig/config.go`). The file they are read from is
`config.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Self

from kstore.encryption.identity import Identity
from kstore.encryption.interface import Cipher, Opened
from kstore.encryption.prefix import EncryptionHeader, is_encrypted, read_encryption_header
from kstore.errors import EncryptionError, KeyMissing, PluginError, TamperedValue, WrongKey
from kstore.naming import GroupResource
from kstore.printable import key_text

ANY = GroupResource("*", "*")
"""The wildcard `*.*`: every resource of every group."""

_ALLOCATIONS = GroupResource("", "rangeallocations")
"""
IP and port allocations (`/registry/ranges`): no API serves them, and the control plane asks for their storage without
any transformer (`pkg/registry/core/rest/storage_core.go`). With encrypted ones it would not start; `*.*` omits them.
"""

_MOST_TELLING = (TamperedValue, PluginError, WrongKey, EncryptionError)
"""When several keys of one name fail, the error that says most: a key that fits before one that does not."""


class ResourceTransformer:
    """
    The ciphers of one resource, in order: the first encrypts, and the first that can opens.

    Args:
        resource: as the configuration would name it, for errors.
        ciphers: at least one.
    """

    def __init__(self, resource: str, ciphers: Sequence[Cipher]) -> None:
        self._resource = resource
        self._ciphers = tuple(ciphers)

    @property
    def target(self) -> EncryptionHeader | None:
        """Who encrypts what is written now; None where values are stored in plain."""
        first = self._ciphers[0]
        return first.name if first.prefix else None

    @property
    def accepts_plain(self) -> bool:
        """Whether an apiserver with this configuration reads values that are in plain."""
        return any(not cipher.prefix for cipher in self._ciphers)

    def open(self, key: bytes, value: bytes) -> Opened:
        """
        Open a stored value, or return a plain one as it is.

        Every cipher whose prefix fits is tried, since a key may be listed twice under one name. A plain
        value is returned even where the apiserver would refuse it for want of `identity` (see
        `accepts_plain`): it is stale.

        Args:
            key: the etcd key as stored, with its prefix (`/registry/…`): it is authenticated.
            value: the stored bytes.

        Raises:
            KeyMissing: no provider or key of the name that encrypted it.
            WrongKey: the key of that name does not fit.
            TamperedValue: the key fits, and the value was changed or moved.
            PluginError: a KMS plugin does not answer.
        """
        encryption_header = read_encryption_header(value)
        faults: list[EncryptionError] = []
        for index, cipher in enumerate(self._ciphers):
            if not value.startswith(cipher.prefix):
                continue
            try:
                plain, stale = cipher.open(value[len(cipher.prefix) :], key)
            except EncryptionError as fault:
                # `identity` above the others must not stop them from being tried.
                if cipher.prefix:
                    faults.append(fault)
                continue
            return Opened(plain, self._named(cipher, encryption_header), stale or index > 0, cipher.authenticated)
        if encryption_header is None:
            return Opened(value, None, stale=True, authenticated=False)
        telling = [fault for kind in _MOST_TELLING for fault in faults if isinstance(fault, kind)]
        raise telling[0] if telling else self._missing(encryption_header, key)

    def encrypt(self, key: bytes, plain: bytes) -> bytes:
        """
        The bytes to store: encrypted with the first key of the first provider.

        Raises:
            EncryptionError: the plain bytes already look encrypted, which nobody could read back.
            PluginError: a KMS plugin does not answer.
        """
        if is_encrypted(plain):
            raise EncryptionError("a value that is encrypted already", where=key_text(key))
        first = self._ciphers[0]
        return first.prefix + first.encrypt(plain, key)

    def moved_from(self, value: bytes, candidates: Iterable[bytes]) -> bytes | None:
        """
        The first of these keys under which the value opens: where a `TamperedValue` was encrypted, if it was
        but moved.

        Says something only for providers that authenticate the key path (`aesgcm`, `kms`).
        """
        for candidate in candidates:
            try:
                self.open(candidate, value)
            except EncryptionError:
                continue
            return candidate
        return None

    def close(self) -> None:
        """Let go of the connections to plugins."""
        for cipher in self._ciphers:
            cipher.close()

    def _named(self, cipher: Cipher, encryption_header: EncryptionHeader | None) -> EncryptionHeader | None:
        """The encryption header as the configuration knows it, whose key names may hold colons."""
        if encryption_header is None or not cipher.prefix:
            return None
        return EncryptionHeader(
            cipher.name.provider, cipher.name.key_name, cipher.name.version, encryption_header.key_id
        )

    def _missing(self, encryption_header: EncryptionHeader, key: bytes) -> KeyMissing:
        return KeyMissing(
            f"encrypted by {encryption_header}, which the encryption configuration does not hold for {self._resource}",
            provider=encryption_header.provider,
            key_name=encryption_header.key_name,
            where=key_text(key),
            hint="pass the configuration that was in use then: `encryption_config=`",
        )


class Transformers:
    """
    What opens and encrypts the values of every resource.

    Args:
        by_resource: the ciphers of each resource or wildcard; empty for a cluster that encrypts nothing.
        file: the configuration's file, for those who are told how to use it again.
    """

    def __init__(self, by_resource: Mapping[GroupResource, Sequence[Cipher]] | None = None, file: str = "") -> None:
        self.file = file
        self._by_resource = {
            resource: ResourceTransformer(resource_name(resource), ciphers)
            for resource, ciphers in (by_resource or {}).items()
        }
        self._plain: dict[str, ResourceTransformer] = {}

    @property
    def resources(self) -> tuple[GroupResource, ...]:
        """The resources and wildcards that the configuration names."""
        return tuple(self._by_resource)

    def for_resource(self, group_resource: GroupResource | None) -> ResourceTransformer:
        """
        The ciphers of one resource: its own, else its group's wildcard, else `*.*`, else plain only.

        Args:
            group_resource: as it is stored: `events` of the core group for Events. What has no API of its own is
                never encrypted: the allocations of addresses and ports, and keys of no resource (None), such as
                those of master leases.
        """
        if group_resource is None or group_resource == _ALLOCATIONS:
            return self._unencrypted("keys without an API")
        for candidate in (group_resource, GroupResource(group_resource.group, "*"), ANY):
            if candidate in self._by_resource:
                return self._by_resource[candidate]
        return self._unencrypted(resource_name(group_resource))

    def _unencrypted(self, name: str) -> ResourceTransformer:
        return self._plain.setdefault(name, ResourceTransformer(name, [Identity()]))

    def open(self, key: bytes, value: bytes, group_resource: GroupResource | None) -> Opened:
        """Open a stored value of a resource; see `ResourceTransformer.open`."""
        return self.for_resource(group_resource).open(key, value)

    def encrypt(self, key: bytes, plain: bytes, group_resource: GroupResource | None) -> bytes:
        """The bytes to store for a resource; see `ResourceTransformer.encrypt`."""
        return self.for_resource(group_resource).encrypt(key, plain)

    def close(self) -> None:
        """Let go of the connections to plugins; harmless when called twice."""
        for transformer in self._by_resource.values():
            transformer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def parse_group_resource(text: str) -> GroupResource:
    """Read `pods.example.com`, `secrets` or `*.`: split at the first dot (`schema.ParseGroupResource`)."""
    resource, _, group = text.partition(".")
    return GroupResource(group, resource)


def resource_name(resource: GroupResource) -> str:
    """The resource as a configuration writes it (`grYAMLString`): `*.` is all of the core group."""
    return "*." if resource == GroupResource("", "*") else str(resource)
